/**
 * Likely: which crossing a traveller is about to make, for the first choice on the screen.
 *
 * Lives here: direction and port from the last crossing. Not here: whether they may cross there (the authorities judge that).
 */
import type { Authority } from '../../core/border.js'
import type { Passage } from './wallet.js'

export interface Way {
  readonly from: Authority
  readonly to: Authority
  readonly port?: string
}

/** So long after a code was shown the same way is offered again, in seconds: the traveller still stands at the gate. */
const AT_THE_GATE = 30 * 60

/**
 * Whoever has crossed is on the other side: the way back is offered, at the same port. While a code was only just shown, and no authority
 * has told of a passage, the traveller still stands before the gate.
 */
export function likelyWay(home: Authority, history: readonly Passage[], lane: { readonly port: string; readonly from: Authority; readonly to: Authority } | undefined, now: number): Way {
  const last = history.reduce<Passage | undefined>((newest, entry) => newest && newest.at >= entry.at ? newest : entry, undefined)
  if (!last) return lane ?? { from: home, to: home === 'CHN' ? 'HKG' : 'CHN' }
  if (last.by === 'phone' && now - last.at < AT_THE_GATE) return { from: last.from, to: last.to, port: last.port }
  return { from: last.to, to: last.from, port: last.port }
}
