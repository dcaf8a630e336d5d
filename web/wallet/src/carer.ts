/**
 * Carer: the pass of a child or a parent on the phone of whoever looks after them (docs/carer.md).
 *
 * Lives here: whose pass belongs to whose, and the codes by which an authority says that it is over. Not here: what follows (`wallet`).
 */
import type { StoredKey } from './platform.js'

/** Codes by which an authority says that a pass on a carer's phone is over. */
export const CARER_OVER = ['carer_of_age', 'carer_date_over', 'carer_withdrawn', 'carer_ended'] as const
export type CarerOver = (typeof CARER_OVER)[number]
export const isOver = (code: string): code is CarerOver => (CARER_OVER as readonly string[]).includes(code)

/** What of a pass says on whose phone it is. */
interface OnPhone {
  readonly device?: StoredKey
  readonly carried?: true
}

export const hasSameKey = (one: OnPhone, other: OnPhone): boolean => one.device !== undefined && JSON.stringify(one.device) === JSON.stringify(other.device)

/** Among the passes of a phone the one of whoever looks after this one's holder: their own, with the same key. */
export const carerAmong = <P extends OnPhone>(of: P, passes: readonly (P | undefined)[]): P | undefined =>
  passes.find((pass) => pass !== undefined && pass !== of && !pass.carried && hasSameKey(pass, of))
