/**
* Wallet: the traveller's pass on this phone and every operation on it.
 *
 * Lives here: enrolment, fetching tokens, history, the end. Not here: codes (`codes`), screens (`pages`), the platform, any
 * rule about who may cross: the authorities judge that.
 */
import { reactive } from 'vue'
import { fromBase64Url, toBase64Url } from '../../core/bytes.js'
import {
  AUTHORITIES, type Authority, belongs, isAuthority, possession, readToken,
} from '../../core/border.js'
import { readInvitations } from '../../core/invitation.js'
import { partMaker, usualDocument } from '../../core/issuance.js'
import type { DeviceKey } from '../../core/keys.js'
import { type Mrz, readMrz } from '../../core/mrz.js'
import { type DocumentKind, judgeNumber } from '../../core/numbers.js'
import { solveWork } from '../../core/work.js'
import type { BegunAnswer, Device, EnrolledAnswer, Operations, PassAnswer } from './api.js'
import { type CarerOver, carerAmong, isOver } from './carer.js'
import { Refusal, call, clockOffset } from './client.js'
import { type StoredKey, dropAllKeys, dropKey, makeKey, openKey } from './platform.js'
import type { ForeignPass } from './foreign.js'
import type { KeptLists, VenuePass } from './venue.js'
import { LockFault } from './lock-fault.js'
import { ability, confirm } from './phone-lock.js'
import {
  type Opened, Superseded, type VaultKey, addConfirming, addLock, destroy, lockUse, newVault, onVaultChanged, open, openByLock, removeLock, reread, seal,
} from './vault.js'

export interface Card {
  readonly kind: DocumentKind
  readonly number: string
}

export interface StoredToken {
  readonly key: StoredKey
  readonly token: string
  readonly parts: Readonly<Partial<Record<Authority, string>>>
  readonly expires: number
  /** The lane for which it was first shown, and the time; `guess`: the wallet chose the lane, nobody else. */
  readonly shown?: { readonly audience: string; readonly at: number; readonly guess?: true }
}

export interface Passage {
  readonly at: number
  readonly port: string
  readonly from: Authority
  readonly to: Authority
  readonly side?: string
  /** The source: an authority's record, or this phone, which only knows that a code was shown. */
  readonly by: Authority | 'phone'
}

/** One request to an authority: time, receiver and kind of data. */
export interface Receipt {
  readonly at: number
  readonly to: Authority
  /**
   * `zone`: an enrolment that gave the lines of the machine-readable zone as well. `identity`: one by what another wallet has shown;
   * `identity_number`: its six digits alone. `lists`: nothing of the holder was sent.
   */
  readonly what: Exclude<keyof Operations, 'frames'> | 'zone' | 'identity' | 'identity_number' | 'lists'
}

/** A request to another wallet to show who the holder is (`identity`). */
export interface AskedIdentity {
  readonly request: string
  /** What the other wallet opens. */
  readonly link: string
  /** Until when it may answer, in seconds since 1970, by the authority's clock. */
  readonly ends: number
  /** Whether it has answered. */
  readonly shown?: true
  /** The six digits that its browser showed, once the authority said that they are right. */
  readonly number?: string
  /** Tries of them that are left. */
  readonly left: number
}

/** Steps of a registration, one question on each screen; `other`: another wallet shows who the holder is, in place of what is typed. */
export type Step = 'card' | 'other' | 'permit' | 'name' | 'birth' | 'code' | 'review' | 'selfie' | 'done'

export interface Content {
  home: Authority
  /** Its place among the passes of this phone. */
  seat?: number
  /** It is a child's or a parent's: another person than who holds the phone. */
  other?: true
  /** A small copy of the picture with which it was registered: JPEG, base64. */
  portrait?: string
  step: Step
  name: string
  birth: string
  cards: Partial<Record<Authority, Card>>
  /** The machine-readable zone of the Home Return Permit, if the camera read it; deleted once the authority has it. */
  zone?: readonly string[]
  /** What another wallet was asked, for the home authority, in place of the card's number, the name and the birth date. */
  identity?: AskedIdentity
  /** The one-time codes of the offices, as typed; deleted once they are used. */
  invitation?: string
  /** The key to which every secret is bound. */
  device?: StoredKey
  /** Whether this is the pass of somebody whom another pass's holder looks after, bound to the same key; and why that ended. */
  carried?: true
  over?: CarerOver
  /** Authorities at which this wallet waits for the word of an earlier one, and until when. */
  waits?: Partial<Record<Authority, string>>
  sessions: Partial<Record<Authority, string>>
  records: Partial<Record<Authority, PassAnswer>>
  tokens: StoredToken[]
  /** Keys of a batch whose answer has not arrived; the next request uses the same keys. */
  pending: StoredKey[]
  history: Passage[]
  /** The way that the traveller chose last, and when. */
  chosen?: { readonly from: Authority; readonly to: Authority; readonly port: string; readonly at: number }
  receipts: Receipt[]
  /** Time at which the records were last fetched, in seconds since 1970. */
  asked: number
  /** Time at which the wallet last asked for the passages by itself, in seconds since 1970. */
  passagesAsked?: number
  /** Authorities at which a new registration is to replace the present one. */
  again: Authority[]
  offset: number
  /** What this pass shows at desks, and what its holder has of other systems; each with what was shown. */
  venues?: VenuePass
  foreign?: ForeignPass
  /** The code by which it comes here from another phone, until all of it is here; and how many passes come by it. */
  bringing?: string
  coming?: number
}

export const BATCH = 8
export const FEW = 4
/** Contents of the vault: the pass in use first, then the passes of other persons on this phone. */
interface Stored {
  readonly passes: readonly Content[]
  readonly lists?: KeptLists
  readonly told?: readonly Offer[]
}

/** What a traveller is offered once: the phone's lock; a place on the home screen, where a browser forgets what it stored. */
export type Offer = 'lock' | 'home'

interface State {
  content: Content | undefined
  others: Content[]
  /** Trust lists and approvals, for all passes of this phone. */
  lists: KeptLists | undefined
  /** Offers that were answered. */
  told: readonly Offer[]
  /** Where a pass was ended just now, or that all of them went to another phone; it is said once. */
  ended: readonly Authority[] | 'moved' | undefined
}

export const state: State = reactive({ content: undefined, others: [], lists: undefined, told: [], ended: undefined })
let vault: VaultKey | undefined

/** The document by which a resident of `home` enrols there. */
export const homeDocument = (home: Authority): DocumentKind => usualDocument(home, home)

export const now = (): number => Math.floor(Date.now() / 1000) + (state.content?.offset ?? 0)

// --- the vault -----------------------------------------------------------------------------------------------------

export const empty = (home: Authority): Content => ({
  home, step: 'card', name: '', birth: '', cards: {}, sessions: {}, records: {}, tokens: [], pending: [], history: [], receipts: [],
  asked: 0, again: [], offset: 0,
})

export async function begin(home: Authority, pin: string): Promise<void> {
  vault = await newVault(pin)
  state.content = { ...empty(home), seat: 0 }
  state.others = []
  state.lists = undefined
  state.told = []
  removeLock()
  await keep()
}

/** A pass for a child or a parent, on this phone, behind the same PIN. */
export async function addPerson(home: Authority): Promise<void> {
  const present = held()
  const carer = (present.carried && carerOf(present)) || present
  await deviceKey(carer)
  const { device } = carer
  const seat = Math.max(...people().map((one) => one.seat ?? 0)) + 1
  state.others = [present, ...state.others]
  state.content = { ...empty(home), seat, other: true, carried: true, ...(device ? { device } : {}) }
  await keep()
}

/** The pass of whoever looks after the holder of this one, on this phone. */
const carerOf = (content: Content): Content | undefined => carerAmong(content, [state.content, ...state.others])

/** The passes of this phone in the order in which they were added. */
export const people = (): readonly Content[] =>
  [state.content, ...state.others].flatMap((one) => one ?? []).sort((a, b) => (a.seat ?? 0) - (b.seat ?? 0))

/** Switches to another pass on this phone. */
export async function usePerson(chosen: Content): Promise<void> {
  if (!state.others.includes(chosen)) return
  state.others = [held(), ...state.others.filter((other) => other !== chosen)]
  state.content = chosen
  await keep()
}

/** Cancels a registration that no authority has granted yet, or the renewal of a present one. */
export async function giveUp(): Promise<void> {
  const content = held()
  if (content.again.length > 0) {
    content.again = []
    content.step = 'done'
    delete content.zone
    delete content.identity
  } else if (Object.keys(content.sessions).length === 0 && state.others.length > 0) {
    await dropTokens(content)
    state.content = state.others[0]
    state.others = state.others.slice(1)
  }
  await keep()
}

/** Whether there is a registration or renewal to cancel. */
export const canGiveUp = (): boolean => {
  const content = state.content
  return content !== undefined && (content.again.length > 0 || (Object.keys(content.sessions).length === 0 && state.others.length > 0))
}

/** Another home for a registration that no authority has granted yet: its numbers are asked for again. */
export async function moveHome(home: Authority): Promise<void> {
  const content = held()
  if (Object.keys(content.sessions).length > 0) return
  content.home = home
  content.cards = {}
  delete content.zone
  // Asked by the authority of before.
  delete content.identity
  content.step = 'card'
  await keep()
}

/** Starts a new registration for a new document. The present one stays valid until the new one is granted. */
export async function renew(): Promise<void> {
  const content = held()
  content.again = AUTHORITIES.filter((authority) => content.sessions[authority])
  content.step = 'card'
  await keep()
}

export async function dropTokens(content: Content): Promise<void> {
  for (const { key } of content.tokens) await dropKey(key)
  for (const key of content.pending) await dropKey(key)
  content.tokens = []
  content.pending = []
  // What desks are shown belongs to the same registration; receipts and pseudonyms stay.
  const { venues } = content
  if (!venues) return
  for (const { key } of venues.credentials) await dropKey(key)
  for (const { keys } of venues.pending) for (const key of keys) await dropKey(key)
  content.venues = { ...venues, credentials: [], pending: [] }
}

/**
 * The passes, also of a vault in which tokens still go by their earlier name and nobody has a place. The pass in use is stored first, so where others
 * have a place, one without is the first that was added.
 */
function passesOf({ passes }: Stored): Content[] {
  const placed = passes.some(({ seat }) => seat !== undefined)
  return passes.map((pass, at) => {
    const { tickets, ...rest } = pass as Content & { tickets?: StoredToken[] }
    return { seat: placed ? 0 : at, ...rest, tokens: rest.tokens ?? tickets ?? [] }
  })
}

export const unlock = async (pin: string): Promise<Opened> => admit(await open(pin, Date.now()))

/** Opens the wallet by the phone's own lock. Throws a `LockFault`. */
export const unlockByPhone = async (): Promise<Opened> => admit(await openByLock())

function admit(opened: Opened): Opened {
  if (opened.outcome !== 'open') return opened
  const passes = passesOf(opened.content as Stored)
  if (!passes[0]) return { outcome: 'damaged' }
  vault = opened.vault
  take(passes[0], passes.slice(1), opened.content as Stored)
  return opened
}

/** Lets the phone's lock do for this wallet what it can. Throws a `LockFault`. */
export async function switchLockOn(): Promise<void> {
  const can = await ability()
  if (can === 'none' || !vault) throw new LockFault('unable')
  if (can === 'confirms') addConfirming()
  else await addLock(vault)
}

/** Asks the phone's lock whether its holder is there. Throws a `LockFault`. */
export async function proveByPhone(reason: string): Promise<void> {
  if (lockUse() !== 'opens') return confirm(reason)
  const opened = await openByLock()
  if (opened.outcome !== 'open') throw new LockFault('lost')
  opened.vault.key.fill(0)
}

export function lock(): void {
  vault?.key.fill(0)
  vault = undefined
  state.content = state.lists = undefined
  state.others = []
}

function take(content: Content, others: Content[], { lists, told = [] }: Stored): void {
  state.content = content
  state.others = others
  state.lists = lists
  state.told = told
}

// All windows of one browser share a wallet: a change in another window is read at once.
onVaultChanged(() => {
  if (!vault) return
  const stored = reread(vault) as Stored | undefined
  const passes = stored ? passesOf(stored) : []
  if (!stored || !passes[0]) { lock(); return }
  take(passes[0], passes.slice(1), stored)
})

/** The credentials for desks that are stored at this moment: another window may have shown one that this one still holds. */
export function storedCredentials(): readonly string[] {
  const stored = vault && reread(vault) as Stored | undefined
  return (stored?.passes ?? []).flatMap(({ venues }) => venues?.credentials.map(({ credential }) => credential) ?? [])
}

let writing: Promise<void> = Promise.resolve()

/** Stores everything. Writes are queued, so that the last one wins. */
export function keep(): Promise<void> {
  return write(async () => {
    if (vault && state.content) await seal(vault, stored(state.content))
  })
}

const stored = (content: Content): Stored => ({ passes: [content, ...state.others], ...(state.lists ? { lists: state.lists } : {}), ...(state.told.length > 0 ? { told: state.told } : {}) })

/** An offer was answered, or is no more: it is not made again. */
export async function settleOffer(offer: Offer): Promise<void> {
  state.told = [...state.told.filter((other) => other !== offer), offer]
  await keep()
}

function write(work: () => Promise<void>): Promise<void> {
  writing = writing.catch(() => undefined).then(work).catch((error: unknown) => {
    if (error instanceof Superseded) lock()
    throw error
  })
  return writing
}

/** Tests the present PIN as at unlocking, and returns the key that a change of PIN needs. */
export const provePin = (present: string): Promise<Opened> => open(present, Date.now())

/** Seals everything with a new PIN, atomically: the old PIN opens until it is written, afterwards only the new one. */
export async function changePin(proven: VaultKey, next: string): Promise<void> {
  const fresh = await newVault(next)
  await write(async () => {
    // Locked, or changed by another window, since the PIN was tested: nothing is written.
    if (!vault || !state.content || toBase64Url(vault.salt) !== toBase64Url(proven.salt)) throw new Superseded()
    await seal(fresh, stored(state.content), vault)
    // It wrapped the key of before, which opens nothing now.
    if (lockUse() === 'opens') removeLock()
    vault.key.fill(0)
    vault = fresh
  })
}

/** The pass in use. */
export function held(): Content {
  if (!state.content) throw new Error('locked')
  return state.content
}

const RECEIPTS = 200

/** Calls an authority for this pass and records which data it got. */
export async function tell<K extends Exclude<keyof Operations, 'frames'>>(content: Content, to: Authority, what: K, given: Omit<Parameters<typeof call<K>>[2], 'key'>, noted: Receipt['what'] = what): Promise<Operations[K]['answer']> {
  // Asked every few seconds: the last time is enough.
  const before = noted === 'identity_state' || noted === 'offer_hand_over' ? content.receipts.filter((one) => one.to !== to || one.what !== noted) : content.receipts
  content.receipts = [{ at: now(), to, what: noted }, ...before].slice(0, RECEIPTS)
  try {
    return await call(to, what, { ...given, key: await deviceKey(content) } as Parameters<typeof call<K>>[2])
  } catch (error) {
    if (content.carried && error instanceof Refusal && isOver(error.code)) await endHere(content, to, error.code)
    throw error
  }
}

/** Notes that an authority's part in a pass on this phone is over; with the home authority's the pass is, and its codes go. */
export async function endHere(content: Content, authority: Authority, over: CarerOver): Promise<void> {
  delete content.sessions[authority], delete content.records[authority]
  content.over = over
  if (authority === content.home) await dropTokens(content)
  await keep()
}

/** The key to which this wallet's secrets are bound. A wallet of the version before has none: its next request binds one. */
async function deviceKey(content: Content): Promise<DeviceKey> {
  const known = content.device && await openKey(content.device)
  if (known) return known
  const made = await makeKey()
  content.device = made.stored
  // Stored before it is used: a secret that is bound to a lost key is lost.
  await keep()
  return made.key
}

// --- enrolment -----------------------------------------------------------------------------------------------------

/** What an authority asks of the face. */
export type Prompt = 'look_straight' | 'turn_left' | 'turn_right' | 'come_closer'

/** Where the pictures of an enrolment come from. */
export interface Source {
  /** One picture: of the camera, or from a file. */
  picture(): Promise<Uint8Array | undefined>
  /** A frame of this moment; `undefined` where there is no camera that takes them fast enough. */
  readonly frame: (() => Promise<Uint8Array>) | undefined
  /** Shows what is asked. */
  ask(prompt: Prompt): void
}

const pause = (ms: number) => new Promise<void>((resolve) => { setTimeout(resolve, ms) })
/** Between two frames of a live capture, and most frames in one request. */
const [FRAME_MS, MOST_FRAMES] = [120, 8]
/** Longest live capture, in milliseconds: an authority ends it sooner. */
const LIVE_MS = 60_000

/** Enrols with every card at its authority. A registration that is granted stays granted if a later one is refused. */
export async function enrol(source: Source): Promise<void> {
  const content = held()
  for (const authority of AUTHORITIES) {
    const claim = claimOf(content, authority)
    const again = content.again.includes(authority)
    if (!claim || (content.sessions[authority] && !again)) continue
    // Where the carer has no pass, nobody carries one: at home that is told.
    if (content.carried && authority !== content.home && !carerOf(content)?.sessions[authority]) continue
    const begun = await begins(content, authority, claim.body, claim.noted).catch(async (error: unknown) => {
      // A zone that the authority refuses is dropped; the typed number may still be accepted.
      if (error instanceof Refusal && error.code.startsWith('mrz_')) {
        delete content.zone
        await keep()
      }
      throw error
    })
    const answer = await (begun.capture === 'live' ? film(content, authority, begun, source) : still(content, authority, begun, source))
    content.sessions[authority] = answer.secret
    delete content.over
    content.again = content.again.filter((other) => other !== authority)
    content.waits = { ...content.waits }
    if (answer.waits_until) content.waits[authority] = answer.waits_until
    else delete content.waits[authority]
    // A new registration ends the tokens of the earlier one.
    if (again) await dropTokens(content)
    await keep()
  }
  content.again = []
  content.step = 'done'
  delete content.zone
  delete content.identity
  delete content.invitation
  await keep()
}

/** Whether a permit of another authority is typed, for which name and birth date are needed, also beside what another wallet shows. */
export const hasPermit = ({ home, cards }: Content): boolean => home !== 'CHN' && cards.CHN !== undefined

/** What an authority is told of the holder, and the word for it; undefined where nothing of theirs is of this authority. */
function claimOf(content: Content, authority: Authority): { readonly body: Operations['enrol']['body']; readonly noted: Receipt['what'] } | undefined {
  const code = readInvitations(content.invitation ?? '')?.[authority]
  const invitation = code ? { invitation: code } : {}
  const shown = authority === content.home ? content.identity : undefined
  if (shown) {
    if (!shown.number) throw new Refusal('identity_waits')
    return { body: { identity: { request: shown.request, number: shown.number }, ...invitation }, noted: 'identity' }
  }
  const card = content.cards[authority]
  if (!card) return undefined
  const zone = authority === 'CHN' ? zoneOf(content, card) : undefined
  const typed = { document: card, name: content.name, birth: content.birth }
  return { body: { ...typed, ...(zone ? { mrz: zone } : {}), ...invitation }, noted: zone ? 'zone' : 'enrol' }
}

/** The first step of an enrolment; where it takes work, the work is done and the same is sent again. */
export async function begins(content: Content, authority: Authority, body: Operations['enrol']['body'], noted: Receipt['what']): Promise<BegunAnswer> {
  // The own secret shows that this wallet is in force already: it needs no code then, and waits for nobody. A carer's proves the carer.
  const own = content.sessions[authority]
  const carers = content.carried ? carerOf(content)?.sessions[authority] : undefined
  if (content.carried && !own && !carers) throw new Refusal('carer_away')
  const given = own || carers ? { secret: (own ?? carers)! } : {}
  try {
    return await tell(content, authority, 'enrol', { ...given, body }, noted)
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== 'work_required' || !error.work) throw error
    const { salt, bits } = error.work
    const [answer] = await Promise.all([solveWork(salt, bits, () => pause(0)), pause(error.wait * 1000)])
    return tell(content, authority, 'enrol', { ...given, body: { ...body, work: { salt, answer } } }, noted)
  }
}

/** One picture: the installation simulates cameras. */
async function still(content: Content, authority: Authority, { id }: BegunAnswer, source: Source): Promise<EnrolledAnswer> {
  const picture = await source.picture()
  if (!picture) throw new Refusal('camera')
  const answer = await call(authority, 'frames', { key: await deviceKey(content), id, body: { frames: [{ at_ms: 0, picture: toBase64Url(picture) }] } })
  if (!('secret' in answer)) throw new Refusal('answer')
  return answer
}

/** Frames of the camera as they are taken, while the traveller does what each answer asks. */
async function film(content: Content, authority: Authority, begun: BegunAnswer, source: Source): Promise<EnrolledAnswer> {
  const { frame } = source
  if (!frame) throw new Refusal('camera')
  const key = await deviceKey(content)
  const began = Date.now()
  let [waiting, over]: [{ readonly at_ms: number; readonly picture: string }[], boolean] = [[], false]
  let lost = false
  source.ask(begun.prompt as Prompt)
  const filming = (async () => {
    while (!over && Date.now() - began < LIVE_MS) {
      const at_ms = Date.now() - began
      const picture = toBase64Url(await frame())
      // What cannot be sent in time is left out from its start: the newest frames count.
      waiting = [...waiting, { at_ms, picture }].slice(-MOST_FRAMES)
      await pause(Math.max(0, FRAME_MS - (Date.now() - began - at_ms)))
    }
  })().catch(() => { lost = true })
  try {
    for (;;) {
      if (lost) throw new Refusal('camera')
      if (waiting.length === 0) {
        if (Date.now() - began > LIVE_MS) throw new Refusal('liveness_failed')
        await pause(20)
        continue
      }
      const frames = waiting
      waiting = []
      const answer = await call(authority, 'frames', { key, id: begun.id, body: { frames } })
      if ('secret' in answer) return answer
      source.ask(answer.prompt as Prompt)
    }
  } finally {
    over = true
    await filming
  }
}

/** Second wallets of the same holder that wait for the word of this one. */
export const secondWallets = (): readonly { readonly authority: Authority; readonly at: string; readonly until: string }[] =>
  AUTHORITIES.flatMap((authority) => {
    const second = state.content?.records[authority]?.second_enrolment
    return second ? [{ authority, at: second.at, until: second.until }] : []
  })

/** Agrees to a second wallet of the same holder, or objects to it. */
export async function answerSecond(authority: Authority, agree: boolean): Promise<void> {
  const content = held()
  const secret = content.sessions[authority]
  if (!secret) throw new Refusal('no_pass')
  await tell(content, authority, 'answer_second_enrolment', { secret, body: { agree } })
  const record = content.records[authority]
  if (record) {
    const { second_enrolment: _, ...rest } = record
    content.records[authority] = rest
  }
  await keep()
}

/** Documents whose machine-readable zone has a layout that `core/mrz.ts` knows. */
export const ZONED: readonly DocumentKind[] = ['home_return_permit']

/** The permit to which a zone belongs; `undefined` for another document. */
export function permitOf({ format, code, issuer, number }: Mrz): Card | undefined {
  // The codes of the Home Return Permit, `C` in 1999 and `CR` in 2013, are reported, not published.
  const judged = format === 'TD1' && /^CR?$/.test(code) && issuer === 'CHN' ? judgeNumber('home_return_permit', number) : undefined
  return judged && 'number' in judged ? { kind: 'home_return_permit', number: judged.number } : undefined
}

/** A time (seconds since 1970) as local time of the three places (UTC+8), in ISO 8601. */
export const localTime = (at: number): string => new Date((at + 28_800) * 1000).toISOString()
/** Today's local date at UTC+8. */
export const localDay = (): string => localTime(now()).slice(0, 10)

/** The lines of the zone, if number and birth date were not corrected by hand. */
function zoneOf(content: Content, card: Card): readonly string[] | undefined {
  const read = content.zone && readMrz(content.zone, localDay())
  return read && permitOf(read)?.number === card.number && content.birth.startsWith(read.birth) ? content.zone : undefined
}

// --- tokens --------------------------------------------------------------------------------------------------------

/** Proofs that this wallet holds each device key, for one authority and its secret. */
export async function proofs(keys: readonly DeviceKey[], authority: Authority, home: Authority, secret: string): Promise<Device[]> {
  const session = fromBase64Url(secret)
  const at = now()
  return Promise.all(keys.map(async (key) => ({
    key: toBase64Url(key.publicKey), proof: toBase64Url(await possession(key, authority, home, session, at)),
  })))
}

async function batch(content: Content): Promise<{ stored: StoredKey; key: DeviceKey }[]> {
  const found = []
  for (const stored of content.pending) {
    const key = await openKey(stored)
    if (key) found.push({ stored, key })
  }
  while (found.length < BATCH) found.push(await makeKey())
  content.pending = found.map(({ stored }) => stored)
  // Stored before the request: tokens for keys that this phone forgot would be lost.
  await keep()
  return found
}

const fetching = new WeakMap<Content, Promise<void>>()

/** Fetches a batch of tokens with all their parts, for the pass in use or another one of this phone. Concurrent calls share one fetch. */
export function fetchTokens(content: Content = held()): Promise<void> {
  const running = fetching.get(content) ?? fetchOnce(content).finally(() => fetching.delete(content))
  fetching.set(content, running)
  return running
}

async function fetchOnce(content: Content): Promise<void> {
  const { home } = content
  const secret = content.sessions[home]
  if (!secret) throw new Refusal('no_pass')
  await refresh(content)
  const made = await batch(content)
  const keys = made.map(({ key }) => key)
  try {
    const { tokens, expires } = await tell(content, home, 'tokens', { secret, body: { key_class: 'software', devices: await proofs(keys, home, home, secret) } })
    const others = new Map<Authority, readonly string[]>()
    for (const authority of AUTHORITIES) {
      const session = content.sessions[authority]
      // The home authority sent the parts that it makes along with the tokens.
      if (authority === home || !session || partMaker(home, authority) !== authority) continue
      const body = { issuer: home, key_class: 'software', devices: await proofs(keys, authority, home, session), expires } as const
      others.set(authority, (await tell(content, authority, 'parts', { secret: session, body })).parts)
    }
    const fresh = made.map(({ stored, key }, i): StoredToken => {
      const answer = tokens[i]
      if (!answer) throw new Refusal('answer')
      const token = readToken(fromBase64Url(answer.token))
      const parts: Partial<Record<Authority, string>> = { [home]: answer.own }
      const sealed = new Map<Authority, Uint8Array>()
      for (const [receiver, part] of Object.entries(answer.sealed)) {
        if (!isAuthority(receiver)) throw new Refusal('answer')
        parts[receiver] = part
        sealed.set(receiver, fromBase64Url(part))
      }
      // A token for another key, or one whose hashes do not match the parts, would fail at the lane.
      if (token.issuer !== home || !belongs(token, key, sealed)) throw new Refusal('answer')
      others.forEach((list, authority) => { const part = list[i]; if (part) parts[authority] = part })
      return { key: stored, token: answer.token, parts, expires: token.expires }
    })
    const [good, gone] = [content.tokens.filter((t) => t.expires > now()), content.tokens.filter((t) => t.expires <= now())]
    content.tokens = [...good, ...fresh]
    content.pending = []
    await keep()
    for (const kept of gone) await dropKey(kept.key)
  } catch (error) {
    // Keys that are taken cannot be used; the next try makes new ones.
    if (error instanceof Refusal && error.code === 'device_key_taken') {
      content.pending = []
      await keep()
    }
    throw error
  }
}

/** Fetches the record from each authority, and the offset of its clock. */
export async function refresh(content: Content = held()): Promise<void> {
  for (const authority of AUTHORITIES) {
    const secret = content.sessions[authority]
    if (!secret) continue
    content.records[authority] = await tell(content, authority, 'own_pass', { secret })
    if (content.waits?.[authority]) delete content.waits[authority]
  }
  content.offset = clockOffset() ?? content.offset
  content.asked = now()
  await keep()
}

// --- the end ------------------------------------------------------------------------------------------------------

/** Deletes everything on this phone; the registrations at the authorities stay. */
export async function forgetAll(): Promise<void> {
  await dropAllKeys().catch(() => undefined)
  destroy()
  // Last, since the locked state makes the page read the store.
  lock()
}
