/** Pin: the sentence for a PIN, or a phone's own lock, that did not open the vault. */
import { LockFault } from '../lock-fault.js'
import type { Opened } from '../vault.js'
import { say } from '../words.js'

export function pinFault(opened: Exclude<Opened, { outcome: 'open' }>): string {
  if (opened.outcome === 'damaged') return say('damaged')
  if (opened.outcome === 'wrong') return say('pinWrong', { n: opened.left })
  return say('pinWait', { n: Math.ceil((opened.until - Date.now()) / 1000) })
}

/** The sentence for what the phone's own lock did not do; `undefined` for another error. */
export function lockFault(error: unknown): string | undefined {
  if (!(error instanceof LockFault)) return undefined
  return say(({ refused: 'lockRefused', unable: 'lockUnable', lost: 'lockGone' } as const)[error.code])
}
