/**
 * What is said under a Chinese name that a card may write in other characters. The office alone knows what is written: this is a hint.
 * Not in the mini-program, into which a pass comes by a transfer code (`docs/enrolment.md`): the characters would be an eighth of it.
 */
// #ifdef H5
import { inForm } from './han.js'
// #endif
import { say } from './words.js'

/**
 * The hint for a name as it stands; `undefined` where both forms are one. A mainland resident's cards are both of the mainland. Others
 * hold a card of their own place and a permit of the mainland, and one name is asked for: the letters are the same on both.
 */
export function nameForm(name: string, home: 'CHN' | 'HKG' | 'MAC'): string | undefined {
  // #ifdef H5
  const [simplified, traditional] = [inForm(name, 'simplified'), inForm(name, 'traditional')]
  if (home === 'CHN') return simplified === name.normalize('NFKC') ? undefined : say('nameOfMainland', { n: simplified })
  return simplified === traditional ? undefined : say('nameInTwoForms', { t: traditional, s: simplified })
  // #endif
  // #ifdef MP-WEIXIN
  return undefined
  // #endif
}
