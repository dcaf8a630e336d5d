/**
 * Cards at a lane by document: what is typed from a card, on large keys, the lines that a reader of zones types like a keyboard, or
 * pictures of the camera before which the card is held. The gate proves the number and reads the pictures; this page says what is
 * wrong. What was typed leaves the page when it was taken.
 */
import { jpeg } from './camera'
import { type View, byId, element } from './card'
import { Problem, type Link } from './link'

const KEYS = ['1234567890', 'ABCDEFGHIJ', 'KLMNOPQRST', 'UVWXYZ()']
/** Lines of a zone that a reader types: three of 30 characters. */
const ZONE_LINES = 3
const ZONE_WIDTH = 30
const MISTAKES = new Set(['card_check_digit', 'card_character', 'card_length', 'card_unknown'])
/** What begins the codes of pictures that give no zone. */
const OF_PICTURES = /^card_(picture|zone|no)_/
/** Between two pictures of one card, and from one try to the next, in milliseconds. */
const BETWEEN_MS = 150
const TRY_EVERY_MS = 250
/** So long a card is looked for, in milliseconds; then the traveller types, or asks for the camera once more. */
const LOOK_MS = 30_000

interface Around {
  link: Link
  say(key: string): string
  changed(): void
  /** A frame of the camera; `undefined` while it delivers none. */
  frame(): Promise<ImageBitmap> | undefined
  /** Whether there is a camera. */
  sees(): boolean
}

type Posted = { zone: string } | { pictures: string[] } | { number: string; birth: string }

export class Cards {
  private readonly number = element('input', { id: 'card-number', autocomplete: 'off', autocapitalize: 'characters', spellcheck: 'false', inputmode: 'none', maxlength: '44' })
  private readonly birth = element('input', { id: 'card-birth', autocomplete: 'off', inputmode: 'none', maxlength: '10', placeholder: '1946-03-17' })
  private readonly marked = element('p', { id: 'card-marked', 'aria-hidden': 'true' })
  private readonly mistake = element('p', { id: 'card-mistake', role: 'alert' })
  private readonly go = element('button', { type: 'button', id: 'card-go-on' })
  private readonly clear = element('button', { type: 'button', id: 'card-clear' })
  private readonly look = element('button', { type: 'button', id: 'card-camera' })
  private readonly labels = { number: element('label', { for: 'card-number' }), birth: element('label', { for: 'card-birth' }) }
  private readonly form = byId<HTMLFormElement>('cards')
  private lines: string[] = []
  private wrong: { code: string; position: number | null } | undefined
  private session: number | null = null
  private sending = false
  /** The time at which a card began to be looked for; `undefined` while none is. */
  private since: number | undefined

  constructor(private readonly around: Around) {
    const keys = KEYS.flatMap((row) => [...row]).map((key) => this.key(key, key))
    const pad = element('div', { id: 'card-keys', role: 'group' }, ...keys, this.key('⌫', null))
    this.form.append(
      element('div', { class: 'field' }, this.labels.number, this.number, this.marked),
      element('div', { class: 'field' }, this.labels.birth, this.birth),
      this.mistake, pad, element('div', { class: 'go' }, this.look, this.clear, this.go),
    )
    this.form.addEventListener('submit', (event) => event.preventDefault())
    this.number.addEventListener('keydown', (event) => { if (event.key === 'Enter') this.entered() })
    this.number.addEventListener('input', () => this.typed())
    this.birth.addEventListener('input', () => { this.birth.value = dated(this.birth.value); this.typed() })
    this.birth.addEventListener('keydown', (event) => { if (event.key === 'Enter') void this.send() })
    this.go.addEventListener('click', () => void this.send())
    this.clear.addEventListener('click', () => { this.empty(true); this.number.focus() })
    this.look.addEventListener('click', () => { if (this.since === undefined) void this.watch(); else this.stop() })
  }

  /** Shows the form where a card is wanted, and empties it when a traveller has gone. */
  show(view: View, wanted: boolean, language: string): void {
    if (this.session !== null && view.session === null) this.empty(true)
    this.session = view.session
    const hidden = this.form.hidden
    this.form.hidden = !wanted
    this.form.lang = language
    if (!wanted || !this.around.sees()) this.since = undefined
    document.body.dataset['card'] = this.looking ? 'camera' : 'keys'
    this.look.hidden = !this.around.sees()
    this.look.textContent = this.around.say(this.looking ? 'kiosk_card_keys' : 'kiosk_card_camera')
    this.labels.number.textContent = this.around.say('kiosk_card_number')
    this.labels.birth.textContent = this.around.say('kiosk_card_birth')
    this.go.textContent = this.around.say('kiosk_card_go_on')
    this.clear.textContent = this.around.say('kiosk_card_clear')
    const told = this.wrong ? this.around.say(`kiosk_${this.wrong.code === 'card_birth' ? 'card_birth_wrong' : this.wrong.code}`) : ''
    if (this.mistake.textContent !== told) this.mistake.textContent = told
    this.mistake.hidden = told === ''
    this.number.setAttribute('aria-invalid', String(this.wrong !== undefined && this.wrong.code !== 'card_birth' && !OF_PICTURES.test(this.wrong.code)))
    this.birth.setAttribute('aria-invalid', String(this.wrong?.code === 'card_birth'))
    if (hidden && wanted) this.number.focus()
  }

  /** Whether a card is looked for before the camera. */
  get looking(): boolean {
    return this.since !== undefined
  }

  private stop(): void {
    this.since = undefined
    this.empty(false)
    this.around.changed()
    this.number.focus()
  }

  /** Sends two pictures at a time, until the gate has taken a zone, the traveller types instead, or time is up. */
  private async watch(): Promise<void> {
    const since = performance.now()
    this.since = since
    this.empty(false)
    this.around.changed()
    while (this.since === since && performance.now() - since < LOOK_MS) {
      const pictures = await this.pictures().catch(() => undefined)
      if (this.since !== since) return
      if (pictures) {
        // A refusal is told only while the traveller still holds a card before the camera.
        if (await this.offer({ pictures }, () => this.since === since)) break
        this.around.changed()
      }
      await pause(TRY_EVERY_MS)
    }
    if (this.since === since) this.since = undefined
    this.around.changed()
  }

  private async pictures(): Promise<string[] | undefined> {
    const first = await this.around.frame()
    if (!first) return undefined
    await pause(BETWEEN_MS)
    const second = await this.around.frame()
    return second && Promise.all([first, second].map(async (frame) => text(await jpeg(frame))))
  }

  /** Hands in pictures of a card that were saved, at a simulated lane. */
  async hand(files: readonly File[]): Promise<void> {
    await this.post({ pictures: await Promise.all(files.map((file) => text(file))) })
  }

  private key(name: string, types: string | null): HTMLButtonElement {
    const button = element('button', { type: 'button', ...(types === null ? { 'aria-label': '⌫' } : {}) }, name)
    // The field keeps the focus, so that keys and a keyboard go to the same place.
    button.addEventListener('pointerdown', (event) => event.preventDefault())
    button.addEventListener('click', () => {
      const field = document.activeElement === this.birth ? this.birth : this.number
      field.value = types === null ? field.value.slice(0, -1) : field.value + types
      if (field === this.birth && types !== null) field.value = dated(field.value)
      this.typed()
    })
    return button
  }

  private typed(): void {
    this.wrong = undefined
    this.marked.replaceChildren()
    this.around.changed()
  }

  /** A reader of zones ends each line as a keyboard would. */
  private entered(): void {
    const line = this.number.value.trim().toUpperCase()
    if (line.length === ZONE_WIDTH && (line.includes('<') || this.lines.length > 0)) {
      this.lines.push(line)
      this.number.value = ''
      if (this.lines.length === ZONE_LINES) void this.post({ zone: this.lines.join('\n') })
    } else {
      this.birth.focus()
    }
  }

  private async send(): Promise<void> {
    if (this.number.value.trim() === '') { this.number.focus(); return }
    await this.post({ number: this.number.value.trim(), birth: this.birth.value.trim() })
  }

  /** Hands in what was typed or saved, one at a time. */
  private async post(card: Posted): Promise<void> {
    if (this.sending) return
    this.sending = true
    this.lines = []
    await this.offer(card, () => true)
    this.sending = false
    this.around.changed()
  }

  /** Whether the gate has taken it. Its refusal is told where somebody still `waits` for it. */
  private async offer(card: Posted, waits: () => boolean): Promise<boolean> {
    try {
      await this.around.link.post('/card', card)
    } catch (error) {
      if (waits() && error instanceof Problem && error.status === 422) this.refused(error)
      return false
    }
    // The birth date stays for the second card of the same traveller.
    this.empty(false)
    return true
  }

  private refused(problem: Problem): void {
    if (OF_PICTURES.test(problem.code)) {
      this.wrong = { code: problem.code, position: null }
      return
    }
    this.wrong = { code: MISTAKES.has(problem.code) || problem.code === 'card_birth' ? problem.code : 'card_unknown', position: problem.position }
    const field = this.wrong.code === 'card_birth' ? this.birth : this.number
    field.focus()
    const at = this.wrong.position
    if (at === null) return
    const plain = [...this.number.value.trim().toUpperCase().replace(/[()]/g, '')]
    this.marked.replaceChildren(...plain.map((letter, index) => index + 1 === at ? element('mark', {}, letter) : letter))
  }

  private empty(whole: boolean): void {
    this.number.value = ''
    if (whole) this.birth.value = ''
    this.lines = []
    this.wrong = undefined
    this.marked.replaceChildren()
  }
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** A file in Base64, in its URL form and without padding. */
async function text(file: Blob): Promise<string> {
  const bytes = new Uint8Array(await file.arrayBuffer())
  let plain = ''
  for (let at = 0; at < bytes.length; at += 0x8000) plain += String.fromCharCode(...bytes.subarray(at, at + 0x8000))
  return btoa(plain).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')
}

/** A date as it is typed: digits, with a dash behind year and month. */
function dated(text: string): string {
  const digits = text.replace(/\D/g, '').slice(0, 8)
  return [digits.slice(0, 4), digits.slice(4, 6), digits.slice(6)].filter((part) => part !== '').join('-')
}
