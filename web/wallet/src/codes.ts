/**
 * Codes: which token is shown at which lane, and the text of its code.
 *
 * Lives here: taking, keeping and giving back tokens. Not here: how tokens are fetched (`wallet`), which lane is likely
 * (`likely`), the screen (`pages/code`).
 */
import { AUTHORITIES, type Audience, type Authority, type Unlock, audienceName, crossingCode, receivers } from '../../core/border.js'
import { fromBase64Url } from '../../core/bytes.js'
import { openKey } from './platform.js'
import { type Content, type Passage, type StoredToken, held, keep, now, state } from './wallet.js'

/** Who chose the lane: the traveller, or the wallet by what is likely. */
export type Chosen = 'choice' | 'guess'

/** Longest time for which a token is kept for the lane that the traveller chose, in seconds. */
const KEPT = 30 * 60
/** Whoever turns to another lane within so many seconds has passed none with this code. */
export const GLANCE = 3

export const usable = (kept: StoredToken): boolean => kept.expires > now() && !kept.shown

export const tokensLeft = (content: Content | undefined = state.content): number => content?.tokens.filter(usable).length ?? 0

/** The end of the last token that can be shown anywhere, in seconds since 1970; `undefined` where there is none. */
export function offlineUntil(content: Content | undefined = state.content): number | undefined {
  const ends = content?.tokens.filter(usable).map(({ expires }) => expires) ?? []
  return ends.length > 0 ? Math.max(...ends) : undefined
}

/** Whether an entry of the history belongs to a lane; an entry without a side matches both sides. */
export const isOf = (entry: Passage, lane: Audience): boolean =>
  entry.port === lane.port && entry.from === lane.from && entry.to === lane.to && (!entry.side || !lane.side || entry.side === lane.side)

const serves = (kept: StoredToken, lane: Audience) => receivers(lane).every((receiver) => kept.parts[receiver])

/**
 * The token that this lane was shown before, as long as it is not known to be spent. One for which the wallet itself chose
 * the lane is kept to its end: that it was looked at says nothing of a crossing.
 */
function shownBefore(content: Content, audience: Audience, began: number, chosen: Chosen): StoredToken | undefined {
  const [name, at] = [audienceName(audience), now()]
  // After a code in the other direction, or a recorded passage, this is a new crossing: the earlier token is spent.
  const moved = (since: number) => content.history.some((entry) => entry.at >= since
    && (entry.by === 'phone' ? entry.from !== audience.from : entry.at < began && (entry.from !== audience.from || isOf(entry, audience))))
  return content.tokens.find(({ shown, expires }) => shown?.audience === name && expires > at && !moved(shown.at)
    && ((chosen === 'guess' && shown.guess) || at - shown.at < KEPT))
}

/** Whether a code for this lane can be shown at once. */
export function isReady(audience: Audience): boolean {
  const content = held()
  return shownBefore(content, audience, now(), 'guess') !== undefined || content.tokens.some((kept) => usable(kept) && serves(kept, audience))
}

/** The token for one lane: the one already shown there, otherwise the next unused one. */
async function tokenFor(audience: Audience, began: number, chosen: Chosen): Promise<StoredToken | undefined> {
  const content = held()
  const at = now()
  const again = shownBefore(content, audience, began, chosen)
  if (again && (chosen === 'guess' || !again.shown?.guess)) return again
  const place = again ? content.tokens.indexOf(again) : content.tokens.findIndex((kept) => usable(kept) && serves(kept, audience))
  const next = content.tokens[place]
  if (!next) return undefined
  const taken: StoredToken = { ...next, shown: { audience: audienceName(audience), at: next.shown?.at ?? at, ...(chosen === 'guess' ? { guess: true as const } : {}) } }
  content.tokens[place] = taken
  const { port, from, to, side } = audience
  if (chosen === 'choice') content.history.unshift({ at, port, from, to, by: 'phone', ...(side ? { side } : {}) })
  // Stored before it is shown: after a restart a token that may have been filmed is not shown at another lane.
  await keep()
  return taken
}

/** Gives back the token of a lane that was only glanced at: the traveller turned away before anybody can have passed with it. */
export async function giveBack(audience: Audience): Promise<void> {
  const content = held()
  const [name, at] = [audienceName(audience), now()]
  const place = content.tokens.findIndex(({ shown }) => shown?.audience === name && at >= shown.at && at - shown.at <= GLANCE)
  const kept = content.tokens[place]
  if (!kept?.shown) return
  const since = kept.shown.at
  const { shown: _, ...fresh } = kept
  content.tokens[place] = fresh
  content.history = content.history.filter((entry) => !(entry.by === 'phone' && entry.at >= since && isOf(entry, audience)))
  await keep()
}

/** Whether a code was shown since the last passage on record: the authorities may know of one that this phone does not. */
export function mayHaveCrossed({ history, tokens }: Content): boolean {
  const newest = (times: readonly number[]) => Math.max(0, ...times)
  const shown = [...tokens.map((kept) => kept.shown?.at ?? 0), ...history.filter(({ by }) => by === 'phone').map(({ at }) => at)]
  return newest(shown) > newest(history.filter(({ by }) => by !== 'phone').map(({ at }) => at))
}

export type Shown = { readonly text: string } | { readonly missing: 'token' | 'part' }

/** Whether any token of this wallet has the parts for a lane. */
export const canShow = (audience: Audience): boolean => state.content?.tokens.some((kept) => serves(kept, audience)) ?? false

/** How a code is shown: `began`: the code screen was opened, `unlock`: the holder unlocked again. Times in seconds since 1970. */
export interface Showing {
  readonly began: number
  readonly chosen: Chosen
  readonly unlock?: Unlock | undefined
}

/** The text of a code for one lane, its proof made at `at`. */
export async function show(audience: Audience, at: number, showing: Showing): Promise<Shown> {
  const content = held()
  const stored = await tokenFor(audience, showing.began, showing.chosen)
  if (!stored) return { missing: content.tokens.length > 0 && !canShow(audience) ? 'part' : 'token' }
  const key = await openKey(stored.key)
  if (!key) {
    // The browser deleted the key: this token is useless, the next one may work.
    content.tokens = content.tokens.filter((kept) => kept.token !== stored.token)
    await keep()
    return show(audience, at, showing)
  }
  const parts = new Map<Authority, Uint8Array>()
  for (const authority of AUTHORITIES) {
    const part = stored.parts[authority]
    if (part) parts.set(authority, fromBase64Url(part))
  }
  const text = await crossingCode({ key, token: fromBase64Url(stored.token), parts }, audience, at, showing.unlock)
  return text === undefined ? { missing: 'part' } : { text }
}
