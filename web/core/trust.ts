/**
 * Trust: each authority's list of keys, signed by enough supervisors of its root; the first root is pinned in the wallet. The Rust
 * side is `trust::{TrustStore, Root, TrustList}`.
 *
 * Lives here: taking lists, and finding a key by role. Not here: what a desk may ask (`approval`), where a wallet keeps lists.
 */
import { p256 } from '@noble/curves/nist.js'
import { FormError, Refused, compare, fromHex, refuse, same, toHex } from './bytes.js'
import {
  type Cbor, decode, encode, readBytes, readFields, readFlag, readList, readNumber, readText, readTime,
} from './cbor.js'
import { type CoSigned, coSigStructure, parseSigned } from './cose.js'
import { AUTHORITIES, type Authority } from './issuance.js'
import { sha256, verify } from './keys.js'
import { VENUE_SCENARIOS, isVenue } from './venue.js'

/** Roles in order of their numbers in a list. */
const ROLES = [
  'token', 'part', 'handover', 'verdict', 'notice', 'gate', 'status', 'approval', 'tls', 'venue', 'desk', 'counter',
  'foreign-issuer', 'foreign-verifier',
] as const
export type Role = (typeof ROLES)[number]

/** Supervisors' keys, and how many of them must sign. */
export interface Root {
  readonly threshold: number
  /** In order of the key ids. */
  readonly keys: readonly RootKey[]
}

export interface RootKey {
  readonly kid: Uint8Array
  /** The compressed point. */
  readonly key: Uint8Array
  readonly compromised: boolean
}

const VENUE_KINDS = ['building', 'hotel', 'library'] as const
export type VenueKind = (typeof VENUE_KINDS)[number]

/** The venue and scenarios for which a desk's key counts. */
export interface DeskBinding {
  readonly venue: string
  readonly kind: VenueKind
  readonly scenarios: readonly string[]
}

/** What an issuer or a verifier of another system counts for. */
export interface ForeignBinding {
  /** Two letters of ISO 3166-1. */
  readonly jurisdiction: string
  /** The types of credentials that it may issue, or ask for. */
  readonly types: readonly { readonly form: 'sd-jwt' | 'mdoc'; readonly type: string }[]
  /** The certificate above its signers, in DER; its key is the entry's. */
  readonly certificate: Uint8Array
}

interface KeyEntry {
  readonly role: Role
  readonly kid: Uint8Array
  readonly key: Uint8Array
  readonly from: number
  readonly to: number
  readonly compromised: boolean
  readonly desk: DeskBinding | undefined
  readonly foreign: ForeignBinding | undefined
}

interface TrustList {
  readonly payload: Uint8Array
  readonly authority: Authority
  readonly number: number
  readonly issued: number
  readonly expires: number
  readonly root: Root
  readonly next: Root | undefined
  readonly keys: readonly KeyEntry[]
}

/** Whether an entry counts at `at`, as far as its own list says. */
const isInUse = ({ compromised, from, to }: KeyEntry, at: number): boolean => !compromised && from <= at && at < to

/** Lists in a chain at most, keys in a list, supervisors of a root. */
const [MAX_LISTS, MAX_KEYS, MAX_SIGNERS] = [17, 2000, 16]
/** Seconds of clock error between an authority and a wallet. */
const AHEAD = 300
/** Seconds for which a list past its end still serves. */
const GRACE = 86_400
const EXTERNAL = encode(['bp2-trust-list'])

export function readAuthority(item: Cbor | undefined): Authority {
  const found = AUTHORITIES.find((code) => code === item)
  if (!found) throw new FormError('authority')
  return found
}

function readRoot(item: Cbor | undefined): Root {
  const [needed, several] = readFields(item, 2)
  const keys = readList(several, MAX_SIGNERS, (one) => {
    const [kid, key, compromised] = readFields(one, 3)
    return { kid: readKid(kid), key: readBytes(key, 33), compromised: readFlag(compromised) }
  })
  return newRoot(readNumber(needed, MAX_SIGNERS), keys)
}

/** A root; its key ids ascend, each key and id stands once, and enough keys are sound. */
export function newRoot(threshold: number, keys: readonly RootKey[]): Root {
  keys.forEach(({ kid, key }, i) => {
    const before = keys[i - 1]
    if (kid.length === 0 || kid.length > 64 || (before && compare(before.kid, kid) >= 0)) throw new FormError('root')
    if (keys.some((other, k) => k !== i && same(other.key, key))) throw new FormError('root')
  })
  if (threshold < 1 || keys.filter(({ compromised }) => !compromised).length < threshold) throw new FormError('root')
  return { threshold, keys }
}

function readKid(item: Cbor | undefined): Uint8Array {
  if (!(item instanceof Uint8Array) || item.length > 64) throw new FormError('list form')
  return item
}

function readEntry(item: Cbor): KeyEntry {
  if (!Array.isArray(item)) throw new FormError('list form')
  const [number, kid, key, from, to, compromised, binding] = item as readonly Cbor[]
  const role = ROLES[readNumber(number, ROLES.length - 1)] ?? 'token'
  const isForeign = role === 'foreign-issuer' || role === 'foreign-verifier'
  if (item.length !== (role === 'gate' || role === 'desk' || isForeign ? 7 : 6)) throw new FormError('list form')
  // What a gate is bound to is read by authorities alone.
  if (role === 'gate') readFields(binding, 4)
  return {
    role,
    kid: readKid(kid),
    key: readBytes(key, role === 'part' ? 65 : 33),
    from: readTime(from),
    to: readTime(to),
    compromised: readFlag(compromised),
    desk: role === 'desk' ? readBinding(binding) : undefined,
    foreign: isForeign ? readForeign(binding, role === 'foreign-issuer' ? 4 : 3) : undefined,
  }
}

/** Most types of one issuer or verifier, and the longest certificate, in bytes. */
const [MAX_TYPES, MAX_CERTIFICATE] = [8, 2048]

/** Of an issuer's four fields the documents are read by authorities alone. */
function readForeign(item: Cbor | undefined, count: 3 | 4): ForeignBinding {
  const fields = readFields(item, count)
  const [jurisdiction, certificate] = [readText(fields[0], 2), fields[count - 1]]
  if (!/^[A-Z]{2}$/.test(jurisdiction) || !(certificate instanceof Uint8Array) || certificate.length > MAX_CERTIFICATE) throw new FormError('list form')
  const types = readList(fields[1], MAX_TYPES, (one) => {
    const [form, type] = readFields(one, 2)
    return { form: readNumber(form, 1) === 0 ? 'sd-jwt' as const : 'mdoc' as const, type: readText(type, 255) }
  })
  if (types.length === 0) throw new FormError('list form')
  return { jurisdiction, types, certificate }
}

/** The scenarios that a venue of this kind may have: its own, and visitors, whom every house has. */
export function suits(kind: VenueKind, scenario: string): boolean {
  return scenario === 'building-visit' || scenario === VENUE_SCENARIOS[VENUE_KINDS.indexOf(kind)]
}

function readBinding(item: Cbor | undefined): DeskBinding {
  const [name, number, several] = readFields(item, 3)
  const venue = readText(name, 40)
  const kind = VENUE_KINDS[readNumber(number, VENUE_KINDS.length - 1)] ?? 'building'
  const scenarios = readList(several, VENUE_SCENARIOS.length, (one) => readText(one, 64))
  const places = scenarios.map((scenario) => VENUE_SCENARIOS.findIndex((known) => known === scenario))
  const ascend = places.every((place, i) => place >= 0 && place > (places[i - 1] ?? -1))
  if (!isVenue(venue) || scenarios.length === 0 || !ascend) throw new FormError('list form')
  if (!scenarios.every((scenario) => suits(kind, scenario))) throw new FormError('list form')
  return { venue, kind, scenarios }
}

function readTrustList(payload: Uint8Array): TrustList {
  const [authority, number, issued, expires, root, next, several] = readFields(decode(payload), 7)
  const keys = readList(several, MAX_KEYS, readEntry)
  const names = new Set(keys.map(({ role, kid }) => `${role} ${toHex(kid)}`))
  if (names.size !== keys.length) throw new FormError('keys')
  return {
    payload,
    authority: readAuthority(authority),
    number: readNumber(number, Number.MAX_SAFE_INTEGER),
    issued: readTime(issued),
    expires: readTime(expires),
    root: readRoot(root),
    next: next === null ? undefined : readRoot(next),
    keys,
  }
}

function isPoint(key: Uint8Array): boolean {
  try {
    p256.Point.fromBytes(key).assertValidity()
    return true
  } catch {
    return false
  }
}

/** Throws for a list with a key that is none; the points to which parts are sealed are not used here. */
function holdKeys(list: TrustList): void {
  const points = [list.root, ...(list.next ? [list.next] : [])].flatMap(({ keys }) => keys.map(({ key }) => key))
  const listed = list.keys.filter(({ role }) => role !== 'part').map(({ key }) => key)
  if (![...points, ...listed].every(isPoint)) throw new FormError('point')
}

function isSame(a: Root, b: Root): boolean {
  return a.threshold === b.threshold && a.keys.length === b.keys.length
    && a.keys.every(({ kid, key }, i) => {
      const other = b.keys[i]
      return other !== undefined && same(kid, other.kid) && same(key, other.key)
    })
}

/** Whether `root` is `before`, with no key that was compromised listed as sound again. */
function continues(root: Root, before: Root): boolean {
  return isSame(root, before) && root.keys.every(({ compromised }, i) => compromised || !before.keys[i]?.compromised)
}

/** What the next list is held to. */
interface Head {
  readonly root: Root
  readonly next: Root | undefined
  /** Every key that any list named as compromised, in hexadecimal. */
  readonly compromised: ReadonlySet<string>
}

function holdSignatures(signed: CoSigned, root: Root, compromised: ReadonlySet<string>): void {
  const valid = signed.signatures.filter(({ kid, header, signature }) => {
    const key = root.keys.find((known) => same(known.kid, kid))
    if (!key || key.compromised || compromised.has(toHex(key.key))) return false
    return verify(key.key, coSigStructure(header, EXTERNAL, signed.payload), signature)
  })
  if (valid.length < root.threshold) throw new Refused('signature')
}

/** The list behind this head's, signed by its root, and the head behind it. */
function follow(authority: Authority, head: Head, bytes: Uint8Array): { list: TrustList; head: Head } {
  const signed = refuse('malformed', () => parseSigned(bytes))
  const list = refuse('malformed', () => readTrustList(signed.payload))
  if (list.authority !== authority) throw new Refused('other_authority')
  const roots = [list.root, ...(list.next ? [list.next] : [])]
  const named = [...roots.flatMap(({ keys }) => keys), ...list.keys].filter((key) => key.compromised)
  const compromised = new Set([...head.compromised, ...named.map(({ key }) => toHex(key))])
  holdSignatures(signed, head.root, compromised)
  if (!continues(list.root, head.root) && !(head.next && continues(list.root, head.next))) {
    throw new Refused('root_not_announced')
  }
  refuse('malformed', () => holdKeys(list))
  for (const { keys, threshold } of roots) {
    if (keys.filter(({ key }) => !compromised.has(toHex(key))).length < threshold) throw new Refused('root_too_weak')
  }
  return { list, head: { root: list.root, next: list.next, compromised } }
}

/** A chain of signed lists. */
function readChain(bytes: Uint8Array): { links: readonly Uint8Array[]; newest: Uint8Array } {
  const links = refuse('malformed', () =>
    readList(decode(bytes), MAX_LISTS, (link) => {
      if (!(link instanceof Uint8Array)) throw new FormError('list form')
      return link
    }))
  const newest = links[links.length - 1]
  if (!newest) throw new Refused('malformed')
  return { links, newest }
}

interface InUse {
  readonly list: TrustList
  /** The signed list. */
  readonly bytes: Uint8Array
  readonly signers: Root
  readonly head: Head
}

/** The lists in use: at most one an authority. */
export class TrustStore {
  private readonly lists = new Map<Authority, InUse>()

  /** Knows each authority's first root, pinned when the wallet was built. */
  constructor(private readonly roots: ReadonlyMap<Authority, Root>) {}

  /**
   * Takes a chain of lists, the newest last: each signed by enough supervisors of the root before it, the first by the pinned root
   * or that of the list in use. Throws `Refused`; the store is then unchanged. `now` is in seconds since 1970.
   */
  update(bytes: Uint8Array, now: number): Authority {
    const { links, newest } = readChain(bytes)
    const claimed = claim(newest)
    const { authority } = claimed
    let held = this.lists.get(authority)
    if (held && held.list.number === claimed.number) return again(held, newest, claimed)
    const pin = this.roots.get(authority)
    if (!held && !pin) throw new Refused('key')
    let head: Head | undefined = held?.head ?? (pin && { root: pin, next: undefined, compromised: new Set() })
    const take = (link: Uint8Array) => {
      if (!head) throw new Refused('key')
      const taken = follow(authority, head, link)
      held = { list: taken.list, bytes: link, signers: head.root, head: taken.head }
      head = taken.head
      return held
    }
    for (const link of links.slice(0, -1)) {
      if (!held) {
        // A pin that is newer than the beginning of the chain comes in where its root first signs.
        try {
          take(link)
        } catch (error) {
          if (!(error instanceof Refused)) throw error
        }
      } else if (claim(link).number > held.list.number) take(link)
    }
    const before = held
    if (before && claimed.number <= before.list.number) throw new Refused('rolled_back')
    const taken = take(newest)
    if (taken.list.issued - now > AHEAD) throw new Refused('from_future')
    this.lists.set(authority, taken)
    return authority
  }

  /**
   * What a wallet keeps of an authority's list for its next start: the list, the root that signed it, and every key that was ever
   * listed as compromised. `undefined` where there is no list.
   */
  keep(authority: Authority): Uint8Array | undefined {
    const [held, pin] = [this.lists.get(authority), this.roots.get(authority)]
    if (!held || !pin) return undefined
    const compromised = [...held.head.compromised].sort().map(fromHex)
    const body = encode([KEPT, writeRoot(pin), held.bytes, writeRoot(held.signers), compromised])
    return encode([sha256(body), body])
  }

  /**
   * Goes on from what was kept: it was verified when it was taken. Throws `Refused` where it is damaged, came down from another
   * root than the pinned one, or a list is in use already; the store is then unchanged.
   */
  resume(kept: Uint8Array): Authority {
    const { pin, newest, signers, compromised } = refuse('malformed', () => readKept(kept))
    const list = claim(newest)
    const pinned = this.roots.get(list.authority)
    if (!pinned || !isSame(pinned, pin)) throw new Refused('other_root')
    if (this.lists.has(list.authority)) throw new Refused('rolled_back')
    const head = { root: list.root, next: list.next, compromised: new Set(compromised.map(toHex)) }
    this.lists.set(list.authority, { list, bytes: newest, signers, head })
    return list.authority
  }

  /** Whether an authority's list is there and not too old. */
  serves(authority: Authority, now: number): boolean {
    const held = this.lists.get(authority)
    return held !== undefined && now - held.list.expires <= GRACE
  }

  /** The key of `authority` for `role` with this id, if it counts at `now`; else `Refused`, with the reason. */
  find(authority: Authority, role: Role, kid: Uint8Array, now: number): { key: Uint8Array; desk: DeskBinding | undefined } {
    const held = this.lists.get(authority)
    const named = held?.list.keys.filter((key) => same(key.kid, kid)) ?? []
    const entry = named.find((key) => key.role === role)
    if (!held || !entry) throw new Refused(named.length > 0 ? 'key_role' : 'key_unknown')
    if (entry.compromised || held.head.compromised.has(toHex(entry.key))) throw new Refused('key_compromised')
    if (now < entry.from) throw new Refused('key_not_yet')
    if (now >= entry.to) throw new Refused('key_ended')
    return { key: entry.key, desk: entry.desk }
  }

  /** Issuers or verifiers of other systems that count at `now`, and which authority lists each. */
  foreign(role: 'foreign-issuer' | 'foreign-verifier', now: number): readonly (ForeignBinding & { readonly authority: Authority })[] {
    return [...this.lists].flatMap(([authority, { list, head }]) => this.serves(authority, now)
      ? list.keys.flatMap((entry) => {
        const counts = entry.role === role && isInUse(entry, now) && !head.compromised.has(toHex(entry.key))
        return counts && entry.foreign ? [{ ...entry.foreign, authority }] : []
      })
      : [])
  }
}

/**
 * Whether a chain of lists says of itself that it is this authority's and names an issuer of another system that counts at `now`. Nothing is
 * verified: it tells a screen what to offer, and the authority decides. Throws where the chain is none.
 */
export function namesForeignIssuer(bytes: Uint8Array, authority: Authority, now: number): boolean {
  const list = claim(readChain(bytes).newest)
  return list.authority === authority
    && list.keys.some((entry) => entry.role === 'foreign-issuer' && isInUse(entry, now))
}

/** What a kept list begins with. */
const KEPT = 'baypass-wallet-trust-1'
/** Most compromised keys that are remembered of one authority. */
const MAX_COMPROMISED = 100_000

interface Kept {
  readonly pin: Root
  readonly newest: Uint8Array
  readonly signers: Root
  readonly compromised: readonly Uint8Array[]
}

function readKept(bytes: Uint8Array): Kept {
  const [digest, body] = readFields(decode(bytes), 2)
  if (!(body instanceof Uint8Array) || !same(readBytes(digest, 32), sha256(body))) throw new FormError('kept')
  const [label, pin, newest, signers, several] = readFields(decode(body), 5)
  if (label !== KEPT || !(newest instanceof Uint8Array)) throw new FormError('kept')
  const compromised = readList(several, MAX_COMPROMISED, (key) => {
    if (!(key instanceof Uint8Array)) throw new FormError('kept')
    return key
  })
  return { pin: readRoot(pin), newest, signers: readRoot(signers), compromised }
}

function writeRoot({ threshold, keys }: Root): Cbor {
  return [threshold, keys.map(({ kid, key, compromised }) => [kid, key, compromised])]
}

function claim(bytes: Uint8Array): TrustList {
  return refuse('malformed', () => readTrustList(parseSigned(bytes).payload))
}

/** The list in use again, perhaps with other supervisors' signatures: it changes nothing. */
function again(held: InUse, newest: Uint8Array, claimed: TrustList): Authority {
  if (!same(held.list.payload, claimed.payload)) throw new Refused('rolled_back')
  holdSignatures(refuse('malformed', () => parseSigned(newest)), held.signers, held.head.compromised)
  return claimed.authority
}
