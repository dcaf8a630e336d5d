/** First code: the lane whose code stands on the screen as soon as the wallet is unlocked. */
import type { Audience } from '../../core/border.js'
import { isReady } from './codes.js'
import { likelyLane, likelyWay, portOf } from './likely.js'
import { mayCross } from './maycross.js'
import { localDay, now, secondWallets, state } from './wallet.js'

/** `undefined` where no crossing is likely, where its code cannot be shown, and where the traveller has something to answer first. */
export function laneAtOnce(): Audience | undefined {
  const content = state.content
  if (content?.step !== 'done' || secondWallets().length > 0) return undefined
  const way = likelyWay(content, now())
  const port = portOf(way)
  if (!port || !mayCross(content.home, content.records, way.from, way.to, localDay()).may) return undefined
  const lane = likelyLane(port, way, content.history, now())
  return isReady(lane) ? lane : undefined
}
