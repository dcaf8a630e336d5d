/** A test that is skipped says so where `make test` counts it. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, it, vi } from 'vitest'
import { skip } from './skip.js'

const work = mkdtempSync(join(tmpdir(), 'baypass-skips-'))

afterEach(() => {
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
  rmSync(work, { recursive: true, force: true })
})

it('is a line of the file that is named, where there is a reason', () => {
  const said = vi.spyOn(console, 'error').mockImplementation(() => undefined)
  vi.stubEnv('BAYPASS_SKIPS', join(work, 'skips'))
  expect([skip('one', 'for a reason\nof two lines'), skip('another', undefined), skip('a third', 'no browser')]).toEqual([true, false, true])
  expect(readFileSync(join(work, 'skips'), 'utf8')).toBe('one: for a reason of two lines\na third: no browser\n')
  expect(said.mock.calls.map(([line]) => String(line))).toEqual(['SKIPPED: one: for a reason\nof two lines', 'SKIPPED: a third: no browser'])
})
