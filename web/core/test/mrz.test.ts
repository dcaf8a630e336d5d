/** Machine-readable zones: the specimens of ICAO 9303, the rows of `crates/documents/src/mrz.rs`, published zones. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { checkDigit, readMrz } from '../mrz.js'
import { skip } from './skip.js'

const TODAY = '2026-03-02'
const TD3 = ['P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<', 'L898902C36UTO7408122F1204159ZE184226B<<<<<10']
const TD1 = ['I<UTOD231458907<<<<<<<<<<<<<<<', '7408122F1204159UTO<<<<<<<<<<<6', 'ERIKSSON<<ANNA<MARIA<<<<<<<<<<']

/** A TD1 zone with these fields and whatever check digits they need. */
function td1(number: string, birth = '740812', expiry = '301231', { head = 'I<UTO', sex = 'F', state = 'UTO', names = 'ERIKSSON<<ANNA<<<<<<<<<<<<<<<<' } = {}): string[] {
  const one = head + number.padEnd(25, '<')
  const two = `${birth}${checkDigit(birth)}${sex}${expiry}${checkDigit(expiry)}${state}<<<<<<<<<<<`
  return [one, two + checkDigit(one.slice(5) + two.slice(0, 7) + two.slice(8, 15) + two.slice(18, 29)), names]
}

describe('a machine-readable zone', () => {
  it('of the specimens is read', () => {
    expect(readMrz(TD3, TODAY)).toEqual({ format: 'TD3', code: 'P', issuer: 'UTO', number: 'L898902C3', nationality: 'UTO', birth: '1974-08-12', expiry: '2012-04-15' })
    expect(readMrz(TD1, TODAY)).toEqual({ format: 'TD1', code: 'I', issuer: 'UTO', number: 'D23145890', nationality: 'UTO', birth: '1974-08-12', expiry: '2012-04-15' })
  })

  it.each([1, 10, 14, 20, 22, 28, 30, 43, 44])('is none with another sign in column %i', (column) => {
    const [one, two] = TD3 as [string, string]
    expect(readMrz([one, two.slice(0, column - 1) + (two[column - 1] === '5' ? '6' : '5') + two.slice(column)], TODAY)).toBeUndefined()
  })

  it('is none with any one sign of its checked fields changed, whatever it becomes', () => {
    const checked = (line: number, column: number) => line === 0 ? column >= 5 && column < 15 : [[0, 7], [8, 15], [29, 30]].some(([from, to]) => column >= from! && column < to!)
    let tried = 0
    TD1.forEach((text, line) => [...text].forEach((sign, column) => {
      if (line === 2 || !checked(line, column)) return
      for (const other of '0123456789') {
        if (other === sign || checkDigit(other) === checkDigit(sign)) continue
        tried += 1
        expect(readMrz(TD1.map((own, n) => n === line ? text.slice(0, column) + other + text.slice(column + 1) : own), TODAY), `${line}:${column} ${other}`).toBeUndefined()
      }
    }))
    expect(tried).toBeGreaterThan(200)
  })

  it.each([
    ['nothing', []], ['one line', [TD3[0]!]], ['TD2', ['I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<', 'D231458907UTO7408122F1204159<<<<<<<6']],
    ['small letters', [TD3[0]!.replace('ANNA', 'anna'), TD3[1]!]], ['a short line', [TD3[0]!, TD3[1]!.replace('10', '1')]], ['a letter of elsewhere', [TD3[0]!.replace('ANNA', 'ÄNNA'), TD3[1]!]],
    ['the wrong sex', td1('D231458907', '740812', '301231', { sex: 'X' })], ['no name', td1('D231458907', '740812', '301231', { names: '<'.repeat(30) })],
    ['a digit in a name', td1('D231458907', '740812', '301231', { names: 'ER1KSSON<<ANNA<<<<<<<<<<<<<<<<' })], ['a digit in a state', td1('D231458907', '740812', '301231', { state: 'UT0' })],
    ['no number', td1('<<<<<<<<<0')], ['no such day', td1('D231458907', '740230')],
  ])('is not read of %s', (_, lines) => expect(readMrz(lines, TODAY)).toBeUndefined())

  it.each([
    ['260302', '2026-03-02'], ['260303', '1926-03-03'], ['000229', '2000-02-29'], ['010229', undefined], ['74<<<<', '1974'], ['7408<<', '1974-08'],
    ['74<<12', undefined], ['991332', undefined], ['26<<<<', '2026'], ['27<<<<', '1927'], ['<<<<<<', undefined],
  ])('says of a birth %s: %s', (written, birth) => expect(readMrz(td1('D231458907', written), TODAY)?.birth).toBe(birth))

  it.each([['D23145890<7349<', 'D23145890734'], ['D23145890<7340<', undefined], ['D23145890<9<', undefined]])('with a long number, %s: %s', (number, whole) => {
    expect(readMrz(td1(number), TODAY)?.number).toBe(whole)
  })

  it('of a Home Return Permit is read', () => {
    const number = 'H12345678'
    const lines = td1(`${number}${checkDigit(number)}`, '800102', '300101', { head: 'CRCHN', sex: 'M', state: 'CHN', names: 'CHAN<<TAI<MAN<<<<<<<<<<<<<<<<<' })
    expect(readMrz(lines, TODAY)).toMatchObject({ code: 'CR', issuer: 'CHN', number, birth: '1980-01-02', expiry: '2030-01-01' })
  })
})

const shared = join(process.env['BAYPASS_SHARED'] ?? fileURLToPath(new URL('../../../../shared', import.meta.url)), 'vectors/travel-documents/mrz.json')
const skipped = skip('published machine-readable zones', existsSync(shared) ? undefined : 'no shared folder (BAYPASS_SHARED)')

describe.skipIf(skipped)('published zones', () => {
  interface Vector { readonly type: string; readonly valid: boolean; readonly lines: readonly string[]; readonly fields?: { readonly document_number?: string; readonly birth?: string } }
  const vectors = !skipped ? (JSON.parse(readFileSync(shared, 'utf8')) as Vector[]).filter(({ type }) => type === 'TD1' || type === 'TD3') : []

  it('are read as they are described, or refused', () => {
    expect(vectors.length).toBeGreaterThan(5)
    for (const { valid, lines, fields } of vectors) {
      const read = readMrz(lines, TODAY)
      expect(read !== undefined, lines.join(' ')).toBe(valid)
      if (read && fields?.document_number) expect(read.number).toBe(fields.document_number)
      if (read && fields?.birth) expect(read.birth.slice(2).replaceAll('-', '').padEnd(6, '<')).toBe(fields.birth)
    }
  })
})
