/** The transfer code as it is typed, what each authority is shown of it, and the parcel. */
import { describe, expect, it } from 'vitest'
import { toHex } from '../bytes.js'
import { handOverFor, isWholeHandOver, makeHandOver, openParcel, printedHandOver, readHandOver, sealParcel } from '../hand-over.js'

const COUNTED = Uint8Array.from({ length: 19 }, (_, i) => i)
const CODE = makeHandOver(COUNTED)

describe('a transfer code', () => {
  it('is twenty characters in groups of four, and reads back however it is typed', () => {
    expect(CODE).toMatch(/^0123456789ABCDEFGHJ[0-9A-HJKMNP-TV-Z]$/)
    const printed = printedHandOver(CODE)
    expect(printed).toMatch(/^(\w{4}-){4}\w{4}$/)
    for (const typed of [CODE, printed, printed.toLowerCase(), ` ${printed.replaceAll('-', ' ')} `, CODE.replace('0', 'o').replace('1', 'l')]) {
      expect(isWholeHandOver(typed)).toBe(true)
      expect(readHandOver(typed)).toBe(CODE)
    }
  })

  it('with one wrong character is none', () => {
    for (let at = 0; at < CODE.length; at += 1) {
      for (const other of '0123456789ABCDEFGHJKMNPQRSTVWXYZ') {
        if (other !== CODE[at]) expect(readHandOver(CODE.slice(0, at) + other + CODE.slice(at + 1)), `${other} at ${at}`).toBeUndefined()
      }
    }
    for (const text of ['', CODE.slice(1), `${CODE}0`, 'H7K2-0000-0000-0000', '////-////-////-////-////']) expect(readHandOver(text)).toBeUndefined()
  })

  it('is made of five bits of each byte', () => {
    expect(makeHandOver(Uint8Array.from({ length: 19 }, (_, i) => i | 0xe0))).toBe(CODE)
    expect(makeHandOver(new Uint8Array(19).fill(31)).slice(0, 19)).toBe('Z'.repeat(19))
  })

  it('shows each authority, and each pass, something else (the example of docs/enrolment.md)', () => {
    const shown = (['CHN', 'HKG', 'MAC'] as const).flatMap((authority) => [0, 1].map((place) => toHex(handOverFor(CODE, place, authority))))
    expect(new Set(shown).size).toBe(6)
    expect([CODE, shown[2]]).toEqual(EXAMPLE)
  })
})

/** The code of the bytes 0 to 18, and what Hong Kong is shown for the first pass; computed apart, by Python's `hmac`. */
const EXAMPLE = ['0123456789ABCDEFGHJY', 'f52c915b7b649b6d67075b8638c034b113e545d914fdf6a7ab0544dce05c4c99']

describe('the parcel', () => {
  const contents = { name: 'SPECIMEN 李娜', passes: 2 }
  const sealed = sealParcel(CODE, 0, contents, COUNTED.slice(0, 12))

  it('opens under its code and place, and under no other', () => {
    expect(openParcel(CODE, 0, sealed)).toEqual(contents)
    expect(openParcel(CODE, 1, sealed)).toBeUndefined()
    expect(openParcel(makeHandOver(COUNTED.map((byte) => byte ^ 1)), 0, sealed)).toBeUndefined()
  })

  it('that was altered or cut opens nowhere', () => {
    for (let at = 0; at < sealed.length; at += 1) {
      const altered = sealed.slice()
      altered[at] = sealed[at]! ^ 1
      expect(openParcel(CODE, 0, altered)).toBeUndefined()
      expect(openParcel(CODE, 0, sealed.slice(0, at))).toBeUndefined()
    }
  })

  it('says nothing in clear', () => {
    expect(Buffer.from(sealed).includes('SPECIMEN')).toBe(false)
  })
})
