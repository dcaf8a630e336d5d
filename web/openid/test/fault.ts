/** What a test says of a refusal: its code. */
import { Refused } from '../../core/bytes.js'

/** The code with which `run` was refused; `fine` where it was not. Any other error fails the test. */
export function fault(run: () => unknown, fine = 'read'): string {
  try {
    run()
    return fine
  } catch (error) {
    if (error instanceof Refused) return error.code
    throw error
  }
}
