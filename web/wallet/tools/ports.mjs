/** Writes src/ports.ts from crates/documents/data/ports.toml: ports with lanes for codes, their names, how they are served. */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const from = new URL('../../../crates/documents/data/ports.toml', import.meta.url)
const to = new URL('../src/ports.ts', import.meta.url)
const LANGUAGES = ['zh-Hans', 'zh-Hant', 'en', 'pt']

/** The little of TOML that the file uses: tables of tables, texts, lists of texts, booleans. */
function records(text) {
  const found = []
  let table
  for (const line of text.split('\n')) {
    const side = /^\[port\.sides\.([A-Z]{3})\]$/.exec(line)
    const pair = /^([\w-]+) = (.+)$/.exec(line)
    if (line === '[[port]]') found.push((table = { sides: {} }))
    else if (side) found.at(-1).sides[side[1]] = table = {}
    else if (pair) table[pair[1]] = /^["[]|^(true|false)$/.test(pair[2]) ? JSON.parse(pair[2]) : pair[2]
  }
  return found
}

export function portsSource(day) {
  const now = records(readFileSync(from, 'utf8')).filter(
    (port) => port.enabled !== false && port.lanes.includes('code') && (!port.to || port.to >= day) && (!port.from || port.from <= day),
  )
  const rows = now.map((port) => {
    const joint = port.modes.includes('joint')
    const lanes = joint ? (port.modes.length === 1 ? 'joint' : 'any') : 'two'
    const names = Object.entries(port.sides).map(([code, side]) => `${code}: ${JSON.stringify(LANGUAGES.map((l) => side[l]))}`)
    return `  { id: ${JSON.stringify(port.id)}, lanes: '${lanes}', names: { ${names.join(', ')} } },`
  })
  return `/** Made by tools/ports.mjs from crates/documents/data/ports.toml; a test holds it to that file. */
import type { Authority } from '../../core/border.js'

/** A control point that takes codes. Names in the order zh-Hans, zh-Hant, en, pt, as each side calls it. */
export interface Port {
  readonly id: string
  /** One lane for both sides, a lane for each, or either. */
  readonly lanes: 'joint' | 'two' | 'any'
  readonly names: Readonly<Partial<Record<Authority, readonly string[]>>>
}

export const PORTS: readonly Port[] = [
${rows.join('\n')}
]
`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(to, portsSource(new Date().toISOString().slice(0, 10)))
