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

/** So long the same way is offered again, in seconds: the traveller still stands at the gate, or between the two gates of a port. */
const AT_THE_GATE = 30 * 60

/**
 * Whoever has come in is on the other side: the way back is offered, at the same port. Until then, and for half an hour, they may stand
 * before a gate or between two: the same way is offered.
 */
export function likelyWay(home: Authority, history: readonly Passage[], now: number): Way {
  const last = history.reduce<Passage | undefined>((newest, entry) => newest && newest.at >= entry.at ? newest : entry, undefined)
  if (!last) return { from: home, to: home === 'CHN' ? 'HKG' : 'CHN' }
  const cameIn = last.by !== 'phone' && last.side === 'entry'
  if (!cameIn && now - last.at < AT_THE_GATE) return { from: last.from, to: last.to, port: last.port }
  return { from: last.to, to: last.from, port: last.port }
}
