/** `core` by itself: what it refuses, what it depends on, and that a second library writes the same bytes. */
import { readFileSync, readdirSync } from 'node:fs'
import * as cborg from 'cborg'
import { describe, expect, it } from 'vitest'
import { fromBase64Url, fromHex, fromUtf8, toBase64Url, toHex, toUtf8 } from '../bytes.js'
import { fromBase45, toBase45 } from '../base45.js'
import { CborMap, decode, encode } from '../cbor.js'
import { isWrongDate, readDate } from '../dates.js'
import { isDate, judgeNumber, judgeTyping } from '../numbers.js'

describe('CBOR', () => {
  // The rows of crates/credential/src/cbor.rs.
  it.each([
    ['1817', false], ['190018', false], ['580101', false], ['5f4101ff', false], ['9f01ff', false], ['bf0102ff', false],
    ['a201000100', false], ['0000', false], ['', false], ['82', false], ['4401', false], ['f93c00', false], ['61ff', false],
    ['818181818181818100', false], ['81818181818100', true], ['a201000200', true], ['3863', true], ['3817', false],
    ['9bffffffffffffffff', false], ['bb7fffffffffffffff', false], ['5b7fffffffffffffff00', false], ['f7', false], ['1c', false],
  ])('reads %s: %s', (hex, read) => {
    const attempt = () => decode(fromHex(hex))
    if (read) expect(attempt).not.toThrow()
    else expect(attempt).toThrow()
  })

  it('refuses keys out of order but for those who may write any', () => {
    expect(() => decode(fromHex('a202000100'))).toThrow('keys')
    expect(() => decode(fromHex('a202000100'), true)).not.toThrow()
    expect(() => encode(new CborMap([[1, 0], [1, 1]]))).toThrow('keys')
  })

  it('writes no number that it would have to round, and no text that has no bytes', () => {
    for (const wrong of [0.5, NaN, Infinity, 2 ** 53]) expect(() => encode(wrong)).toThrow()
    expect(() => encode('\ud800')).toThrow()
  })

  it('writes the same as another library', () => {
    for (const value of [0, 23, 24, 255, 256, 65535, 65536, 4294967295, 4294967296, -1, -24, -25, -65537, true, null, 'Año 漢😀', [1, [2, 'x']], new Uint8Array(300)]) {
      expect(toHex(encode(value as never))).toBe(toHex(cborg.encode(value)))
    }
  })
})

describe('texts', () => {
  it('are read and written as RFC 9285 shows', () => {
    for (const [plain, coded] of [['AB', 'BB8'], ['Hello!!', '%69 VD92EX0'], ['base-45', 'UJCLQE7W581'], ['ietf!', 'QED8WEX0']] as const) {
      expect(toBase45(toUtf8(plain))).toBe(coded)
      expect(fromUtf8(fromBase45(coded))).toBe(plain)
    }
    for (const wrong of ['GGW', 'A', 'bb8', ':::', '::']) expect(() => fromBase45(wrong)).toThrow()
  })

  it('are Base64 in its URL form, without padding and without a bit too much', () => {
    for (let length = 0; length < 70; length += 1) {
      const bytes = Uint8Array.from({ length }, (_, i) => (i * 89 + length) & 255)
      expect(toBase64Url(bytes)).toBe(Buffer.from(bytes).toString('base64url'))
      expect(toHex(fromBase64Url(toBase64Url(bytes)))).toBe(toHex(bytes))
    }
    for (const wrong of ['A', 'AB', 'AA==', 'A+', 'AAB']) expect(() => fromBase64Url(wrong)).toThrow()
  })

  it('are UTF-8 without overlong forms, surrogates or cut signs', () => {
    for (const wrong of ['c080', 'e08080', 'eda080', 'f4908080', 'f8', '80', 'e6bc', 'c3']) {
      expect(() => fromUtf8(fromHex(wrong)), wrong).toThrow()
    }
  })
})

describe('numbers', () => {
  it('are judged while they are typed, and only for what more typing cannot mend', () => {
    for (const [kind, typed, fault] of [
      ['hkid', 'A12', undefined], ['hkid', 'A12B', undefined], ['hkid', 'A123456(3', undefined], ['hkid', 'A123456(3)', undefined],
      ['hkid', 'A1234564', 'check_digit'], ['hkid', 'AB9876543', undefined], ['hkid', 'AB9876544', 'check_digit'],
      ['mainland_id', '11010119900506100', undefined], ['mainland_id', '110101199005061003', 'check_digit'], ['mainland_id', '110101199005061004', undefined],
      ['exit_entry_permit', 'C1234', undefined], ['exit_entry_permit', 'C123456789', 'length'], ['macao_bir', '2123456(7)', 'character'],
    ] as const) {
      expect(judgeTyping(kind, typed)?.fault, `${kind} ${typed}`).toBe(fault)
    }
  })

  it('are what the cards say', () => {
    expect(judgeNumber('home_return_permit', 'H1234567800')).toEqual({ number: 'H12345678' })
    expect(judgeNumber('mainland_id', '810000199005061004')).toEqual({ fault: 'is_residence_permit' })
  })

  it('include days of the calendar alone', () => {
    expect(['2024-02-29', '2023-02-29', '2000-02-29', '1900-02-29', '2024-13-01', '2024-1-01'].map(isDate)).toEqual([true, false, true, false, false, false])
  })

  it('reads a day as people write it, year first or day first, and never a month first', () => {
    const may = ['1990-05-23', '1990/5/23', '1990.5.23', '1990 5 23', '1990年5月23日', '1990 年 5 月 23 号', '19900523', '23/5/1990', '23-05-1990', '23.5.1990', '23 5 1990', '23051990', ' 23/05/1990 ', '２３／５／１９９０', '1990\u201105\u201123']
    expect(may.map(readDate)).toEqual(may.map(() => '1990-05-23'))
    expect(readDate('6/5/1990'), 'the sixth of May').toBe('1990-05-06')
    const none = ['5/23/1990', '31/2/1990', '23/5/90', '1990-05', '1990-5-', '', '23 May 1990', '1990-05-23-1', '0/5/1990', '23/13/1990', '29/2/2023', '1990/05.', '99999999', '00000000']
    expect(none.map(readDate)).toEqual(none.map(() => undefined))
  })

  it('calls no day wrong that is still being typed', () => {
    for (const whole of ['1990-05-23', '23/5/1990', '23051990', '1990年5月3日']) {
      for (let n = 0; n <= whole.length; n += 1) expect(isWrongDate(whole.slice(0, n)), whole.slice(0, n)).toBe(false)
    }
    expect(['1990-02-30', '31/2/1990', '99999999', '1990年2月30日', '123456789012345'].map(isWrongDate)).toEqual([true, true, true, true, true])
  })
})

describe('core', () => {
  it('uses nothing that a mini-program lacks, and imports nothing but itself and the two audited libraries', () => {
    const folder = new URL('..', import.meta.url)
    for (const file of readdirSync(folder).filter((name) => name.endsWith('.ts'))) {
      const source = readFileSync(new URL(file, folder), 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '')
      expect(source, file).not.toMatch(/\b(TextEncoder|TextDecoder|atob|btoa|Buffer|window|document|process|globalThis|Math\.random|fetch|new URL)\b/)
      expect(source, file).not.toMatch(/\b\d+n\b/)
      for (const [, from] of source.matchAll(/from '([^']+)'/g)) expect(from).toMatch(/^(\.\/|@noble\/)/)
    }
  })
})
