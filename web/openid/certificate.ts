/**
 * Certificates beside a signature, up to one that the caller trusts (RFC 5280; RFC 7515, 4.1.6; RFC 9360). The Rust side is
 * `credential::x5c`, with the same codes.
 *
 * Lives here: reading a certificate, following a chain. Not here: who is trusted (`core/trust`), revoked certificates. Signatures by ES256
 * and keys on P-256 alone: the anchors of trust lists are on that curve. HAIP 1.0 adds that no anchor travels and that no leaf signs itself.
 */
import { p256 } from '@noble/curves/nist.js'
import { FormError, Refused, at, fromUtf8, refuse, same, toBase64Url, toHex } from '../core/bytes.js'
import { DerReader, TAG } from './der.js'
import { compressed } from './jws.js'

/** Longest certificate in bytes, longest chain without its anchor. */
const [MAX_CERTIFICATE, MAX_CHAIN] = [8 * 1024, 4]

/** Object identifiers, encoded, in hexadecimal. */
const OID = {
  ecdsaSha256: '2a8648ce3d040302', ecKey: '2a8648ce3d0201', p256: '2a8648ce3d030107',
  country: '550406', organization: '55040a', commonName: '550403',
  keyUsage: '551d0f', alternativeName: '551d11', basicConstraints: '551d13', authorityKey: '551d23', extendedUse: '551d25',
} as const

/** Extended uses of ISO/IEC 18013-5, annex B, encoded: who signs mdocs, and who asks for presentations. */
const DOCUMENT_SIGNER = '28818c5d050102'
const READER = '28818c5d050106'

/** What the leaf's key must be meant for. */
export type LeafUse = 'document-signer' | 'reader' | 'issuer'

export interface Certificate {
  readonly der: Uint8Array
  /** What was signed, and by which signature (DER). */
  readonly signed: Uint8Array
  readonly signature: Uint8Array
  /** Names as they are encoded. */
  readonly subject: Uint8Array
  readonly issuer: Uint8Array
  /** In seconds since 1970. */
  readonly from: number
  readonly until: number
  /** The point on P-256; none where the key is another one. */
  readonly key: Uint8Array | undefined
  readonly country: string | undefined
  readonly organization: string | undefined
  readonly commonName: string | undefined
  readonly dnsNames: readonly string[]
  /** Whether it may sign others, and how many of those may stand below it. */
  readonly mayCertify: boolean
  readonly below: number | undefined
  /** Bits of its key usage; none where it names none. */
  readonly keyUsage: number | undefined
  readonly extendedUses: readonly string[] | undefined
  readonly authorityKey: Uint8Array | undefined
}

/** Reads a certificate; a `FormError` for one that cannot be read, or has a critical extension that is not read here. */
export function readCertificate(der: Uint8Array): Certificate {
  if (der.length > MAX_CERTIFICATE) throw new FormError('certificate')
  const outer = new DerReader(der)
  const whole = outer.inside(TAG.sequence)
  outer.end()
  const body = whole.item(TAG.sequence)
  const algorithm = whole.item(TAG.sequence)
  const signature = bits(whole.item(TAG.bits).body)
  whole.end()
  const read = new DerReader(body.body)
  const version = new DerReader(read.item(0xa0).body)
  if (!same(version.item(TAG.integer).body, Uint8Array.of(2))) throw new FormError('certificate')
  version.end()
  read.item(TAG.integer)
  const inner = read.item(TAG.sequence)
  if (!same(inner.whole, algorithm.whole)) throw new FormError('certificate')
  const issuer = read.item(TAG.sequence)
  const validity = read.inside(TAG.sequence)
  const [from, until] = [time(validity), time(validity)]
  validity.end()
  const subject = read.item(TAG.sequence)
  const key = point(read.inside(TAG.sequence))
  read.maybe(0x81)
  read.maybe(0x82)
  const extensions = read.tag === 0xa3 ? readExtensions(read.inside(0xa3)) : NO_EXTENSIONS
  read.end()
  const names = attributes(subject.body)
  const algorithmName = toHex(new DerReader(algorithm.body).item(TAG.oid).body)
  return {
    der, signed: body.whole, signature: algorithmName === OID.ecdsaSha256 ? signature : new Uint8Array(0),
    subject: subject.whole, issuer: issuer.whole, from, until, key,
    country: names.get(OID.country), organization: names.get(OID.organization), commonName: names.get(OID.commonName), ...extensions,
  }
}

/** Bits without any that are unused. */
function bits(body: Uint8Array): Uint8Array {
  if (body.length < 2 || body[0] !== 0) throw new FormError('certificate')
  return body.slice(1)
}

/** RFC 5280, 4.1.2.5: years of two digits are those from 1950 to 2049; always in UTC, without fractions. */
function time(read: DerReader): number {
  const { tag, body } = read.item()
  const text = fromUtf8(body)
  const form = tag === TAG.utcTime ? /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/ : tag === TAG.time ? /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/ : undefined
  const found = form?.exec(text)?.slice(1).map(Number)
  if (!found) throw new FormError('certificate')
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = found
  const whole = tag === TAG.utcTime ? year + (year < 50 ? 2000 : 1900) : year
  const at = Date.UTC(whole, month - 1, day, hour, minute, second)
  const back = new Date(at)
  if (back.getUTCMonth() !== month - 1 || back.getUTCDate() !== day || hour > 23 || minute > 59 || second > 59) throw new FormError('certificate')
  return at / 1000
}

/** The key of a SubjectPublicKeyInfo, compressed; none where it is on another curve. */
function point(read: DerReader): Uint8Array | undefined {
  const algorithm = read.inside(TAG.sequence)
  const isEc = toHex(algorithm.item(TAG.oid).body) === OID.ecKey
  if (!isEc || toHex(algorithm.maybe(TAG.oid)?.body ?? new Uint8Array(0)) !== OID.p256) return undefined
  const key = bits(read.item(TAG.bits).body)
  read.end()
  return compressed(key)
}

/** The first value of each attribute of a name, where it is a text that is read here. */
function attributes(name: Uint8Array): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  const sets = new DerReader(name)
  while (!sets.isAtEnd) {
    const set = sets.inside(TAG.set)
    while (!set.isAtEnd) {
      const pair = set.inside(TAG.sequence)
      const kind = toHex(pair.item(TAG.oid).body)
      const value = pair.item()
      pair.end()
      const isText = value.tag === TAG.utf8 || value.tag === TAG.printable || value.tag === TAG.ia5
      if (isText && !found.has(kind)) found.set(kind, fromUtf8(value.body))
    }
  }
  return found
}

type Extensions = Pick<Certificate, 'dnsNames' | 'mayCertify' | 'below' | 'keyUsage' | 'extendedUses' | 'authorityKey'>
const NO_EXTENSIONS: Extensions = { dnsNames: [], mayCertify: false, below: undefined, keyUsage: undefined, extendedUses: undefined, authorityKey: undefined }

function readExtensions(outer: DerReader): Extensions {
  const all = outer.inside(TAG.sequence)
  outer.end()
  const seen = new Set<string>()
  let found = NO_EXTENSIONS
  while (!all.isAtEnd) {
    const one = all.inside(TAG.sequence)
    const kind = toHex(one.item(TAG.oid).body)
    const critical = one.maybe(TAG.boolean)
    // DER writes no default: a flag that is there is true.
    if (critical && !same(critical.body, Uint8Array.of(0xff))) throw new FormError('certificate')
    const value = new DerReader(one.item(TAG.octets).body)
    one.end()
    if (seen.has(kind)) throw new FormError('certificate')
    seen.add(kind)
    const read = readExtension(kind, value)
    if (read) found = { ...found, ...read }
    else if (critical) throw new FormError('certificate')
  }
  return found
}

function readExtension(kind: string, value: DerReader): Partial<Extensions> | undefined {
  switch (kind) {
    case OID.basicConstraints: {
      const body = value.inside(TAG.sequence)
      const mayCertify = same(body.maybe(TAG.boolean)?.body ?? new Uint8Array(0), Uint8Array.of(0xff))
      const below = body.maybe(TAG.integer)?.body
      body.end()
      if (below && (below.length !== 1 || at(below, 0) > 127)) throw new FormError('certificate')
      return { mayCertify, below: below && at(below, 0) }
    }
    case OID.keyUsage: {
      const body = value.item(TAG.bits).body
      if (body.length < 2 || at(body, 0) > 7) throw new FormError('certificate')
      return { keyUsage: at(body, 1) }
    }
    case OID.extendedUse: {
      const body = value.inside(TAG.sequence)
      const extendedUses: string[] = []
      while (!body.isAtEnd) extendedUses.push(toHex(body.item(TAG.oid).body))
      return { extendedUses }
    }
    case OID.alternativeName: {
      const body = value.inside(TAG.sequence)
      const dnsNames: string[] = []
      while (!body.isAtEnd) {
        const { tag, body: name } = body.item()
        if (tag === 0x82) dnsNames.push(fromUtf8(name))
      }
      return { dnsNames }
    }
    case OID.authorityKey:
      return { authorityKey: value.inside(TAG.sequence).maybe(0x80)?.body }
    default:
      return undefined
  }
}

const [DIGITAL_SIGNATURE, KEY_CERT_SIGN] = [0x80, 0x04]
const mayUse = ({ keyUsage }: Certificate, bit: number) => keyUsage === undefined || (keyUsage & bit) !== 0

/** Whether `above` signed `below`, by its name and its key. */
function isSigner(above: Certificate, below: Certificate): boolean {
  if (!same(above.subject, below.issuer) || !above.key || below.signature.length === 0) return false
  try {
    return p256.verify(below.signature, below.signed, above.key, { prehash: true, lowS: false, format: 'der' })
  } catch {
    return false
  }
}

export interface Leaf {
  readonly certificate: Certificate
  /** Its key, compressed. */
  readonly key: Uint8Array
  /** The anchor's certificate, in DER. */
  readonly anchor: Uint8Array
}

/**
 * Follows a chain in DER, leaf first and without its anchor, up to one of `anchors`. Throws `Refused` with the first fault. `now` is in
 * seconds since 1970.
 */
export function verifyChain(chain: readonly Uint8Array[], anchors: readonly Uint8Array[], use: LeafUse, now: number): Leaf {
  const malformed = <T>(read: () => T) => refuse('certificate_malformed', read)
  if (chain.length > MAX_CHAIN) throw new Refused('certificate_malformed')
  const [leaf, ...above] = malformed(() => chain.map(readCertificate))
  if (!leaf) throw new Refused('certificate_malformed')
  if (same(leaf.subject, leaf.issuer)) throw new Refused('certificate_self_signed')
  if (chain.some((der) => anchors.some((anchor) => same(anchor, der)))) throw new Refused('certificate_anchor_sent')
  const roots = malformed(() => anchors.map(readCertificate))
  const path = climb([leaf], above, roots)
  if (!path) throw new Refused('certificate_unknown')
  for (const one of path.certificates) if (now < one.from || now > one.until) throw new Refused('certificate_validity')
  if (leaf.mayCertify || !mayUse(leaf, DIGITAL_SIGNATURE)) throw new Refused('certificate_use')
  const uses = leaf.extendedUses
  const needed = use === 'reader' ? READER : use === 'document-signer' ? DOCUMENT_SIGNER : undefined
  if (uses && needed && !uses.includes(needed)) throw new Refused('certificate_use')
  // Where one authority certifies both, a verifier could else issue what it asks for.
  if (use === 'issuer' && uses?.includes(READER)) throw new Refused('certificate_use')
  if (!leaf.key) throw new Refused('certificate_key')
  return { certificate: leaf, key: leaf.key, anchor: path.anchor.der }
}

interface Path {
  /** From the leaf upwards, without the anchor. */
  readonly certificates: readonly Certificate[]
  readonly anchor: Certificate
}

/** The first way from the last of `path` to an anchor. The chain is short, so every way is tried. */
function climb(path: readonly Certificate[], others: readonly Certificate[], anchors: readonly Certificate[]): Path | undefined {
  const last = path[path.length - 1]
  if (!last) return undefined
  // Certificates between the leaf and whoever signs next.
  const between = path.length - 1
  const certifies = (above: Certificate) => mayUse(above, KEY_CERT_SIGN) && (above.below === undefined || above.below >= between) && isSigner(above, last)
  const anchor = anchors.find(certifies)
  if (anchor) return { certificates: path, anchor }
  for (const next of others) {
    if (!next.mayCertify || !certifies(next)) continue
    const found = climb([...path, next], others.filter((other) => other !== next), anchors)
    if (found) return found
  }
  return undefined
}

/** Whether one of these certificates was signed under one of these keys, by the identifier that it names (OpenID4VP 1.0, 6.1.1.1, `aki`). */
export function areUnder(chain: readonly Uint8Array[], keys: readonly string[]): boolean {
  return chain.some((der) => {
    const key = refuse('certificate_malformed', () => readCertificate(der)).authorityKey
    return key !== undefined && keys.includes(toBase64Url(key))
  })
}
