/**
 * Claims of venue credentials: labels, words, kinds and the form of each value (`docs/venues.md`). The Rust table is
 * `crates/credential/src/venue/claim.rs`.
 *
 * Lives here: the table, sets of claims as bytes have them. Not here: who may ask for which (`approval`).
 */
import { FormError, Refused, toUtf8 } from './bytes.js'
import type { Cbor } from './cbor.js'
import { AUTHORITIES } from './issuance.js'
import { isDate } from './numbers.js'

/** The kinds of venue credentials, in order of their numbers, which begin at 1. */
export const CREDENTIAL_KINDS = ['identity', 'age', 'residence', 'portrait'] as const
export type CredentialKind = (typeof CREDENTIAL_KINDS)[number]

const TABLE = [
  ['name', -65601, 'identity'],
  ['name_zh', -65602, 'identity'],
  ['birth_date', -65603, 'identity'],
  ['nationality', -65604, 'identity'],
  ['document_kind', -65605, 'identity'],
  ['document_number', -65606, 'identity'],
  ['age_over_12', -65611, 'age'],
  ['age_over_14', -65612, 'age'],
  ['age_over_16', -65613, 'age'],
  ['age_over_18', -65614, 'age'],
  ['age_over_60', -65615, 'age'],
  ['age_over_65', -65616, 'age'],
  ['region', -65621, 'residence'],
  ['city', -65622, 'residence'],
  ['portrait', -65631, 'portrait'],
] as const

export type ClaimName = (typeof TABLE)[number][0]
export type ClaimValue = string | boolean | Uint8Array

/** Every claim, in the order of the page. */
export const CLAIMS: readonly ClaimName[] = TABLE.map(([name]) => name)

const row = (claim: ClaimName) => TABLE.find(([name]) => name === claim) ?? TABLE[0]

export const claimLabel = (claim: ClaimName): number => row(claim)[1]
export const claimKind = (claim: ClaimName): CredentialKind => row(claim)[2]

export function claimOf(label: Cbor | undefined): ClaimName | undefined {
  return TABLE.find(([, known]) => known === label)?.[0]
}

export function isClaim(word: string): word is ClaimName {
  return TABLE.some(([name]) => name === word)
}

/** The claims in the order in which requests list them: of their labels as numbers. */
export function ordered(claims: readonly ClaimName[]): readonly ClaimName[] {
  return [...claims].sort((a, b) => claimLabel(a) - claimLabel(b))
}

/** Why a list of labels is no set of claims. */
export interface ClaimCodes {
  readonly unknown: string
  readonly order: string
}

/** Reads a list of labels, which ascend as numbers. Refused with the caller's codes; a list of another form is a `FormError`. */
export function readClaims(item: Cbor | undefined, codes: ClaimCodes): readonly ClaimName[] {
  if (!Array.isArray(item) || item.length > TABLE.length) throw new FormError('claims')
  let last = -Infinity
  return (item as readonly Cbor[]).map((label) => {
    if (typeof label !== 'number') throw new FormError('claims')
    const claim = claimOf(label)
    if (!claim) throw new Refused(codes.unknown)
    if (label <= last) throw new Refused(codes.order)
    last = label
    return claim
  })
}

/** Longest texts, and the largest portrait, in bytes. */
const [MAX_NAME, MAX_NUMBER, MAX_CITY, MAX_PORTRAIT] = [54, 20, 54, 64 * 1024]

const DOCUMENT_KINDS: readonly string[] = [
  'mainland_id', 'residence_permit', 'hkid', 'macao_bir', 'exit_entry_permit', 'home_return_permit', 'passport',
  'one_way_permit', 'one_time_pass', 'document_of_identity', 'visit_permit', 'inbound_pass', 'reentry_permit',
  'hksar_passport', 'official_permit',
]

/** The value, if it has the form of its claim. */
export function readValue(claim: ClaimName, value: Cbor): ClaimValue {
  if (typeof value === 'string' ? isTextOf(claim, value)
    : typeof value === 'boolean' ? claimKind(claim) === 'age'
    : value instanceof Uint8Array && claim === 'portrait' && value.length > 0 && value.length <= MAX_PORTRAIT) {
    return value as ClaimValue
  }
  throw new FormError('claim value')
}

function isTextOf(claim: ClaimName, text: string): boolean {
  const printable = (most: number) => text !== '' && toUtf8(text).length <= most && !/\p{Cc}/u.test(text)
  switch (claim) {
    case 'name':
    case 'name_zh':
      return printable(MAX_NAME)
    case 'birth_date':
      return text.length === 4 ? isDate(`${text}-01-01`) : isDate(text)
    case 'nationality':
      return /^[A-Z]{3}$/.test(text)
    case 'document_kind':
      return DOCUMENT_KINDS.includes(text)
    case 'document_number':
      return printable(MAX_NUMBER)
    case 'region':
      return AUTHORITIES.some((code) => code === text)
    case 'city':
      return printable(MAX_CITY)
    default:
      return false
  }
}
