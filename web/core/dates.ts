/**
 * Dates: a day as people write it, by year, month, day or by day, month, year as the cards of Hong Kong and Macao print it.
 *
 * Lives here: reading one. Not here: whether a document may have it. Month, day, year is read nowhere in the Bay, and would be mistaken for
 * day, month, year: it is refused where that is no day, and else the day in words beside the field shows what was read.
 */
import { isDate } from './numbers.js'

/** Between the parts: dashes, dots, strokes, blanks, and the Chinese signs for year, month and day. */
const PART = String.raw`(?:\s*[-./\s\u2010-\u2015年月]\s*)`
const YEAR_FIRST = new RegExp(String.raw`^(\d{4})${PART}(\d{1,2})${PART}(\d{1,2})\s*[日号號]?$`)
const YEAR_LAST = new RegExp(String.raw`^(\d{1,2})${PART}(\d{1,2})${PART}(\d{4})$`)
const DIGITS = /^\d{8}$/

const two = (part: string) => part.padStart(2, '0')

/** The day in a text, `YYYY-MM-DD`; `undefined` where it is none, or not whole. Full-width signs count as the plain ones. */
export function readDate(text: string): string | undefined {
  const plain = text.normalize('NFKC').trim()
  const digits = DIGITS.test(plain) ? [plain.replace(/^(....)(..)(..)$/, '$1-$2-$3'), plain.replace(/^(..)(..)(....)$/, '$3-$2-$1')] : []
  const first = YEAR_FIRST.exec(plain)
  const last = YEAR_LAST.exec(plain)
  const [year, month, day] = first ? [first[1]!, first[2]!, first[3]!] : last ? [last[3]!, last[2]!, last[1]!] : ['', '', '']
  // Eight digits are never both: where the year stands first a month follows, and no year from 1800 on begins like a month.
  return [...digits, `${year}-${two(month)}-${two(day)}`].find(isDate)
}

/** Whether a text that is still typed is wrong whatever follows: all parts are there, and it is no day. */
export function isWrongDate(text: string): boolean {
  const plain = text.normalize('NFKC').trim()
  const whole = DIGITS.test(plain) || YEAR_LAST.test(plain) || (YEAR_FIRST.test(plain) && /(\d\d|[日号號])$/.test(plain)) || plain.length > 14
  return whole && readDate(plain) === undefined
}
