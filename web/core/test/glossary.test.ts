/**
 * The glossary (`docs/glossary.md`) and the texts that people read: the page's two tables are the data of this test.
 *
 * Read are the wallet, the kiosk, the officers' views and the desk's counter in four languages; the pages of `docs/`, `README.md` and `web/` and
 * the help of every command in English. Comments and reason codes are not read: they are no text for the public.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, vi } from 'vitest'
import { skip } from './skip.js'
import { LANES, MEASURES, REASONS } from '../../wallet/src/reasons.js'
import { FOREIGN_CLAIMS, FOREIGN_REFUSALS, FOREIGN_REST, FOREIGN_WORDS } from '../../wallet/src/foreign-words.js'
import { CLAIM_WORDS, DOCUMENT_WORDS, PURPOSE_WORDS, REFUSALS, SCENARIO_WORDS } from '../../wallet/src/venue-words.js'
import { WORDS } from '../../wallet/src/words.js'
import { REASONS as OFFICER_REASONS } from '../../kiosk/src/reason-words.js'
import { DOCUMENTS as OFFICER_DOCUMENTS } from '../../kiosk/src/document-words.js'
import { WORDS as OFFICER_WORDS } from '../../kiosk/src/officer-words.js'

vi.mock('../../wallet/src/platform.js', () => ({ load: () => undefined, save: () => undefined, systemLanguage: () => 'en', announceLanguage: () => undefined }))

const LANGUAGES = ['zh-Hans', 'zh-Hant', 'en', 'pt'] as const
type Language = (typeof LANGUAGES)[number]
type Texts = Record<Language, string>

const root = fileURLToPath(new URL('../../..', import.meta.url))
const read = (path: string) => readFileSync(join(root, path), 'utf8')

// --- the page -------------------------------------------------------------------------------------------------------

/** The rows of the table under a heading of the page, without its head. */
function table(heading: string): string[][] {
  const section = read('docs/glossary.md').split('\n## ').find((part) => part.startsWith(`${heading}\n`)) ?? ''
  const rows = section.split('\n').filter((line) => line.startsWith('| ')).slice(1)
  return rows.map((line) => line.slice(1, -1).split('|').map((cell) => cell.trim()))
}

interface Forbidden { readonly term: string; readonly words: Readonly<Record<Language, readonly string[]>> }

const forbidden: readonly Forbidden[] = table('Words not to use').map(([term = '', en = '', hans = '', hant = '', pt = '']) => {
  const words = (cell: string) => cell.split(',').map((word) => word.trim()).filter((word) => word !== '')
  return { term, words: { en: words(en), 'zh-Hans': words(hans), 'zh-Hant': words(hant), pt: words(pt) } }
})

/** Han words are found anywhere; Latin words stand alone, whatever their case. */
function contains(text: string, word: string): boolean {
  if (/\p{Script=Han}/u.test(word)) return text.includes(word)
  const escaped = word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  return new RegExp(`(?<![\\p{L}\\p{N}_-])${escaped}(?![\\p{L}\\p{N}_-])`, 'iu').test(text)
}

/** Official names of documents that hold a word which is ruled out elsewhere; the permits are called 通行证, the pass never. */
const OFFICIAL = [
  'Mainland Travel Permit for Taiwan Residents',
  ...['台湾居民来往大陆', '港澳居民来往内地', '往来港澳', '前往港澳', '出入境', '入境', '一次性'].map((of) => `${of}通行证`),
  ...['台灣居民來往大陸', '港澳居民來往內地', '往來港澳', '前往港澳', '出入境', '入境', '一次性'].map((of) => `${of}通行證`),
]

/** What is wrong with a text, such as `closed: "turnstile" stands for gate`. */
function faults(name: string, text: string, language: Language): string[] {
  const judged = OFFICIAL.reduce((rest, name) => rest.replaceAll(name, ''), text)
  return forbidden.flatMap(({ term, words }) => words[language].filter((word) => contains(judged, word)).map((word) => `${name}: "${word}" stands for ${term} in: ${text.trim()}`))
}

// --- the texts ------------------------------------------------------------------------------------------------------

const rows = (table: Readonly<Record<string, readonly string[]>>): Map<string, Partial<Texts>> =>
  new Map(Object.entries(table).map(([key, row]) => [key, Object.fromEntries(LANGUAGES.map((language, i) => [language, row[i]])) as Partial<Texts>]))

/** A data file of sentences: `[key]` and one line for each language. */
function sentences(path: string): Map<string, Partial<Texts>> {
  const found = new Map<string, Partial<Texts>>()
  for (const section of read(path).split(/^\[/m).slice(1)) {
    const key = section.slice(0, section.indexOf(']'))
    found.set(key, Object.fromEntries([...section.matchAll(/^([\w-]+) = "(.*)"$/gm)].map(([, language, text]) => [language, text])))
  }
  return found
}

/** A folder with a file of texts for each language. */
function byLanguage(folder: string): Map<string, Partial<Texts>> {
  const found = new Map<string, Partial<Texts>>()
  for (const language of LANGUAGES) {
    for (const [key, text] of Object.entries(JSON.parse(read(`${folder}/${language}.json`)) as Record<string, string>)) found.set(key, { ...found.get(key), [language]: text })
  }
  return found
}

const SCREENS: Readonly<Record<string, Map<string, Partial<Texts>>>> = {
  'wallet/words.ts': rows(WORDS),
  'wallet/reasons.ts: reasons': rows(REASONS),
  'wallet/reasons.ts: measures': rows(MEASURES),
  'wallet/reasons.ts: lanes': rows(LANES),
  'wallet/venue-words.ts': rows({ ...CLAIM_WORDS, ...DOCUMENT_WORDS, ...SCENARIO_WORDS, ...PURPOSE_WORDS }),
  'wallet/venue-words.ts: refusals': rows(REFUSALS),
  'wallet/foreign-words.ts': rows({ ...FOREIGN_WORDS, ...FOREIGN_CLAIMS }),
  'wallet/foreign-words.ts: refusals': rows({ ...FOREIGN_REFUSALS, ...FOREIGN_REST }),
  'kiosk/officer-words.ts': rows(OFFICER_WORDS as Readonly<Record<string, readonly string[]>>),
  'kiosk/reason-words.ts': rows(OFFICER_REASONS),
  'kiosk/document-words.ts': rows(OFFICER_DOCUMENTS),
  'gate/data/texts.toml': sentences('crates/gate/data/texts.toml'),
  'face/data/quality.toml': sentences('crates/face/data/quality.toml'),
  'venue/page/texts': byLanguage('crates/venue/page/texts'),
}

/** The prose of a page: no code, no examples, no addresses. */
const prose = (page: string) => page.replace(/^```[^]*?^```/gm, '').replace(/`[^`\n]*`/g, '').replace(/\]\([^)]*\)/g, ']')

const PAGES = [
  'README.md', 'web/README.md', 'web/wallet/README.md',
  ...readdirSync(join(root, 'docs')).filter((file) => file.endsWith('.md') && file !== 'glossary.md').map((file) => `docs/${file}`),
  ...(existsSync(join(root, 'docs/decisions')) ? readdirSync(join(root, 'docs/decisions')).map((file) => `docs/decisions/${file}`) : []),
]

// --- the commands ---------------------------------------------------------------------------------------------------

const beside = join(process.env['CARGO_TARGET_DIR'] ?? join(root, 'target'), 'debug/baypass')
const program = process.env['BAYPASS_BIN'] ?? (existsSync(beside) ? beside : undefined)
const skipped = skip('the help of the commands against the glossary', program ? undefined : 'no built baypass')

/** The help of a command and of every command below it. */
function help(command: readonly string[]): [string, string][] {
  const { stdout } = spawnSync(program!, ['help', ...command], { encoding: 'utf8' })
  const list = /^Commands:\n([^]*?)\n\n/m.exec(`${stdout}\n\n`)?.[1] ?? ''
  const below = [...list.matchAll(/^ {2}([a-z-]+)/gm)].map(([, name]) => name!).filter((name) => name !== 'help')
  return [[['baypass', ...command].join(' '), stdout], ...below.flatMap((name) => help([...command, name]))]
}

// --- the tests ------------------------------------------------------------------------------------------------------

describe('the glossary', () => {
  it('names every term in four languages and says what it means', () => {
    const terms = table('Terms')
    expect(terms.length).toBeGreaterThan(50)
    for (const row of terms) expect(row.filter((cell) => cell !== ''), row.join(' | ')).toHaveLength(5)
    expect(new Set(terms.map(([term]) => term)).size).toBe(terms.length)
  })

  it('forbids words only in the place of a term that it has, and never a term itself', () => {
    const terms = table('Terms')
    const names = terms.map(([term]) => term)
    expect(forbidden.length).toBeGreaterThan(15)
    for (const { term, words } of forbidden) {
      expect(names).toContain(term)
      expect(Object.values(words).flat().length, term).toBeGreaterThan(0)
    }
    const wrong = terms.flatMap(([en, hans, hant, pt, meaning]) => [
      ...faults('term', `${en} ${meaning}`, 'en'), ...faults('term', hans!, 'zh-Hans'), ...faults('term', hant!, 'zh-Hant'), ...faults('term', pt!, 'pt'),
    ])
    expect(wrong).toEqual([])
  })

  it('is asked in words: it finds a forbidden one, and no other that holds it', () => {
    expect(faults('x', 'Walk through the Turnstile.', 'en')).toHaveLength(1)
    expect(faults('x', 'This is the way there, she and others.', 'en')).toEqual([])
    expect(faults('x', '请到闸口。', 'zh-Hans')).toHaveLength(1)
    expect(faults('x', '请到闸机。', 'zh-Hans')).toEqual([])
    expect(faults('x', '请出示通行证。', 'zh-Hans')).toHaveLength(1)
    expect(faults('x', '请出示往来港澳通行证。', 'zh-Hans')).toEqual([])
  })
})

describe.each(Object.entries(SCREENS))('the texts of %s', (_, texts) => {
  it('stand in four languages', () => {
    expect(texts.size).toBeGreaterThan(5)
    for (const [key, row] of texts) {
      for (const language of LANGUAGES) expect(row[language] ?? '', `${key} ${language}`).not.toBe('')
      expect(Object.keys(row), key).toHaveLength(LANGUAGES.length)
    }
  })

  it('use the terms of the glossary', () => {
    const wrong = [...texts].flatMap(([key, row]) => LANGUAGES.flatMap((language) => faults(`${key} (${language})`, row[language] ?? '', language)))
    expect(wrong).toEqual([])
  })
})

describe('the documents', () => {
  it.each(PAGES)('%s uses the terms of the glossary', (page) => {
    expect(prose(read(page)).split('\n').flatMap((line) => faults(page, line, 'en'))).toEqual([])
  })
})

describe.skipIf(skipped)('the help of the commands', () => {
  it('uses the terms of the glossary', () => {
    const pages = help([])
    expect(pages.length).toBeGreaterThan(20)
    expect(pages.flatMap(([command, text]) => text.split('\n').flatMap((line) => faults(command, line, 'en')))).toEqual([])
  })
})
