/**
 * DCQL: what a verifier asks, and which credentials of a wallet answer it (OpenID4VP 1.0, 6 and 7). The Rust side is
 * `openid4vc::dcql`, with the same codes.
 *
 * Lives here: reading a query, choosing an answer that shows as little as the query allows. Not here: formats.
 */
import { Refused } from '../core/bytes.js'
import { areUnder } from './certificate.js'
import { type Json, type JsonObject, isArray, isObject, member } from './json.js'
import { type HeldMdoc, MDOC, elementJson, elementOf } from './mdoc.js'
import { type HeldSdJwt, SD_JWT, type Step, selectDisclosures } from './sd-jwt.js'

const [MAX_ENTRIES, MAX_SEGMENTS] = [64, 32]

/** Names, places from 0, and null for every place of an array. */
type Path = readonly (string | number | null)[]

interface ClaimQuery {
  readonly id: string | undefined
  readonly path: Path
  readonly values: readonly Json[] | undefined
}

export interface CredentialQuery {
  readonly id: string
  readonly format: string
  /** The types that answer: several of an SD-JWT VC. */
  readonly kinds: readonly string[]
  readonly multiple: boolean
  readonly bound: boolean
  /** Key identifiers of authorities, one of which signed; none where any does. */
  readonly authorities: readonly string[] | undefined
  readonly claims: readonly ClaimQuery[]
  /** Places among the claims. */
  readonly claimSets: readonly (readonly number[])[]
}

export interface Query {
  readonly credentials: readonly CredentialQuery[]
  readonly sets: readonly { readonly options: readonly (readonly number[])[]; readonly required: boolean }[]
}

export type Held = HeldSdJwt | HeldMdoc

/** What a credential would show. */
export type Shown = { readonly disclosures: readonly number[] } | { readonly elements: readonly (readonly [string, string])[] }

export interface Match {
  /** Its place among the candidates. */
  readonly candidate: number
  readonly shown: Shown
}

// --- reading ---------------------------------------------------------------------------------------------------------

const wrong = () => new Refused('dcql_member')

/** A non-empty array of bounded length; none where there is no such member. */
function array(object: JsonObject, name: string): readonly Json[] | undefined {
  const found = member(object, name)
  if (found === undefined) return undefined
  if (!isArray(found) || found.length === 0 || found.length > MAX_ENTRIES) throw wrong()
  return found
}

function objects(object: JsonObject, name: string): readonly JsonObject[] | undefined {
  return array(object, name)?.map((one) => {
    if (!isObject(one)) throw wrong()
    return one
  })
}

function texts(object: JsonObject, name: string): readonly string[] | undefined {
  return array(object, name)?.map((one) => {
    if (typeof one !== 'string') throw wrong()
    return one
  })
}

function flag(object: JsonObject, name: string, otherwise: boolean): boolean {
  const found = member(object, name) ?? otherwise
  if (typeof found !== 'boolean') throw wrong()
  return found
}

function id(object: JsonObject): string | undefined {
  const found = member(object, 'id')
  if (found !== undefined && (typeof found !== 'string' || !/^[A-Za-z0-9_-]{1,255}$/.test(found))) throw new Refused('dcql_id')
  return found
}

function holdDistinct(ids: readonly (string | undefined)[]): void {
  const named = ids.filter((one) => one !== undefined)
  if (new Set(named).size !== named.length) throw new Refused('dcql_id_repeated')
}

/** Sets of ids as sets of places. */
function places(object: JsonObject, name: string, ids: readonly (string | undefined)[]): readonly (readonly number[])[] | undefined {
  return array(object, name)?.map((set) => {
    if (!isArray(set) || set.length === 0 || set.length > MAX_ENTRIES) throw wrong()
    return set.map((one) => {
      const place = typeof one === 'string' ? ids.indexOf(one) : -1
      if (place < 0) throw new Refused('dcql_unknown_id')
      return place
    })
  })
}

function readPath(found: Json | undefined): Path {
  const isStep = (one: Json) => typeof one === 'string' || one === null || (typeof one === 'number' && Number.isSafeInteger(one) && one >= 0)
  if (!isArray(found) || found.length === 0 || found.length > MAX_SEGMENTS || !found.every(isStep)) throw new Refused('dcql_path')
  return found as Path
}

function readClaim(object: JsonObject, format: string): ClaimQuery {
  const path = readPath(member(object, 'path'))
  if (format === MDOC && (path.length !== 2 || !path.every((one) => typeof one === 'string'))) throw new Refused('dcql_path')
  const values = array(object, 'values')
  if (values && !values.every((one) => typeof one === 'string' || typeof one === 'boolean' || Number.isSafeInteger(one))) throw wrong()
  flag(object, 'intent_to_retain', false)
  return { id: id(object), path, values }
}

function readKinds(format: string, meta: JsonObject): readonly string[] {
  if (format === SD_JWT) {
    const kinds = texts(meta, 'vct_values')
    if (!kinds) throw wrong()
    return kinds
  }
  if (format !== MDOC) return []
  const kind = member(meta, 'doctype_value')
  if (typeof kind !== 'string') throw wrong()
  return [kind]
}

/** Key identifiers; other kinds of authorities are not known here, so that nothing is theirs. */
function readAuthorities(object: JsonObject): readonly string[] | undefined {
  return objects(object, 'trusted_authorities')?.flatMap((one) => {
    const [kind, values] = [member(one, 'type'), texts(one, 'values')]
    if (typeof kind !== 'string' || !values) throw wrong()
    return kind === 'aki' ? values : []
  })
}

function readCredential(object: JsonObject): CredentialQuery {
  const [format, meta, name] = [member(object, 'format'), member(object, 'meta'), id(object)]
  if (typeof format !== 'string' || !isObject(meta) || name === undefined) throw wrong()
  const asked = objects(object, 'claims')
  if (!asked && member(object, 'claim_sets') !== undefined) throw new Refused('dcql_sets_without_claims')
  const claims = (asked ?? []).map((one) => readClaim(one, format))
  const ids = claims.map((one) => one.id)
  holdDistinct(ids)
  return {
    id: name, format, kinds: readKinds(format, meta), multiple: flag(object, 'multiple', false), bound: flag(object, 'require_cryptographic_holder_binding', true),
    authorities: readAuthorities(object), claims, claimSets: places(object, 'claim_sets', ids) ?? [],
  }
}

/** Reads a query; unknown members are ignored. */
export function readQuery(found: Json | undefined): Query {
  if (!isObject(found)) throw wrong()
  const credentials = objects(found, 'credentials')?.map(readCredential)
  if (!credentials) throw wrong()
  const ids = credentials.map((one) => one.id)
  holdDistinct(ids)
  const sets = (objects(found, 'credential_sets') ?? []).map((set) => {
    const options = places(set, 'options', ids)
    if (!options) throw wrong()
    return { options, required: flag(set, 'required', true) }
  })
  return { credentials, sets }
}

// --- choosing --------------------------------------------------------------------------------------------------------

/** The values that a path selects, each with the steps to it; none where the claims have another form (7.1.1). */
function find(claims: JsonObject, path: Path): readonly { readonly steps: readonly Step[]; readonly value: Json }[] {
  let selected: { steps: readonly Step[]; value: Json }[] = [{ steps: [], value: claims }]
  for (const segment of path) {
    const next: typeof selected = []
    for (const { steps, value } of selected) {
      const add = (step: Step, inner: Json | undefined) => { if (inner !== undefined) next.push({ steps: [...steps, step], value: inner }) }
      if (typeof segment === 'string' && isObject(value)) add(segment, member(value, segment))
      else if (typeof segment === 'number' && isArray(value)) add(segment, value[segment])
      else if (segment === null && isArray(value)) value.forEach((inner, i) => add(i, inner))
      else return []
    }
    selected = next
  }
  return selected
}

const isOneOf = (values: readonly Json[] | undefined, value: Json | undefined) => !values || (value !== undefined && values.some((one) => one === value))

function isMet({ path, values }: ClaimQuery, held: Held): boolean {
  if (held.form === SD_JWT) {
    const found = find(held.claims, path)
    return found.length > 0 && found.some(({ value }) => isOneOf(values, value))
  }
  const element = elementOf(held, String(path[0]), String(path[1]))
  return element !== undefined && isOneOf(values, elementJson(element))
}

/** What of a credential answers a query; none where it does not. */
function showing(query: CredentialQuery, held: Held): Shown | undefined {
  const kinds = held.form === SD_JWT ? [held.kind, ...held.alsoKinds] : [held.kind]
  if (query.format !== held.form || !query.kinds.some((kind) => kinds.includes(kind))) return undefined
  if (query.authorities && !areUnder(held.x5c, query.authorities)) return undefined
  const alternatives = query.claimSets.length > 0 ? query.claimSets.map((set) => set.flatMap((place) => query.claims[place] ?? [])) : [query.claims]
  const set = alternatives.find((claims) => claims.every((claim) => isMet(claim, held)))
  if (!set) return undefined
  if (held.form === MDOC) return { elements: set.map(({ path }) => [String(path[0]), String(path[1])] as const) }
  return { disclosures: selectDisclosures(held, set.flatMap(({ path }) => find(held.claims, path).map(({ steps }) => steps))) }
}

/**
 * A whole answer: for each query that is answered its place and its matches, one of them unless the query takes several. Without sets every
 * query is answered; with them the first option of each required set that can be, and of the others where `optional` says so. None where
 * the wallet cannot: then nothing is returned at all.
 */
export function select({ credentials, sets }: Query, candidates: readonly Held[], optional: boolean): readonly (readonly [number, readonly Match[]])[] | undefined {
  const matches = credentials.map((query) => {
    const found = candidates.flatMap((held, candidate) => {
      const shown = showing(query, held)
      return shown ? [{ candidate, shown }] : []
    })
    return query.multiple ? found : found.slice(0, 1)
  })
  const answers = (query: number) => (matches[query]?.length ?? 0) > 0
  const chosen = new Set(sets.length === 0 ? credentials.keys() : [])
  for (const { options, required } of sets) {
    const option = options.find((queries) => queries.every(answers))
    if (!option && required) return undefined
    if (required || optional) option?.forEach((query) => chosen.add(query))
  }
  if (![...chosen].every(answers)) return undefined
  return [...chosen].sort((a, b) => a - b).map((query) => [query, matches[query] ?? []] as const)
}
