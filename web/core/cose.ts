/** COSE_Sign1 with ES256 (`docs/formats.md`, 2): untagged, unprotected header empty, payload attached. */
import { FormError } from './bytes.js'
import { type Cbor, CborMap, decode, encode } from './cbor.js'
import { type DeviceKey, verify } from './keys.js'

const ES256 = -7
const ALG = 1
const KID = 4

/** The bytes under a signature (RFC 9052, 4.4). */
export function sigStructure(header: Uint8Array, external: Uint8Array, payload: Uint8Array): Uint8Array {
  return encode(['Signature1', header, external, payload])
}

/** The protected header; without a `kid` it has the algorithm alone. */
function header(kid?: Uint8Array): Uint8Array {
  return encode(new CborMap(kid ? [[ALG, ES256], [KID, kid]] : [[ALG, ES256]]))
}

/** Signs `payload` and the external data, which is not part of the message. */
export async function sign1(
  key: DeviceKey,
  external: Cbor,
  payload: Uint8Array,
  kid?: Uint8Array,
): Promise<Uint8Array> {
  const protectedHeader = header(kid)
  const signature = await key.sign(sigStructure(protectedHeader, encode(external), payload))
  return encode([protectedHeader, new CborMap([]), payload, signature])
}

/** A parsed message, not verified. */
export interface Unverified {
  readonly header: Uint8Array
  readonly kid: Uint8Array | undefined
  readonly payload: Uint8Array
  readonly signature: Uint8Array
}

export function parse1(bytes: Uint8Array): Unverified {
  const items = decode(bytes)
  if (!Array.isArray(items) || items.length !== 4) throw new FormError('cose form')
  const [protectedHeader, unprotected, payload, signature] = items as readonly Cbor[]
  const binary = (item: Cbor | undefined): item is Uint8Array => item instanceof Uint8Array
  if (!binary(protectedHeader) || !binary(payload) || !binary(signature)) throw new FormError('cose form')
  if (protectedHeader.length > 128 || signature.length !== 64) throw new FormError('cose form')
  if (!(unprotected instanceof CborMap) || unprotected.pairs.length > 0) throw new FormError('cose header')
  const fields = decode(protectedHeader)
  if (!(fields instanceof CborMap) || fields.get(ALG) !== ES256) throw new FormError('cose header')
  const kid = fields.get(KID)
  if (fields.pairs.length !== (kid === undefined ? 1 : 2)) throw new FormError('cose header')
  if (kid !== undefined && (!(kid instanceof Uint8Array) || kid.length > 64)) throw new FormError('cose header')
  return { header: protectedHeader, kid, payload, signature }
}

/** The payload; throws if the signature is not valid under `publicKey`. */
export function open1(bytes: Uint8Array, publicKey: Uint8Array, external: Cbor): Uint8Array {
  const message = parse1(bytes)
  const signed = sigStructure(message.header, encode(external), message.payload)
  if (!verify(publicKey, signed, message.signature)) throw new FormError('signature')
  return message.payload
}
