/** Pin: the sentence for a PIN, or a phone's own lock, that did not open the vault; what is wrong with a PIN that is chosen. */
import { LockFault } from '../lock-fault.js'
import { type Opened, isEasy, isPin } from '../vault.js'
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

/** What is wrong with a PIN that is chosen: for the first time, or once more after `first`. */
export function newPinFault(pin: string, first: string): 'pinForm' | 'pinEasy' | 'pinDiffers' | undefined {
  if (!isPin(pin)) return 'pinForm'
  if (!first) return isEasy(pin) ? 'pinEasy' : undefined
  return pin === first ? undefined : 'pinDiffers'
}
