/**
 * Venue: what the passes of this phone show at desks: credentials fetched ahead, trust lists and approvals, the answer to a
 * request, the desk's receipt.
 *
 * Lives here: every step from a code's text to a receipt. Not here: whether a desk may ask (`core/desk`), the screen
 * (`pages/register`), the sentences for refusals (`venue-words`).
 */
import { type Approval, Approvals, openApproval } from '../../core/approval.js'
import { FormError, Refused, fromBase64Url, fromHex, fromUtf8, same, toBase64Url, toUtf8 } from '../../core/bytes.js'
import { type AllowedRequest, judgeRequest } from '../../core/desk.js'
import { AUTHORITIES, type Authority } from '../../core/issuance.js'
import { type DeviceKey, sha256 } from '../../core/keys.js'
import { type ForeignBinding, type Root, TrustStore, newRoot } from '../../core/trust.js'
import {
  type Shown, VENUE_SCENARIOS, type VenueRequest, type VenueScenario, answerCode, checkTime, credentialSigner, makeAnswer, openReceipt, receiptFits,
  receiveCredential, type VenueCredential,
} from '../../core/venue.js'
import { type ClaimName, type ClaimValue, CREDENTIAL_KINDS, type CredentialKind, claimKind, isClaim } from '../../core/venue-claims.js'
import { Refusal, read } from './client.js'
import { REACHES_DESKS, type StoredKey, dropKey, makeKey, openKey, pinnedRoots, prepareRandomness, random, sendToDesk } from './platform.js'
import { BATCH, type Content, held, keep, localTime, now, proofs, state, storedCredentials, tell } from './wallet.js'

/** Whose credentials of which kind: those of one source are alike, and any of them will do. */
export interface Source {
  readonly issuer: Authority
  readonly kind: CredentialKind
  /** Of an identity: the document of which it speaks. */
  readonly document?: string
}

interface StoredCredential {
  readonly source: Source
  readonly key: StoredKey
  /** As it was issued, base64url. */
  readonly credential: string
  /** In seconds since 1970. */
  readonly issued: number
  readonly expires: number
}

/** What was shown at one desk, and what the desk said to it. Times are in seconds since 1970. */
export interface Registration {
  readonly at: number
  readonly venue: string
  /** The authority that lists the desk. */
  readonly authority: Authority
  readonly scenario: VenueScenario
  readonly purpose: string
  readonly approval: string
  readonly retentionDays: number
  readonly shown: readonly ClaimName[]
  /** SHA-256 of the answer, base64url. */
  readonly presentation: string
  /** The answer, while the desk may still ask for it; its key signs the receipt. */
  readonly waiting?: { readonly answer: string; readonly request: string; readonly reply?: string; readonly key: string; readonly until: number }
  /** The desk's signed receipt, and what it says; verified when it came. */
  readonly receipt?: { readonly signed: string; readonly kept: readonly ClaimName[]; readonly until: number }
  /** Why the desk did not take the answer. */
  readonly refused?: string
}

/** What one pass has for desks. */
export interface VenuePass {
  /** The secret of its pseudonyms, 32 bytes; none before the first answer. */
  readonly secret?: string
  readonly credentials: readonly StoredCredential[]
  /** Device keys of batches whose answers have not arrived: the next request uses the same ones. */
  readonly pending: readonly { readonly source: Source; readonly keys: readonly StoredKey[] }[]
  readonly registrations: readonly Registration[]
}

/** Trust lists and approvals as they are kept, with the roots from which the lists came down. */
export interface KeptLists {
  readonly roots: unknown
  readonly trust: Readonly<Partial<Record<Authority, string>>>
  readonly approvals: readonly string[]
  /** The newest text seen of each approval. */
  readonly seen: Readonly<Record<string, { readonly number: number; readonly digest: string }>>
  /** When each authority gave its lists last. */
  readonly heard: Readonly<Partial<Record<Authority, number>>>
}

/** Lists younger than this are not asked for again; older than a day they count no more. In seconds. */
const [FRESH, OLD] = [15 * 60, 86_400]
/** A new batch is fetched when fewer than so many credentials of a source will last another day. */
const FEW_CREDENTIALS = 3
/** Longest life of a credential: that of the class `software`, and an hour (docs/venues.md). */
const MAX_LIFE = 3 * 86_400 + 3600

const passOf = (content: Content): VenuePass => content.venues ?? { credentials: [], pending: [], registrations: [] }

// --- lists ---------------------------------------------------------------------------------------------------------

/** An issuer or a verifier of another system, and the authority that lists it. */
export type Listed = ForeignBinding & { readonly authority: Authority }

interface Lists {
  readonly trust: TrustStore
  readonly approvals: Approvals
  readonly open: readonly { readonly approval: Approval; readonly bundle: string }[]
}

function readRoots(given: unknown): ReadonlyMap<Authority, Root> {
  const found = new Map<Authority, Root>()
  for (const authority of AUTHORITIES) {
    const root = (given as Readonly<Record<string, { threshold?: unknown; keys?: unknown }>> | undefined)?.[authority]
    if (!root || typeof root.threshold !== 'number' || typeof root.keys !== 'object' || root.keys === null) continue
    const keys = Object.entries(root.keys as Record<string, unknown>).map(([kid, key]) => ({ kid: toUtf8(kid), key: fromHex(String(key)), compromised: false }))
    found.set(authority, newRoot(root.threshold, keys))
  }
  return found
}

/** Whether something that came, and is not trusted, is of no use: it is left out. */
const isUseless = (error: unknown) => error instanceof Refused || error instanceof FormError

export function leaveOut<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (isUseless(error)) return undefined
    throw error
  }
}

/** Opens approvals in their order; one that nobody signed, or an older text, is left out. */
function openAll(bundles: readonly string[], trust: TrustStore, approvals: Approvals, at: number): Lists['open'] {
  const found = new Map<string, { approval: Approval; bundle: string }>()
  for (const bundle of bundles) {
    leaveOut(() => {
      const approval = openApproval(fromBase64Url(bundle), trust, at)
      approvals.take(approval)
      found.set(approval.id, { approval, bundle })
    })
  }
  return [...found.values()]
}

/** The trust lists that are kept. Lists under other roots than the pinned ones count no more. */
function openTrust({ roots, trust: lists }: KeptLists): TrustStore {
  const trust = new TrustStore(readRoots(roots))
  for (const authority of AUTHORITIES) {
    const list = lists[authority]
    if (list) leaveOut(() => trust.resume(fromBase64Url(list)))
  }
  return trust
}

/** No approval yet, and of each the newest text that was seen. */
function noneBut(seen: KeptLists['seen']): Approvals {
  return new Approvals(new Map(Object.entries(seen).map(([id, { number, digest }]) => [id, { number, digest: fromBase64Url(digest) }])))
}

/** The lists that are kept, opened; `undefined` where there are none. */
function openLists(): Lists | undefined {
  const kept = state.lists
  if (!kept) return undefined
  const [trust, approvals] = [openTrust(kept), noneBut(kept.seen)]
  return { trust, approvals, open: openAll(kept.approvals, trust, approvals, now()) }
}

const texts = (found: unknown): readonly string[] => Array.isArray(found) ? found.filter((one) => typeof one === 'string') as string[] : []

/** What one authority publishes: chains of trust lists, its own and those of others, and approvals. */
export async function readLists(authority: Authority): Promise<{ chains: readonly string[]; bundles: readonly string[] }> {
  const [trust, approved] = await Promise.all([read(authority, '/v1/trust-lists'), read(authority, '/v1/approvals')])
  const [{ lists }, { approvals }] = [trust as { lists?: unknown }, approved as { approvals?: unknown }]
  const chains = texts(Array.isArray(lists) ? lists.map((one: { list?: unknown } | null) => one?.list) : [])
  return { chains, bundles: texts(approvals) }
}

let fetching: Promise<void> | undefined

/** Fetches trust lists and approvals from every authority that answers; fails where none does. Concurrent calls share one fetch. */
export function fetchLists(): Promise<void> {
  fetching ??= fetchAll().finally(() => { fetching = undefined })
  return fetching
}

async function fetchAll(): Promise<void> {
  const content = held()
  const roots = await pinnedRoots().catch(() => state.lists?.roots)
  const pinned = readRoots(roots)
  // A wallet that pins no root could believe no list.
  if (pinned.size === 0) return
  const came = await Promise.all(AUTHORITIES.map((authority) => readLists(authority).then((lists) => ({ authority, ...lists }), () => undefined)))
  const answered = came.flatMap((one) => one ? [one] : [])
  if (answered.length === 0) throw new Refusal('network')
  if (state.content !== content) return
  const at = now()
  const before = state.lists && { ...state.lists, roots }
  const trust = before ? openTrust(before) : new TrustStore(pinned)
  for (const { chains } of answered) for (const chain of chains) leaveOut(() => trust.update(fromBase64Url(chain), at))
  const approvals = noneBut(before?.seen ?? {})
  const yesterday = localTime(at - 86_400).slice(0, 10)
  const all = openAll([...before?.approvals ?? [], ...answered.flatMap(({ bundles }) => bundles)], trust, approvals, at)
  const kept: Partial<Record<Authority, string>> = {}
  for (const authority of AUTHORITIES) {
    const list = trust.keep(authority)
    if (list) kept[authority] = toBase64Url(list)
  }
  state.lists = {
    roots, trust: kept,
    approvals: all.filter(({ approval }) => approval.to >= yesterday).map(({ bundle }) => bundle),
    seen: Object.fromEntries([...approvals.newest()].map(([id, { number, digest }]) => [id, { number, digest: toBase64Url(digest) }])),
    heard: { ...before?.heard, ...Object.fromEntries(answered.map(({ authority }) => [authority, at])) },
  }
  const told = answered.map(({ authority }) => authority)
  content.receipts = [
    ...told.map((to) => ({ at, to, what: 'lists' as const })),
    // Nothing of the holder goes there: the last time is enough.
    ...content.receipts.filter(({ to, what }) => what !== 'lists' || !told.includes(to)),
  ]
  await keep()
}

/** What authorities list of other systems in this role. Newer lists are fetched first: whoever takes or shows a card is online anyway. */
export async function listedForeign(role: 'foreign-issuer' | 'foreign-verifier'): Promise<readonly Listed[]> {
  await fetchLists().catch((error: unknown) => { if (!(error instanceof Refusal)) throw error })
  return openLists()?.trust.foreign(role, now()) ?? []
}

/** How old the oldest of the lists is, in seconds. */
const listsAge = (): number => now() - Math.min(...AUTHORITIES.map((authority) => state.lists?.heard[authority] ?? 0))

function judge(text: string): AllowedRequest {
  const lists = openLists()
  if (!lists || Object.keys(state.lists?.trust ?? {}).length === 0) throw new Refused('lists_missing')
  const allowed = judgeRequest(text, lists, now())
  if (now() - (state.lists?.heard[allowed.authority] ?? 0) > OLD) throw new Refused('desk_list_too_old')
  return allowed
}

/**
 * Reads the text of a desk's code and holds it to every rule. Newer lists are fetched first where those at hand are not fresh, and
 * once more where newer ones could say otherwise. Throws `Refused` with the first reason.
 */
export async function readRequest(text: string): Promise<AllowedRequest> {
  const fetchQuietly = () => fetchLists().catch((error: unknown) => { if (!(error instanceof Refusal)) throw error })
  // What stands in the code itself is judged at once.
  const first = (): AllowedRequest | Refused => {
    try {
      return judge(text)
    } catch (error) {
      if (error instanceof Refused) return error
      throw error
    }
  }
  let found = first()
  const isOfCode = found instanceof Refused && /^(venue_code|request)_/.test(found.code)
  if (!isOfCode && (found instanceof Refused || listsAge() > FRESH)) {
    await fetchQuietly()
    found = first()
  }
  if (found instanceof Refused) throw found
  return found
}

// --- credentials ---------------------------------------------------------------------------------------------------

/** The documents that people show at a desk of a place, the most usual first. */
const USUAL: Readonly<Record<Authority, readonly string[]>> = {
  CHN: ['mainland_id', 'home_return_permit', 'residence_permit', 'exit_entry_permit', 'one_way_permit'],
  HKG: ['hkid', 'exit_entry_permit', 'macao_bir', 'home_return_permit', 'mainland_id'],
  MAC: ['macao_bir', 'exit_entry_permit', 'hkid', 'home_return_permit', 'mainland_id'],
}

/** The documents of this pass, by the authority that issued them and knows them. */
function documentsOf(content: Content): readonly Source[] {
  return AUTHORITIES.filter((issuer) => content.sessions[issuer]).flatMap((issuer) =>
    (content.records[issuer]?.documents ?? []).filter(({ status }) => status !== 'lost').map(({ kind }) => ({ issuer, kind: 'identity' as const, document: kind })))
}

/** The documents of the pass in use that may be shown at a desk of this place, the most usual first. */
export function documentsFor(place: Authority): readonly string[] {
  const own = documentsOf(held()).map(({ document }) => document ?? '')
  return USUAL[place].filter((kind) => own.includes(kind))
}

/** From where these claims come: an identity of the document, every other kind from the home authority. */
function sourcesOf(content: Content, claims: readonly ClaimName[], document: string | undefined): readonly Source[] {
  return CREDENTIAL_KINDS.filter((kind) => claims.some((claim) => claimKind(claim) === kind)).map((kind) => {
    if (kind !== 'identity') return { issuer: content.home, kind }
    const found = documentsOf(content).find((source) => source.document === document)
    if (!found) throw new Refused('no_document')
    return found
  })
}

const isSame = (a: Source, b: Source) => a.issuer === b.issuer && a.kind === b.kind && a.document === b.document
const serves = (one: StoredCredential, source: Source, at: number) => isSame(one.source, source) && one.issued <= at && at < one.expires

/** Credentials of a source that are left at a time. */
const left = (content: Content, source: Source, at: number): number =>
  passOf(content).credentials.filter((one) => serves(one, source, now()) && one.expires > at).length

async function batch(content: Content, source: Source): Promise<{ stored: StoredKey; key: DeviceKey }[]> {
  const found = []
  const others = passOf(content).pending.filter((kept) => !isSame(kept.source, source))
  for (const stored of passOf(content).pending.find((kept) => isSame(kept.source, source))?.keys ?? []) {
    const key = await openKey(stored)
    if (key) found.push({ stored, key })
  }
  while (found.length < BATCH) found.push(await makeKey())
  content.venues = { ...passOf(content), pending: [...others, { source, keys: found.map(({ stored }) => stored) }] }
  // Stored before they are sent: an authority makes one credential for a key, and the answer may be lost.
  await keep()
  return found
}

/** Fetches a batch of credentials of one source: one for each device key. All are verified before any is kept. */
async function fetchCredentials(content: Content, source: Source): Promise<void> {
  const { issuer, kind, document } = source
  const secret = content.sessions[issuer]
  const trust = state.lists && openTrust(state.lists)
  if (!secret || !trust) throw new Refused('no_credential')
  const made = await batch(content, source)
  const devices = await proofs(made.map(({ key }) => key), issuer, issuer, secret)
  const forget = async () => {
    content.venues = { ...passOf(content), pending: passOf(content).pending.filter((kept) => !isSame(kept.source, source)) }
    await keep()
  }
  try {
    const body = { kind, key_class: 'software', devices, ...(document ? { document } : {}) } as const
    const { credentials } = await tell(content, issuer, 'venue_credentials', { secret, body })
    if (credentials.length !== made.length) throw new Refusal('answer')
    const at = now()
    const fresh = made.map(({ stored, key }, i): StoredCredential => {
      const text = credentials[i] ?? ''
      const credential = open(trust, issuer, fromBase64Url(text), key, at)
      const life = credential.expires - at
      const isOfSource = credential.kind === kind && credential.issuer === issuer && (!document || credential.claims.get('document_kind') === document)
      if (!isOfSource || credential.issued > at || life < 1 || life > MAX_LIFE) throw new Refusal('answer')
      return { source, key: stored, credential: text, issued: credential.issued, expires: credential.expires }
    })
    const { credentials: before } = passOf(content)
    const gone = before.filter((one) => isSame(one.source, source) || one.expires <= at)
    content.venues = { ...passOf(content), credentials: [...before.filter((one) => !gone.includes(one)), ...fresh] }
    await forget()
    for (const { key } of gone) await dropKey(key)
  } catch (error) {
    // Keys that are taken cannot be used, nor those for a credential that nobody takes; the next try makes new ones.
    const isLost = isUseless(error) || (error instanceof Refusal && (error.code === 'device_key_taken' || error.code === 'answer'))
    if (isLost) await forget()
    throw error instanceof FormError ? new Refusal('answer') : error
  }
}

/** A credential, verified. */
function open(trust: TrustStore, issuer: Authority, bytes: Uint8Array, device: DeviceKey, at: number): VenueCredential {
  const { key } = trust.find(issuer, 'venue', credentialSigner(bytes).kid, at)
  return receiveCredential(bytes, key, device.publicKey)
}

/** Kinds of claims for which any desk may ask on this day: of no other kind an authority makes credentials. */
function askedFor(lists: Lists, at: number): readonly CredentialKind[] {
  const day = localTime(at).slice(0, 10)
  const inForce = lists.open.filter(({ approval: { scenario, withdrawn, from, to } }) =>
    !withdrawn && from <= day && day <= to && VENUE_SCENARIOS.some((known) => known === scenario))
  const claims = inForce.flatMap(({ approval }) => approval.claims).filter(isClaim)
  return CREDENTIAL_KINDS.filter((kind) => claims.some((claim) => claimKind(claim) === kind))
}

const stocking = new WeakMap<Content, Promise<void>>()

/** Fetches lists and credentials of the pass in use ahead, so that it registers without a network. Concurrent calls share one fetch. */
export function stockAhead(): Promise<void> {
  const content = held()
  const running = stocking.get(content) ?? stockOnce(content).finally(() => stocking.delete(content))
  stocking.set(content, running)
  return running
}

async function stockOnce(content: Content): Promise<void> {
  if (listsAge() > FRESH) await fetchLists()
  const lists = openLists()
  if (!lists || state.content !== content) return
  const asked = askedFor(lists, now())
  // A portrait is large, shown online alone, and fetched when a desk asks for it.
  const others = asked.filter((kind) => kind !== 'identity' && kind !== 'portrait').map((kind) => ({ issuer: content.home, kind }))
  const wanted = [...(asked.includes('identity') ? documentsOf(content) : []), ...others]
  for (const source of wanted) {
    // Another pass came into use: this one goes on when it is used again.
    if (state.content !== content) return
    if (content.sessions[source.issuer] && left(content, source, now() + 86_400) < FEW_CREDENTIALS) {
      // One that an authority does not make stops no other.
      await fetchCredentials(content, source).catch((error: unknown) => {
        if (!(error instanceof Refusal) || error.code === 'network') throw error
      })
    }
  }
}

// --- a request and its answer --------------------------------------------------------------------------------------

/** A request with what would be shown for it. */
export interface Prepared extends AllowedRequest {
  /** The document that would be shown; `undefined` where none is asked for. */
  readonly document: string | undefined
  /** The value of each claim that can be shown. A required one is always there. */
  readonly values: ReadonlyMap<ClaimName, ClaimValue>
  readonly credentials: readonly string[]
}

/** Finds what the pass in use has for a request; fetches it where nothing is left. Nothing is shown yet. */
export async function prepare(allowed: AllowedRequest, wanted?: string): Promise<Prepared> {
  const content = held()
  const { request, authority } = allowed
  const document = wanted ?? documentsFor(authority)[0]
  const all = [...request.required, ...request.optional]
  // An optional claim for which there is no document stays away.
  const sources = leaveOut(() => sourcesOf(content, all, document)) ?? sourcesOf(content, request.required, document)
  const values = new Map<ClaimName, ClaimValue>()
  const credentials: string[] = []
  for (const source of sources) {
    const isRequired = request.required.some((claim) => claimKind(claim) === source.kind)
    const stored = await stocked(content, source).catch((error: unknown) => {
      if (isRequired) throw error instanceof Refusal && error.code === 'network' ? new Refused('no_credential') : error
      return undefined
    })
    const opened = stored && await openStored(stored)
    if (!opened) {
      if (isRequired) throw new Refused('no_credential')
      continue
    }
    const said = all.filter((claim) => claimKind(claim) === source.kind && opened.credential.claims.has(claim))
    for (const claim of said) values.set(claim, opened.credential.claims.get(claim) ?? '')
    if (said.length > 0) credentials.push(stored.credential)
  }
  if (request.required.some((claim) => !values.has(claim))) throw new Refused('claim_not_in_document')
  return { ...allowed, document: sources.find(({ kind }) => kind === 'identity')?.document, values, credentials }
}

/** A credential of a source; a batch is fetched where none is left. */
async function stocked(content: Content, source: Source): Promise<StoredCredential | undefined> {
  const first = () => passOf(content).credentials.find((one) => serves(one, source, now()))
  if (!first()) await fetchCredentials(content, source)
  return first()
}

/** A stored credential and its key, verified anew; `undefined` where the browser has deleted the key, or its issuer's counts no more. */
async function openStored(stored: StoredCredential): Promise<Shown | undefined> {
  const device = await openKey(stored.key)
  const trust = state.lists && openTrust(state.lists)
  const credential = device && trust && leaveOut(() => open(trust, stored.source.issuer, fromBase64Url(stored.credential), device, now()))
  return device && credential ? { credential, device } : undefined
}

/** The secret of the pseudonyms of a pass; made now where there is none. */
async function pseudonyms(content: Content): Promise<Uint8Array> {
  const known = passOf(content).secret
  if (known) return fromBase64Url(known)
  await prepareRandomness()
  const secret = random(32)
  content.venues = { ...passOf(content), secret: toBase64Url(secret) }
  return secret
}

/** Seconds for which a desk takes an answer after it was made: to a sign, and to a request for one answer (docs/venues.md). */
const takenFor = (request: VenueRequest): number => request.nonce ? 300 : 60
/** Seconds for which the same bytes are sent again for a lost receipt. */
const ASKED_AGAIN = 3600

/** Whether an answer to this request goes to the desk's address; else it is a code for the desk's camera. */
export const goesOnline = (request: VenueRequest): boolean => REACHES_DESKS && request.reply !== undefined

/**
 * Answers a request with the claims to which the traveller agreed. The credentials are used up and what was shown is written down
 * before anybody can see it. Where the answer would be a code and is too long for one, nothing is used: `answer_too_long`.
 */
export async function answer(prepared: Prepared, chosen: readonly ClaimName[]): Promise<Registration> {
  const content = held()
  const { request, authority, key } = prepared
  const at = now()
  checkTime(request, at)
  const kinds = chosen.map(claimKind)
  const taken = passOf(content).credentials.filter(({ credential, source }) => prepared.credentials.includes(credential) && kinds.includes(source.kind))
  const shown: Shown[] = []
  for (const stored of taken) {
    const opened = await openStored(stored)
    if (opened) shown.push(opened)
  }
  // Another window has shown one of them since, or the browser deleted its key.
  if (kinds.some((kind) => !shown.some(({ credential }) => credential.kind === kind))) throw new Refused('shown_meanwhile')
  const secret = await pseudonyms(content)
  const bytes = await makeAnswer(request, chosen, shown, secret, at)
  if (!goesOnline(request) && answerCode(bytes) === undefined) throw new Refused('answer_too_long')
  // That window may also be ahead of what this one has read.
  const still = storedCredentials()
  if (state.content !== content || taken.some(({ credential }) => !still.includes(credential))) throw new Refused('shown_meanwhile')
  const registration: Registration = {
    at, venue: request.venue, authority, scenario: request.scenario, purpose: request.purpose, approval: request.approval,
    retentionDays: request.retentionDays, shown: chosen, presentation: toBase64Url(sha256(bytes)),
    waiting: {
      answer: toBase64Url(bytes), request: toBase64Url(request.id), key: toBase64Url(key), until: at + takenFor(request),
      ...(goesOnline(request) && request.reply ? { reply: request.reply } : {}),
    },
  }
  const pass = passOf(content)
  content.venues = {
    ...pass, credentials: pass.credentials.filter((one) => !taken.includes(one)),
    registrations: [registration, ...pass.registrations.map((earlier) => earlier.waiting && earlier.at + ASKED_AGAIN < at ? settled(earlier, {}) : earlier)],
  }
  try {
    await keep()
  } catch (error) {
    // Not written down, and seen by nobody: as it was before.
    content.venues = pass
    throw error
  }
  for (const { key: used } of taken) await dropKey(used)
  return registration
}

/** A registration whose answer is needed no more. */
function settled({ waiting: _, ...rest }: Registration, more: Pick<Registration, 'receipt' | 'refused'>): Registration {
  return { ...rest, ...more }
}

/** Writes a registration down at its pass, which may have been read anew since. */
async function write(one: Registration): Promise<Registration> {
  const isOwn = (content: Content | undefined) => content?.venues?.registrations.some(({ presentation }) => presentation === one.presentation)
  const content = [state.content, ...state.others].find(isOwn)
  if (!content) return one
  const pass = passOf(content)
  content.venues = { ...pass, registrations: pass.registrations.map((other) => other.presentation === one.presentation ? one : other) }
  await keep()
  return one
}

/** The text of the code for the desk's camera; `undefined` where the answer is too long for one. */
export const codeOf = ({ waiting }: Registration): string | undefined => waiting && answerCode(fromBase64Url(waiting.answer))

/** The last registration, while its answer may still reach the desk. */
export function unfinished(): Registration | undefined {
  const last = state.content?.venues?.registrations[0]
  return last?.waiting && now() < last.waiting.until ? last : undefined
}

/** How often an answer is sent that nothing came back for, and the pause before the next time, in milliseconds. */
const [TRIES, PAUSE_MS] = [3, 1000]

/**
 * Sends an answer to the desk's address, the same bytes each time: a desk takes them once and gives the same receipt. The receipt
 * or the desk's refusal is written down; throws a `Refusal` of the network where nothing came back.
 */
export async function send(registration: Registration): Promise<Registration> {
  const content = held()
  const { waiting } = registration
  if (!waiting?.reply) return registration
  for (let tries = 1; ; tries += 1) {
    const reply = await sendToDesk(waiting.reply, fromBase64Url(waiting.answer)).catch(() => undefined)
    if (reply && reply.status >= 200 && reply.status < 300) return write(settled(registration, readReceipt(content, registration, reply.body)))
    if (reply && reply.status >= 400 && reply.status < 500) return write(settled(registration, { refused: problemCode(reply.body) }))
    if (tries === TRIES) throw new Refusal('network')
    await new Promise<void>((resolve) => { setTimeout(resolve, PAUSE_MS) })
  }
}

/** What a receipt says, if the desk's key signed it for this answer and it keeps no more than was shown. */
function readReceipt(content: Content, { waiting, shown, retentionDays, venue }: Registration, signed: Uint8Array): Pick<Registration, 'receipt' | 'refused'> {
  if (!waiting) return {}
  try {
    const receipt = openReceipt(signed, fromBase64Url(waiting.key))
    const [bytes, secret] = [fromBase64Url(waiting.answer), fromBase64Url(passOf(content).secret ?? '')]
    const request = { id: fromBase64Url(waiting.request), venue, retentionDays } as VenueRequest
    if (receiptFits(receipt, { request, answer: bytes, chosen: shown, secret })) {
      return { receipt: { signed: toBase64Url(signed), kept: receipt.kept, until: receipt.until } }
    }
    return { refused: same(receipt.presentation, sha256(bytes)) && same(receipt.request, request.id) ? 'receipt_keeps_more' : 'receipt_other_answer' }
  } catch (error) {
    if (error instanceof Refused) return { refused: error.code }
    throw error
  }
}

/** RFC 9457: the code of a problem; `desk_refused` where there is none. */
function problemCode(body: Uint8Array): string {
  try {
    const { code } = JSON.parse(fromUtf8(body)) as { code?: unknown }
    return typeof code === 'string' && /^[a-z_]{1,64}$/.test(code) ? code : 'desk_refused'
  } catch {
    return 'desk_refused'
  }
}
