/** The traveller's screen. The gate decides what it shows; the page shows it and sends the pictures of its camera. */
import { Camera, jpeg } from './camera'
import { type Card, LANGUAGES, type Language, REGIONS, type State, type View, byId, element } from './card'
import { Cards } from './cards'
import { Problem, linkOfPage, pairFromAddress } from './link'
import { Panel } from './panel'
import { isOurs } from './patience'
import { Reading } from './reading'
import { cue } from './sounds'

const TAGS: Record<Language, string> = { 'zh-Hans': '简', 'zh-Hant': '繁', en: 'EN', pt: 'PT' }
const NAMES: Record<Language, string> = { 'zh-Hans': '简体中文', 'zh-Hant': '繁體中文', en: 'English', pt: 'Português' }
const PICTURES: Partial<Record<string, string>> = { pin: 'pin', guardian: 'guardian' }
const STEPS: Record<State, number> = { ready: 0, reading: 1, lay_card: 1, checking: 1, look_here: 1, turn_head: 2, measure: 2, welcome: 3, again: 0, see_officer: 2, closed: 0 }
/** How long each language is shown while none is chosen, in milliseconds. */
const TURN_MS = 3_000
/** After this time without a code in view, the next code belongs to another traveller, in milliseconds. */
const GAP_MS = 700
const FACE_EVERY_MS = 80
const READ_EVERY_MS = 40

const link = linkOfPage()
const reading = new Reading()
const body = document.body

let card: Card | undefined
let view: View | undefined
let trouble: { kind: 'gate' | 'pairing' | 'page'; text: string } | undefined
/** A code that was read here and to which the gate has not reacted yet. */
let posting = false
/** Why the code in this page's address did not pair it. */
let refusedCode: string | undefined
let turn = 0
let last = { text: '', ended: -Infinity, empty: -Infinity }
let stated = ''
let timing: { seen: number; decode: number; shown?: number } | undefined

const cards = new Cards({ link, say, changed: show, frame: () => camera.ready ? camera.frame() : undefined, sees: () => camera.state === 'on' })
const camera = new Camera(byId<HTMLVideoElement>('video'), show)
const panel = new Panel({ link, reading, code: (text, ms) => void offer(text, ms, true), cards: (files) => void cards.hand(files), changed: show })

function language(): Language {
  return view?.language ?? LANGUAGES[turn % LANGUAGES.length]!
}

function now(): { state: State | 'starting'; sentence: string; detail?: string } {
  if (trouble?.kind === 'pairing' || trouble?.kind === 'page') return { state: 'closed', sentence: 'kiosk_closed', detail: trouble.text }
  if (trouble) return { state: 'closed', sentence: 'kiosk_closed' }
  if (!view || !card) return { state: 'starting', sentence: '' }
  if (posting) return { state: 'reading', sentence: 'kiosk_reading' }
  const wants = (view.state === 'ready' && !byDocument()) || wantsUnlock() || view.state === 'look_here' || view.motion != null
  if (wants && camera.state === 'lost' && !panel.standsIn) return { state: 'closed', sentence: 'kiosk_no_camera' }
  if (cards.looking) return { state: view.state, sentence: 'kiosk_card_hold' }
  return { state: view.state, sentence: view.sentence }
}

function byDocument(): boolean {
  return card?.kind === 'document'
}

/** Whether the gate asks for the code of a wallet that was unlocked again. */
function wantsUnlock(): boolean {
  return view?.state === 'measure' && view.measure === 'pin'
}

function say(key: string, spoken = language()): string {
  const told = view?.sentence === key ? view.sentences : card?.texts[key]
  return told?.[spoken] ?? ''
}

/** How it ended for the traveller: said in Chinese and English together, and then in the traveller's own language. */
const RESULTS: readonly string[] = ['welcome', 'again', 'see_officer']

/** The languages of a result: those beside the traveller's, and theirs; while none is chosen the others take turns. */
function ofResult(): { also: Language[]; own: Language } {
  const chosen = view?.language ?? undefined
  const chinese: Language = chosen === 'zh-Hans' || chosen === 'zh-Hant' ? chosen : card?.sides[0]?.authority === 'CHN' ? 'zh-Hans' : 'zh-Hant'
  const both: Language[] = [chinese, 'en']
  const others = LANGUAGES.filter((one) => !both.includes(one))
  const own = chosen ?? others[turn % others.length]!
  return { also: both.filter((one) => one !== own), own }
}

function show(): void {
  const { state, sentence, detail } = now()
  const spoken = language()
  if (state !== stated) {
    stated = state
    body.dataset['state'] = state
    cue(state)
    if (state === 'welcome' && timing && timing.shown === undefined) timing.shown = performance.now()
  }
  const motion = view?.motion === 'look_straight' ? 'look_here' : view?.motion
  body.dataset['kind'] = card?.kind ?? 'code'
  if (view) cards.show(view, byDocument() && (state === 'ready' || state === 'lay_card'), spoken)
  const picture = byDocument() && (state === 'ready' || state === 'lay_card') ? 'measure' : state === 'measure' ? (PICTURES[view?.measure ?? ''] ?? 'measure') : state === 'turn_head' && motion && motion !== 'ended' ? motion : state
  byId('picture').setAttribute('href', `#p-${picture}`)
  const result = RESULTS.includes(state) && detail === undefined ? ofResult() : undefined
  const also = byId<HTMLElement>('also')
  const lines = (result?.also ?? []).map((one) => element('span', { lang: one }, say(sentence, one)))
  if (also.innerHTML !== lines.map((line) => line.outerHTML).join('')) also.replaceChildren(...lines)
  also.hidden = lines.length === 0
  const words = byId<HTMLElement>('sentence')
  const text = detail ?? (say(sentence, result?.own) || '\u00a0')
  if (words.textContent !== text) words.textContent = text
  words.lang = detail ? 'en' : (result?.own ?? spoken)
  document.documentElement.lang = spoken
  body.dataset['camera'] = camera.state
  body.dataset['face'] = panel.standsIn ? 'photograph' : 'camera'
  const steps = byId('steps').children
  const done = state === 'starting' ? 0 : STEPS[state]
  for (let i = 0; i < steps.length; i += 1) steps[i]!.className = i < done ? 'done' : ''
  const leave = byId<HTMLButtonElement>('leave')
  leave.hidden = !(state === 'lay_card' || state === 'look_here' || state === 'turn_head' || state === 'measure')
  leave.textContent = say('kiosk_cancel')
  leave.lang = spoken
  const noPhone = byId<HTMLButtonElement>('no-phone')
  noPhone.hidden = !wantsUnlock()
  noPhone.textContent = say('kiosk_no_phone')
  noPhone.lang = spoken
  place(spoken)
  for (const button of byId('languages').querySelectorAll('button')) {
    button.setAttribute('aria-pressed', String(button.dataset['tag'] === view?.language))
    button.classList.toggle('turn', view?.language == null && button.dataset['tag'] === spoken)
  }
  const trial = byId<HTMLElement>('trial')
  trial.hidden = !card?.simulated_camera
  trial.textContent = say('kiosk_trial')
  trial.lang = spoken
  if (card && view) panel.show(card, view, { ...(timing?.shown === undefined ? {} : { welcome: timing.shown - timing.seen }), ...(timing ? { decode: timing.decode } : {}) })
}

function place(spoken: Language): void {
  if (!card) return
  const { from, to, sides, names } = card
  const side = sides[0]?.authority ?? from
  byId('port').textContent = [...new Set(sides.map((each) => names[spoken]?.[each.authority] ?? card!.port))].join(' · ') || names[spoken]?.[side] || card.port
  byId('way').textContent = `${REGIONS[from][spoken]} → ${REGIONS[to][spoken]}`
  // A row of tabs tells one lane from the next.
  document.title = `${card.port} ${from}-${to}`
  byId('port').setAttribute('lang', spoken)
  byId('way').setAttribute('lang', spoken)
}

/** Handles a code in view. `meant` if it was handed in on purpose, and not seen by the camera. */
async function offer(text: string, ms: number, meant = false): Promise<void> {
  const unlocking = wantsUnlock()
  if (!view || posting || (view.session !== null && !unlocking) || trouble) return
  const at = performance.now()
  const gap = at - last.empty < 60_000 && last.empty > last.ended
  const another = text !== last.text
  // The code before still lies on the reader, or a sticker is in view while the phone is away: neither is an answer.
  const take = unlocking ? another && (meant || isOurs(text)) : meant || (view.state === 'ready' ? another || gap || at - last.ended > 8_000 : another && gap)
  if (!take) return
  posting = true
  last.text = text
  if (!unlocking) timing = { seen: at - ms, decode: ms }
  show()
  try {
    await link.post('/code', text)
    // The gate goes on with the same traveller, and its next event says how.
    if (unlocking) posting = false
  } catch (error) {
    posting = false
    if (!(error instanceof Problem)) console.debug('the code did not reach the gate')
    last.ended = performance.now()
    show()
  }
}

async function watchCodes(): Promise<void> {
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, READ_EVERY_MS))
    const open = view && !byDocument() && (view.session === null || wantsUnlock()) && !posting && !trouble && view.state !== 'closed' && !document.hidden
    if (!open || reading.busy) continue
    const frame = await (panel.window?.frame() ?? (camera.ready ? camera.frame() : undefined))?.catch(() => undefined)
    if (!frame) continue
    const { text, ms } = await reading.read(frame)
    if (text === null) {
      if (last.ended > last.empty || last.empty === -Infinity) gapBegan ??= performance.now()
      if (gapBegan !== undefined && performance.now() - gapBegan > GAP_MS) last.empty = performance.now()
    } else {
      gapBegan = undefined
      await offer(text, ms)
    }
  }
}
let gapBegan: number | undefined

async function watchFaces(): Promise<void> {
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, FACE_EVERY_MS))
    if ((view?.state !== 'look_here' && view?.motion == null) || trouble) continue
    try {
      const picture = await (panel.standsIn ? panel.face() : camera.ready ? jpeg(await camera.frame()) : undefined)
      if (picture) await link.post('/face', picture)
    } catch (error) {
      // The gate has its picture by now, or is gone: the next event says which.
      if (!(error instanceof Problem)) await new Promise((resolve) => setTimeout(resolve, 500))
    }
  }
}

function heard(event: View): void {
  trouble = event.other_page ? { kind: 'page', text: 'Another window works this lane now. Reload this one to take the lane back.' } : undefined
  if (view?.session != null && event.session === null) {
    last.ended = performance.now()
    gapBegan = undefined
  }
  if (event.session !== null || event.state !== 'ready') posting = false
  view = event
  show()
}

function lost(why: unknown): boolean {
  posting = false
  if (view?.other_page) return false
  if (why instanceof Problem && (why.status === 401 || why.status === 404)) {
    trouble = { kind: 'pairing', text: refusedCode ?? why.message }
  } else {
    trouble = { kind: 'gate', text: '' }
    if (view) view = { ...view, session: null, language: null, state: 'closed' }
  }
  show()
  return true
}

async function begin(): Promise<void> {
  addEventListener('hashchange', () => location.reload())
  await pairFromAddress(link).catch((error: unknown) => { refusedCode = error instanceof Problem ? error.message : undefined })
  for (const tag of LANGUAGES) {
    const button = element('button', { type: 'button', lang: tag, 'data-tag': tag, 'aria-label': `${TAGS[tag]} ${NAMES[tag]}` }, TAGS[tag])
    button.addEventListener('click', () => void link.post('/language', { language: view?.language === tag ? null : tag }).catch(() => undefined))
    byId('languages').append(button)
  }
  byId('no-phone').addEventListener('click', () => void link.post('/document').catch(() => undefined))
  byId('leave').addEventListener('click', () => void link.post('/leave').catch(() => undefined))
  setInterval(() => {
    if (view?.language == null) turn += 1
    show()
  }, TURN_MS)
  document.addEventListener('visibilitychange', awake)
  awake()
  void watchCodes()
  void watchFaces()
  void link.listen<View>((event) => {
    heard(event)
    // The lane's card may have changed with a restarted gate.
    if (!card) void link.get<Card>('').then((read) => { card = read; show() }, () => undefined)
  }, lost)
}

/** Keeps the screen of a lane from going dark. */
function awake(): void {
  if (document.visibilityState === 'visible') void navigator.wakeLock?.request('screen').catch(() => undefined)
}

void begin()
