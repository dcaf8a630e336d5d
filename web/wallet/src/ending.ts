/**
 * Ending: how a pass ends by the word of whoever holds the phone.
 *
 * Lives here: the end of a pass, and of its being on a carer's phone. Not here: what authorities end (`wallet` notes it).
 */
import { AUTHORITIES } from '../../core/border.js'
import type { PassAnswer } from './api.js'
import { type CarerOver, hasSameKey, isOver } from './carer.js'
import { Refusal } from './client.js'
import { dropKey } from './platform.js'
import { dropTokens, endHere, forgetAll, held, keep, state, tell } from './wallet.js'

/** How the pass in use is on a carer's phone, by the first authority that says so. */
export const relation = (): PassAnswer['carer'] => AUTHORITIES.map((authority) => state.content?.records[authority]?.carer).find((carer) => carer && !carer.over)

/** How a relation is over by an authority's own word; undefined for every other failure, also for an ended pass, whose relation stands. */
function overBy(error: unknown): CarerOver | undefined {
  if (!(error instanceof Refusal)) return undefined
  if (error.code === 'unknown_carer') return 'carer_ended'
  return isOver(error.code) ? error.code : undefined
}

/**
 * Ends, at every authority, that this pass is on a carer's phone. One that refuses or cannot be reached stops no other and keeps its own,
 * for another try; the first such failure is thrown in the end.
 */
export async function endCarer(): Promise<void> {
  const content = held()
  const failures: unknown[] = []
  for (const authority of AUTHORITIES) {
    const secret = content.sessions[authority]
    const id = content.records[authority]?.carer?.id
    if (!secret || !id) continue
    try {
      await tell(content, authority, 'withdraw_carer', { secret, id })
      await endHere(content, authority, 'carer_withdrawn')
    } catch (error) {
      // Over already, by a counter, the last day or a birthday: noted as that.
      const over = overBy(error)
      if (over) await endHere(content, authority, over)
      else failures.push(error)
    }
  }
  if (failures.length > 0) throw failures[0]
}

/** Ends the pass at every authority, then deletes it here, and everything else with the last pass. Stops if an authority cannot be reached. */
export async function endPass(): Promise<void> {
  const content = held()
  const ended = AUTHORITIES.filter((authority) => content.sessions[authority])
  for (const authority of ended) {
    const secret = content.sessions[authority]
    if (!secret) continue
    try {
      await tell(content, authority, 'end_pass', { secret })
    } catch (error) {
      // Ended already, from another device or by an officer.
      if (!(error instanceof Refusal && (error.code === 'no_pass' || error.code === 'unauthorized' || isOver(error.code)))) throw error
    }
    delete content.sessions[authority]
    await keep()
  }
  await dropTokens(content)
  for (const { copies } of content.foreign?.cards ?? []) for (const { key } of copies) await dropKey(key)
  // The key of a carer's phone is that of every pass on it.
  if (content.device && !state.others.some((other) => hasSameKey(other, content))) await dropKey(content.device)
  const next = state.others[0]
  state.ended = ended
  if (!next) { await forgetAll(); return }
  state.content = next
  state.others = state.others.slice(1)
  await keep()
}
