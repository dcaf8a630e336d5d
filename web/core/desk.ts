/**
 * Desk: whether a wallet shows a desk's request to the traveller, and what is wrong with one that it does not show.
 *
 * Lives here: from the text of a code to a request that may be answered. Not here: asking the traveller (`wallet`).
 */
import { Refused } from './bytes.js'
import type { Approval, Approvals } from './approval.js'
import { AUTHORITIES, type Authority } from './issuance.js'
import { type DeskBinding, type TrustStore, suits } from './trust.js'
import { type VenueRequest, checkTime, parseRequest, readRequestCode, verifyRequest } from './venue.js'

/** A request that the desk may make, of a key that is listed for it, under an approval that covers it. */
export interface AllowedRequest {
  readonly request: VenueRequest
  /** The authority whose list names the desk's key. */
  readonly authority: Authority
  readonly approval: Approval
  /** The desk's key, which signs the receipt too. */
  readonly key: Uint8Array
}

/** What a wallet knows of authorities and approvals. */
export interface Known {
  readonly trust: TrustStore
  readonly approvals: Approvals
}

/** Why a desk's key does not count, the most telling last; `list_too_old` where the wallet has to fetch a newer list. */
const KEY_REASONS = ['key_unknown', 'key_role', 'key_not_yet', 'key_ended', 'key_compromised', 'list_too_old'] as const

/** Reads the text of a code and holds it to every rule; throws `Refused` with the first reason. `now` is in seconds since 1970. */
export function judgeRequest(text: string, { trust, approvals }: Known, now: number): AllowedRequest {
  const parsed = parseRequest(readRequestCode(text))
  const { authority, key, desk } = findDesk(trust, parsed.kid, now)
  const request = verifyRequest(parsed, key)
  if (desk.venue !== request.venue) throw new Refused('desk_of_another_venue')
  if (!suits(desk.kind, request.scenario)) throw new Refused('scenario_of_another_kind')
  if (!desk.scenarios.includes(request.scenario)) throw new Refused('scenario_not_listed')
  checkTime(request, now)
  return { request, authority, approval: approvals.covering({ authority, request, at: now }), key }
}

interface ListedDesk {
  readonly authority: Authority
  readonly key: Uint8Array
  readonly desk: DeskBinding
}

/** The desk's key by whichever authority lists it: a request names none. */
function findDesk(trust: TrustStore, kid: Uint8Array, now: number): ListedDesk {
  let nearest = 0
  for (const authority of AUTHORITIES) {
    try {
      const { key, desk } = trust.find(authority, 'desk', kid, now)
      if (!desk) throw new Refused('key_unknown')
      if (!trust.serves(authority, now)) throw new Refused('list_too_old')
      return { authority, key, desk }
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      nearest = Math.max(nearest, KEY_REASONS.findIndex((reason) => reason === error.code))
    }
  }
  throw new Refused(`desk_${KEY_REASONS[nearest] ?? 'key_unknown'}`)
}
