/** The browser's own text field: the framework's one cannot be given a label that screen readers find. */
import { type FunctionalComponent, h } from 'vue'

export const NativeInput: FunctionalComponent<Record<string, unknown>, { typed: (value: string) => void; done: () => void }> = (props, { emit }) =>
  h('input', {
    ...props,
    class: 'input',
    onInput: (event: Event) => emit('typed', (event.target as HTMLInputElement).value),
    onKeydown: (event: KeyboardEvent) => { if (event.key === 'Enter') emit('done') },
  })
NativeInput.inheritAttrs = false
NativeInput.props = ['id', 'value', 'type', 'inputmode', 'autocomplete', 'maxlength', 'aria-describedby', 'aria-invalid', 'autocapitalize', 'spellcheck']
NativeInput.emits = ['typed', 'done']

/**
 * The browser's own choice of a day: wheels on a phone, a calendar elsewhere. Emits it as `YYYY-MM-DD`. It lies unseen over a button: how it
 * writes a day follows the browser's language, and 5/6 would be read the other way round.
 */
export const NativeDate: FunctionalComponent<Record<string, unknown>, { chosen: (day: string) => void }> = (props, { emit }) =>
  h('input', {
    ...props,
    type: 'date',
    class: 'wheels',
    onClick: (event: Event) => { (event.target as Partial<HTMLInputElement>).showPicker?.() },
    onChange: (event: Event) => { const day = (event.target as HTMLInputElement).value; if (day) emit('chosen', day) },
  })
NativeDate.inheritAttrs = false
NativeDate.props = ['id', 'value', 'min', 'max', 'aria-label']
NativeDate.emits = ['chosen']

/** The browser's own canvas: the framework's one wipes itself whenever its box changes, and scales what is drawn. */
export const NativeCanvas: FunctionalComponent<{ id: string }> = ({ id }) => h('canvas', { id, class: 'qr', width: 1, height: 1 })
NativeCanvas.props = ['id']

/** The browser's own video: the framework's one brings controls and a player of its own. Mirrored, as people know themselves. */
export const NativeVideo: FunctionalComponent<{ id: string; mirrored?: boolean }> = ({ id, mirrored }) => h('video', { id, class: mirrored ? 'finder mirrored' : 'finder', playsinline: true, muted: true, autoplay: true })
NativeVideo.props = { id: String, mirrored: Boolean }
