/** Crossings: the entries of the history that belong to one crossing, put together. */
import type { Authority } from '../../core/border.js'
import type { Passage } from './wallet.js'

export interface Crossing {
  readonly from: Authority
  readonly to: Authority
  readonly port: string
  /** What is known of it, the oldest first. */
  readonly entries: readonly Passage[]
}

/** Between two entries of one crossing, in seconds: a queue, and the way between two lanes. */
const APART = 2 * 3600

/** One crossing for all that follows itself in one direction at one port; the newest first. A code shown again at a lane adds nothing. */
export function crossings(history: readonly Passage[]): readonly Crossing[] {
  const found: { from: Authority; to: Authority; port: string; entries: Passage[] }[] = []
  for (const entry of [...history].sort((a, b) => a.at - b.at)) {
    const last = found[found.length - 1]
    const before = last?.entries[last.entries.length - 1]
    if (last && before && last.from === entry.from && last.to === entry.to && last.port === entry.port && entry.at - before.at <= APART) {
      if (!last.entries.some(({ by, side }) => by === entry.by && side === entry.side)) last.entries.push(entry)
    } else found.push({ from: entry.from, to: entry.to, port: entry.port, entries: [entry] })
  }
  return found.reverse()
}
