/** What officers read: every reason of an authority, in four languages. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { DOCUMENTS, documentWord } from '../src/document-words'
import { DOUBTS, REASONS, reasonWords } from '../src/reason-words'

const page = readFileSync(new URL('../../../docs/reasons.md', import.meta.url), 'utf8')
const section = (title: string) => page.slice(page.indexOf(`\n## ${title}`) + 1).split('\n## ')[0]!
const codes = (text: string) => [...text.matchAll(/^\| `(\w+)` \|/gm)].map(([, code]) => code!)

describe('reasons on an officer’s screen', () => {
  it('are those that docs/reasons.md gives an authority, and no others', () => {
    const given = [...codes(section('Found by an authority, on what the gate sent')), ...codes(section('Found by an authority, on documents and movements'))]
    expect(given.length).toBeGreaterThan(45)
    // Beside them: a plain yes, and the lane's own answers.
    expect(Object.keys(REASONS).sort()).toEqual([...given, 'admitted', 'not_open_to_holder', 'port_closed'].sort())
  })

  it.each(Object.entries(REASONS))('%s is told in each language by words of its own', (_, row) => {
    expect(row).toHaveLength(4)
    for (const text of row) expect(text.trim()).toBe(text)
    expect(/\p{Script=Han}/u.test(row[2] + row[3])).toBe(false)
    expect(/\p{Script=Han}/u.test(row[0]) && /\p{Script=Han}/u.test(row[1])).toBe(true)
  })

  it('say every doubt that docs/risk.md names but the lane’s own, and the one word for what only the role for lists may know', () => {
    const risk = readFileSync(new URL('../../../docs/risk.md', import.meta.url), 'utf8')
    const table = risk.slice(risk.indexOf('| doubt | own unlock')).split('\n\n')[0]!
    const doubts = codes(table)
    expect(doubts.length).toBeGreaterThan(9)
    expect(Object.keys(DOUBTS).sort()).toEqual([...doubts, 'other'].sort())
  })

  it.each(Object.entries(DOUBTS))('%s is a doubt in four languages', (_, row) => {
    expect(row).toHaveLength(4)
    expect(/\p{Script=Han}/u.test(row[2] + row[3])).toBe(false)
    expect(/\p{Script=Han}/u.test(row[0]) && /\p{Script=Han}/u.test(row[1])).toBe(true)
  })

  it('name the day, and a code that is new here stands for itself', () => {
    expect(reasonWords('week_used', 'wait until the day given, the next Monday (2026-03-09)', 'en')).toBe('this week’s one trip is used (2026-03-09)')
    expect(reasonWords('something_new', '', 'pt')).toBe('something new')
  })
})

describe('documents on an officer’s screen', () => {
  it('are of every kind that an authority names, and no other', () => {
    const source = readFileSync(new URL('../../../crates/documents/src/numbers/kind.rs', import.meta.url), 'utf8')
    const words = source.slice(source.indexOf('fn as_str')).split('\n    }')[0]!
    const kinds = [...words.matchAll(/=> "(\w+)"/g)].map(([, kind]) => kind!)
    expect(kinds.length).toBeGreaterThan(10)
    expect(Object.keys(DOCUMENTS).sort()).toEqual([...kinds].sort())
  })

  it('stand for themselves where they are new here', () => {
    expect(documentWord('hkid', 'zh-Hant')).toBe('香港身份證')
    expect(documentWord('new_card', 'pt')).toBe('new card')
  })
})
