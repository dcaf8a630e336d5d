/**
 * Machine-readable zones (ICAO 9303, parts 3 to 5), by the rules of `crates/documents/src/mrz.rs`.
 *
 * Lives here: TD1 and TD3, their check digits, what a wallet needs of them. Not here: how they are read from a picture, and
 * what a document allows. TD2 is on no card that the wallet asks for; the one-line zone of the Exit-Entry Permit has no
 * published layout.
 */
import { isDate } from './numbers.js'

export interface Mrz {
  readonly format: 'TD1' | 'TD3'
  /** The document code without fillers. */
  readonly code: string
  readonly issuer: string
  /** Over nine signs too. */
  readonly number: string
  readonly nationality: string
  /** `YYYY-MM-DD`; month and day, or the day, are missing where the zone leaves them out. */
  readonly birth: string
  readonly expiry: string
}

const SIGNS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ'
const WEIGHTS = [7, 3, 1]

/** The check digit of a field (ICAO 9303-3, 4.9): fillers count as zero; `undefined` for a sign outside the alphabet. */
export function checkDigit(field: string): string | undefined {
  let sum = 0
  for (let i = 0; i < field.length; i += 1) {
    const sign = field.charAt(i)
    const value = sign === '<' ? 0 : SIGNS.indexOf(sign)
    if (value < 0) return undefined
    sum += value * WEIGHTS[i % 3]!
  }
  return String(sum % 10)
}

/** Reads the lines of a zone; `undefined` where anything is wrong. `today` (`YYYY-MM-DD`) decides the century of a birth. */
export function readMrz(lines: readonly string[], today: string): Mrz | undefined {
  const format = lines.length === 3 ? 'TD1' : lines.length === 2 ? 'TD3' : undefined
  if (!format || !lines.every((line) => line.length === (format === 'TD1' ? 30 : 44) && /^[0-9A-Z<]+$/.test(line))) return undefined
  const f = format === 'TD1' ? td1(lines) : td3(lines)
  const number = wholeNumber(f)
  if (!number || number.includes('<<')) return undefined
  if (!fits(f.birth, f.birthCheck) || !fits(f.expiry, f.expiryCheck) || !fits(f.composite, f.compositeCheck)) return undefined
  // ICAO 9303-4, 4.2.2.2: an empty optional field may carry a filler as its check digit.
  if (f.optionalCheck !== undefined && !fits(f.optional, f.optionalCheck) && !/^<+$/.test(f.optional + f.optionalCheck)) return undefined
  const nationality = trimmed(f.nationality)
  if (!/^[MF<]$/.test(f.sex) || !/^[A-Z]{1,3}$/.test(nationality)) return undefined
  if (/[0-9]/.test(f.names) || !/[A-Z]/.test(f.names.split('<<')[0]!)) return undefined
  const [birth, expiry] = [birthDate(f.birth, today), date(f.expiry, 20)]
  if (!birth || !expiry) return undefined
  return { format, code: trimmed(f.code), issuer: trimmed(f.issuer), number, nationality, birth, expiry }
}

interface Fields {
  readonly code: string
  readonly issuer: string
  readonly number: string
  readonly numberCheck: string
  readonly nationality: string
  readonly birth: string
  readonly birthCheck: string
  readonly sex: string
  readonly expiry: string
  readonly expiryCheck: string
  readonly optional: string
  /** TD3 only. */
  readonly optionalCheck?: string
  /** TD1 only: where the rest of a long number stands. */
  readonly overflow?: string
  readonly composite: string
  readonly compositeCheck: string
  readonly names: string
}

/** Signs `from` to `to` of a line, counted from 1 as the standard does. */
const cut = (line: string, from: number, to: number) => line.slice(from - 1, to)
const trimmed = (field: string) => field.replace(/<+$/, '')
const fits = (field: string, check: string) => checkDigit(field) === check

/** ICAO 9303-5, 4.2. */
function td1([one = '', two = '', three = '']: readonly string[]): Fields {
  return {
    code: cut(one, 1, 2), issuer: cut(one, 3, 5), number: cut(one, 6, 14), numberCheck: cut(one, 15, 15), overflow: cut(one, 16, 30),
    birth: cut(two, 1, 6), birthCheck: cut(two, 7, 7), sex: cut(two, 8, 8), expiry: cut(two, 9, 14), expiryCheck: cut(two, 15, 15),
    nationality: cut(two, 16, 18), optional: cut(two, 19, 29), names: three,
    composite: cut(one, 6, 30) + cut(two, 1, 7) + cut(two, 9, 15) + cut(two, 19, 29), compositeCheck: cut(two, 30, 30),
  }
}

/** ICAO 9303-4, 4.2. */
function td3([one = '', two = '']: readonly string[]): Fields {
  return {
    code: cut(one, 1, 2), issuer: cut(one, 3, 5), names: cut(one, 6, 44), number: cut(two, 1, 9), numberCheck: cut(two, 10, 10),
    nationality: cut(two, 11, 13), birth: cut(two, 14, 19), birthCheck: cut(two, 20, 20), sex: cut(two, 21, 21), expiry: cut(two, 22, 27),
    expiryCheck: cut(two, 28, 28), optional: cut(two, 29, 42), optionalCheck: cut(two, 43, 43),
    composite: cut(two, 1, 10) + cut(two, 14, 20) + cut(two, 22, 43), compositeCheck: cut(two, 44, 44),
  }
}

/**
 * ICAO 9303-5, 4.2.4: a filler in the place of the check digit says that the number goes on in the optional field, followed
 * by its check digit and a filler. `undefined` where its check digit does not fit.
 */
function wholeNumber({ number, numberCheck, overflow }: Fields): string | undefined {
  if (overflow === undefined || numberCheck !== '<' || overflow.startsWith('<')) return fits(number, numberCheck) ? trimmed(number) : undefined
  const tail = overflow.split('<')[0]!
  const whole = number + tail.slice(0, -1)
  return tail.length > 1 && fits(whole, tail.slice(-1)) ? whole : undefined
}

/** `YYMMDD` in a century; unknown parts are fillers, and a day without its month means nothing. */
function date(text: string, century: number): string | undefined {
  const found = /^(\d\d)(?:(\d\d)(?:(\d\d)|<<)|<<<<)$/.exec(text)
  if (!found) return undefined
  const [, year, month, dayOfMonth] = found
  if (!isDate(`${century}${year}-${month ?? '01'}-${dayOfMonth ?? '01'}`)) return undefined
  return [`${century}${year}`, month, dayOfMonth].filter((part) => part !== undefined).join('-')
}

/** A birth date is in this century, unless it would then be in the future. */
function birthDate(text: string, today: string): string | undefined {
  const century = Number(today.slice(0, 2))
  const latest = date(text, century)
  // A part that is missing counts as the first there is.
  return latest && `${latest}-01-01`.slice(0, 10) <= today ? latest : date(text, century - 1)
}
