/** Compact signatures by ES256, header and payload read strictly (RFC 7515), and keys as JWK (RFC 7517). */
import { p256 } from '@noble/curves/nist.js'
import { FormError, fromBase64Url, fromUtf8, join, toBase64Url, toUtf8 } from '../core/bytes.js'
import { type DeviceKey, coordinates, verify } from '../core/keys.js'
import { type Json, type JsonObject, isArray, isObject, member, readObject } from './json.js'

/** Longest signature that is read, in characters. */
const MAX_LEN = 1 << 20
const MAX_CERTIFICATES = 8

export interface UnverifiedJws {
  readonly header: JsonObject
  readonly payload: JsonObject
  /** The certificates beside it in DER, leaf first; none where it names none. */
  readonly x5c: readonly Uint8Array[] | undefined
  /** Whether it is of this key, compressed. */
  isOf(key: Uint8Array): boolean
}

export function readJws(text: string): UnverifiedJws {
  const parts = text.split('.')
  const [protectedHeader, body, signature] = parts
  if (text.length > MAX_LEN || parts.length !== 3 || protectedHeader === undefined || body === undefined || signature === undefined) throw new FormError('jws')
  const header = readObject(fromUtf8(fromBase64Url(protectedHeader)))
  if (member(header, 'alg') !== 'ES256' || member(header, 'crit') !== undefined) throw new FormError('jws')
  const payload = readObject(fromUtf8(fromBase64Url(body)))
  const bytes = fromBase64Url(signature)
  if (bytes.length !== 64) throw new FormError('jws')
  return { header, payload, x5c: readX5c(member(header, 'x5c')), isOf: (key) => verify(key, toUtf8(`${protectedHeader}.${body}`), bytes) }
}

function readX5c(found: Json | undefined): readonly Uint8Array[] | undefined {
  if (found === undefined) return undefined
  if (!isArray(found) || found.length === 0 || found.length > MAX_CERTIFICATES) throw new FormError('jws')
  return found.map((one) => {
    // Base64 with its own alphabet and padding (RFC 7515, 4.1.6).
    if (typeof one !== 'string' || !/^[A-Za-z0-9+/]+={0,2}$/.test(one)) throw new FormError('jws')
    return fromBase64Url(one.replace(/=+$/, '').replace(/\+/g, '-').replace(/\//g, '_'))
  })
}

const part = (value: object) => toBase64Url(toUtf8(JSON.stringify(value)))

/** Signs claims by ES256. */
export async function signJws(key: DeviceKey, header: object, claims: object): Promise<string> {
  const signed = `${part({ alg: 'ES256', ...header })}.${part(claims)}`
  return `${signed}.${toBase64Url(await key.sign(toUtf8(signed)))}`
}

/** A key of ours as JWK. */
export function toJwk(key: Uint8Array): { readonly kty: 'EC'; readonly crv: 'P-256'; readonly x: string; readonly y: string } {
  const { x, y } = coordinates(key)
  return { kty: 'EC', crv: 'P-256', x: toBase64Url(x), y: toBase64Url(y) }
}

/** The compressed point of a JWK on P-256. */
export function readJwk(jwk: Json | undefined): Uint8Array {
  if (!isObject(jwk) || member(jwk, 'kty') !== 'EC' || member(jwk, 'crv') !== 'P-256') throw new FormError('jwk')
  const [x, y] = [member(jwk, 'x'), member(jwk, 'y')].map((one) => typeof one === 'string' ? fromBase64Url(one) : new Uint8Array(0))
  if (x?.length !== 32 || y?.length !== 32) throw new FormError('jwk')
  return compressed(join(Uint8Array.of(4), x, y))
}

/** The compressed form of a point. */
export function compressed(point: Uint8Array): Uint8Array {
  try {
    const found = p256.Point.fromBytes(point)
    found.assertValidity()
    return found.toBytes(true)
  } catch {
    throw new FormError('point')
  }
}
