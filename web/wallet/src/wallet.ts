/**
* Wallet: the traveller's pass on this phone and every operation on it.
 *
 * Lives here: enrolment, fetching tokens, codes, history, the end. Not here: screens (`pages`), the platform, any rule
 * about who may cross: the authorities judge that.
 */
import { reactive } from 'vue'
import { fromBase64Url, toBase64Url } from '../../core/bytes.js'
import {
  AUTHORITIES, type Audience, type Authority, audienceName, belongs, crossingCode, isAuthority, possession, readToken, receivers,
} from '../../core/border.js'
import { partMaker, usualDocument } from '../../core/issuance.js'
import type { DeviceKey } from '../../core/keys.js'
import { type Mrz, readMrz } from '../../core/mrz.js'
import { type DocumentKind, judgeNumber } from '../../core/numbers.js'
import type { Device, Operations, PassAnswer } from './api.js'
import { Refusal, call, clockOffset } from './client.js'
import { type StoredKey, dropAllKeys, dropKey, makeKey, openKey } from './platform.js'
import { type Opened, Superseded, type VaultKey, destroy, newVault, onVaultChanged, open, reread, seal } from './vault.js'

export interface Card {
  readonly kind: DocumentKind
  readonly number: string
}

export interface StoredTicket {
  readonly key: StoredKey
  readonly token: string
  readonly parts: Readonly<Partial<Record<Authority, string>>>
  readonly expires: number
/** The lane for which it was first shown, and the time. It is never shown at another lane. */
  readonly shown?: { readonly audience: string; readonly at: number }
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
  /** `zone`: an enrolment that gave the lines of the machine-readable zone as well. */
  readonly what: keyof Operations | 'zone'
}

/** Steps of a registration, one question on each screen. */
export type Step = 'card' | 'permit' | 'name' | 'birth' | 'selfie' | 'done'

export interface Content {
  home: Authority
  step: Step
  name: string
  birth: string
  cards: Partial<Record<Authority, Card>>
/** The machine-readable zone of the Home Return Permit, if the camera read it; deleted once the authority has it. */
  zone?: readonly string[]
  sessions: Partial<Record<Authority, string>>
  records: Partial<Record<Authority, PassAnswer>>
  tickets: StoredTicket[]
/** Keys of a batch whose answer has not arrived; the next request uses the same keys. */
  pending: StoredKey[]
  history: Passage[]
  receipts: Receipt[]
/** Time at which the records were last fetched, in seconds since 1970. */
  asked: number
/** Authorities at which a new registration is to replace the present one. */
  again: Authority[]
  offset: number
  lane?: { port: string; from: Authority; to: Authority }
}

export const BATCH = 8
export const FEW = 4
/** Longest time for which a token shown at one lane is kept for that lane, in seconds. */
const KEPT = 30 * 60

/** Contents of the vault: the pass in use first, then the passes of other persons on this phone. */
interface Stored {
  readonly passes: readonly Content[]
}

interface State {
  content: Content | undefined
  others: Content[]
}

export const state: State = reactive({ content: undefined, others: [] })
let vault: VaultKey | undefined

/** The document by which a resident of `home` enrols there. */
export const homeDocument = (home: Authority): DocumentKind => usualDocument(home, home)

export const now = (): number => Math.floor(Date.now() / 1000) + (state.content?.offset ?? 0)

// --- the vault -----------------------------------------------------------------------------------------------------

const empty = (home: Authority): Content => ({
  home, step: 'card', name: '', birth: '', cards: {}, sessions: {}, records: {}, tickets: [], pending: [], history: [], receipts: [],
  asked: 0, again: [], offset: 0,
})

export async function begin(home: Authority, pin: string): Promise<void> {
  vault = await newVault(pin)
  state.content = empty(home)
  state.others = []
  await keep()
}

/** A pass for a child or a parent, on this phone, behind the same PIN. */
export async function addPerson(home: Authority): Promise<void> {
  state.others = [held(), ...state.others]
  state.content = empty(home)
  await keep()
}

/** Switches to another pass on this phone; the order of the others stays. */
export async function usePerson(index: number): Promise<void> {
  const chosen = state.others[index]
  if (!chosen) return
  state.others = [held(), ...state.others.filter((_, i) => i !== index)]
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
  } else if (Object.keys(content.sessions).length === 0 && state.others.length > 0) {
    await dropTickets(content)
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

/** Starts a new registration for a new document. The present one stays valid until the new one is granted. */
export async function renew(): Promise<void> {
  const content = held()
  content.again = AUTHORITIES.filter((authority) => content.sessions[authority])
  content.step = 'card'
  await keep()
}

async function dropTickets(content: Content): Promise<void> {
  for (const { key } of content.tickets) await dropKey(key)
  for (const key of content.pending) await dropKey(key)
  content.tickets = []
  content.pending = []
}

export async function unlock(pin: string) {
  const opened = await open(pin, Date.now())
  if (opened.outcome === 'open') {
    const { passes } = opened.content as Stored
    if (!passes[0]) return { outcome: 'damaged' } as const
    vault = opened.vault
    state.content = passes[0]
    state.others = passes.slice(1)
  }
  return opened
}

export function lock(): void {
  vault?.key.fill(0)
  vault = undefined
  state.content = undefined
  state.others = []
}

// All windows of one browser share a wallet: a change in another window is read at once.
onVaultChanged(() => {
  if (!vault) return
  const stored = reread(vault) as Stored | undefined
  if (!stored?.passes[0]) { lock(); return }
  state.content = stored.passes[0]
  state.others = stored.passes.slice(1)
})

let writing: Promise<void> = Promise.resolve()

/** Stores everything. Writes are queued, so that the last one wins. */
export function keep(): Promise<void> {
  return write(async () => {
    if (vault && state.content) await seal(vault, stored(state.content))
  })
}

const stored = (content: Content): Stored => ({ passes: [content, ...state.others] })

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
    vault.key.fill(0)
    vault = fresh
  })
}

function held(): Content {
  if (!state.content) throw new Error('locked')
  return state.content
}

const RECEIPTS = 200

/** Calls an authority for this pass and records which data it got. */
async function tell<K extends keyof Operations>(content: Content, to: Authority, what: K, given: Parameters<typeof call<K>>[2], noted: Receipt['what'] = what): Promise<Operations[K]['answer']> {
  content.receipts = [{ at: now(), to, what: noted }, ...content.receipts].slice(0, RECEIPTS)
  return call(to, what, given)
}

// --- enrolment -----------------------------------------------------------------------------------------------------

/** Enrols with every card at its authority. A registration that is granted stays granted if a later one is refused. */
export async function enrol(selfie: Uint8Array): Promise<void> {
  const content = held()
  for (const authority of AUTHORITIES) {
    const card = content.cards[authority]
    const again = content.again.includes(authority)
    if (!card || (content.sessions[authority] && !again)) continue
    const zone = authority === 'CHN' ? zoneOf(content, card) : undefined
    const body = { document: card, name: content.name, birth: content.birth, selfie: toBase64Url(selfie), ...(zone ? { mrz: zone } : {}) }
    const answer = await tell(content, authority, 'enrol', { body }, zone ? 'zone' : 'enrol').catch(async (error: unknown) => {
// A zone that the authority refuses is dropped; the typed number may still be accepted.
      if (error instanceof Refusal && error.code.startsWith('mrz_')) {
        delete content.zone
        await keep()
      }
      throw error
    })
    content.sessions[authority] = answer.secret
    content.again = content.again.filter((other) => other !== authority)
// A new registration ends the tokens of the earlier one.
    if (again) await dropTickets(content)
    await keep()
  }
  content.again = []
  content.step = 'done'
  delete content.zone
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

export const usable = (ticket: StoredTicket): boolean => ticket.expires > now() && !ticket.shown

export const tokensLeft = (): number => state.content?.tickets.filter(usable).length ?? 0

async function proofs(keys: readonly DeviceKey[], authority: Authority, home: Authority, secret: string): Promise<Device[]> {
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

/** Fetches a batch of tokens with all their parts. Concurrent calls share one fetch. */
export function fetchTokens(): Promise<void> {
  const content = held()
  const running = fetching.get(content) ?? fetchOnce(content).finally(() => fetching.delete(content))
  fetching.set(content, running)
  return running
}

async function fetchOnce(content: Content): Promise<void> {
  const { home } = content
  const secret = content.sessions[home]
  if (!secret) throw new Refusal('no_pass')
  await refresh()
  const made = await batch(content)
  const keys = made.map(({ key }) => key)
  try {
    const { tokens } = await tell(content, home, 'tokens', { secret, body: { key_class: 'software', devices: await proofs(keys, home, home, secret) } })
    const others = new Map<Authority, readonly string[]>()
    for (const authority of AUTHORITIES) {
      const session = content.sessions[authority]
      // The home authority sent the parts that it makes along with the tokens.
      if (authority === home || !session || partMaker(home, authority) !== authority) continue
      const body = { issuer: home, key_class: 'software', devices: await proofs(keys, authority, home, session) } as const
      others.set(authority, (await tell(content, authority, 'parts', { secret: session, body })).parts)
    }
    const tickets = made.map(({ stored, key }, i): StoredTicket => {
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
    const [good, gone] = [content.tickets.filter((t) => t.expires > now()), content.tickets.filter((t) => t.expires <= now())]
    content.tickets = [...good, ...tickets]
    content.pending = []
    await keep()
    for (const ticket of gone) await dropKey(ticket.key)
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
export async function refresh(): Promise<void> {
  const content = held()
  for (const authority of AUTHORITIES) {
    const secret = content.sessions[authority]
    if (secret) content.records[authority] = await tell(content, authority, 'own_pass', { secret })
  }
  content.offset = clockOffset() ?? content.offset
  content.asked = now()
  await keep()
}

export interface Told {
  readonly from: Authority
/** The answer; `undefined` if the authority could not be reached. */
  readonly answer: Operations['may_cross']['answer'] | undefined
}

/** Asks each authority with a registration what its own side would decide. One that cannot be reached stops no other. */
export async function askMayCross(from: Authority, to: Authority, on: string): Promise<readonly Told[]> {
  const content = held()
  const told: Told[] = []
  for (const authority of AUTHORITIES) {
    const secret = content.sessions[authority]
    if (!secret) continue
    const answer = await tell(content, authority, 'may_cross', { secret, body: { from, to, on } }).catch((error: unknown) => {
      if (error instanceof Refusal && error.code === 'network') return undefined
      throw error
    })
    told.push({ from: authority, answer })
  }
  await keep()
  return told
}

// --- codes ---------------------------------------------------------------------------------------------------------

/** Whether an entry of the history belongs to a lane; an entry without a side matches both sides. */
export const isOf = (entry: Passage, lane: Audience): boolean =>
  entry.port === lane.port && entry.from === lane.from && entry.to === lane.to && (!entry.side || !lane.side || entry.side === lane.side)

/** The token for one lane: the one already shown there, while it is kept and not known to be spent; otherwise the next unused one. */
async function ticketFor(audience: Audience, began: number): Promise<StoredTicket | undefined> {
  const content = held()
  const name = audienceName(audience)
  const at = now()
  const serves = (ticket: StoredTicket) => receivers(audience).every((receiver) => ticket.parts[receiver])
// After a code at another lane, or a recorded passage, this is a new crossing: the earlier token is spent.
  const moved = (since: number) => content.history.some((entry) =>
    entry.at >= since && (entry.by === 'phone' ? entry.from !== audience.from : entry.at < began && isOf(entry, audience)))
  const again = content.tickets.find((t) => t.shown?.audience === name && at - t.shown.at < KEPT && t.expires > at && !moved(t.shown.at))
  if (again) return again
  const place = content.tickets.findIndex((ticket) => usable(ticket) && serves(ticket))
  const next = content.tickets[place]
  if (!next) return undefined
  const taken: StoredTicket = { ...next, shown: { audience: name, at } }
  content.tickets[place] = taken
  const { port, from, to, side } = audience
  content.history.unshift({ at, port, from, to, by: 'phone', ...(side ? { side } : {}) })
  content.lane = { port, from, to }
// Stored before it is shown: after a restart a token that may have been filmed is not shown at another lane.
  await keep()
  return taken
}

export type Shown = { readonly text: string } | { readonly missing: 'token' | 'part' }

/** Whether any token of this wallet has the parts for a lane. */
export function canShow(audience: Audience): boolean {
  const tickets = state.content?.tickets ?? []
  return tickets.some((ticket) => receivers(audience).every((receiver) => ticket.parts[receiver]))
}

/** The text of a code for one lane with the proof time `at`; `began` is when the traveller opened the code screen. */
export async function show(audience: Audience, at: number, began: number): Promise<Shown> {
  const content = held()
  const stored = await ticketFor(audience, began)
  if (!stored) return { missing: content.tickets.length > 0 && !canShow(audience) ? 'part' : 'token' }
  const key = await openKey(stored.key)
  if (!key) {
// The browser deleted the key: this token is useless, the next one may work.
    content.tickets = content.tickets.filter((ticket) => ticket.token !== stored.token)
    await keep()
    return show(audience, at, began)
  }
  const parts = new Map<Authority, Uint8Array>()
  for (const authority of AUTHORITIES) {
    const part = stored.parts[authority]
    if (part) parts.set(authority, fromBase64Url(part))
  }
  const text = await crossingCode({ key, token: fromBase64Url(stored.token), parts }, audience, at)
  return text === undefined ? { missing: 'part' } : { text }
}

// --- everyday ------------------------------------------------------------------------------------------------------

/** Fetches the holder's own passages from each authority with a registration. They are stored on this phone only. */
export async function fetchPassages(): Promise<void> {
  const content = held()
  const told: Passage[] = []
  for (const authority of AUTHORITIES) {
    const secret = content.sessions[authority]
    if (!secret) continue
    for (const passage of (await tell(content, authority, 'passages', { secret })).passages) {
      const [from, to] = passage.direction.split('-')
      if (!isAuthority(from) || !isAuthority(to)) continue
      told.push({ at: Math.floor(Date.parse(passage.at) / 1000), port: passage.port, from, to, by: authority, ...(passage.side ? { side: passage.side } : {}) })
    }
  }
  content.history = [...told, ...content.history.filter((entry) => entry.by === 'phone')].sort((a, b) => b.at - a.at)
  await keep()
}

/** Ends the pass at every authority, then deletes it here, and everything else with the last pass. Stops if an authority cannot be reached. */
export async function endPass(): Promise<void> {
  const content = held()
  for (const authority of AUTHORITIES) {
    const secret = content.sessions[authority]
    if (!secret) continue
    try {
      await tell(content, authority, 'end_pass', { secret })
    } catch (error) {
      // Ended already, from another device or by an officer.
      if (!(error instanceof Refusal && (error.code === 'no_pass' || error.code === 'unauthorized'))) throw error
    }
    delete content.sessions[authority]
    await keep()
  }
  await dropTickets(content)
  const next = state.others[0]
  if (!next) { await forgetAll(); return }
  state.content = next
  state.others = state.others.slice(1)
  await keep()
}

/** Deletes everything on this phone; the registrations at the authorities stay. */
export async function forgetAll(): Promise<void> {
  await dropAllKeys().catch(() => undefined)
  destroy()
// Last, since the locked state makes the page read the store.
  lock()
}
