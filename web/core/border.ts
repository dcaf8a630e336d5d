/**
 * The border: tokens as a wallet reads them, the proofs that it makes, and the code that it shows (`docs/formats.md`,
 * 3, 5, 6, 8).
 */
import { FormError, join, same, toUtf8 } from './bytes.js'
import { type Cbor, CborMap, decode, encode } from './cbor.js'
import { parse1, sign1 } from './cose.js'
import { type DeviceKey, coordinates, sha256 } from './keys.js'
import { fromBase45, toBase45 } from './base45.js'
import { AUTHORITIES, type Authority, SEALED_RECEIVERS } from './issuance.js'

export { AUTHORITIES, type Authority } from './issuance.js'
export type Side = 'exit' | 'entry'

export function isAuthority(text: unknown): text is Authority {
  return AUTHORITIES.some((code) => code === text)
}

/** The lane for which a code is made. `side` is left out at a joint lane, which serves both sides. */
export interface Audience {
  readonly port: string
  readonly from: Authority
  readonly to: Authority
  readonly side?: Side
}

export function audienceName(audience: Audience): string {
  const { port, from, to, side } = audience
  if (!/^[a-z0-9-]{1,32}$/.test(port) || from === to) throw new FormError('audience')
  return `urn:baypass:port:${port}:${from}-${to}${side ? `:${side}` : ''}`
}

/** The authorities whose parts a code for `audience` carries, in order. */
export function receivers(audience: Audience): readonly Authority[] {
  if (audience.side === 'exit') return [audience.from]
  if (audience.side === 'entry') return [audience.to]
  return [audience.from, audience.to]
}

/** SHA-256 of the COSE_Key with `y` as 32 bytes (RFC 9679). */
export function thumbprint(publicKey: Uint8Array): Uint8Array {
  const { x, y } = coordinates(publicKey)
  return sha256(encode(new CborMap([[1, 2], [-1, 1], [-2, x], [-3, y]])))
}

/** The id of the token for this device key. */
export function tokenId(publicKey: Uint8Array): Uint8Array {
  return thumbprint(publicKey).slice(0, 16)
}

const KEY_CLASSES = ['software', 'hardware', 'secure_element'] as const
export type KeyClass = (typeof KEY_CLASSES)[number]

/** A token as received, and the fields that a wallet needs. Nothing is verified: the gate does that. */
export interface Token {
  readonly bytes: Uint8Array
  readonly issuer: Authority
/** Unix time in whole seconds; at that instant the token has already expired. */
  readonly expires: number
  readonly deviceKey: Uint8Array
  readonly keyClass: KeyClass
  /** The first 16 bytes of the hash of each sealed part, by receiver. */
  readonly sealed: ReadonlyMap<Authority, Uint8Array>
}

const BORDER_CLAIM = -65537

export function readToken(bytes: Uint8Array): Token {
  if (bytes.length > 256) throw new FormError('token form')
  const message = parse1(bytes)
  if (message.kid?.length !== 1) throw new FormError('token form')
  const claims = decode(message.payload)
  if (!(claims instanceof CborMap) || claims.pairs.length !== 4) throw new FormError('token form')
  const [issuer, expires, confirmed, border] = [claims.get(1), claims.get(4), claims.get(8), claims.get(BORDER_CLAIM)]
  if (!isAuthority(issuer)) throw new FormError('token issuer')
  // Local midnight: UTC+8, without summer time.
  if (!wide(expires) || (expires + 28800) % 86400 !== 0) throw new FormError('token end')
  if (!(confirmed instanceof CborMap) || confirmed.pairs.length !== 1) throw new FormError('token form')
  const deviceKey = readKey(confirmed.get(1))
  const receiving = SEALED_RECEIVERS[issuer]
  if (!Array.isArray(border) || border.length !== 3 + receiving.length) throw new FormError('token form')
  const [keyClass, list, index, ...hashes] = border as readonly Cbor[]
  const named = typeof keyClass === 'number' ? KEY_CLASSES[keyClass] : undefined
  if (!named || typeof list !== 'number' || list < 0 || list > 23 || !wide(index)) throw new FormError('token form')
  const sealed = new Map<Authority, Uint8Array>()
  receiving.forEach((receiver, i) => {
    const hash = hashes[i]
    if (!(hash instanceof Uint8Array) || hash.length !== 16) throw new FormError('token form')
    sealed.set(receiver, hash)
  })
  return { bytes, issuer, expires, deviceKey, keyClass: named, sealed }
}

/** A number whose shortest head has five bytes. */
function wide(item: Cbor | undefined): item is number {
  return typeof item === 'number' && item >= 0x10000 && item <= 0xffffffff
}

function readKey(item: Cbor | undefined): Uint8Array {
  if (!(item instanceof CborMap) || item.pairs.length !== 4) throw new FormError('token key')
  const [x, odd] = [item.get(-2), item.get(-3)]
  const known = item.get(1) === 2 && item.get(-1) === 1
  if (!known || !(x instanceof Uint8Array) || x.length !== 32 || typeof odd !== 'boolean') {
    throw new FormError('token key')
  }
  return join(Uint8Array.of(odd ? 3 : 2), x)
}

/** A token, its key and the parts that came with it. */
export interface HeldToken {
  readonly key: DeviceKey
  readonly token: Uint8Array
  readonly parts: ReadonlyMap<Authority, Uint8Array>
}

/** Greatest age of an unlock that a proof tells, in seconds. An older one is not for this showing. */
export const MOST_UNLOCK_SECONDS = 60
const UNLOCK_METHODS = { pin: 1, platform: 2 } as const

/** When the holder unlocked the wallet again for a showing (Unix time in seconds), and by what. */
export interface Unlock {
  readonly method: keyof typeof UNLOCK_METHODS
  readonly at: number
}

/** The two bytes of a proof made at `now`: method and seconds since; zeros where there was no unlock, or none for this showing. */
export function unlockBytes(unlock: Unlock | undefined, now: number): Uint8Array {
  if (!unlock || unlock.at > now || now - unlock.at > MOST_UNLOCK_SECONDS) return Uint8Array.of(0, 0)
  return Uint8Array.of(UNLOCK_METHODS[unlock.method], now - unlock.at)
}

/** The signed external data of a holder proof. */
export function proofExternal(audience: Audience, token: Uint8Array, parts: readonly Uint8Array[]): Cbor {
  return ['bp2-proof', audienceName(audience), token, ...parts.map(sha256)]
}

/**
 * Makes a holder proof with `key` over `token` and `parts` for this lane. `now` is Unix time in seconds; `unlock` is how the
 * wallet was unlocked again for it, if it was.
 */
export async function holderProof(
  key: DeviceKey,
  audience: Audience,
  token: Uint8Array,
  parts: readonly Uint8Array[],
  now: number,
  unlock?: Unlock,
): Promise<Uint8Array> {
  if (parts.length !== receivers(audience).length) throw new FormError('parts')
  return sign1(key, proofExternal(audience, token, parts), encode([seconds(now), unlockBytes(unlock, now)]))
}

/** Makes a proof of possession of `key`, for which a token or a part is requested. `session` is the session's secret, 32 bytes. */
export async function possession(
  key: DeviceKey,
  authority: Authority,
  issuer: Authority,
  session: Uint8Array,
  now: number,
): Promise<Uint8Array> {
  const payload = encode([authority, issuer, seconds(now), sha256(session)])
  return sign1(key, ['bp1-possession'], payload, toUtf8('1'))
}

function seconds(now: number): number {
  // Of five bytes, so that every code of a kind has the same length.
  if (!wide(now)) throw new FormError('time')
  return now
}

const PREFIX = 'BP1:'
/** QR version 18 at level L in alphanumeric mode. */
export const MAX_CHARS = 1046

/** The contents of a crossing code. */
export type Code =
  | { readonly form: 'full'; readonly token: Uint8Array; readonly proof: Uint8Array; readonly parts: readonly Uint8Array[] }
  | { readonly form: 'short'; readonly tokenId: Uint8Array; readonly proof: Uint8Array }

/** The text of the QR symbol. A code that `readCode` would refuse is never written. */
export function writeCode(code: Code): string {
  const bytes = encode(
    code.form === 'full' ? [code.token, code.proof, code.parts] : [code.tokenId, code.proof],
  )
  const text = PREFIX + toBase45(bytes)
  readCode(text)
  return text
}

/** Reads a text. It checks length, prefix, characters and structure, in this order. */
export function readCode(text: string): Code {
  if (text.length > MAX_CHARS) throw new FormError('code too long')
  if (!text.startsWith(PREFIX)) throw new FormError('no crossing code')
  const items = decode(fromBase45(text.slice(PREFIX.length)))
  if (!Array.isArray(items)) throw new FormError('code form')
  const [first, proof, parts] = items as readonly Cbor[]
  if (!filled(first) || !filled(proof)) throw new FormError('code form')
  if (items.length === 2 && first.length === 16) return { form: 'short', tokenId: first, proof }
  if (items.length !== 3 || !Array.isArray(parts) || parts.length < 1 || parts.length > 2) {
    throw new FormError('code form')
  }
  const shown = (parts as readonly Cbor[]).map((part) => {
    if (!filled(part)) throw new FormError('code form')
    return part
  })
  return { form: 'full', token: first, proof, parts: shown }
}

function filled(item: Cbor | undefined): item is Uint8Array {
  return item instanceof Uint8Array && item.length > 0
}

/** The code of `held` for one lane at `now`; `undefined` where a part for it is missing. `unlock`: as for `holderProof`. */
export async function crossingCode(held: HeldToken, audience: Audience, now: number, unlock?: Unlock): Promise<string | undefined> {
  const parts: Uint8Array[] = []
  for (const receiver of receivers(audience)) {
    const part = held.parts.get(receiver)
    if (!part) return undefined
    parts.push(part)
  }
  const proof = await holderProof(held.key, audience, held.token, parts, now, unlock)
  return writeCode({ form: 'full', token: held.token, proof, parts })
}

/** Whether an answer fits its request: the token is for this key, and the hashes of the sealed parts are those in the token. */
export function belongs(token: Token, key: DeviceKey, sealed: ReadonlyMap<Authority, Uint8Array>): boolean {
  if (!same(token.deviceKey, key.publicKey)) return false
  for (const [receiver, part] of sealed) {
    const hash = token.sealed.get(receiver)
    if (!hash || !same(hash, sha256(part).slice(0, 16))) return false
  }
  return true
}
