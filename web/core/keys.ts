/**
 * Device keys: P-256 with SHA-256 (ES256), by WebCrypto where there is one, else by `@noble/curves`.
 *
 * Lives here: making, opening and using a key. Not here: where a platform keeps it. No curve arithmetic of our own.
 */
import { p256 } from '@noble/curves/nist.js'
import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js'
import { FormError, join } from './bytes.js'

/** Draws cryptographically secure random bytes, or throws. */
export type Random = (length: number) => Uint8Array

/** The SHA-256 of `bytes`. */
export function sha256(bytes: Uint8Array): Uint8Array {
  return nobleSha256(bytes)
}

/** A key that can sign. */
export interface DeviceKey {
  /** The compressed point, 33 bytes. */
  readonly publicKey: Uint8Array
  /** r and s side by side, 64 bytes. */
  sign(message: Uint8Array): Promise<Uint8Array>
}

/** A key in memory: its scalar can be stored, sealed by the PIN. */
export interface SoftwareKey extends DeviceKey {
  readonly secret: Uint8Array
}

/** A new software key. FIPS 186-5, A.2.1: 48 bytes of seed for a scalar of 32 without bias. */
export function newSoftwareKey(random: Random): SoftwareKey {
  const { secretKey } = p256.keygen(random(48))
  return openSoftwareKey(secretKey, random)
}

/** A software key from its scalar. Without `random` its nonces are those of RFC 6979 alone. */
export function openSoftwareKey(secret: Uint8Array, random?: Random): SoftwareKey {
  const publicKey = p256.getPublicKey(secret, true)
  return {
    secret,
    publicKey,
    // RFC 6979 with extra entropy (section 3.6): right even where the random source has failed.
    sign: async (message) =>
      p256.sign(message, secret, { prehash: true, lowS: false, ...(random ? { extraEntropy: random(32) } : {}) }),
  }
}

/** The part of WebCrypto that is used here; `core` is compiled without the DOM's types. */
export interface SubtleLike {
  generateKey(algorithm: object, extractable: boolean, uses: readonly string[]): Promise<unknown>
  exportKey(format: 'raw', key: unknown): Promise<ArrayBuffer>
  sign(algorithm: object, key: unknown, message: Uint8Array): Promise<ArrayBuffer>
}

/** A key inside the browser that cannot be exported, not even by this page. */
export interface WebKey extends DeviceKey {
  /** The browser's handle, which a database of the browser can keep. */
  readonly handle: unknown
}

const ECDSA = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }

export async function newWebKey(subtle: SubtleLike): Promise<WebKey> {
  const pair = (await subtle.generateKey(ECDSA, false, ['sign', 'verify'])) as { privateKey: unknown; publicKey: unknown }
  const raw = new Uint8Array(await subtle.exportKey('raw', pair.publicKey))
  return openWebKey(subtle, pair.privateKey, compress(raw))
}

export function openWebKey(subtle: SubtleLike, handle: unknown, publicKey: Uint8Array): WebKey {
  return {
    handle,
    publicKey,
    sign: async (message) => new Uint8Array(await subtle.sign(ECDSA, handle, message)),
  }
}

/** SEC 1, 2.3.3: an uncompressed point to its compressed form. */
function compress(raw: Uint8Array): Uint8Array {
  const y = raw[64]
  if (raw.length !== 65 || raw[0] !== 4 || y === undefined) throw new FormError('point')
  return join(Uint8Array.of(2 + (y & 1)), raw.slice(1, 33))
}

/** Whether `signature` over `message` is that of `publicKey`; both (r, s) and (r, n - s) are. */
export function verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  try {
    return p256.verify(signature, message, publicKey, { prehash: true, lowS: false })
  } catch {
    return false
  }
}

/** The coordinates of a compressed point; a key that is no point on the curve is refused. */
export function coordinates(publicKey: Uint8Array): { readonly x: Uint8Array; readonly y: Uint8Array } {
  const raw = p256.Point.fromBytes(publicKey).toBytes(false)
  return { x: raw.slice(1, 33), y: raw.slice(33) }
}
