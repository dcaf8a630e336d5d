/**
 * Encrypted answers: compact JWE by ECDH-ES on P-256 with AES-GCM (RFC 7516; RFC 7518, 4.6 and 5.3). Agreement, hash and cipher are the audited
 * libraries'; put together here by the RFC, for the library that knows all of JOSE weighs as much as the rest of this page.
 */
import { gcm } from '@noble/ciphers/aes.js'
import { p256 } from '@noble/curves/nist.js'
import { join, toBase64Url, toUtf8 } from '../core/bytes.js'
import { type Random, sha256 } from '../core/keys.js'
import { toJwk } from './jws.js'

export const ENCRYPTIONS = ['A128GCM', 'A256GCM'] as const
export type Encryption = (typeof ENCRYPTIONS)[number]

const uint = (value: number) => Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value)
const sized = (bytes: Uint8Array) => join(uint(bytes.length), bytes)

/** The key that both sides derive from what they agreed on (RFC 7518, 4.6.2): one round of SHA-256 gives enough for either length. */
export function deriveKey(agreed: Uint8Array, enc: Encryption, apu: Uint8Array = new Uint8Array(0), apv: Uint8Array = new Uint8Array(0)): Uint8Array {
  const bits = enc === 'A128GCM' ? 128 : 256
  return sha256(join(uint(1), agreed, sized(toUtf8(enc)), sized(apu), sized(apv), uint(bits))).slice(0, bits / 8)
}

/** Encrypts to a key (its compressed point), under a key that is drawn for this one message. */
export function encryptTo(to: { readonly key: Uint8Array; readonly kid: string | undefined; readonly enc: Encryption }, plain: Uint8Array, random: Random): string {
  const { secretKey, publicKey } = p256.keygen(random(48))
  const agreed = p256.getSharedSecret(secretKey, to.key, true).slice(1)
  const header = toBase64Url(toUtf8(JSON.stringify({ alg: 'ECDH-ES', enc: to.enc, ...(to.kid === undefined ? {} : { kid: to.kid }), epk: toJwk(publicKey) })))
  const iv = random(12)
  const sealed = gcm(deriveKey(agreed, to.enc), iv, toUtf8(header)).encrypt(plain)
  const parts = [new Uint8Array(0), iv, sealed.slice(0, -16), sealed.slice(-16)]
  return [header, ...parts.map(toBase64Url)].join('.')
}
