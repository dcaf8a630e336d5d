/**
 * Approvals: what a desk may ask, where, when and for how long, signed by every jurisdiction concerned. The Rust side is
 * `trust::{Approval, Approvals}` and the rules of `trust::desk`, with the same codes.
 *
 * Lives here: reading approvals of both forms, and whether one covers a desk's request. Not here: whose key the desk's is (`desk`).
 */
import { FormError, Refused, refuse, same } from './bytes.js'
import {
  type Cbor, decode, readFields, readFlag, readList, readNumber, readText,
} from './cbor.js'
import { open1, parse1 } from './cose.js'
import type { Authority } from './issuance.js'
import { sha256 } from './keys.js'
import { isDate } from './numbers.js'
import { type TrustStore, readAuthority } from './trust.js'
import { VENUE_SCENARIOS, type VenueRequest, isVenue } from './venue.js'
import { isClaim } from './venue-claims.js'

/** An approval. Days are `YYYY-MM-DD`, local. */
export interface Approval {
  readonly id: string
  /** Grows with each text under this id. */
  readonly number: number
  readonly withdrawn: boolean
  readonly scenario: string
  readonly jurisdictions: readonly Authority[]
  readonly from: string
  readonly to: string
  /** Minutes of the local day: the first, and the first after. */
  readonly hours: readonly [number, number]
  readonly claims: readonly string[]
  readonly retentionDays: number
  /** What form 2 adds; form 1 is an approval of the border. */
  readonly terms: Terms | undefined
  /** SHA-256 of the text. */
  readonly digest: Uint8Array
}

export interface Terms {
  readonly venues: readonly string[]
  readonly purposes: readonly string[]
  /** The way that is open to whoever does not agree to a comparison of faces; `undefined` where none is compared. */
  readonly otherWay: string | undefined
}

const BORDER = 'border-crossing'
/** The claim by which an approval of the border lets an authority take identities of other systems. */
const FOREIGN_IDENTITY = 'foreign_identity'
/** Fields of form 1 and of form 2, and the labels under their signatures. */
const [FORM_1, FORM_2] = [14, 17]
const MAX_NUMBER = 0xffffffff

const filled = (text: string) => !/^\p{White_Space}*$/u.test(text)
const once = (items: readonly string[]) => new Set(items).size === items.length

/** Opens a file of approvals: every jurisdiction concerned has signed the same text with a key of the role approval. */
export function openApproval(bundle: Uint8Array, trust: TrustStore, now: number): Approval {
  const pairs = readPairs(bundle)
  const signed = new Map<Authority, Uint8Array>()
  for (const { authority, message } of pairs) {
    const { kid, payload } = refuse('malformed', () => parse1(message))
    if (!kid) throw new Refused('malformed')
    const { key } = approvalKey(trust, authority, kid, now)
    const label = refuse('malformed', () => (fieldsOf(payload).length === FORM_1 ? 'bp1-approval' : 'bp2-approval'))
    refuse('signature', () => open1(message, key, [label]))
    if (signed.has(authority)) throw new Refused('malformed')
    signed.set(authority, payload)
  }
  const [first, ...others] = [...signed.values()]
  if (!first) throw new Refused('malformed')
  if (others.some((text) => !same(text, first))) throw new Refused('different')
  const approval = refuse('malformed', () => readApproval(first))
  if (approval.jurisdictions.some((authority) => !signed.has(authority))) throw new Refused('unsigned')
  return approval
}

/** A file of approvals: each authority's signature over the text. */
function readPairs(bundle: Uint8Array): readonly { readonly authority: Authority; readonly message: Uint8Array }[] {
  return refuse('malformed', () =>
    readList(decode(bundle), 3, (pair) => {
      const [authority, message] = readFields(pair, 2)
      if (!(message instanceof Uint8Array)) throw new FormError('approval')
      return { authority: readAuthority(authority), message }
    }))
}

/**
 * Whether a file of approvals says that this authority takes identities of other systems at an enrolment on this day. Nothing is verified: it
 * tells a screen what to offer, and the authority decides. Throws where the file is none.
 */
export function namesForeignIdentity(bundle: Uint8Array, authority: Authority, day: string): boolean {
  const [first] = readPairs(bundle)
  if (!first) throw new Refused('malformed')
  const { scenario, withdrawn, from, to, jurisdictions, claims } = refuse('malformed', () => readApproval(parse1(first.message).payload))
  return scenario === BORDER && !withdrawn && from <= day && day <= to && jurisdictions.includes(authority) && claims.includes(FOREIGN_IDENTITY)
}

function approvalKey(trust: TrustStore, authority: Authority, kid: Uint8Array, now: number): { key: Uint8Array } {
  try {
    return trust.find(authority, 'approval', kid, now)
  } catch (error) {
    throw error instanceof Refused ? new Refused('key') : error
  }
}

function fieldsOf(payload: Uint8Array): readonly Cbor[] {
  const items = decode(payload)
  if (!Array.isArray(items) || (items.length !== FORM_1 && items.length !== FORM_2)) throw new FormError('approval')
  return items
}

function readApproval(payload: Uint8Array): Approval {
  const items = fieldsOf(payload)
  const [id, number, withdrawn, scenario, several, places, from, to, hours, claims, days, assessment, filings, grounds] = items
  const [first, after] = readFields(hours, 2)
  const texts = (item: Cbor | undefined, count: number, most: number) => readList(item, count, (text) => readText(text, most))
  const approval: Approval = {
    id: readText(id, 64),
    number: readNumber(number, MAX_NUMBER),
    withdrawn: readFlag(withdrawn),
    scenario: readText(scenario, 64),
    jurisdictions: readList(several, 3, readAuthority),
    from: readDay(from),
    to: readDay(to),
    hours: [readNumber(first, 1440), readNumber(after, 1440)],
    claims: texts(claims, 32, 64),
    retentionDays: readNumber(days, 36_500),
    terms: items.length === FORM_2 ? readTerms(items.slice(FORM_1)) : undefined,
    digest: sha256(payload),
  }
  const ports = texts(places, 64, 64)
  if (!ports.every((port) => /^[a-z0-9-]{1,32}$/.test(port))) throw new FormError('approval')
  const border = approval.scenario === BORDER
  const each = (item: Cbor | undefined) => {
    const table = readList(item, 3, (pair) => {
      const [authority, text] = readFields(pair, 2)
      return { authority: readAuthority(authority), text: readText(text, 256) }
    })
    return approval.jurisdictions.every((code) => table.some(({ authority, text }) => authority === code && filled(text)))
  }
  const complete = [
    border || VENUE_SCENARIOS.some((known) => known === approval.scenario),
    filled(approval.id), approval.number > 0, border || approval.terms !== undefined, approval.jurisdictions.length > 0,
    border !== (ports.length === 0), approval.from <= approval.to, approval.hours[0] < approval.hours[1],
    approval.claims.length > 0, approval.retentionDays > 0, filled(readText(assessment, 128)), each(filings), each(grounds),
  ]
  if (complete.includes(false)) throw new Refused('field')
  if (approval.terms) holdTerms(approval, approval.terms, border)
  return approval
}

function readDay(item: Cbor | undefined): string {
  const day = readText(item, 10)
  if (!isDate(day)) throw new FormError('approval')
  return day
}

function readTerms([places, purposes, otherWay]: readonly Cbor[]): Terms {
  const venues = readList(places, 256, (venue) => readText(venue, 40))
  if (!venues.every(isVenue)) throw new FormError('approval')
  return {
    venues,
    purposes: readList(purposes, 32, (purpose) => readText(purpose, 64)),
    otherWay: otherWay === null ? undefined : readText(otherWay, 256),
  }
}

function holdTerms({ claims }: Approval, { venues, purposes, otherWay }: Terms, border: boolean): void {
  if (!border && !claims.every(isClaim)) throw new Refused('unknown_claim')
  const complete = border === (venues.length === 0) && once(venues) && once(claims) && purposes.length > 0
    && purposes.every(filled) && once(purposes) && (otherWay === undefined || filled(otherWay))
  if (!complete) throw new Refused('field')
}

/** The local day (UTC+8, without summer time) of a time in seconds, `YYYY-MM-DD`. */
const localDay = (at: number) => new Date((at + 28_800) * 1000).toISOString().slice(0, 10)
const localMinute = (at: number) => Math.floor(((at + 28_800) % 86_400) / 60)

/** What a desk asks, and the authority whose list names its key. */
export interface DeskUse {
  readonly authority: Authority
  readonly request: VenueRequest
  /** In seconds since 1970. */
  readonly at: number
}

/** Throws the first reason for which the approval does not cover what a desk asks. */
function holdToApproval(approval: Approval, { authority, request, at }: DeskUse): void {
  const { terms } = approval
  const asked = [...request.required, ...request.optional]
  const day = localDay(at)
  const rules: readonly (readonly [string, boolean | undefined])[] = [
    ['venue_not_approved', terms?.venues.includes(request.venue)],
    ['scenario_not_approved', approval.scenario === request.scenario],
    ['authority_not_concerned', approval.jurisdictions.includes(authority)],
    ['approval_withdrawn', !approval.withdrawn],
    ['approval_not_begun', day >= approval.from],
    ['approval_over', day <= approval.to],
    ['outside_hours', localMinute(at) >= approval.hours[0] && localMinute(at) < approval.hours[1]],
    ['purpose_not_approved', terms?.purposes.includes(request.purpose)],
    ['claim_not_approved', asked.every((claim) => approval.claims.includes(claim))],
    ['retention_too_long', request.retentionDays <= approval.retentionDays],
    ['face_not_approved', !request.face || terms?.otherWay !== undefined],
  ]
  const broken = rules.find(([, holds]) => holds !== true)
  if (broken) throw new Refused(broken[0])
}

/** The newest text seen of one approval. */
export interface NewestText {
  readonly number: number
  readonly digest: Uint8Array
}

/** The approvals in use, and never an older text than was seen. */
export class Approvals {
  private readonly held = new Map<string, Approval>()
  private readonly seen: Map<string, NewestText>

  /** `seen` is what a wallet kept from its last run, by the ids of approvals. */
  constructor(seen: ReadonlyMap<string, NewestText> = new Map()) {
    this.seen = new Map(seen)
  }

  /** Adds an approval in the place of an older text under its id; refuses an older one, and another with the same number. */
  take(approval: Approval): void {
    const { id, number, digest } = approval
    const known = this.seen.get(id)
    if (known && (number < known.number || (number === known.number && !same(digest, known.digest)))) {
      throw new Refused('rolled_back')
    }
    this.seen.set(id, { number, digest })
    this.held.set(id, approval)
  }

  /** The newest text seen under each id: a wallet keeps it for its next start. */
  newest(): ReadonlyMap<string, NewestText> {
    return this.seen
  }

  /** The approval under which a desk asks, if it covers what it asks; else `Refused` with the first reason. */
  covering(use: DeskUse): Approval {
    const approval = this.held.get(use.request.approval)
    if (!approval) throw new Refused('approval_unknown')
    holdToApproval(approval, use)
    return approval
  }
}
