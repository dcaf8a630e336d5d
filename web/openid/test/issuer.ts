/** What an issuer and a verifier of another system sign, for the tests: credentials in both forms, and request objects. */
import { type KeyObject, createHash, randomBytes, sign } from 'node:crypto'
import { type Cbor, CborMap, CborTag, encode } from '../../core/cbor.js'
import { coordinates } from '../../core/keys.js'
import { toJwk } from '../jws.js'
import { type Certified, NOW } from './certificates.js'

export const base64url = (value: object | Uint8Array | string) =>
  (value instanceof Uint8Array ? Buffer.from(value) : Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))).toString('base64url')
export const sha256 = (text: string | Uint8Array) => createHash('sha256').update(text).digest()

export function jws(key: KeyObject, header: object, claims: object | string): string {
  const text = `${base64url({ alg: 'ES256', ...header })}.${base64url(claims)}`
  return `${text}.${base64url(sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }))}`
}

export const x5c = (...chain: readonly Certified[]) => chain.map(({ der }) => Buffer.from(der).toString('base64'))

/** A claim of an object, or an element of an array, that its holder may keep back. */
export const disclosure = (...parts: readonly unknown[]) => base64url([base64url(randomBytes(16)), ...parts])
export const digest = (text: string) => base64url(sha256(text))

export interface SdJwtWanted {
  readonly signer: Certified
  readonly device: Uint8Array
  readonly vct?: string
  /** Claims that everybody sees, and those that may be kept back. */
  readonly open?: object
  readonly hidden?: Readonly<Record<string, unknown>>
  readonly header?: object
  readonly disclosures?: readonly string[]
}

/** An SD-JWT VC of flat claims. */
export function issueSdJwt({ signer, device, vct = 'urn:specimen:identity:1', open = {}, hidden = {}, header = {}, disclosures = [] }: SdJwtWanted): string {
  const own = Object.entries(hidden).map(([name, value]) => disclosure(name, value))
  const claims = { vct, cnf: { jwk: toJwk(device) }, _sd_alg: 'sha-256', ...(own.length > 0 ? { _sd: own.map(digest) } : {}), ...open }
  return [jws(signer.key, { typ: 'dc+sd-jwt', x5c: x5c(signer), ...header }, claims), ...own, ...disclosures, ''].join('~')
}

export interface MdocWanted {
  readonly signer: Certified
  readonly device: Uint8Array
  readonly kind?: string
  readonly elements?: readonly (readonly [nameSpace: string, name: string, value: Cbor])[]
  readonly at?: number
  /** Changes the mobile security object before it is signed. */
  readonly object?: Readonly<Record<string, Cbor>>
  readonly header?: readonly (readonly [Cbor, Cbor])[]
}

const utc = (at: number) => new CborTag(0, new Date(at * 1000).toISOString().replace('.000', ''))

/** An `IssuerSigned` of ISO/IEC 18013-5. */
export function issueMdoc({ signer, device, kind = 'org.iso.23220.photoID.1', elements = [], at = NOW, object = {}, header = [[1, -7]] }: MdocWanted): Uint8Array {
  const spaces = new Map<string, { items: CborTag[]; digests: [Cbor, Cbor][] }>()
  elements.forEach(([nameSpace, name, value], id) => {
    const item = new CborTag(24, encode(new CborMap([['digestID', id], ['random', new Uint8Array(randomBytes(16))], ['elementIdentifier', name], ['elementValue', value]])))
    const space = spaces.get(nameSpace) ?? { items: [], digests: [] }
    space.items.push(item)
    space.digests.push([id, new Uint8Array(sha256(encode(item)))])
    spaces.set(nameSpace, space)
  })
  const { x, y } = coordinates(device)
  const members: Record<string, Cbor> = {
    version: '1.0', digestAlgorithm: 'SHA-256', docType: kind,
    valueDigests: new CborMap([...spaces].map(([name, { digests }]) => [name, new CborMap(digests)])),
    deviceKeyInfo: new CborMap([['deviceKey', new CborMap([[1, 2], [-1, 1], [-2, x], [-3, y]])]]),
    validityInfo: new CborMap([['signed', utc(at - 60)], ['validFrom', utc(at - 60)], ['validUntil', utc(at + 3600)]]),
    ...object,
  }
  const payload = encode(new CborTag(24, encode(new CborMap(Object.entries(members)))))
  const signed = encode(new CborMap(header))
  const signature = sign('sha256', encode(['Signature1', signed, new Uint8Array(0), payload]), { key: signer.key, dsaEncoding: 'ieee-p1363' })
  return encode(new CborMap([
    ['nameSpaces', new CborMap([...spaces].map(([name, { items }]) => [name, items]))],
    ['issuerAuth', [signed, new CborMap([[33, signer.der]]), payload, new Uint8Array(signature)]],
  ]))
}
