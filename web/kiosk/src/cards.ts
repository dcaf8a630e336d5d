/**
 * Cards at a lane by document: what is typed from a card, on large keys, or the lines that a reader of zones types like a keyboard.
 * The gate proves the number; this page marks what is wrong with it. What was typed leaves the page when it was taken.
 */
import { type View, byId, element } from './card'
import { Problem, type Link } from './link'

const KEYS = ['1234567890', 'ABCDEFGHIJ', 'KLMNOPQRST', 'UVWXYZ()']
/** Lines of a zone that a reader types: three of 30 characters. */
const ZONE_LINES = 3
const ZONE_WIDTH = 30
const MISTAKES = new Set(['card_check_digit', 'card_character', 'card_length', 'card_unknown'])

interface Around {
  link: Link
  say(key: string): string
  changed(): void
}

export class Cards {
  private readonly number = element('input', { id: 'card-number', autocomplete: 'off', autocapitalize: 'characters', spellcheck: 'false', inputmode: 'none', maxlength: '44' })
  private readonly birth = element('input', { id: 'card-birth', autocomplete: 'off', inputmode: 'none', maxlength: '10', placeholder: '1946-03-17' })
  private readonly marked = element('p', { id: 'card-marked', 'aria-hidden': 'true' })
  private readonly mistake = element('p', { id: 'card-mistake', role: 'alert' })
  private readonly go = element('button', { type: 'button', id: 'card-go-on' })
  private readonly clear = element('button', { type: 'button', id: 'card-clear' })
  private readonly labels = { number: element('label', { for: 'card-number' }), birth: element('label', { for: 'card-birth' }) }
  private readonly form = byId<HTMLFormElement>('cards')
  private lines: string[] = []
  private wrong: { code: string; position: number | null } | undefined
  private session: number | null = null
  private sending = false

  constructor(private readonly around: Around) {
    const keys = KEYS.flatMap((row) => [...row]).map((key) => this.key(key, key))
    const pad = element('div', { id: 'card-keys', role: 'group' }, ...keys, this.key('⌫', null))
    this.form.append(
      element('div', { class: 'field' }, this.labels.number, this.number, this.marked),
      element('div', { class: 'field' }, this.labels.birth, this.birth),
      this.mistake, pad, element('div', { class: 'go' }, this.clear, this.go),
    )
    this.form.addEventListener('submit', (event) => event.preventDefault())
    this.number.addEventListener('keydown', (event) => { if (event.key === 'Enter') this.entered() })
    this.number.addEventListener('input', () => this.typed())
    this.birth.addEventListener('input', () => { this.birth.value = dated(this.birth.value); this.typed() })
    this.birth.addEventListener('keydown', (event) => { if (event.key === 'Enter') void this.send() })
    this.go.addEventListener('click', () => void this.send())
    this.clear.addEventListener('click', () => { this.empty(true); this.number.focus() })
  }

  /** Shows the form where a card is wanted, and empties it when a traveller has gone. */
  show(view: View, wanted: boolean, language: string): void {
    if (this.session !== null && view.session === null) this.empty(true)
    this.session = view.session
    const hidden = this.form.hidden
    this.form.hidden = !wanted
    this.form.lang = language
    this.labels.number.textContent = this.around.say('kiosk_card_number')
    this.labels.birth.textContent = this.around.say('kiosk_card_birth')
    this.go.textContent = this.around.say('kiosk_card_go_on')
    this.clear.textContent = this.around.say('kiosk_card_clear')
    const told = this.wrong ? this.around.say(`kiosk_${this.wrong.code === 'card_birth' ? 'card_birth_wrong' : this.wrong.code}`) : ''
    if (this.mistake.textContent !== told) this.mistake.textContent = told
    this.mistake.hidden = told === ''
    this.number.setAttribute('aria-invalid', String(this.wrong !== undefined && this.wrong.code !== 'card_birth'))
    this.birth.setAttribute('aria-invalid', String(this.wrong?.code === 'card_birth'))
    if (hidden && wanted) this.number.focus()
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

  private async post(card: { zone: string } | { number: string; birth: string }): Promise<void> {
    if (this.sending) return
    this.sending = true
    this.lines = []
    try {
      await this.around.link.post('/card', card)
      // The birth date stays for the second card of the same traveller.
      this.empty(false)
    } catch (error) {
      if (error instanceof Problem && error.status === 422) this.refused(error)
    } finally {
      this.sending = false
      this.around.changed()
    }
  }

  private refused(problem: Problem): void {
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

/** A date as it is typed: digits, with a dash behind year and month. */
function dated(text: string): string {
  const digits = text.replace(/\D/g, '').slice(0, 8)
  return [digits.slice(0, 4), digits.slice(4, 6), digits.slice(6)].filter((part) => part !== '').join('-')
}
