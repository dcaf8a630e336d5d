/**
 * Questions: what the holder asks their authorities, and tells them, beside tokens and records.
 *
 * Lives here: may I cross, passages, the look-alike. Not here: the requests themselves (`client`), what `wallet` fetches by itself.
 */
import { AUTHORITIES, type Authority, isAuthority } from '../../core/border.js'
import type { Operations } from './api.js'
import { Refusal } from './client.js'
import { mayHaveCrossed } from './codes.js'
import { type Passage, held, keep, now, tell } from './wallet.js'

export interface Told {
  readonly from: Authority
  /** The answer; `undefined` if the authority could not be reached. */
  readonly answer: Operations['may_cross']['answer'] | undefined
}

/** Asks each authority with a registration what its own side would decide. One that cannot be reached stops no other. */
export async function askMayCross(from: Authority, to: Authority, on: string): Promise<readonly Told[]> {
  const content = held()
  const told: Told[] = []
  for (const authority of AUTHORITIES) {
    const secret = content.sessions[authority]
    if (!secret) continue
    const answer = await tell(content, authority, 'may_cross', { secret, body: { from, to, on } }).catch((error: unknown) => {
      if (error instanceof Refusal && error.code === 'network') return undefined
      throw error
    })
    told.push({ from: authority, answer })
  }
  await keep()
  return told
}

/** Fetches the holder's own passages from each authority with a registration. They are stored on this phone only. */
export async function fetchPassages(): Promise<void> {
  const content = held()
  const told: Passage[] = []
  for (const authority of AUTHORITIES) {
    const secret = content.sessions[authority]
    if (!secret) continue
    for (const passage of (await tell(content, authority, 'passages', { secret })).passages) {
      const [from, to] = passage.direction.split('-')
      if (!isAuthority(from) || !isAuthority(to)) continue
      told.push({ at: Math.floor(Date.parse(passage.at) / 1000), port: passage.port, from, to, by: authority, ...(passage.side ? { side: passage.side } : {}) })
    }
  }
  content.history = [...told, ...content.history.filter((entry) => entry.by === 'phone')].sort((a, b) => b.at - a.at)
  await keep()
}

/** Between two questions for the passages of one pass that nobody asked for, in seconds. */
const ASK_AGAIN = 600

/** Fetches the passages where a shown code may have become one: every ten minutes at most, also over restarts. */
export async function askForPassages(): Promise<void> {
  const content = held()
  // A clock that was set back since must not stop it.
  if (Math.abs(now() - (content.passagesAsked ?? 0)) < ASK_AGAIN || !mayHaveCrossed(content)) return
  content.passagesAsked = now()
  await keep()
  await fetchPassages()
}

/** Tells every authority of this pass that somebody looks alike: an officer looks at every lane from then on. Only an officer takes this back. */
export async function markLookAlike(): Promise<void> {
  const content = held()
  for (const authority of AUTHORITIES) {
    const secret = content.sessions[authority]
    if (secret) await tell(content, authority, 'mark_look_alike', { secret })
  }
  await keep()
}
