/** The panel of a simulated lane: a photograph, a pasted code or a shared window replaces the camera. */
import { jpeg } from './camera'
import { type Card, type View, byId, element } from './card'
import type { Link } from './link'
import type { Reading } from './reading'

interface Around {
  link: Link
  reading: Reading
  code(text: string, ms: number): void
  cards(files: readonly File[]): void
  changed(): void
}

/** The addresses of a trial's other pages, which its one operator may open. */
interface TrialCard extends Card {
  trial?: { kiosks: Record<string, string>; officers: Record<string, string> }
}

/** Another window of this machine, such as the one with the wallet, seen as if by the camera. */
class Shared {
  private readonly video = element('video', { muted: '', playsinline: '' })
  constructor(private readonly stream: MediaStream, ended: () => void) {
    this.video.srcObject = stream
    void this.video.play()
    stream.getVideoTracks()[0]?.addEventListener('ended', ended)
  }
  frame(): Promise<ImageBitmap> | undefined {
    return this.video.videoWidth > 0 ? createImageBitmap(this.video) : undefined
  }
  stop(): void {
    for (const track of this.stream.getTracks()) track.stop()
  }
}

export class Panel {
  window: Shared | undefined
  private picture: Blob | undefined
  private useful = false
  private built = false
  private readonly note = element('p', { class: 'note', role: 'status' })
  private readonly times = element('dl', { id: 'times' })
  private readonly doors: HTMLButtonElement[] = []

  constructor(private readonly around: Around) {}

  /** Whether a photograph stands in for the camera. */
  get standsIn(): boolean {
    return this.useful && this.picture !== undefined
  }

  face(): Promise<Blob | undefined> {
    return Promise.resolve(this.picture)
  }

  show(card: TrialCard, view: View, own: { welcome?: number; decode?: number }): void {
    if (!card.simulated_camera) return
    if (!this.built) this.build(card)
    for (const door of this.doors) door.disabled = view.state !== 'welcome' || view.session === null
    const ms = view.ms
    if (ms) {
      const rows: [string, string, number | null | undefined][] = [
        ['decode', 'code read in the page', own.decode], ['check', 'check of the code', ms.check], ['face', 'face', ms.face],
        ['clear', 'both verdicts', ms.clear], ['code_to_door', 'code at the gate → door', ms.code_to_door], ['welcome', 'code in view → welcome', own.welcome],
      ]
      this.times.dataset['session'] = String(ms.session)
      this.times.replaceChildren(...rows.flatMap(([key, name, value]) => value == null ? [] : [element('dt', {}, name), element('dd', { 'data-stage': key }, `${value.toFixed(0)} ms`)]))
    }
  }

  private build(card: TrialCard): void {
    this.built = true
    const panel = byId<HTMLElement>('panel')
    panel.hidden = false
    panel.setAttribute('aria-label', 'Lane simulator')
    panel.lang = 'en'
    const details = element('details', {}, element('summary', {}, 'Lane simulator'))
    const box = (title: string, ...inside: (Node | string)[]) => element('fieldset', {}, element('legend', {}, title), ...inside)

    const lane = element('select', { id: 'sim-lane', 'aria-label': 'Lane' })
    for (const [name, address] of Object.entries(card.trial?.kiosks ?? {})) {
      const here = location.pathname === new URL(address, location.href).pathname
      lane.append(element('option', { value: address, ...(here ? { selected: '' } : {}) }, name))
    }
    lane.addEventListener('change', () => { location.href = lane.value })
    const views = Object.entries(card.trial?.officers ?? {}).map(([name, address]) => element('a', { href: address, target: '_blank', rel: 'noopener' }, `${name}’s officer`))

    const own = element('input', { type: 'radio', name: 'face', id: 'sim-camera', checked: '' })
    const saved = element('input', { type: 'radio', name: 'face', id: 'sim-photo' })
    const file = element('input', { type: 'file', accept: 'image/*', id: 'sim-photo-file', 'aria-label': 'Photograph' })
    const look = element('img', { alt: '', class: 'thumb', hidden: '' })
    const choose = () => { this.useful = saved.checked; this.around.changed() }
    own.addEventListener('change', choose)
    saved.addEventListener('change', choose)
    file.addEventListener('change', () => void this.take(file.files?.[0], look).then(() => { saved.checked = this.picture !== undefined; choose() }))

    const text = element('textarea', { id: 'sim-code', rows: '3', spellcheck: 'false', 'aria-label': 'Text of the code', placeholder: 'BP1:…' })
    const send = element('button', { type: 'button', id: 'sim-send' }, 'Show this code')
    send.addEventListener('click', () => this.around.code(text.value.trim(), 0))
    const scan = element('input', { type: 'file', accept: 'image/*', id: 'sim-code-file', 'aria-label': 'Picture of the code' })
    scan.addEventListener('change', () => { void this.scan(scan.files?.[0]); scan.value = '' })
    const share = element('button', { type: 'button', id: 'sim-share' }, 'Read another window …')
    share.addEventListener('click', () => void this.share(share))

    const cards = element('input', { type: 'file', accept: 'image/*', multiple: '', id: 'sim-card-file', 'aria-label': 'Picture of the card' })
    cards.addEventListener('change', () => { this.around.cards([...(cards.files ?? [])]); cards.value = '' })

    const doors = ([['passed', 'walked through'], ['not_passed', 'walked back'], ['returned', 'came back from between']] as const).map(([passage, name]) => {
      const button = element('button', { type: 'button', 'data-passage': passage }, name)
      button.addEventListener('click', () => void this.around.link.post('/door', { passage }).catch(() => undefined))
      this.doors.push(button)
      return button
    })
    details.append(
      element('p', {}, 'A trial: nothing here proves who stands before the camera, and every output says so.'),
      box('Lane', lane, element('div', { class: 'links' }, ...views)),
      box('Face', element('label', {}, own, ' this machine’s camera'), element('label', {}, saved, ' a photograph'), file, look),
      ...(card.kind === 'document' ? [box('Card', element('label', {}, 'pictures of one card, its lines of letters and < in view', cards))] : []),
      box('Code', text, send, element('label', {}, 'or a picture of it', scan), share, element('p', { class: 'hint' }, 'A picture can also be dropped, and a picture or text pasted, anywhere on this page.')),
      box('Door', ...doors),
      box('Times', this.times),
      this.note,
    )
    panel.append(details)
    document.addEventListener('dragover', (event) => event.preventDefault())
    document.addEventListener('drop', (event) => {
      event.preventDefault()
      this.dropped(event.dataTransfer)
    })
    document.addEventListener('paste', (event) => {
      if (event.target !== text) this.dropped(event.clipboardData)
    })
  }

  private dropped(data: DataTransfer | null): void {
    const file = data?.files[0]
    const text = data?.getData('text/plain').trim()
    if (file) void this.scan(file)
    else if (text) this.around.code(text, 0)
  }

  private async take(file: File | undefined, look: HTMLImageElement): Promise<void> {
    this.picture = undefined
    if (!file) return
    try {
      this.picture = await jpeg(await createImageBitmap(file))
      look.src = URL.createObjectURL(this.picture)
      look.hidden = false
      this.say('')
    } catch {
      this.say('That file is no picture that this browser can show. Choose a JPEG, PNG or WebP.')
    }
  }

  private async scan(file: File | undefined): Promise<void> {
    if (!file) return
    while (this.around.reading.busy) await new Promise((resolve) => setTimeout(resolve, 10))
    const { text, ms } = await this.around.reading.read(file)
    if (text === null) return this.say('No code could be read in that picture. Take a sharper or a larger one.')
    this.say('')
    this.around.code(text, ms)
  }

  private async share(button: HTMLButtonElement): Promise<void> {
    if (this.window) {
      this.window.stop()
      this.window = undefined
    } else {
      try {
        this.window = new Shared(await navigator.mediaDevices.getDisplayMedia({ video: true, audio: false }), () => { this.window = undefined; this.label(button) })
      } catch {
        this.say('No window was chosen.')
      }
    }
    this.label(button)
  }

  private label(button: HTMLButtonElement): void {
    button.textContent = this.window ? 'Stop reading the other window' : 'Read another window …'
  }

  private say(text: string): void {
    this.note.textContent = text
  }
}
