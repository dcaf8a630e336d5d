/** The one way in which a test says that it is not run: on standard error, and in the file that `make test` counts. */
import { appendFileSync } from 'node:fs'

/** Whether the test is skipped, which is where there is a reason. `BAYPASS_SKIPS` names the file. */
export function skip(test: string, why: string | undefined): boolean {
  if (why === undefined) return false
  console.error(`SKIPPED: ${test}: ${why}`)
  const file = process.env['BAYPASS_SKIPS']
  if (file) appendFileSync(file, `${`${test}: ${why}`.replaceAll('\n', ' ')}\n`)
  return true
}
