/**
 * Issuance: which authority makes which part of a border token, for whom, and on which document. A copy of the Rust table
 * (`crates/documents/src/issuance.rs`); `test/rust.test.ts` compares the two, line by line.
 */
import type { DocumentKind } from './numbers.js'

export const AUTHORITIES = ['CHN', 'HKG', 'MAC'] as const
/** One jurisdiction's border and identity service. */
export type Authority = (typeof AUTHORITIES)[number]

/** The authorities for which each one seals parts, in order of their codes: the order of the hashes in its tokens. */
export const SEALED_RECEIVERS: Readonly<Record<Authority, readonly Authority[]>> = {
  CHN: ['HKG', 'MAC'],
  HKG: ['MAC'],
  MAC: ['HKG'],
}

/** The authority that makes the part which `receiver` opens, beside a token of `issuer`: the issuer, or the receiver. */
export const partMaker = (issuer: Authority, receiver: Authority): Authority =>
  SEALED_RECEIVERS[issuer].includes(receiver) ? issuer : receiver

/** The kinds of document that a part made by `maker` may carry for a resident of `home`, the usual one first. */
export function partDocuments(maker: Authority, home: Authority): readonly [DocumentKind, ...(DocumentKind | 'one_way_permit')[]] {
  if (maker === 'HKG') return ['hkid']
  if (maker === 'MAC') return ['macao_bir']
  return home === 'CHN' ? ['exit_entry_permit', 'one_way_permit'] : ['home_return_permit']
}

/** The document by which `maker` usually knows a resident of `home`. */
export const usualDocument = (maker: Authority, home: Authority): DocumentKind => partDocuments(maker, home)[0]
