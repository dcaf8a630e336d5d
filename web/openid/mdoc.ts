/**
 * Mdoc in the hand of its holder (ISO/IEC 18013-5; OpenID4VP 1.0, B.2). The Rust side is `openid4vc::mdoc`, with the same codes.
 *
 * Lives here: receiving, and the response that shows some of its elements. Not here: which issuers count (`core/trust`), what a query asks
 * (`dcql`), a reader who stands there.
 */
import { sha384, sha512 } from '@noble/hashes/sha2.js'
import { FormError, Refused, join, refuse, same, toHex } from '../core/bytes.js'
import { type Cbor, CborMap, CborTag, decodeOfOthers, encode } from '../core/cbor.js'
import { sigStructure } from '../core/cose.js'
import { type DeviceKey, sha256, verify } from '../core/keys.js'
import { type Leaf, verifyChain } from './certificate.js'
import type { Json } from './json.js'
import { compressed } from './jws.js'

export const MDOC = 'mso_mdoc'
/** Longest mdoc that is read, and shortest random value of an element (9.1.2.5), in bytes. */
const [MAX_LEN, MIN_RANDOM] = [1 << 20, 16]
const [ES256, ES256_P256, X5CHAIN, ENCODED] = [-7, -9, 33, 24]
const HASHES: Readonly<Record<string, (bytes: Uint8Array) => Uint8Array>> = { 'SHA-256': sha256, 'SHA-384': sha384, 'SHA-512': sha512 }

interface Item {
  /** Tag 24, head and all: what was hashed. */
  readonly bytes: CborTag
  readonly id: number
  readonly element: string
  readonly value: Cbor
}

/** An mdoc with all its elements. */
export interface HeldMdoc {
  readonly form: typeof MDOC
  readonly kind: string
  readonly x5c: readonly Uint8Array[]
  readonly expires: number
  readonly nameSpaces: readonly (readonly [string, readonly Item[]])[]
  /** The issuer's signature as it came. */
  readonly issuerAuth: Cbor
}

const map = (item: Cbor | undefined): CborMap => {
  if (!(item instanceof CborMap)) throw new FormError('mdoc')
  return item
}
const text = (item: Cbor | undefined): string => {
  if (typeof item !== 'string') throw new FormError('mdoc')
  return item
}
const bytes = (item: Cbor | undefined): Uint8Array => {
  if (!(item instanceof Uint8Array)) throw new FormError('mdoc')
  return item
}
const number = (item: Cbor | undefined): number => {
  if (typeof item !== 'number' || item < 0) throw new FormError('mdoc')
  return item
}
/** The bytes of `#6.24(bstr)`. */
const encoded = (item: Cbor | undefined): Uint8Array => {
  if (!(item instanceof CborTag) || item.tag !== ENCODED) throw new FormError('mdoc')
  return bytes(item.item)
}

function readItem(item: Cbor): Item {
  const members = map(decodeOfOthers(encoded(item)))
  const random = bytes(members.get('random'))
  const value = members.get('elementValue')
  if (members.pairs.length !== 4 || random.length < MIN_RANDOM || value === undefined) throw new FormError('mdoc')
  return { bytes: item as CborTag, id: number(members.get('digestID')), element: text(members.get('elementIdentifier')), value }
}

interface Signature {
  readonly header: Uint8Array
  readonly x5c: readonly Uint8Array[]
  readonly payload: Uint8Array
  readonly signature: Uint8Array
}

function readSignature(item: Cbor | undefined): Signature {
  if (!Array.isArray(item) || item.length !== 4) throw new FormError('mdoc')
  const [header, unprotected, payload, signature] = item as readonly Cbor[]
  const fields = map(decodeOfOthers(bytes(header)))
  const algorithm = fields.get(1)
  if (fields.pairs.length !== 1) throw new Refused('mdoc_header')
  if (algorithm !== ES256 && algorithm !== ES256_P256) throw new Refused('mdoc_algorithm')
  const chain = map(unprotected).get(X5CHAIN)
  if (chain === undefined) throw new Refused('mdoc_no_certificate')
  const x5c = Array.isArray(chain) ? (chain as readonly Cbor[]).map(bytes) : [bytes(chain)]
  if (bytes(signature).length !== 64) throw new FormError('mdoc')
  return { header: bytes(header), x5c, payload: bytes(payload), signature: bytes(signature) }
}

/** A `tdate`: tag 0, RFC 3339 in UTC without fractions of a second; in seconds since 1970. */
function time(item: Cbor | undefined): number {
  if (!(item instanceof CborTag) || item.tag !== 0) throw new FormError('mdoc')
  const said = text(item.item)
  const at = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(said) ? Date.parse(said) : NaN
  if (Number.isNaN(at)) throw new FormError('mdoc')
  return at / 1000
}

/** A COSE_Key on P-256 (RFC 9053, 7.1), compressed. */
function deviceKey(item: Cbor | undefined): Uint8Array {
  return refuse('mdoc_device_key', () => {
    const key = map(item)
    if (key.get(1) !== 2 || key.get(-1) !== 1) throw new FormError('mdoc')
    return compressed(join(Uint8Array.of(4), bytes(key.get(-2)), bytes(key.get(-3))))
  })
}

function holdDigests(nameSpaces: HeldMdoc['nameSpaces'], object: CborMap): void {
  const hash = HASHES[text(object.get('digestAlgorithm'))]
  if (!hash) throw new Refused('mdoc_digest_algorithm')
  const all = map(object.get('valueDigests'))
  for (const [nameSpace, items] of nameSpaces) {
    const digests = all.get(nameSpace)
    if (!(digests instanceof CborMap)) throw new Refused('mdoc_element_not_signed')
    if (new Set(items.map(({ element }) => element)).size !== items.length || new Set(items.map(({ id }) => id)).size !== items.length) throw new Refused('mdoc_element_repeated')
    for (const { id, bytes: whole } of items) {
      const digest = digests.get(id)
      if (!(digest instanceof Uint8Array)) throw new Refused('mdoc_element_not_signed')
      if (!same(digest, hash(encode(whole)))) throw new Refused('mdoc_digest')
    }
  }
}

/** An mdoc whose issuer's signature and digests hold, and the key that it is bound to, compressed. */
interface Opened {
  readonly held: HeldMdoc
  readonly device: Uint8Array
  /** In seconds since 1970. */
  readonly from: number
}

/** Reads an `IssuerSigned`; `keyOf` gives its issuer's key, compressed, by the certificates beside the signature. Throws `Refused` with the first fault. */
export function openMdoc(whole: Uint8Array, keyOf: (x5c: readonly Uint8Array[]) => Uint8Array): Opened {
  return refuse('mdoc_form', () => {
    if (whole.length > MAX_LEN) throw new FormError('mdoc')
    const outer = map(decodeOfOthers(whole))
    if (outer.pairs.some(([name]) => name !== 'nameSpaces' && name !== 'issuerAuth')) throw new FormError('mdoc')
    const issuerAuth = outer.get('issuerAuth')
    const { header, x5c, payload, signature } = readSignature(issuerAuth)
    if (!verify(keyOf(x5c), sigStructure(header, new Uint8Array(0), payload), signature)) throw new Refused('mdoc_signature')
    const object = map(decodeOfOthers(encoded(decodeOfOthers(payload))))
    if (object.get('version') !== '1.0') throw new Refused('mdoc_version')
    const nameSpaces = map(outer.get('nameSpaces') ?? new CborMap([])).pairs.map(([name, items]) => {
      if (!Array.isArray(items)) throw new FormError('mdoc')
      return [text(name), (items as readonly Cbor[]).map(readItem)] as const
    })
    holdDigests(nameSpaces, object)
    const validity = map(object.get('validityInfo'))
    const [signed, from, expires] = [time(validity.get('signed')), time(validity.get('validFrom')), time(validity.get('validUntil'))]
    if (signed > from || from > expires) throw new Refused('mdoc_times')
    const held = { form: MDOC, kind: text(object.get('docType')), x5c, expires, nameSpaces, issuerAuth: issuerAuth ?? null } as const
    return { held, from, device: deviceKey(map(object.get('deviceKeyInfo')).get('deviceKey')) }
  })
}

/**
 * Takes an mdoc from its issuer: verifies its signature by its certificates up to one of `anchors`, every digest, its times, and that it is
 * bound to `device` (a compressed point). Throws `Refused` with the first fault.
 */
export function receiveMdoc(whole: Uint8Array, anchors: readonly Uint8Array[], device: Uint8Array, now: number): { readonly held: HeldMdoc; readonly issuer: Leaf } {
  let issuer: Leaf | undefined
  const { held, from, device: bound } = openMdoc(whole, (x5c) => (issuer = verifyChain(x5c, anchors, 'document-signer', now)).key)
  if (now > held.expires) throw new Refused('credential_expired')
  if (now < from) throw new Refused('credential_not_yet_valid')
  if (!issuer || !same(bound, device)) throw new Refused('mdoc_other_key')
  return { held, issuer }
}

/** An element in JSON: texts, numbers, truth values, and dates as texts; none for what no query compares. */
export function elementJson(value: Cbor): Json | undefined {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value
  // A date: tag 0 with a time, tag 1004 without (RFC 8943).
  return value instanceof CborTag && (value.tag === 0 || value.tag === 1004) ? elementJson(value.item) : undefined
}

/** The transcript of an answer by redirect: the thumbprint is that of the key to which it is encrypted (OpenID4VP 1.0, B.2.6.1). */
export function redirectTranscript(clientId: string, nonce: string, thumbprint: Uint8Array, responseUri: string): Cbor {
  return [null, null, ['OpenID4VPHandover', sha256(encode([clientId, nonce, thumbprint, responseUri]))]]
}

/** A response of one document that shows these elements, signed by the device key (`DeviceResponse`). */
export async function presentMdoc(held: HeldMdoc, shows: (nameSpace: string, element: string) => boolean, transcript: Cbor, key: DeviceKey): Promise<Uint8Array> {
  const shown = held.nameSpaces.flatMap(([nameSpace, items]) => {
    const some = items.filter(({ element }) => shows(nameSpace, element)).map(({ bytes: one }) => one)
    return some.length > 0 ? [[nameSpace, some] as const] : []
  })
  const own = new CborTag(ENCODED, encode(new CborMap([])))
  const authentication = encode(new CborTag(ENCODED, encode(['DeviceAuthentication', transcript, held.kind, own])))
  const header = encode(new CborMap([[1, ES256]]))
  const signature = await key.sign(sigStructure(header, new Uint8Array(0), authentication))
  const document = new CborMap([
    ['docType', held.kind],
    ['issuerSigned', new CborMap([['nameSpaces', new CborMap(shown)], ['issuerAuth', held.issuerAuth]])],
    ['deviceSigned', new CborMap([
      ['nameSpaces', own],
      ['deviceAuth', new CborMap([['deviceSignature', [header, new CborMap([]), null, signature]]])],
    ])],
  ])
  return encode(new CborMap([['version', '1.0'], ['documents', [document]], ['status', 0]]))
}

/** Whether an mdoc has this element. */
export const elementOf = ({ nameSpaces }: HeldMdoc, nameSpace: string, element: string): Cbor | undefined =>
  nameSpaces.find(([name]) => name === nameSpace)?.[1].find((item) => item.element === element)?.value

/** A picture in an element, as a data address's bytes; for screens alone. */
export const isJpeg = (value: Cbor): value is Uint8Array => value instanceof Uint8Array && toHex(value.slice(0, 3)) === 'ffd8ff'
