/** The view of one authority's officer at one lane: the verdict of their own side, its measures, and the officer's acts. */
import { Beside, type Whom } from './beside'
import { type Card, type Code, type Language, REGIONS, byId, element } from './card'
import { documentWord } from './document-words'
import { Problem, linkOfPage } from './link'
import { type Word, isWord, word } from './officer-words'
import { doubtWords, reasonWords } from './reason-words'
import { type Looked, Reasons } from './reasons'
import { SignIn, type Signed } from './signin'
import { cue } from './sounds'
import { followTheme, switchTheme, theme } from './theme'

interface Row {
  session: number
  state: 'at_lane' | 'asked' | 'act' | 'judged' | 'over'
  own: { side: string; class: string; measures: string[]; reference: string } | null
  open: string[]
  other: 'waiting' | 'done' | 'not_passed' | null
  outcome: string | null
  gate: { code: string; remedy: string } | null
  hint: string | null
  refusable: boolean
  /** Sent to this officer, who has not dealt with them. */
  waits: boolean
  /** `here`: the lane has a picture of them for this officer; else why it has none. `null` where there is nothing to do beside them. */
  face: string | null
  refused_here: boolean
}
interface Side {
  lane: string
  authority: Code
  simulated_camera: boolean
  held: boolean
  travellers: Row[]
}

const REASONS = ['documents_seen', 'person_compared', 'assisted', 'equipment_fault'] as const
const HOME: Record<Code, Language> = { CHN: 'zh-Hans', HKG: 'zh-Hant', MAC: 'zh-Hant' }

const link = linkOfPage()
const reasons = new Reasons(() => show())
const beside = new Beside({
  holder: (reference) => reasons.get(`/v1/verdicts/${reference}/holder?lane=${encodeURIComponent(side?.lane ?? '')}`),
  face: (session) => link.picture(`/face?session=${session}`),
}, () => show())
/** Signing in at this gate, for the side of this page's address. */
const desk = new SignIn(`/v1/officers/${location.pathname.split('/')[3] ?? ''}`, false)
const select = byId<HTMLSelectElement>('language')
let side: Side | undefined
let card: Card | undefined
let lostWhy: string | undefined | null = null
/** Why nobody sees anything: somebody must sign in. */
let barred: 'signed_out' | 'passkey_needed' | 'role_missing' | undefined
let signWrong = ''
let asking = false
/** The buttons by key, as they stand on the screen. */
let keys = new Map<string, HTMLButtonElement>()

const tongue = () => select.value as Language
const say = (key: string): string => (isWord(key) ? word(key, tongue()) : key.replaceAll('_', ' '))

/** The newest traveller, while their outcome is open or they wait for an officer. */
function current(): Row | undefined {
  const [newest] = side?.travellers ?? []
  return newest && (newest.state !== 'over' || newest.waits) ? newest : side?.travellers.find((row) => row.state !== 'over')
}

/** A reference in groups of characters, so that it can be read aloud. */
const grouped = (reference: string): string => reference.replace(/(.{8})(?=.)/g, '$1 ')
let cued = ''

/** A reason in words, what was in doubt, and its code. */
interface Told { readonly words: string; readonly more: readonly string[]; readonly code?: string }

function told(looked: Looked | undefined): Told | undefined {
  switch (looked) {
    case undefined: return undefined
    case 'asked': return { words: say('reason_asked'), more: [] }
    case 'no_answer': return { words: say('reason_no_answer'), more: [] }
    default: {
      const more = (looked.risk?.doubts ?? []).map((doubt) => doubtWords(doubt, tongue()))
      return { words: reasonWords(looked.code, looked.detail, tongue()), more, code: looked.code }
    }
  }
}
/** A text in which a line may break after an underscore too: a code is one long word. */
const broken = (text: string): (Node | string)[] => text.split(/(?<=_)/).flatMap((part, at) => at > 0 ? [element('wbr'), part] : [part])
const inOne = ({ words, more, code }: Told): string => [words, ...more, ...(code ? [code] : [])].join(' · ')
const whyOf = (row: Row): Told | undefined => row.own ? told(reasons.of(row.own.reference)) : undefined

async function act(body: object): Promise<void> {
  const said = byId<HTMLElement>('said')
  try {
    await link.post('/acts', body)
    said.textContent = say('written')
    said.className = ''
  } catch (error) {
    said.textContent = error instanceof Problem ? (isWord(error.code) ? say(error.code) : error.message) : say('lost')
    said.className = 'bad'
  }
}

/** `off` is why it cannot be pressed now. */
function button(key: string, text: string, press: () => void, kind = '', off?: string): HTMLButtonElement {
  const words = element('span', {}, text, ...(off === undefined ? [] : [element('small', { class: 'off' }, off)]))
  const made = element('button', { type: 'button', class: kind, 'data-key': key, 'aria-keyshortcuts': key, ...(off === undefined ? {} : { disabled: '' }) }, element('kbd', {}, key === 'Escape' ? 'Esc' : key), words)
  made.addEventListener('click', press)
  keys.set(key.toLowerCase(), made)
  return made
}

/** Replaces children only where something changed, so that the focus stays where it was. */
function put(where: Element, parts: HTMLElement[]): void {
  const same = where.children.length === parts.length && parts.every((part, at) => part.outerHTML === where.children[at]!.outerHTML)
  if (same) {
    for (const old of where.querySelectorAll('button')) {
      const key = old.dataset['key']?.toLowerCase()
      if (key) keys.set(key, old)
    }
    return
  }
  const focused = (document.activeElement as HTMLElement | null)?.dataset['key']
  where.replaceChildren(...parts)
  if (focused) where.querySelector<HTMLButtonElement>(`[data-key="${focused}"]`)?.focus()
}

const off = (why: Word | undefined): string | undefined => (why ? say(why) : undefined)

/** Why the officer cannot take the measures on their own word. */
function admitOff(row: Row | undefined): Word | undefined {
  if (!row) return 'off_nobody'
  if (row.open.length > 0) return undefined
  if (row.own?.class === 'refer') return 'off_referred'
  return row.own ? 'off_nothing_asked' : 'off_no_verdict'
}

/** Why the officer cannot refuse. */
function refuseOff(row: Row | undefined): Word | undefined {
  if (!row) return 'off_nobody'
  if (row.refusable) return undefined
  if (row.refused_here) return 'off_refused'
  return row.own ? 'off_decided' : row.state === 'over' ? 'off_over' : 'off_no_verdict'
}

/** For whom the officer has something to do beside them: only then anybody's picture is asked for. */
function whom(row: Row | undefined): Whom | undefined {
  if (!row?.own || !(row.state === 'act' || row.waits)) return undefined
  return { session: row.session, reference: row.own.reference, face: row.face === 'here' }
}

/** One of the two pictures, or why there is none. */
function figure(id: string, name: Word, address: string | undefined, without: string): HTMLElement {
  const shown = address ? element('img', { src: address, alt: say(name) }) : element('p', {}, without)
  return element('figure', { id, ...(address ? {} : { class: 'without' }) }, shown, element('figcaption', {}, say(name)))
}

/** In words, why the lane's picture is not there: it is asked for, or the code of why there is none. */
function noLive(row: Row | undefined): Word {
  const why = row?.face === 'here' ? beside.without : row?.face
  return why === undefined ? 'reason_asked' : why !== null && isWord(why) ? why : 'no_face_here'
}

/** Portrait and live face side by side, name and document below. */
function showBeside(row: Row | undefined): void {
  const whose = whom(row)
  beside.look(whose)
  const seen = whose ? beside.seen : undefined
  const holder = typeof seen === 'object' ? seen : undefined
  const without = seen === undefined || typeof seen === 'object' ? say(reasons.wanted ? 'portrait_sign_in' : 'portrait_none') : say(seen === 'asked' ? 'reason_asked' : seen)
  const faces = byId<HTMLElement>('faces')
  faces.hidden = !whose
  put(faces, whose ? [
    figure('portrait', 'portrait', beside.portrait, without),
    figure('live', 'live', beside.face, say(noLive(row))),
  ] : [])
  const person = byId<HTMLElement>('person')
  person.hidden = !holder
  put(person, holder ? [
    ...[holder.name, holder.name_zh].filter((name) => name !== null).map((name) => element('strong', {}, name)),
    element('span', {}, `${documentWord(holder.document.kind, tongue())} … ${holder.document.last4}`),
  ] : [])
}

function show(): void {
  keys = new Map()
  document.documentElement.lang = tongue()
  byId('language-label').textContent = say('language')
  const trouble = byId<HTMLElement>('link')
  trouble.hidden = lostWhy === null
  if (lostWhy !== null) trouble.textContent = lostWhy ?? say('lost')
  document.body.dataset['link'] = lostWhy === null ? (side ? 'on' : 'starting') : 'lost'
  const night = byId('theme')
  night.textContent = say(theme() === 'dark' ? 'to_light' : 'to_dark')
  showDesk()
  if (!side) {
    beside.forget()
    // Whoever signs in reads where: the address alone says it so far.
    const [lane = '', whose = ''] = location.pathname.split('/').slice(2)
    byId('authority').textContent = whose in HOME ? REGIONS[whose as Code][tongue()] : whose
    byId('lane').textContent = lane
    return
  }
  const row = current()
  const own = row?.own ?? null
  const held = side.held
  const own_side = card?.sides.find((each) => each.authority === side!.authority)?.side
  byId('authority').textContent = `${REGIONS[side.authority][tongue()]}${own_side ? ` · ${say(own_side)}` : ''}`
  document.title = `${side.authority} ${side.lane}`
  byId('lane').textContent = card ? `${card.names[tongue()]?.[side.authority] ?? card.port} · ${REGIONS[card.from][tongue()]} → ${REGIONS[card.to][tongue()]} · ${side.lane}` : side.lane
  const trial = byId<HTMLElement>('trial')
  trial.hidden = !side.simulated_camera
  trial.textContent = say('trial')
  byId('current-title').textContent = row ? `${say('traveller')} ${row.session}` : say('nobody')
  document.body.dataset['state'] = held ? 'held' : (row?.state ?? 'free')
  const waits = row !== undefined && row.state === 'over'
  const cues = row?.state === 'act' ? `act ${row.session}` : waits ? `waits ${row.session}` : ''
  if (cues !== cued) {
    cued = cues
    if (cues) cue(waits ? 'see_officer' : 'measure')
  }
  const picture = own ? ({ admit: 'admit', verify: 'verify', refer: 'refer' }[own.class] ?? 'busy') : 'none'
  byId('class-picture').setAttribute('href', `#c-${picture}`)
  document.body.dataset['class'] = picture
  byId('class').textContent = own ? say(`${own.class}_class`) : waits ? say('no_verdict') : row ? say('no_class') : say('none')
  byId('about').textContent = held ? say('held') : waits ? say('waits') : row ? say(row.state) : '\u00a0'
  const facts: [string, string][] = []
  const why = row && whyOf(row)
  put(byId('why'), why ? [element('span', {}, why.words), ...why.more.map((one) => element('small', {}, one))] : [])
  showBeside(row)
  if (why?.code) facts.push([say('reason_code'), why.code])
  if (own) facts.push([say('reference'), grouped(own.reference)])
  if (row?.other) facts.push([say('other'), say(row.other)])
  if (row?.gate) facts.push([say('gate'), `${say(row.gate.remedy)} (${row.gate.code})`])
  if (row?.hint) facts.push([say('gate'), row.hint])
  put(byId('facts'), facts.flatMap(([name, value]) => [element('dt', {}, name), element('dd', {}, value)]))

  const open = row?.open ?? []
  put(byId('measures'), open.map((measure, at) => button(String(at + 1), `${say(measure)} — ${say('mark_done')}`, () => void act({ act: 'measure_done', measure, session: row!.session }), 'measure')))
  const acts = [
    button('A', say('admit'), () => { asking = true; show(); byId('reason-list').querySelector('button')?.focus() }, 'admit', off(admitOff(row))),
    button('R', say('refuse'), () => void act({ act: 'refuse', session: row!.session }), 'refuse', off(refuseOff(row))),
    button('C', say(held ? 'release' : 'call'), () => void act({ act: side!.held ? 'release' : 'call' }), 'call'),
  ]
  if (waits) acts.unshift(button('D', say('dealt_with'), () => void act({ act: 'dealt_with', session: row.session }), 'admit'))
  put(byId('acts'), acts)
  asking &&= open.length > 0
  const form = byId<HTMLElement>('reasons')
  form.hidden = !asking
// While the officer chooses a reason, only its keys are shown.
  byId<HTMLElement>('measures').hidden = asking
  byId<HTMLElement>('acts').hidden = asking
  byId('reasons-title').textContent = say('why')
  if (asking) {
    keys = new Map()
    put(byId('reason-list'), [
      ...REASONS.map((reason, at) => button(String(at + 1), say(reason), () => { asking = false; void act({ act: 'admit', reason, session: row!.session }) }, 'measure')),
      button('Escape', say('back'), () => { asking = false; show() }),
    ])
  } else {
    byId('reason-list').replaceChildren()
  }

  const secret = byId<HTMLElement>('secret')
  secret.hidden = !reasons.wanted
  byId('secret-label').textContent = say(reasons.passkeyNeeded ? 'passkey_needed' : 'secret')
  byId('secret-use').textContent = say('secret_use')
  byId('secret-passkey').textContent = say('use_passkey')
  byId('secret-register').textContent = say('register_passkey')
  byId<HTMLElement>('secret-register').hidden = !reasons.passkeyNeeded
  for (const id of ['secret-text', 'secret-use', 'secret-passkey']) byId<HTMLElement>(id).hidden = reasons.passkeyNeeded
  byId('secret-wrong').textContent = reasons.wrong

  byId('past-title').textContent = say('past')
  const joint = card?.joint ?? false
  const heads: Word[] = ['traveller', 'title', 'reference', ...(joint ? ['other' as const] : []), 'outcome', 'gate']
  put(byId('past-head'), heads.map((head) => element('th', { scope: 'col' }, say(head))))
  put(byId('past'), side.travellers.filter((each) => each !== row).map((each) => {
    const gate = [each.gate ? `${say(each.gate.remedy)} (${each.gate.code})` : '', each.refused_here ? say('refused_here') : ''].filter(Boolean).join(' · ')
    const cells = [String(each.session), each.own ? say(`${each.own.class}_class`) : say('none'), each.own ? grouped(each.own.reference) : say('none'), ...(joint ? [each.other ? say(each.other) : say('none')] : []), each.outcome ? say(each.outcome) : say('waiting'), gate || say('none')]
    const why = whyOf(each)
    return element('tr', { 'data-session': String(each.session) }, ...cells.map((text, at) => element('td', at === 2 ? { class: 'reference' } : {}, ...broken(text), ...(at === 2 && why ? [element('small', { class: 'why' }, inOne(why))] : []))))
  }))
  byId('scope').textContent = say('scope')
}

document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.repeat || event.target instanceof HTMLSelectElement || event.target instanceof HTMLInputElement) return
  const found = keys.get(event.key.toLowerCase())
  if (!found || found.disabled) return
  event.preventDefault()
  found.click()
})
select.addEventListener('change', show)
byId('theme').addEventListener('click', () => { switchTheme(); show() })
followTheme(() => show())

/** Who is signed in, and where somebody signs in. */
function showDesk(): void {
  const signed = desk.signed
  const needed = barred ?? (signed?.passkey_needed ? 'passkey_needed' : undefined)
  byId<HTMLElement>('who').hidden = !signed
  if (signed) {
    const test = signed.test ? ` · ${say('test_account').toUpperCase()}` : ''
    const until = new Date(signed.until).toLocaleTimeString(tongue(), { hour: '2-digit', minute: '2-digit' })
    byId('who-name').textContent = `${signed.name} · ${signed.roles.join(', ')}${test} · ${say('session_until')} ${until}`
  }
  byId('sign-out').textContent = say('sign_out')
  const part = byId<HTMLElement>('sign-in')
  part.hidden = needed === undefined
  document.querySelector('main')!.hidden = needed !== undefined
  document.body.dataset['signed'] = needed ?? 'in'
  if (needed === undefined) return
  byId('sign-in-title').textContent = say('sign_in')
  byId('sign-in-why').textContent = say(needed)
  byId('use-passkey').textContent = say('use_passkey')
  byId('register').textContent = say('register_passkey')
  byId('code-label').textContent = say('one_time_code')
  byId('use-code').textContent = say('use_code')
  byId('sign-in-wrong').textContent = signWrong
  byId<HTMLElement>('register').hidden = needed !== 'passkey_needed'
  for (const id of ['use-passkey', 'code-part']) byId<HTMLElement>(id).hidden = needed !== 'signed_out'
}

async function signIn(how: () => Promise<Signed>): Promise<void> {
  signWrong = ''
  try {
    const signed = await how()
    barred = signed.passkey_needed ? 'passkey_needed' : undefined
    wake?.()
  } catch (error) {
    signWrong = error instanceof Problem ? (isWord(error.code) ? say(error.code) : error.message) : say('refused_passkey')
  }
  show()
}

/** What an input holds, which is emptied: a one-time code stays nowhere. */
function taken(id: string): string {
  const input = byId<HTMLInputElement>(id)
  const typed = input.value.trim()
  input.value = ''
  return typed
}
const useCode = () => {
  const code = taken('code-text')
  if (code !== '') void signIn(() => desk.byCode(code))
}
byId('use-code').addEventListener('click', useCode)
byId<HTMLInputElement>('code-text').addEventListener('keydown', (event) => { if (event.key === 'Enter') useCode() })
byId('use-passkey').addEventListener('click', () => void signIn(() => desk.byPasskey()))
byId('register').addEventListener('click', () => void signIn(() => desk.register()))
byId('sign-out').addEventListener('click', () => {
  void Promise.all([desk.out().catch(() => undefined), reasons.out()]).then(() => { barred = 'signed_out'; side = undefined; show() })
})
const failed = () => say('refused_passkey')
const useSecret = () => {
  const code = taken('secret-text')
  if (code !== '') void reasons.signIn((at) => at.byCode(code), failed())
}
byId('secret-use').addEventListener('click', useSecret)
byId<HTMLInputElement>('secret-text').addEventListener('keydown', (event) => { if (event.key === 'Enter') useSecret() })
byId('secret-passkey').addEventListener('click', () => void reasons.signIn((at) => at.byPasskey(), failed()))
byId('secret-register').addEventListener('click', () => void reasons.signIn((at) => at.register(), failed()))

/** Lets the stream of events be opened once somebody is signed in. */
let wake: (() => void) | undefined
const signedIn = () => new Promise<void>((resolve) => { wake = resolve })
let guessed = false
function guess(authority: string | undefined): void {
  if (guessed || !(authority && authority in HOME)) return
  guessed = true
  select.value = HOME[authority as Code]
}

async function begin(): Promise<void> {
  guess(location.pathname.split('/')[3])
  const signed = await desk.current().catch(() => undefined)
  barred = signed ? (signed.passkey_needed ? 'passkey_needed' : undefined) : 'signed_out'
  for (;;) {
    show()
    if (barred) await signedIn()
    await link.listen<Side & { page?: number }>((event) => {
      side = event
      lostWhy = null
      show()
      if (!card) void link.get<Card>('').then((read) => { card = read; reasons.at(read.reasons_at); show() }, () => undefined)
    }, (why) => {
      side = undefined
      if (why instanceof Problem && (why.code === 'signed_out' || why.code === 'passkey_needed' || why.code === 'role_missing')) {
        barred = why.code
        if (why.code === 'signed_out') desk.forget()
        lostWhy = null
        return false
      }
      lostWhy = why instanceof Problem && why.status !== 503 ? why.message : undefined
      show()
      return true
    })
  }
}
void begin()
