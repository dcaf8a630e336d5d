/**
 * COSE_Sign1 with ES256 (`docs/formats.md`, 2): untagged, unprotected header empty, payload attached; and COSE_Sign, the same
 * payload signed by several.
 */
import { FormError, compare } from './bytes.js'
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
  return { header: protectedHeader, kid: readHeader(protectedHeader), payload, signature }
}

/** The key id in a protected header that has nothing else but the algorithm. */
function readHeader(protectedHeader: Uint8Array): Uint8Array | undefined {
  const fields = decode(protectedHeader)
  if (!(fields instanceof CborMap) || fields.get(ALG) !== ES256) throw new FormError('cose header')
  const kid = fields.get(KID)
  if (fields.pairs.length !== (kid === undefined ? 1 : 2)) throw new FormError('cose header')
  if (kid !== undefined && (!(kid instanceof Uint8Array) || kid.length > 64)) throw new FormError('cose header')
  return kid
}

/** The payload; throws if the signature is not valid under `publicKey`. */
export function open1(bytes: Uint8Array, publicKey: Uint8Array, external: Cbor): Uint8Array {
  const message = parse1(bytes)
  const signed = sigStructure(message.header, encode(external), message.payload)
  if (!verify(publicKey, signed, message.signature)) throw new FormError('signature')
  return message.payload
}

/** A payload that several have signed (RFC 9052, 4.1), not verified. */
export interface CoSigned {
  readonly payload: Uint8Array
  /** In order of the key ids, none twice. */
  readonly signatures: readonly { readonly header: Uint8Array; readonly kid: Uint8Array; readonly signature: Uint8Array }[]
}

/** Most signatures over one payload. */
const MAX_SIGNERS = 16

export function parseSigned(bytes: Uint8Array): CoSigned {
  const items = decode(bytes)
  if (!Array.isArray(items) || items.length !== 4) throw new FormError('cose form')
  const [bodyHeader, unprotected, payload, several] = items as readonly Cbor[]
  if (!(bodyHeader instanceof Uint8Array) || bodyHeader.length > 0 || !isEmpty(unprotected)) throw new FormError('cose header')
  if (!(payload instanceof Uint8Array) || !Array.isArray(several)) throw new FormError('cose form')
  if (several.length < 1 || several.length > MAX_SIGNERS) throw new FormError('limit')
  const signatures = (several as readonly Cbor[]).map(readSignature)
  signatures.forEach(({ kid }, i) => {
    const before = signatures[i - 1]
    if (before && compare(before.kid, kid) >= 0) throw new FormError('keys')
  })
  return { payload, signatures }
}

function readSignature(item: Cbor): CoSigned['signatures'][number] {
  if (!Array.isArray(item) || item.length !== 3) throw new FormError('cose form')
  const [header, unprotected, signature] = item as readonly Cbor[]
  if (!(header instanceof Uint8Array) || header.length > 128 || !isEmpty(unprotected)) throw new FormError('cose header')
  if (!(signature instanceof Uint8Array) || signature.length !== 64) throw new FormError('cose form')
  const kid = readHeader(header)
  if (!kid) throw new FormError('cose header')
  return { header, kid, signature }
}

function isEmpty(item: Cbor | undefined): boolean {
  return item instanceof CborMap && item.pairs.length === 0
}

/** The bytes under one of several signatures (RFC 9052, 4.4); the body has no header of its own. */
export function coSigStructure(header: Uint8Array, external: Uint8Array, payload: Uint8Array): Uint8Array {
  return encode(['Signature', new Uint8Array(0), header, external, payload])
}
