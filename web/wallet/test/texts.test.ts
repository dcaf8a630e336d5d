/** What the wallet says and knows: texts, ports, answers, and the shapes of the authorities' API. */
import { readFileSync } from 'node:fs'
import { beforeEach, describe, expect, it, vi } from 'vitest'
// @ts-expect-error: plain JavaScript, run by Node as it is
import { portsSource } from '../tools/ports.mjs'
import type { PassAnswer } from '../src/api.js'
import { mayCross } from '../src/maycross.js'

vi.mock('../src/platform.js', () => ({ load: () => undefined, save: () => undefined, systemLanguage: () => 'en', announceLanguage: () => undefined }))
const { LANGUAGES, WORDS, day, guess, say, speak } = await import('../src/words.js')
const { LANES, MEASURES, REASONS, reason } = await import('../src/reasons.js')
const { CLAIM_WORDS, DOCUMENT_WORDS, PURPOSE_WORDS, REFUSALS, SCENARIO_WORDS, refusal, valueWord } = await import('../src/venue-words.js')
const { FOREIGN_CLAIMS, FOREIGN_REFUSALS, FOREIGN_REST, FOREIGN_WORDS, foreignClaim, foreignClaims, foreignRefusal } = await import('../src/foreign-words.js')
const FOREIGN = { ...FOREIGN_WORDS, ...FOREIGN_CLAIMS, ...FOREIGN_REST }
const VENUES = { ...CLAIM_WORDS, ...DOCUMENT_WORDS, ...SCENARIO_WORDS, ...PURPOSE_WORDS, ...REFUSALS }

const names = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort()
const HAN = /\p{Script=Han}/u
/** Characters of one writing only, in words of this wallet: a text of the other kind would show them. */
const ONLY = { hans: /[这过关码证张边转请输错认对发记当从号现还没]/u, hant: /[這過關碼證張邊轉請輸錯認對發記當從號現還沒]/u }

describe('what the wallet says', () => {
  it.each(Object.entries({ ...WORDS, ...REASONS, ...MEASURES, ...LANES, ...VENUES, ...FOREIGN }))('%s is there in four languages, with the same things to fill in', (_, row) => {
    expect(row).toHaveLength(LANGUAGES.length)
    for (const text of row) {
      expect(text.trim()).toBe(text)
      expect(text).not.toBe('')
      expect(names(text)).toEqual(names(row[2]))
    }
    const [hans, hant, en, pt] = row
    for (const text of [en, pt]) expect(HAN.test(text), text).toBe(false)
    expect(ONLY.hant.test(hans), hans).toBe(false)
    expect(ONLY.hans.test(hant), hant).toBe(false)
  })

  it('every text is asked for by some screen', () => {
    const folder = new URL('../src/', import.meta.url)
    const sources = ['problems.ts', 'identity.ts', 'name-form.ts', 'ui/OtherWallet.vue', 'ui/QrCode.vue', 'wallet.ts', 'venue-words.ts', 'pages/register/register.vue', 'ui/Switch.vue', 'pages/index/index.vue', 'pages/code/code.vue', 'pages/cross/cross.vue', 'pages/history/history.vue', 'pages/more/more.vue', 'pages/hand/hand.vue', 'pages/bring/bring.vue', 'pages/receipts/receipts.vue', 'ui/Sheet.vue', 'ui/Field.vue', 'ui/pin.ts', 'ui/Offers.vue', 'ui/LockSetting.vue', 'ui/PassCards.vue', 'ui/carer-words.ts', 'ui/Review.vue', 'ui/when.ts']
      .map((file) => readFileSync(new URL(file, folder), 'utf8')).join('\n')
    const unused = Object.keys(WORDS).filter((word) => !/^(told|answer|advice)_/.test(word) && !new RegExp(`['"\`. ]${word}\\b`).test(sources))
    expect(unused).toEqual([])
  })

  it.each([['zh-CN', 'zh-Hans'], ['zh_TW', 'zh-Hant'], ['zh-HK', 'zh-Hant'], ['zh-Hant-MO', 'zh-Hant'], ['zh', 'zh-Hans'], ['pt-PT', 'pt'], ['en-US', 'en'], ['fr', 'en'], ['', 'en']])('a phone in %s is spoken to in %s', (system, language) => {
    expect(guess(system)).toBe(language)
  })

  it('writes a day as people write it', () => {
    const written = LANGUAGES.map((language) => { speak(language); return day('2035-01-09') })
    expect(written).toEqual(['2035年1月9日', '2035年1月9日', '9 January 2035', '9 de janeiro de 2035'])
    expect(day('none')).toBe('none')
    speak('en')
    expect(say('stepOf', { n: 2, of: 5 })).toBe('Step 2 of 5')
  })
})

describe('the reasons of an authority', () => {
  const page = readFileSync(new URL('../../../docs/reasons.md', import.meta.url), 'utf8')
  const section = (title: string) => page.slice(page.indexOf(`## ${title}`)).split('\n## ')[0]!
  const codes = (text: string) => [...text.matchAll(/^\| `(\w+)` \|/gm)].map(([, code]) => code).sort()

  it('are those of docs/reasons.md, each with words of its own', () => {
    expect(codes(section('Found by an authority, on documents and movements')).length).toBeGreaterThan(20)
    expect(Object.keys(REASONS).sort()).toEqual(codes(section('Found by an authority, on documents and movements')))
    for (const place of LANGUAGES.keys()) expect(new Set(Object.values(REASONS).map((row) => row[place])).size).toBe(Object.keys(REASONS).length)
  })

  it('and so are the measures and the lanes', () => {
    expect(Object.keys(MEASURES).sort()).toEqual(codes(section('Measures')))
    expect(Object.keys(LANES).sort()).toEqual(codes(section('The lane')))
  })

  it('name the day that they speak of, and one that is new here sends to an officer', () => {
    speak('en')
    expect(reason('week_used', '2035-01-08')).toContain('from 8 January 2035')
    expect(reason('something_new', undefined)).toContain('officer')
  })
})

describe('cards of other systems', () => {
  const page = readFileSync(new URL('../src/pages/others/others.vue', import.meta.url), 'utf8')
  const foreign = readFileSync(new URL('../src/foreign.ts', import.meta.url), 'utf8')

  it('have every text asked for by their screen', () => {
    const [more, hand] = ['more/more', 'hand/hand'].map((file) => readFileSync(new URL(`../src/pages/${file}.vue`, import.meta.url), 'utf8'))
    expect(Object.keys(FOREIGN_WORDS).filter((word) => !new RegExp(`'${word}'`).test(`${page}${more}${hand}`))).toEqual([])
  })

  it('have a sentence in four languages for each refusal, its own or that of its kind', () => {
    for (const [code, row] of Object.entries(FOREIGN_REFUSALS)) expect(row, code).toHaveLength(LANGUAGES.length)
    const thrown = [...foreign.matchAll(/new Refused\('(\w+)'\)/g)].map(([, code]) => code!)
    const sources = ['issuance', 'presentation', 'mdoc', 'sd-jwt'].map((file) => readFileSync(new URL(`../../openid/${file}.ts`, import.meta.url), 'utf8')).join()
    for (const code of new Set(thrown)) expect(/^(issuer_form|mdoc_form)$/.test(code) || code in FOREIGN_REFUSALS, code).toBe(true)
    for (const code of Object.keys(FOREIGN_REFUSALS)) expect(sources.includes(`'${code}'`) || thrown.includes(code) || foreign.includes(`'${code}'`), code).toBe(true)
    speak('en')
    expect(foreignRefusal('sd_jwt_signature', false)).toContain('nothing was taken')
    expect(foreignRefusal('dcql_path', true)).toContain('nothing was shown')
  })

  it('name what is in them in the reader’s language, and leave a name that nobody knows as it is', () => {
    speak('en')
    expect(['family_name', 'address.birthdate', 'nationalities.0', 'age_over_18', 'age_equal_or_over.65', 'shoe_size'].map(foreignClaim)).toEqual(['Family name', 'Date of birth', 'Nationality', '18 or older', '65 or older', 'shoe_size'])
    speak('zh-Hant')
    expect(foreignClaims(['family_name', 'birthdate', 'birth_date'])).toBe('姓、出生日期')
    speak('en')
  })
})

describe('a desk that is refused', () => {
  const core = (file: string) => readFileSync(new URL(`../../core/${file}.ts`, import.meta.url), 'utf8')
  const named = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map(([, code]) => code!)
  const venue = core('venue')
  const approval = core('approval')
  const codes = new Set([
    ...named(venue + core('desk'), /(?:new Refused|refuse)\('(\w+)'/g),
    ...named(venue, /hold\(.*, '(\w+)'\)/g),
    ...named(venue, /(?:unknown|order): '(\w+)'/g),
    ...named(venue, /Refused\(.* \? '(\w+)' : '\w+'\)/g), ...named(venue, /Refused\(.* \? '\w+' : '(\w+)'\)/g),
    ...named(/const KEY_REASONS = \[(.*)\]/.exec(core('desk'))?.[1] ?? '', /'(\w+)'/g).map((reason) => `desk_${reason}`),
    ...named(approval.slice(approval.indexOf('function holdToApproval')), /(?:\['|Refused\(')(\w+)'/g),
    ...named(readFileSync(new URL('../src/venue.ts', import.meta.url), 'utf8'), /(?:new Refused\(|refused: |\? )'(\w+)'/g),
    ...named(readFileSync(new URL('../src/venue.ts', import.meta.url), 'utf8'), /'receipt_\w+' : '(\w+)'/g),
  ])
  // Of a key alone, `desk` gives the codes of its own above; a list is no page's business.
  for (const reason of ['key_unknown', 'list_too_old', 'network', 'answer', 'rolled_back']) codes.delete(reason)
  const seen = JSON.parse(readFileSync(new URL('../../../vectors/venues.json', import.meta.url), 'utf8')) as Record<string, readonly { readonly expect: string }[]>
  const expected = ['requests', 'receipts'].flatMap((table) => (seen[table] ?? []).map(({ expect: code }) => code)).filter((code) => code !== 'ok')

  it('has a sentence for every code that core and the wallet give, also for those of the vectors', () => {
    expect(codes.size).toBeGreaterThan(45)
    expect(expected.length).toBeGreaterThan(20)
    expect([...codes, ...expected].filter((code) => !(code in REFUSALS))).toEqual([])
    for (const code of ['request_ended', 'request_from_future', 'desk_key_unknown', 'desk_key_role', 'approval_over', 'claim_not_approved', 'desk_list_too_old', 'venue_code_cut', 'request_reply', 'receipt_keeps_more']) expect([...codes]).toContain(code)
  })

  it('says what to do next, and a code that is new here is a refusal of the desk', () => {
    speak('en')
    for (const code of Object.keys(REFUSALS)) expect(REFUSALS[code]![2], code).toMatch(/\b(Scan|scan|Show|show|Ask|ask|Tell|Go|Compare|Update)\b/)
    expect(refusal('something_new')).toBe(REFUSALS['desk_refused']![2])
  })

  it('shows values as people write them', () => {
    speak('pt')
    expect([valueWord('birth_date', '1990-05-06'), valueWord('birth_date', '1990'), valueWord('age_over_18', false), valueWord('region', 'MAC'), valueWord('document_kind', 'passport'), valueWord('nationality', 'PRT')])
      .toEqual(['6 de maio de 1990', '1990', 'não', 'Macau', 'Passaporte', 'PRT'])
    speak('en')
  })
})

describe('the ports', () => {
  it('are those of the rules', () => {
    expect(readFileSync(new URL('../src/ports.ts', import.meta.url), 'utf8')).toBe(portsSource('2026-07-01'))
  })
})

describe('may I cross', () => {
  let permit: PassAnswer
  const of = (documents: PassAnswer['documents']): PassAnswer => ({ home: 'CHN', documents, tokens_left: 8 })
  beforeEach(() => {
    permit = of([{ kind: 'exit_entry_permit', last4: '5678', status: 'valid', expires: '2030-06-30', endorsements: [
      { destination: 'HKG', form: 'individual', entries: 2, from: '2026-03-01', to: '2026-08-31' },
      { destination: 'HKG', form: 'individual', entries: 1, from: '2027-01-01', to: '2027-03-31' },
    ] }])
  })

  it.each([
    ['2026-02-28', false, 'early', '2026-03-01'], ['2026-03-01', true, 'good', '2026-08-31'], ['2026-08-31', true, 'good', '2026-08-31'],
    ['2026-09-01', false, 'early', '2027-01-01'], ['2027-03-31', true, 'good', '2027-03-31'], ['2027-04-01', false, 'late', '2027-03-31'],
  ])('a mainland resident to Hong Kong on %s: %s, the endorsement is %s', (date, may, state, told) => {
    const answer = mayCross('CHN', { CHN: permit }, 'CHN', 'HKG', date)
    expect(answer.may).toBe(may)
    expect(answer.findings).toEqual([{ about: 'document', kind: 'exit_entry_permit', state: 'good' }, { about: 'endorsement', to: 'HKG', state, day: told }])
  })

  it('an endorsement for one place is none for the other, also from Hong Kong to Macao', () => {
    for (const from of ['CHN', 'HKG'] as const) {
      expect(mayCross('CHN', { CHN: permit }, from, 'MAC', '2026-04-01')).toMatchObject({ may: false, findings: [{}, { about: 'endorsement', to: 'MAC', state: 'none' }] })
    }
  })

  it('the way home asks for no endorsement and is called what it is', () => {
    expect(mayCross('CHN', { CHN: permit }, 'HKG', 'CHN', '2029-01-01')).toEqual({ may: true, home: true, findings: [{ about: 'document', kind: 'exit_entry_permit', state: 'good' }] })
  })

  it('a document is good to the end of its last day, and a lost one never', () => {
    const card = (status: string, expires?: string) => ({ CHN: of([{ kind: 'home_return_permit', last4: '1234', status, ...(expires ? { expires } : {}), endorsements: [] }]) })
    expect(mayCross('HKG', card('valid', '2030-01-31'), 'HKG', 'CHN', '2030-01-31').may).toBe(true)
    expect(mayCross('HKG', card('valid', '2030-01-31'), 'HKG', 'CHN', '2030-02-01').findings).toEqual([{ about: 'document', kind: 'home_return_permit', state: 'expired', day: '2030-01-31' }])
    expect(mayCross('HKG', card('lost'), 'HKG', 'CHN', '2026-01-01').findings).toEqual([{ about: 'document', kind: 'home_return_permit', state: 'lost' }])
    expect(mayCross('MAC', {}, 'MAC', 'CHN', '2026-01-01').findings).toEqual([{ about: 'document', kind: 'home_return_permit', state: 'none' }])
  })

  it('of two documents the one that may be used counts', () => {
    const documents = ['2020-01-01', '2031-01-01'].map((expires) => ({ kind: 'home_return_permit', last4: '1', status: 'valid', expires, endorsements: [] }))
    expect(mayCross('HKG', { CHN: of(documents) }, 'HKG', 'CHN', '2026-01-01').may).toBe(true)
  })

  it('between Hong Kong and Macao a resident needs the own card alone', () => {
    const records = { HKG: of([{ kind: 'hkid', last4: '4563', status: 'valid', endorsements: [] }]) }
    expect(mayCross('HKG', records, 'HKG', 'MAC', '2026-01-01')).toMatchObject({ may: true, home: false })
    expect(mayCross('MAC', records, 'HKG', 'MAC', '2026-01-01')).toMatchObject({ may: false, home: true, findings: [{ kind: 'macao_bir', state: 'none' }] })
  })
})
