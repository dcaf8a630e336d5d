/**
 * Likely: which crossing a traveller is about to make, for the first choice on the screen.
 *
 * Lives here: direction, port and lane from the last crossing. Not here: whether they may cross there (the authorities judge that).
 */
import type { Audience, Authority } from '../../core/border.js'
import { PORTS, type Port } from './ports.js'
import type { Content, Passage } from './wallet.js'

export interface Way {
  readonly from: Authority
  readonly to: Authority
  readonly port?: string
}

/** So long the same way is offered again, in seconds: the traveller still stands at the gate, or between the two gates of a port. */
const AT_THE_GATE = 30 * 60

/**
 * Whoever has come in is on the other side: the way back is offered, at the same port. Until then, and for half an hour, they may stand
 * before a gate or between two: the same way is offered. A way that was chosen since, without a code of it that counts, is offered as it is.
 */
export function likelyWay({ home, history, chosen }: Pick<Content, 'home' | 'history' | 'chosen'>, now: number): Way {
  const last = history.reduce<Passage | undefined>((newest, entry) => newest && newest.at >= entry.at ? newest : entry, undefined)
  if (chosen && chosen.at > (last?.at ?? 0)) return { from: chosen.from, to: chosen.to, port: chosen.port }
  if (!last) return { from: home, to: home === 'CHN' ? 'HKG' : 'CHN' }
  const cameIn = last.by !== 'phone' && last.side === 'entry'
  if (!cameIn && now - last.at < AT_THE_GATE) return { from: last.from, to: last.to, port: last.port }
  return { from: last.to, to: last.from, port: last.port }
}

/** The port of a way, if it lies between these two. */
export const portOf = ({ from, to, port }: Way): Port | undefined => PORTS.find(({ id, names }) => id === port && names[from] && names[to])

/** The lane that a port shows first: the one that serves both sides where there is one; else the exit, until that is on record. */
export function likelyLane({ id, lanes }: Port, { from, to }: Way, history: readonly Passage[], now: number): Audience {
  if (lanes !== 'two') return { port: id, from, to }
  const left = history.some((entry) => entry.by !== 'phone' && entry.side === 'exit' && entry.port === id && entry.from === from && entry.to === to && now - entry.at < AT_THE_GATE)
  return { port: id, from, to, side: left ? 'entry' : 'exit' }
}
