/**
 * Venues: what a desk asks, what a wallet answers, and the desk's receipt (`docs/venues.md`, `docs/formats.md`, 12).
 *
 * Lives here: codes `BR1:` and `BV1:`, request, credential, pseudonym, answer, receipt. Not here: whether the desk may ask
 * (`desk`), and where a wallet keeps its credentials.
 */
import { hmac } from '@noble/hashes/hmac.js'
import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js'
import { FormError, Refused, refuse, same } from './bytes.js'
import { fromBase45, toBase45 } from './base45.js'
import {
  type Cbor, CborMap, CborTag, decode, encode, readBytes, readFields, readFlag, readNumber, readText, readTime,
} from './cbor.js'
import { open1, parse1 } from './cose.js'
import { AUTHORITIES, type Authority } from './issuance.js'
import { type DeviceKey, sha256 } from './keys.js'
import { type Held, LABEL, present, receive } from './sd-cwt.js'
import {
  type ClaimName, type ClaimValue, CREDENTIAL_KINDS, type CredentialKind, claimKind, claimLabel, claimOf, ordered,
  readClaims, readValue,
} from './venue-claims.js'

/** The characters that fit a QR symbol of version 20 at level L in alphanumeric mode. */
export const MAX_VENUE_CHARS = 1249
const [REQUEST, ANSWER] = ['BR1:', 'BV1:']

/** Beginnings of codes of other systems, in small letters; of ours the crossing code. */
const OTHERS = [
  'hc1:', 'hc2:', 'lt1:', 'nzcp:', 'shc:/', 'bp2:', 'https://', 'http://', 'weixin://', 'alipay', 'wifi:', 'mdoc:', 'openid4vp:',
]

/** The bytes of a desk's request in the text of a code. Length, prefix and characters are judged in this order. */
export function readRequestCode(text: string): Uint8Array {
  if (text.startsWith(ANSWER)) throw new Refused('venue_code_other_kind')
  const ours = text.startsWith(REQUEST)
  if (!ours && (text.startsWith('BP1:') || OTHERS.some((prefix) => text.toLowerCase().startsWith(prefix)))) {
    throw new Refused('venue_code_other_system')
  }
  if (text.length > MAX_VENUE_CHARS) throw new Refused('venue_code_too_long')
  if (text === '') throw new Refused('venue_code_empty')
  const body = text.slice(REQUEST.length)
  if (!ours) throw new Refused(REQUEST.startsWith(text) ? 'venue_code_cut' : 'venue_code_unknown')
  if (body === '' || body.length % 3 === 1) throw new Refused('venue_code_cut')
  // Of two last characters that are too much one byte, the third was lost.
  if (body.length % 3 === 2 && overflows(body.slice(-2))) {
    refuse('venue_code_damaged', () => fromBase45(body.slice(0, -2)))
    throw new Refused('venue_code_cut')
  }
  return refuse('venue_code_damaged', () => fromBase45(body))
}

function overflows(pair: string): boolean {
  try {
    fromBase45(pair)
    return false
  } catch (error) {
    return error instanceof FormError && error.fault === 'base45 overflow'
  }
}

/** The text of the code of an answer; `undefined` where it is too long for one and travels online. */
export function answerCode(answer: Uint8Array): string | undefined {
  const text = ANSWER + toBase45(answer)
  return text.length <= MAX_VENUE_CHARS ? text : undefined
}

export const VENUE_SCENARIOS = ['building-visit', 'hotel-check-in', 'library-account'] as const
export type VenueScenario = (typeof VENUE_SCENARIOS)[number]

/** What a desk asks. Times are in seconds since 1970. */
export interface VenueRequest {
  readonly venue: string
  readonly scenario: VenueScenario
  readonly approval: string
  readonly purpose: string
  /** By ascending labels; at least one. */
  readonly required: readonly ClaimName[]
  readonly optional: readonly ClaimName[]
  readonly retentionDays: number
  readonly face: boolean
  /** `undefined` on a printed sign. */
  readonly nonce: Uint8Array | undefined
  /** The HTTPS address for the answer; `undefined` where it is shown to the desk's camera. */
  readonly reply: string | undefined
  readonly made: number
  readonly ends: number
  /** SHA-256 of the payload. */
  readonly id: Uint8Array
}

/** A request as it was received; nothing about it is trusted yet. */
export interface UnverifiedRequest {
  readonly kid: Uint8Array
  readonly claimed: VenueRequest
  readonly bytes: Uint8Array
}

/** The label under a desk's signatures of requests, and of receipts. */
const [REQUEST_LABEL, RECEIPT_LABEL] = ['bp2-venue-request', 'bp2-venue-receipt']

export function parseRequest(bytes: Uint8Array): UnverifiedRequest {
  const message = refuse('request_signature', () => parse1(bytes))
  const claimed = refuse('request_form', () => decodeRequest(message.payload))
  if (message.kid === undefined) throw new Refused('request_signature')
  return { kid: message.kid, claimed, bytes }
}

/** The request, if the desk with this key signed it. */
export function verifyRequest(request: UnverifiedRequest, key: Uint8Array): VenueRequest {
  refuse('request_signature', () => open1(request.bytes, key, [REQUEST_LABEL]))
  return request.claimed
}

/** Longest life with a nonce and on a sign, and how far the desk's clock may be ahead, in seconds. */
const [MAX_LIFE, MAX_SIGN_LIFE, AHEAD] = [300, 400 * 86_400, 10]

/** Holds a request to the wallet's clock. */
export function checkTime(request: VenueRequest, now: number): void {
  if (now >= request.ends) throw new Refused('request_ended')
  if (request.made - now > AHEAD) throw new Refused('request_from_future')
}

/** Whether a text is the id of a venue. */
export const isVenue = (text: string): boolean => /^[a-z0-9][a-z0-9-]{1,38}[a-z0-9]$/.test(text)

function decodeRequest(payload: Uint8Array): VenueRequest {
  const [venue, scenario, approval, purpose, required, optional, days, face, nonce, reply, made, ends] =
    readFields(decode(payload), 12)
  const codes = { unknown: 'request_unknown_claim', order: 'request_claim_order' }
  const request: VenueRequest = {
    venue: hold(readText(venue, 64), isVenue, 'request_venue'),
    scenario: hold(readText(scenario, 32), isScenario, 'request_scenario') as VenueScenario,
    approval: hold(readText(approval, 64), isPlain, 'request_approval'),
    purpose: hold(readText(purpose, 100), isPlain, 'request_purpose'),
    required: readClaims(required, codes),
    optional: readClaims(optional, codes),
    retentionDays: readNumber(days, 0xffff),
    face: readFlag(face),
    nonce: nonce === null ? undefined : readBytes(nonce, 16),
    reply: reply === null ? undefined : hold(readText(reply, 200), isReply, 'request_reply'),
    made: readTime(made),
    ends: readTime(ends),
    id: sha256(payload),
  }
  if (request.required.length === 0) throw new Refused('request_nothing_required')
  if (request.required.some((claim) => request.optional.includes(claim))) throw new Refused('request_claim_order')
  const life = request.ends - request.made
  if (life < 1 || life > (request.nonce ? MAX_LIFE : MAX_SIGN_LIFE)) throw new Refused('request_life')
  return request
}

function hold(text: string, is: (text: string) => boolean, code: string): string {
  if (!is(text)) throw new Refused(code)
  return text
}

const isScenario = (text: string) => VENUE_SCENARIOS.some((known) => known === text)
/** Something is there, and all of it can be shown. */
const isPlain = (text: string) => !/^\p{White_Space}*$/u.test(text) && !/\p{Cc}/u.test(text)

/** HTTPS, or this machine itself. RFC 3986, 3.2 and 3.3: a host is there, and no user before it, which a reader could take for it. */
function isReply(text: string): boolean {
  const [, scheme, host] = /^(https?):\/\/([^/?#]*)/.exec(text) ?? []
  const isProtected = scheme === 'https' ? host !== '' : /^(127\.0\.0\.1|localhost)(:[0-9]+)?$/.test(host ?? '')
  return host !== undefined && isProtected && !host.includes('@') && /^[!-~]*$/.test(text) && !/["<>\\]/.test(text)
}

/** A venue credential in the wallet. Times are in seconds since 1970, both local midnights. */
export interface VenueCredential {
  readonly kind: CredentialKind
  readonly issuer: Authority
  readonly issued: number
  /** At this instant it has already expired. */
  readonly expires: number
  readonly claims: ReadonlyMap<ClaimName, ClaimValue>
  readonly held: Held
}

const HASHES = 8
const OPEN: readonly number[] = [LABEL.iss, LABEL.exp, LABEL.iat, LABEL.cnf, LABEL.vct, LABEL.status]

/** The authority and the id of the key that a credential names, before anything is trusted: to look up the issuer's key. */
export function credentialSigner(bytes: Uint8Array): { readonly kid: Uint8Array } {
  const item = decode(bytes)
  const header = item instanceof CborTag && Array.isArray(item.item) ? (item.item as readonly Cbor[])[0] : undefined
  const fields = header instanceof Uint8Array ? decode(header) : undefined
  const kid = fields instanceof CborMap ? fields.get(4) : undefined
  return { kid: readBytes(kid, 1) }
}

/** Takes a credential from an authority: signature, binding to the device key, form, and claims of its kind alone. */
export function receiveCredential(bytes: Uint8Array, issuerKey: Uint8Array, device: Uint8Array): VenueCredential {
  const held = receive(bytes, issuerKey, device)
  const { open, disclosures } = held
  if (held.kid.length !== 1 || held.hashes !== HASHES || disclosures.length !== HASHES) throw new FormError('credential form')
  if (open.pairs.length !== OPEN.length || open.pairs.some(([key], i) => key !== OPEN[i])) throw new FormError('credential claims')
  const [vct, named] = [open.get(LABEL.vct), open.get(LABEL.iss)]
  const kind = typeof vct === 'number' ? CREDENTIAL_KINDS[vct - 1] : undefined
  const issuer = AUTHORITIES.find((code) => code === named)
  if (!kind || !issuer) throw new FormError('credential kind')
  const [issued, expires] = [midnight(open.get(LABEL.iat)), midnight(open.get(LABEL.exp))]
  if (issued >= expires) throw new FormError('credential times')
  holdStatus(open.get(LABEL.status), issuer)
  const claims = new Map<ClaimName, ClaimValue>()
  for (const { claim } of disclosures) {
    if (!claim) continue
    if (claim.label === LABEL.sub) {
      readText(claim.value, 64)
      continue
    }
    const name = claimOf(claim.label)
    if (!name || claimKind(name) !== kind) throw new FormError('credential claims')
    claims.set(name, readValue(name, claim.value))
  }
  if (claims.size === 0) throw new FormError('credential claims')
  return { kind, issuer, issued, expires, claims, held }
}

/** A local midnight: UTC+8, without summer time. */
function midnight(item: Cbor | undefined): number {
  const time = readTime(item)
  if ((time + 28_800) % 86_400 !== 0) throw new FormError('credential times')
  return time
}

/** draft-ietf-oauth-status-list-20, 6.3: the place in one of the issuer's lists, and nothing beside it. */
function holdStatus(item: Cbor | undefined, issuer: Authority): void {
  const place = item instanceof CborMap && item.pairs.length === 1 ? item.get('status_list') : undefined
  if (!(place instanceof CborMap) || place.pairs.length !== 2) throw new FormError('credential status')
  const [index, uri] = [place.get('idx'), place.get('uri')]
  if (readNumber(index, 0xffffffff) < 0x10000) throw new FormError('credential status')
  const list = new RegExp(`^urn:baypass:status:${issuer}:(0|[1-9]|1[0-9]|2[0-3])$`)
  if (!list.test(readText(uri, 64))) throw new FormError('credential status')
}

const PSEUDONYM_LENGTH = 16
const PSEUDONYM_LABEL = -65641

/** The name by which one venue knows this wallet: from the wallet's secret of 32 bytes, which never leaves it. */
export function pseudonym(secret: Uint8Array, venue: string): Uint8Array {
  return hmac(nobleSha256, secret, encode(['bp2-venue-pseudonym', venue])).slice(0, PSEUDONYM_LENGTH)
}

/** A credential and its device key. */
export interface Shown {
  readonly credential: VenueCredential
  readonly device: DeviceKey
}

/** Why no answer is made; `claim` or `kind` says of what. */
export class AnswerError extends Error {
  override readonly name = 'AnswerError'
  constructor(
    readonly fault: 'not_asked' | 'required' | 'no_credential' | 'too_many',
    readonly of: ClaimName | CredentialKind,
  ) {
    super(`${fault}: ${of}`)
  }
}

/**
 * Answers a request with the claims to which the traveller agreed: one holder's token for each credential, in the order of kinds,
 * all with the same pseudonym and moment. `made` is in seconds since 1970.
 */
export async function makeAnswer(
  request: VenueRequest,
  chosen: readonly ClaimName[],
  shown: readonly Shown[],
  secret: Uint8Array,
  made: number,
): Promise<Uint8Array> {
  const claims = ordered(chosen)
  const beyond = claims.find((claim) => !request.required.includes(claim) && !request.optional.includes(claim))
  if (beyond) throw new AnswerError('not_asked', beyond)
  const withheld = request.required.find((claim) => !claims.includes(claim))
  if (withheld) throw new AnswerError('required', withheld)
  const place = ({ credential }: Shown) => CREDENTIAL_KINDS.indexOf(credential.kind)
  const sorted = [...shown].sort((a, b) => place(a) - place(b))
  const kinds = sorted.map(({ credential }) => credential.kind)
  const spare = kinds.find((kind, i) => kinds.indexOf(kind) !== i || !claims.some((claim) => claimKind(claim) === kind))
  if (spare) throw new AnswerError('too_many', spare)
  const lacking = claims.find((claim) => !sorted.some(({ credential }) => credential.claims.has(claim)))
  if (lacking) throw new AnswerError('no_credential', lacking)
  const binding = {
    audience: `urn:baypass:venue:${request.venue}`,
    made,
    cnonce: request.id.slice(0, 16),
    further: [[PSEUDONYM_LABEL, pseudonym(secret, request.venue)]] as const,
  }
  const tokens: Cbor[] = []
  for (const { credential, device } of sorted) {
    const labels = claims.filter((claim) => claimKind(claim) === credential.kind).map(claimLabel)
    tokens.push(decode(await present(credential.held, labels, binding, device)))
  }
  return encode(tokens)
}

/** A desk's word on what it keeps. Times are in seconds since 1970. */
export interface VenueReceipt {
  /** Id of the request. */
  readonly request: Uint8Array
  /** SHA-256 of the answer. */
  readonly presentation: Uint8Array
  readonly pseudonym: Uint8Array
  readonly kept: readonly ClaimName[]
  /** At this instant the claims are gone. */
  readonly until: number
  readonly at: number
}

/** Opens what the desk with this key answered. */
export function openReceipt(bytes: Uint8Array, key: Uint8Array): VenueReceipt {
  const payload = refuse('receipt_signature', () => {
    if (parse1(bytes).kid === undefined) throw new FormError('cose header')
    return open1(bytes, key, [RECEIPT_LABEL])
  })
  return refuse('receipt_form', () => {
    const [request, presentation, name, kept, until, time] = readFields(decode(payload), 6)
    return {
      request: readBytes(request, 32),
      presentation: readBytes(presentation, 32),
      pseudonym: readBytes(name, PSEUDONYM_LENGTH),
      kept: readClaims(kept, { unknown: 'receipt_claims', order: 'receipt_claims' }),
      until: readTime(until),
      at: readTime(time),
    }
  })
}

/** Whether a receipt is for this answer to this request, and keeps no more than was shown, and no longer than was said. */
export function receiptFits(
  receipt: VenueReceipt,
  { request, answer, chosen, secret }: {
    readonly request: VenueRequest
    readonly answer: Uint8Array
    readonly chosen: readonly ClaimName[]
    readonly secret: Uint8Array
  },
): boolean {
  return same(receipt.request, request.id)
    && same(receipt.presentation, sha256(answer))
    && same(receipt.pseudonym, pseudonym(secret, request.venue))
    && receipt.kept.every((claim) => chosen.includes(claim))
    && receipt.until - receipt.at <= (request.retentionDays + 1) * 86_400
}
