/** Code finder: the camera's window on a page (an element `finder`), until a code is in sight. In a browser: a mini-program has WeChat's own scanner. */
import { nextTick, ref } from 'vue'
import { type Viewfinder, openViewfinder } from '../platform.js'

/** `found` gets the text of the first code; `none` is told where no camera opens, or it goes away. */
export function useCodeFinder(found: (text: string) => void, none: () => void) {
  const looking = ref(false)
  const filming = ref(false)
  let finder: Viewfinder | undefined
  let look = 0

  function lookAway() {
    look += 1
    finder?.stop()
    finder = undefined
    looking.value = filming.value = false
  }

  async function seek() {
    // #ifdef H5
    if (looking.value) return
    const mine = look += 1
    looking.value = true
    const gone = () => {
      if (mine !== look) return
      lookAway()
      none()
    }
    const reader = await import('../symbol.js').catch(() => undefined)
    await nextTick()
    if (!reader) return gone()
    const opened = await openViewfinder('finder', 'code', (frame) => {
      const text = reader.symbolText(frame)
      if (text === undefined) return
      lookAway()
      found(text)
    }, gone)
    if (mine !== look) return opened?.stop()
    if (!opened) return gone()
    finder = opened
    filming.value = true
    // #endif
  }

  return { looking, filming, seek, lookAway }
}
