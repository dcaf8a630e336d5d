/**
 * SD-JWT VC in the hand of its holder (RFC 9901; draft-ietf-oauth-sd-jwt-vc-13, which HAIP 1.0 pins). The Rust side is
 * `openid4vc::sd_jwt`, with the same codes.
 *
 * Lives here: receiving, selecting, presenting. Not here: which issuers count (`core/trust`), what a query asks (`dcql`).
 */
import { FormError, Refused, fromBase64Url, fromUtf8, refuse, same, toBase64Url, toUtf8 } from '../core/bytes.js'
import { type DeviceKey, sha256 } from '../core/keys.js'
import { type Leaf, verifyChain } from './certificate.js'
import { type Json, type JsonObject, isArray, isObject, member, readJson } from './json.js'
import { type UnverifiedJws, readJwk, readJws, signJws } from './jws.js'

export const SD_JWT = 'dc+sd-jwt'
/** Longest credential in characters, most disclosures, longest name, deepest nesting. */
const [MAX_LEN, MAX_DISCLOSURES, MAX_NAME, MAX_DEPTH] = [1 << 20, 4096, 255, 32]
/** Claims that everybody must see, with all that is in them (SD-JWT VC, 2.2.2.2). */
const NEVER_DISCLOSABLE = ['iss', 'nbf', 'exp', 'cnf', 'vct', 'vct#integrity', 'aka_vcts', 'status']

export type Step = string | number

interface Disclosure {
  readonly text: string
  /** None of an array's element. */
  readonly name: string | undefined
  readonly value: Json
}

/** Where a disclosure stands, and the disclosure around it. */
interface Place {
  readonly path: readonly Step[]
  readonly parent: number | undefined
}

/** A credential with all its disclosures. */
export interface HeldSdJwt {
  readonly form: typeof SD_JWT
  readonly kind: string
  readonly alsoKinds: readonly string[]
  readonly claims: JsonObject
  /** The issuer's certificates in DER, leaf first. */
  readonly x5c: readonly Uint8Array[]
  /** Until when it counts, in seconds since 1970, where it says so. */
  readonly expires: number | undefined
  readonly issuerText: string
  readonly disclosures: readonly Disclosure[]
  readonly places: readonly (Place | undefined)[]
}

const code = (name: string) => new Refused(name)

interface Read {
  readonly jws: UnverifiedJws
  readonly issuerText: string
  readonly disclosures: readonly Disclosure[]
}

function read(compact: string): Read {
  if (compact.length > MAX_LEN) throw code('sd_jwt_too_long')
  const parts = compact.split('~')
  const [issuerText, ...others] = parts
  const binding = others.pop()
  if (issuerText === undefined || binding === undefined) throw code('sd_jwt_form')
  if (binding !== '') throw code('key_binding_unexpected')
  if (others.length > MAX_DISCLOSURES) throw code('sd_jwt_too_long')
  const jws = refuse('sd_jwt_form', () => readJws(issuerText))
  return { jws, issuerText, disclosures: others.map((text) => refuse('sd_jwt_disclosure_form', () => readDisclosure(text))) }
}

function readDisclosure(text: string): Disclosure {
  const found = readJson(fromUtf8(fromBase64Url(text)))
  if (!isArray(found) || typeof found[0] !== 'string') throw new FormError('disclosure')
  const [, second, third] = found
  if (found.length === 2 && second !== undefined) return { text, name: undefined, value: second }
  if (found.length !== 3 || typeof second !== 'string' || third === undefined) throw new FormError('disclosure')
  return { text, name: second, value: third }
}

const digest = (text: string) => toBase64Url(sha256(toUtf8(text)))

/** Puts every disclosure in its place; all digests go away (RFC 9901, 7.1, steps 3 to 5). */
class Placing {
  readonly places: (Place | undefined)[]
  private readonly byDigest = new Map<string, number>()
  private readonly seen = new Set<string>()
  private readonly path: Step[] = []

  constructor(private readonly disclosures: readonly Disclosure[]) {
    this.places = disclosures.map(() => undefined)
    disclosures.forEach(({ text }, i) => {
      const own = digest(text)
      if (this.byDigest.has(own)) throw code('sd_jwt_digest_repeated')
      this.byDigest.set(own, i)
    })
  }

  whole(payload: JsonObject): JsonObject {
    const algorithm = member(payload, '_sd_alg')
    if (algorithm !== undefined && algorithm !== 'sha-256') throw code('sd_jwt_hash_algorithm')
    const { _sd_alg: _, ...rest } = payload
    const claims = this.object(rest, undefined)
    if (this.places.some((place) => !place)) throw code('sd_jwt_disclosure_unreferenced')
    return claims
  }

  private value(value: Json, parent: number | undefined): Json {
    if (isArray(value)) return this.array(value, parent)
    return isObject(value) ? this.object(value, parent) : value
  }

  private within<T>(step: Step, walk: () => T): T {
    if (this.path.length >= MAX_DEPTH) throw code('sd_jwt_too_deep')
    this.path.push(step)
    const made = walk()
    this.path.pop()
    return made
  }

  private object(members: JsonObject, parent: number | undefined): JsonObject {
    const made: Record<string, Json> = Object.create(null) as Record<string, Json>
    for (const [name, value] of Object.entries(members)) {
      if (name === '_sd') continue
      holdName(name)
      if (value !== undefined) made[name] = this.within(name, () => this.value(value, parent))
    }
    const digests = member(members, '_sd')
    if (digests === undefined) return made
    if (!isArray(digests)) throw code('sd_jwt_digest_form')
    for (const one of digests) {
      const index = this.disclosure(one)
      const disclosure = index === undefined ? undefined : this.disclosures[index]
      if (index === undefined || !disclosure) continue
      const { name, value } = disclosure
      if (name === undefined) throw code('sd_jwt_disclosure_place')
      holdName(name)
      if (name === '_sd_alg' && this.path.length === 0) throw code('sd_jwt_forbidden_name')
      if (name in made) throw code('sd_jwt_name_taken')
      made[name] = this.within(name, () => this.disclosed(index, value, parent))
    }
    return made
  }

  private array(items: readonly Json[], parent: number | undefined): readonly Json[] {
    const made: Json[] = []
    for (const item of items) {
      const placeholder = isObject(item) && Object.keys(item).length === 1 ? member(item, '...') : undefined
      if (placeholder === undefined) {
        made.push(this.within(made.length, () => this.value(item, parent)))
        continue
      }
      const index = this.disclosure(placeholder)
      const disclosure = index === undefined ? undefined : this.disclosures[index]
      if (index === undefined || !disclosure) continue
      if (disclosure.name !== undefined) throw code('sd_jwt_disclosure_place')
      made.push(this.within(made.length, () => this.disclosed(index, disclosure.value, parent)))
    }
    return made
  }

  private disclosure(named: Json): number | undefined {
    if (typeof named !== 'string') throw code('sd_jwt_digest_form')
    if (this.seen.has(named)) throw code('sd_jwt_digest_repeated')
    this.seen.add(named)
    return this.byDigest.get(named)
  }

  private disclosed(index: number, value: Json, parent: number | undefined): Json {
    this.places[index] = { path: [...this.path], parent }
    return this.value(value, index)
  }
}

function holdName(name: string): void {
  if (name === '_sd' || name === '...' || toUtf8(name).length > MAX_NAME) throw code('sd_jwt_forbidden_name')
}

/** The registered claims that a holder goes by. */
function registered(claims: JsonObject, places: readonly (Place | undefined)[]) {
  if (places.some((place) => typeof place?.path[0] === 'string' && NEVER_DISCLOSABLE.includes(place.path[0]))) throw code('sd_jwt_not_disclosable')
  const seconds = (name: string) => {
    const value = member(claims, name)
    if (value !== undefined && !Number.isSafeInteger(value)) throw code('sd_jwt_claim')
    return value as number | undefined
  }
  const [kind, also = []] = [member(claims, 'vct'), member(claims, 'aka_vcts')]
  if (typeof kind !== 'string' || kind === '' || !isArray(also) || !also.every((one) => typeof one === 'string' && one !== kind)) throw code('sd_jwt_claim')
  return { kind, alsoKinds: also as readonly string[], expires: seconds('exp'), from: seconds('nbf') }
}

/** The claims of an SD-JWT of any type, every disclosure in its place; nothing is proven. */
export function placeDisclosures(compact: string): { readonly claims: JsonObject } {
  const { jws, disclosures } = read(compact)
  return { claims: new Placing(disclosures).whole(jws.payload) }
}

function of({ jws, issuerText, disclosures }: Read): HeldSdJwt & { readonly from: number | undefined } {
  const placing = new Placing(disclosures)
  const claims = placing.whole(jws.payload)
  return { form: SD_JWT, ...registered(claims, placing.places), claims, x5c: jws.x5c ?? [], issuerText, disclosures, places: placing.places }
}

/**
 * Takes a credential from its issuer: verifies its signature by its certificates up to one of `anchors`, and that it is bound to `device`
 * (a compressed point). Throws `Refused` with the first fault.
 */
export function receiveSdJwt(compact: string, anchors: readonly Uint8Array[], device: Uint8Array, now: number): { readonly held: HeldSdJwt; readonly issuer: Leaf } {
  const found = read(compact)
  if (member(found.jws.header, 'typ') !== SD_JWT) throw code('sd_jwt_type')
  if (!found.jws.x5c) throw code('sd_jwt_no_certificate')
  const issuer = verifyChain(found.jws.x5c, anchors, 'issuer', now)
  if (!found.jws.isOf(issuer.key)) throw code('sd_jwt_signature')
  const taken = of(found)
  if (taken.expires !== undefined && now >= taken.expires) throw code('credential_expired')
  if (taken.from !== undefined && now < taken.from) throw code('credential_not_yet_valid')
  const confirmation = member(taken.claims, 'cnf')
  const key = refuse('sd_jwt_claim', () => readJwk(isObject(confirmation) ? member(confirmation, 'jwk') : undefined))
  if (!same(key, device)) throw code('sd_jwt_claim')
  return { held: taken, issuer }
}

/** The disclosures that show what these steps lead to: those around a value, its own, and those in it. */
export function selectDisclosures({ places }: HeldSdJwt, found: readonly (readonly Step[])[]): readonly number[] {
  const begins = (long: readonly Step[], short: readonly Step[]) => short.every((step, i) => long[i] === step)
  return places.flatMap((place, i) => place && found.some((steps) => begins(steps, place.path) || begins(place.path, steps)) ? [i] : [])
}

/** The names on the way to each of these disclosures, with dots between them. */
export const disclosureNames = ({ places }: HeldSdJwt, chosen: readonly number[]): readonly string[] =>
  chosen.flatMap((index) => places[index] ? [places[index]!.path.join('.')] : [])

/** A presentation of these disclosures, and of those around them; signed by the device key unless nobody asks for that. */
export async function presentSdJwt(
  { issuerText, disclosures, places }: HeldSdJwt, chosen: readonly number[],
  to: { readonly audience: string; readonly nonce: string; readonly at: number; readonly key: DeviceKey } | undefined,
): Promise<string> {
  const shown = new Set<number>()
  for (const index of chosen) for (let at: number | undefined = index; at !== undefined && !shown.has(at); at = places[at]?.parent) shown.add(at)
  const presented = [issuerText, ...disclosures.flatMap(({ text }, i) => shown.has(i) ? [text] : []), ''].join('~')
  if (!to) return presented
  const { audience, nonce, at, key } = to
  return presented + await signJws(key, { typ: 'kb+jwt' }, { iat: at, aud: audience, nonce, sd_hash: digest(presented) })
}
