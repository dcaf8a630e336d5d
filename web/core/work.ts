/** Work: what an authority asks for after many tries: a number whose hash with the salt begins with zero bits. */
import { toUtf8 } from './bytes.js'
import { sha256 } from './keys.js'

/** Whether SHA-256 of the salt, a full stop and the decimal answer begins with so many zero bits. */
export function isSolved(salt: string, answer: number, bits: number): boolean {
  const hash = sha256(toUtf8(`${salt}.${answer}`))
  let zeros = 0
  for (const byte of hash) {
    zeros += byte === 0 ? 8 : Math.clz32(byte) - 24
    if (byte !== 0) break
  }
  return zeros >= bits
}

/** The most that is solved: an authority of this program asks for 22. */
const MOST_BITS = 28
const STEP = 2_000

/** The smallest answer; the page stays usable, for `rest` is awaited after each few. */
export async function solveWork(salt: string, bits: number, rest: () => Promise<void>): Promise<number> {
  if (!(bits <= MOST_BITS)) throw new Error('work')
  for (let answer = 0; ; answer += 1) {
    if (isSolved(salt, answer, bits)) return answer
    if (answer % STEP === STEP - 1) await rest()
  }
}
