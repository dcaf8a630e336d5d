/** What these modules lean on: the core, themselves and the audited libraries, so that they stay pure and small. */
import { readFileSync, readdirSync } from 'node:fs'
import { expect, it } from 'vitest'

it('the formats and protocols of others import nothing but the core, themselves and the audited libraries, and call nobody', () => {
  const folder = new URL('..', import.meta.url)
  const files = readdirSync(folder).filter((name) => name.endsWith('.ts'))
  expect(files.length).toBeGreaterThan(8)
  for (const file of files) {
    const source = readFileSync(new URL(file, folder), 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '')
    expect(source, file).not.toMatch(/\b(window|document\.|process|Math\.random|fetch\(|Date\.now)\b/)
    for (const [, from] of source.matchAll(/from '([^']+)'/g)) expect(from, file).toMatch(/^(\.\/|\.\.\/core\/|@noble\/)/)
  }
})
