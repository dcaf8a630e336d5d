/** Pin: the sentence for a PIN that did not open the vault. */
import type { Opened } from '../vault.js'
import { say } from '../words.js'

export function pinFault(opened: Exclude<Opened, { outcome: 'open' }>): string {
  if (opened.outcome === 'damaged') return say('damaged')
  if (opened.outcome === 'wrong') return say('pinWrong', { n: opened.left })
  return say('pinWait', { n: Math.ceil((opened.until - Date.now()) / 1000) })
}
