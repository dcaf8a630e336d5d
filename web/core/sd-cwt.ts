/**
 * SD-CWT: a signed token of which its holder shows a part (draft-ietf-spice-sd-cwt-07 with the later fix of its nonce;
 * `docs/formats.md`, 12). The form is that of Bay Pass: one kind of header, nothing redacted below the outermost claims.
 *
 * Lives here: taking a token from its issuer, and showing a choice of it. Not here: which claims there are (`venue`).
 */
import { FormError, compare, join, same } from './bytes.js'
import { type Cbor, CborMap, CborRedacted, CborTag, decode, decodeRedacted, encode } from './cbor.js'
import { sigStructure } from './cose.js'
import { type DeviceKey, sha256, verify } from './keys.js'

/** ESP256 (RFC 9864, 2.1). */
const ESP256 = -9
const [ALG, KID, KCWT, TYPE, SD_CLAIMS] = [1, 4, 13, 16, 17]
const [TYPE_SD_CWT, TYPE_KB_CWT] = [293, 294]
const SIGN1 = 18
const SALT_LENGTH = 16
const NONE = new Uint8Array(0)
/** Longest token that is read, in bytes. */
const MAX_LENGTH = 128 * 1024

export const LABEL = { iss: 1, sub: 2, aud: 3, exp: 4, iat: 6, cnf: 8, vct: 11, cnonce: 39, status: 65535 } as const

/** What the issuer disclosed to the holder: a claim, or a decoy that stands for none. */
export interface Disclosure {
  /** The bytes inside the byte string, as they came. */
  readonly bytes: Uint8Array
  readonly claim: { readonly label: number; readonly value: Cbor } | undefined
}

/** A token in its holder's hand, its issuer's signature verified. */
export interface Held {
  readonly kid: Uint8Array
  /** The claims that everybody sees, without the hashes. */
  readonly open: CborMap
  readonly hashes: number
  /** Each hash's disclosure, decoys among them. */
  readonly disclosures: readonly Disclosure[]
  readonly token: { readonly header: Uint8Array; readonly payload: Uint8Array; readonly signature: Uint8Array }
}

/**
 * Takes a token: the issuer's signature, every hash with its disclosure and the reverse, a subject, and that it is bound to the
 * device key.
 */
export function receive(bytes: Uint8Array, issuer: Uint8Array, device: Uint8Array): Held {
  if (bytes.length > MAX_LENGTH) throw new FormError('limit')
  const item = decode(bytes)
  const fields = item instanceof CborTag && item.tag === SIGN1 ? item.item : undefined
  if (!Array.isArray(fields) || fields.length !== 4) throw new FormError('token form')
  const [header, unprotected, payload, signature] = fields as readonly Cbor[]
  if (!(header instanceof Uint8Array) || !(payload instanceof Uint8Array) || !(signature instanceof Uint8Array)) {
    throw new FormError('token form')
  }
  const kid = readHeader(header)
  const { open, hashes } = readPayload(payload)
  const disclosures = readDisclosures(unprotected)
  place(disclosures, hashes, open)
  if (!same(readKey(open.get(LABEL.cnf)), device)) throw new FormError('token key')
  if (!verify(issuer, sigStructure(header, NONE, payload), signature)) throw new FormError('signature')
  return { kid, open, hashes: hashes.length, disclosures, token: { header, payload, signature } }
}

/** Algorithm, key id and type, and nothing beside them. */
function readHeader(bytes: Uint8Array): Uint8Array {
  const fields = decode(bytes)
  const kid = fields instanceof CborMap ? fields.get(KID) : undefined
  const known = fields instanceof CborMap && fields.get(ALG) === ESP256 && fields.get(TYPE) === TYPE_SD_CWT
  if (!known || fields.pairs.length !== 3 || !(kid instanceof Uint8Array)) throw new FormError('token header')
  return kid
}

function readPayload(bytes: Uint8Array): { open: CborMap; hashes: readonly Uint8Array[] } {
  const claims = decodeRedacted(bytes)
  if (!(claims instanceof CborMap)) throw new FormError('token form')
  const redacted = claims.pairs.find(([key]) => key instanceof CborRedacted)?.[1]
  if (!Array.isArray(redacted)) throw new FormError('token hashes')
  const hashes = (redacted as readonly Cbor[]).map((hash) => {
    if (!(hash instanceof Uint8Array) || hash.length !== 32) throw new FormError('token hashes')
    return hash
  })
  const open = new CborMap(claims.pairs.filter(([key]) => !(key instanceof CborRedacted)))
  // Nothing is redacted below: a value with simple(59) in it is none that is read.
  if (open.pairs.some(([key, value]) => hasRedaction(key) || hasRedaction(value))) throw new FormError('token hashes')
  return { open, hashes }
}

function hasRedaction(item: Cbor): boolean {
  if (item instanceof CborRedacted) return true
  if (item instanceof CborTag) return true
  if (item instanceof CborMap) return item.pairs.some((pair) => pair.some(hasRedaction))
  return Array.isArray(item) && (item as readonly Cbor[]).some(hasRedaction)
}

function readDisclosures(unprotected: Cbor | undefined): readonly Disclosure[] {
  const several = unprotected instanceof CborMap && unprotected.pairs.length === 1 ? unprotected.get(SD_CLAIMS) : undefined
  if (!Array.isArray(several)) throw new FormError('token disclosures')
  return (several as readonly Cbor[]).map((bytes) => {
    if (!(bytes instanceof Uint8Array)) throw new FormError('token disclosures')
    const fields = decode(bytes)
    if (!Array.isArray(fields)) throw new FormError('token disclosures')
    const [salt, value, label] = fields as readonly Cbor[]
    if (!(salt instanceof Uint8Array) || salt.length !== SALT_LENGTH) throw new FormError('token disclosures')
    if (fields.length === 1) return { bytes, claim: undefined }
    if (fields.length !== 3 || value === undefined || typeof label !== 'number') throw new FormError('token disclosures')
    return { bytes, claim: { label, value } }
  })
}

/** Each hash has its disclosure, each disclosure its hash, and no claim stands twice. */
function place(disclosures: readonly Disclosure[], hashes: readonly Uint8Array[], open: CborMap): void {
  // The hash is over the byte string with its head.
  const came = disclosures.map(({ bytes }) => sha256(encode(bytes))).sort(compare)
  const named = [...hashes].sort(compare)
  const fits = came.length === named.length && came.every((hash, i) => same(hash, named[i] ?? NONE))
  const repeated = named.some((hash, i) => i > 0 && same(hash, named[i - 1] ?? NONE))
  if (!fits || repeated) throw new FormError('token hashes')
  const labels = disclosures.flatMap(({ claim }) => (claim ? [claim.label] : []))
  const never: readonly number[] = [LABEL.iss, LABEL.aud, LABEL.exp, 5, LABEL.iat, 7, LABEL.cnf, LABEL.cnonce]
  const wrong = labels.some((label, i) => labels.indexOf(label) !== i || open.get(label) !== undefined || never.includes(label))
  if (wrong || !(labels.includes(LABEL.sub) || open.get(LABEL.sub) !== undefined)) throw new FormError('token claims')
}

/** The key in `cnf` (RFC 8747, 3.2): a COSE_Key on P-256 with a compressed point. */
function readKey(confirmed: Cbor | undefined): Uint8Array {
  const key = confirmed instanceof CborMap && confirmed.pairs.length === 1 ? confirmed.get(1) : undefined
  if (!(key instanceof CborMap) || key.pairs.length !== 4) throw new FormError('token key')
  const [x, odd] = [key.get(-2), key.get(-3)]
  const known = key.get(1) === 2 && key.get(-1) === 1
  if (!known || !(x instanceof Uint8Array) || x.length !== 32 || typeof odd !== 'boolean') throw new FormError('token key')
  return join(Uint8Array.of(odd ? 3 : 2), x)
}

/** What a holder says when it shows a token. */
export interface KeyBinding {
  /** The verifier for whom it is shown. */
  readonly audience: string
  /** When, in seconds since 1970. */
  readonly made: number
  readonly cnonce: Uint8Array
  readonly further: readonly (readonly [number, Cbor])[]
}

/**
 * Shows the claims with these labels: a holder's token (SD-KBT), signed by the device key. Throws for a claim that is not there,
 * for a key that is not the token's, and for a time outside the token's.
 */
export async function present(held: Held, labels: readonly number[], binding: KeyBinding, device: DeviceKey): Promise<Uint8Array> {
  if (!same(readKey(held.open.get(LABEL.cnf)), device.publicKey)) throw new FormError('token key')
  const chosen = held.disclosures.filter(({ claim }) => claim && labels.includes(claim.label))
  if (chosen.length !== labels.length || chosen.length === 0) throw new FormError('token claims')
  const [issued, ends] = [held.open.get(LABEL.iat), held.open.get(LABEL.exp)]
  if (typeof issued !== 'number' || typeof ends !== 'number' || binding.made < issued || binding.made >= ends) {
    throw new FormError('token time')
  }
  const { header, payload, signature } = held.token
  const token = new CborTag(SIGN1, [header, new CborMap([[SD_CLAIMS, chosen.map(({ bytes }) => bytes)]]), payload, signature])
  const protectedHeader = encode(new CborMap([[ALG, ESP256], [KCWT, token], [TYPE, TYPE_KB_CWT]]))
  const claims = encode(new CborMap([
    [LABEL.aud, binding.audience], [LABEL.iat, binding.made], [LABEL.cnonce, binding.cnonce], ...binding.further,
  ]))
  const signed = await device.sign(sigStructure(protectedHeader, NONE, claims))
  return encode(new CborTag(SIGN1, [protectedHeader, new CborMap([]), claims, signed]))
}
