/** DPoP: the proof that a request comes from the holder of a device key (RFC 9449), ES256 alone. */
import { toBase64Url, toUtf8 } from './bytes.js'
import { type DeviceKey, coordinates, sha256 } from './keys.js'

const part = (value: object) => toBase64Url(toUtf8(JSON.stringify(value)))

export interface DpopRequest {
  readonly method: string
  /** Without query and fragment. */
  readonly url: string
  /** The secret that is sent along. */
  readonly token?: string | undefined
  /** The nonce that the authority gave last. */
  readonly nonce?: string | undefined
}

/** A proof; `id` is drawn anew for each, `at` is in seconds since 1970. */
export async function dpopProof(key: DeviceKey, { method, url, token, nonce }: DpopRequest, id: Uint8Array, at: number): Promise<string> {
  const { x, y } = coordinates(key.publicKey)
  const jwk = { crv: 'P-256', kty: 'EC', x: toBase64Url(x), y: toBase64Url(y) }
  const claims = {
    jti: toBase64Url(id), htm: method, htu: url, iat: at,
    ...(token === undefined ? {} : { ath: toBase64Url(sha256(toUtf8(token))) }),
    ...(nonce === undefined ? {} : { nonce }),
  }
  const signed = `${part({ typ: 'dpop+jwt', alg: 'ES256', jwk })}.${part(claims)}`
  return `${signed}.${toBase64Url(await key.sign(toUtf8(signed)))}`
}
