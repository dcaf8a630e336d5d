/**
 * Wallet: the traveller's pass as this phone holds it, and everything that can be done with it.
 *
 * Lives here: enrolment, fetching tokens, codes, history, the end. Not here: screens (`pages`), the platform, any rule
 * about who may cross: the authorities judge that.
 */
import { reactive } from 'vue'
import { fromBase64Url, toBase64Url } from '../../core/bytes.js'
import {
  AUTHORITIES, type Audience, type Authority, audienceName, belongs, crossingCode, isAuthority, possession, readToken, receivers,
} from '../../core/border.js'
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
  /** The lane for which it was first shown, and when: it is never shown at another. */
  readonly shown?: { readonly audience: string; readonly at: number }
}

export interface Passage {
  readonly at: number
  readonly port: string
  readonly from: Authority
  readonly to: Authority
  readonly side?: string
  /** Who told: an authority's record, or this phone, which only knows that a code was shown. */
  readonly by: Authority | 'phone'
}

/** Who was told something, and when: the door of the authority says what. */
export interface Receipt {
  readonly at: number
  readonly to: Authority
  /** `zone`: an enrolment that gave the lines of the machine-readable zone as well. */
  readonly what: keyof Operations | 'zone'
}

/** One question a screen. */
export type Step = 'card' | 'permit' | 'name' | 'birth' | 'selfie' | 'done'

export interface Content {
  home: Authority
  step: Step
  name: string
  birth: string
  cards: Partial<Record<Authority, Card>>
  /** The machine-readable zone of the Home Return Permit, where the camera read it: until the authority has it. */
  zone?: readonly string[]
  sessions: Partial<Record<Authority, string>>
  records: Partial<Record<Authority, PassAnswer>>
  tickets: StoredTicket[]
  /** Keys of a batch that was asked for and has not come: asked for again with the same. */
  pending: StoredKey[]
  history: Passage[]
  receipts: Receipt[]
  /** When the records were last told, in seconds. */
  asked: number
  /** Authorities at which a new registration is to take the place of the one that stands. */
  again: Authority[]
  offset: number
  lane?: { port: string; from: Authority; to: Authority }
}

export const BATCH = 8
export const FEW = 4
/** A token shown at one lane is kept for it this long at most. */
const KEPT = 30 * 60

/** What the vault holds: the pass in use first, then those of the others for whom this phone cares. */
interface Stored {
  readonly passes: readonly Content[]
}

interface State {
  content: Content | undefined
  others: Content[]
}

export const state: State = reactive({ content: undefined, others: [] })
let vault: VaultKey | undefined

/** The document that each authority asks for: its own. */
export const CARDS: Readonly<Record<Authority, DocumentKind>> = {
  CHN: 'exit_entry_permit', HKG: 'hkid', MAC: 'macao_bir',
}

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

/** Takes another pass of this phone to hand; the order of the rest stays. */
export async function usePerson(index: number): Promise<void> {
  const chosen = state.others[index]
  if (!chosen) return
  state.others = [held(), ...state.others.filter((_, i) => i !== index)]
  state.content = chosen
  await keep()
}

/** Gives up a registration that nobody has granted yet, or the renewal of one that stands. */
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

/** Whether giving up leads anywhere. */
export const canGiveUp = (): boolean => {
  const content = state.content
  return content !== undefined && (content.again.length > 0 || (Object.keys(content.sessions).length === 0 && state.others.length > 0))
}

/** Registers anew for a new document; what stands goes on standing until the new registration is granted. */
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

// Two windows are one wallet: what the other one has shown, fetched or ended counts here at once.
onVaultChanged(() => {
  if (!vault) return
  const stored = reread(vault) as Stored | undefined
  if (!stored?.passes[0]) { lock(); return }
  state.content = stored.passes[0]
  state.others = stored.passes.slice(1)
})

let writing: Promise<void> = Promise.resolve()

/** Stores everything; one after the other, so that the last word stands. */
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

/** Tries the present PIN, as at the opening: whoever knows it gets the key that a change asks for. */
export const provePin = (present: string): Promise<Opened> => open(present, Date.now())

/** Seals everything by a new PIN, in one piece: until that is written the old one opens, from then on the new one alone. */
export async function changePin(proven: VaultKey, next: string): Promise<void> {
  const fresh = await newVault(next)
  await write(async () => {
    // Locked, or changed by another window, since it was proven: then nothing is written, and nothing said to be.
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

/** Calls an authority for this pass, and notes who was told what. */
async function tell<K extends keyof Operations>(content: Content, to: Authority, what: K, given: Parameters<typeof call<K>>[2], noted: Receipt['what'] = what): Promise<Operations[K]['answer']> {
  content.receipts = [{ at: now(), to, what: noted }, ...content.receipts].slice(0, RECEIPTS)
  return call(to, what, given)
}

// --- enrolment -----------------------------------------------------------------------------------------------------

/** Enrols with every card, each at its own authority; what one has granted stays granted where the next one refuses. */
export async function enrol(selfie: Uint8Array): Promise<void> {
  const content = held()
  for (const authority of AUTHORITIES) {
    const card = content.cards[authority]
    const again = content.again.includes(authority)
    if (!card || (content.sessions[authority] && !again)) continue
    const zone = authority === 'CHN' ? zoneOf(content, card) : undefined
    const body = { document: card, name: content.name, birth: content.birth, selfie: toBase64Url(selfie), ...(zone ? { mrz: zone } : {}) }
    const answer = await tell(content, authority, 'enrol', { body }, zone ? 'zone' : 'enrol').catch(async (error: unknown) => {
      // What the authority does not take from the camera it may take from the hand.
      if (error instanceof Refusal && error.code.startsWith('mrz_')) {
        delete content.zone
        await keep()
      }
      throw error
    })
    content.sessions[authority] = answer.secret
    content.again = content.again.filter((other) => other !== authority)
    // A new registration ends what the earlier one was given.
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

/** Whose zone it is, among those; `undefined` for any other document. */
export function permitOf({ format, code, issuer, number }: Mrz): Card | undefined {
  // The codes of the Home Return Permit, `C` in 1999 and `CR` in 2013, are reported, not published.
  const judged = format === 'TD1' && /^CR?$/.test(code) && issuer === 'CHN' ? judgeNumber('home_return_permit', number) : undefined
  return judged && 'number' in judged ? { kind: 'home_return_permit', number: judged.number } : undefined
}

/** A moment by the authorities' clock (UTC+8), in the form of ISO 8601. */
export const localTime = (at: number): string => new Date((at + 28_800) * 1000).toISOString()
/** The day that it is there. */
export const localDay = (): string => localTime(now()).slice(0, 10)

/** The lines that were read, as long as nothing was typed that they do not say. */
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
  // Before they are sent: keys that an authority knows and this phone forgot would be lost tokens.
  await keep()
  return found
}

const fetching = new WeakMap<Content, Promise<void>>()

/** Fetches a batch with all its parts. Called twice at once it is one fetch. */
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
      if (authority === home || !session) continue
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
      // A token for another key, or with parts that it does not name, would fail at the lane: better known here.
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
    // Keys that somebody has already are of no use to anybody: the next try makes new ones.
    if (error instanceof Refusal && error.code === 'device_key_taken') {
      content.pending = []
      await keep()
    }
    throw error
  }
}

/** Asks each authority what it has on record, and learns its clock on the way. */
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
  /** `undefined`: it could not be reached. */
  readonly answer: Operations['may_cross']['answer'] | undefined
}

/** Asks each authority that knows this holder what its own side would say; one that cannot be reached stops no other. */
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

/** Whether an entry of the history is of a lane; one that names no side may be of either. */
export const isOf = (entry: Passage, lane: Audience): boolean =>
  entry.port === lane.port && entry.from === lane.from && entry.to === lane.to && (!entry.side || !lane.side || entry.side === lane.side)

/** The token for one lane: the one that was shown there, while it is kept for it and not known to be spent, else the next unused one. */
async function ticketFor(audience: Audience, began: number): Promise<StoredTicket | undefined> {
  const content = held()
  const name = audienceName(audience)
  const at = now()
  const serves = (ticket: StoredTicket) => receivers(audience).every((receiver) => ticket.parts[receiver])
  // Who since showed a code elsewhere on his way, or passed before this showing began, comes anew: that token is spent.
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
  // Stored before it is shown: a token that somebody may have filmed is not shown at another lane after a restart.
  await keep()
  return taken
}

export type Shown = { readonly text: string } | { readonly missing: 'token' | 'part' }

/** Whether any token of this wallet has the parts for a lane. */
export function canShow(audience: Audience): boolean {
  const tickets = state.content?.tickets ?? []
  return tickets.some((ticket) => receivers(audience).every((receiver) => ticket.parts[receiver]))
}

/** The text of a code for one lane, valid from `at`, of a showing that `began` then. */
export async function show(audience: Audience, at: number, began: number): Promise<Shown> {
  const content = held()
  const stored = await ticketFor(audience, began)
  if (!stored) return { missing: content.tickets.length > 0 && !canShow(audience) ? 'part' : 'token' }
  const key = await openKey(stored.key)
  if (!key) {
    // The browser threw the key away: the token is worth nothing, the next one may be.
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

/** Fetches the holder's own passages from each authority that knows him; they are kept on this phone only. */
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

/** Ends the pass at every authority, then forgets it here; the last one with everything else. An authority that cannot be reached stops it. */
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

/** Forgets everything on this phone; the pass itself stays in force. */
export async function forgetAll(): Promise<void> {
  await dropAllKeys().catch(() => undefined)
  destroy()
  // Last: whoever sees that it is locked looks at what is stored.
  lock()
}
