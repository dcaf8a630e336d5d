/**
 * Document numbers: judged while they are typed, by the rules of `crates/documents/src/numbers.rs`.
 *
 * Lives here: the kinds that a wallet asks for, and what is wrong with a text. Not here: whether a document exists.
 */
export type DocumentKind = 'mainland_id' | 'hkid' | 'macao_bir' | 'exit_entry_permit' | 'home_return_permit'

/** The first thing wrong with a number. */
export interface NumberFault {
  readonly fault:
    | 'length'
    | 'character'
    | 'check_digit'
    | 'date'
    | 'area'
    | 'is_residence_permit'
    | 'old_booklet'
  /** `character` only: which, from 1. */
  readonly position?: number
}

export type NumberJudged = { readonly number: string } | NumberFault

/** Reads `text` as a number of `kind`; the number is without brackets, of a Home Return Permit the nine lasting signs. */
export function judgeNumber(kind: DocumentKind, text: string): NumberJudged {
  // The blanks of Unicode, as Rust trims them: `trim` here takes others.
  const clean = upper(text.replace(/^\p{White_Space}+|\p{White_Space}+$/gu, ''))
  switch (kind) {
    case 'mainland_id':
      return mainlandId(clean)
    case 'hkid':
      return hkid(withoutBrackets(clean))
    case 'macao_bir':
      return macaoBir(withoutBrackets(clean))
    case 'exit_entry_permit':
      return exitEntryPermit(clean)
    case 'home_return_permit':
      return homeReturnPermit(clean)
  }
}

/** The signs of a complete number, brackets and blanks left out; more than these are never right. */
export const LONGEST: Readonly<Record<DocumentKind, number>> = {
  mainland_id: 18,
  hkid: 9,
  macao_bir: 8,
  exit_entry_permit: 9,
  home_return_permit: 11,
}

/** Checks an unfinished number: a fault that further characters cannot correct, or `undefined`. */
export function judgeTyping(kind: DocumentKind, text: string): NumberFault | undefined {
  // An opening bracket waits for its sign and the closing one.
  const judged = judgeNumber(kind, text.includes(')') ? text : text.replace('(', ''))
  if ('number' in judged) return undefined
  const signs = [...text.trim()].filter((sign) => !'() '.includes(sign)).length
  if (judged.fault === 'length' || judged.fault === 'check_digit') {
    // Of a Hong Kong card eight signs may be whole (one letter) or one short (two letters).
    const whole = kind === 'hkid' && !/^[A-Za-z]{2}/.test(text.trim()) ? 8 : LONGEST[kind]
    return signs < whole ? undefined : judged
  }
  return judged.fault === 'character' && (judged.position ?? 0) > signs ? undefined : judged
}

/** The birth date in a mainland identity card number, `YYYY-MM-DD`. */
export function birthIn(mainlandNumber: string): string | undefined {
  const found = /^\d{6}(\d{4})(\d{2})(\d{2})/.exec(mainlandNumber)
  const date = found ? `${found[1]}-${found[2]}-${found[3]}` : ''
  return isDate(date) ? date : undefined
}

/** Whether `text` is a day of the calendar, written `YYYY-MM-DD`. */
export function isDate(text: string): boolean {
  const found = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text)
  if (!found) return false
  const [year, month, day] = [Number(found[1]), Number(found[2]), Number(found[3])]
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0
  const days = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
  return year >= 1800 && year <= 9998 && days !== undefined && day >= 1 && day <= days
}

function upper(text: string): string {
  return text.replace(/[a-z]/g, (sign) => sign.toUpperCase())
}

function withoutBrackets(clean: string): string {
  const found = /^(.*)\(([^(])\)$/su.exec(clean)
  return found ? `${found[1]}${found[2]}` : clean
}

/** The first sign from `start` on that is no digit. */
function digitsFrom(clean: string, start: number): NumberFault | undefined {
  for (let i = start; i < clean.length; i += 1) {
    if (!/[0-9]/.test(clean.charAt(i))) return { fault: 'character', position: i + 1 }
  }
  return undefined
}

const GB_WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]
// GB/T 2260: the first two digits name the province.
const PROVINCES = /^(1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|81|82)/

function mainlandId(clean: string): NumberJudged {
  if (/^(81|82|83)0000/.test(clean) && clean.length === 18) return { fault: 'is_residence_permit' }
  if (clean.length !== 18) return { fault: 'length' }
  let sum = 0
  for (const [i, weight] of GB_WEIGHTS.entries()) {
    const sign = clean.charAt(i)
    if (!/[0-9]/.test(sign)) return { fault: 'character', position: i + 1 }
    sum += Number(sign) * weight
  }
  const check = clean.charAt(17)
  if (!/[0-9X]/.test(check)) return { fault: 'character', position: 18 }
  if ('10X98765432'.charAt(sum % 11) !== check) return { fault: 'check_digit' }
  if (!birthIn(clean)) return { fault: 'date' }
  return PROVINCES.test(clean) ? { number: clean } : { fault: 'area' }
}

function hkid(clean: string): NumberJudged {
  if (clean.length !== 8 && clean.length !== 9) return { fault: 'length' }
  const letters = clean.length - 7
  // A card with one letter counts as one with a blank, of value 36, before it.
  let sum = letters === 1 ? 36 * 9 : 0
  let weight = letters === 1 ? 8 : 9
  for (let i = 0; i < clean.length; i += 1) {
    const sign = clean.charAt(i)
    const last = i === clean.length - 1
    const fits = i < letters ? /[A-Z]/.test(sign) : /[0-9]/.test(sign) || (last && sign === 'A')
    if (!fits) return { fault: 'character', position: i + 1 }
    sum += (/[0-9]/.test(sign) ? Number(sign) : sign.charCodeAt(0) - 55) * weight
    weight -= 1
  }
  return sum % 11 === 0 ? { number: clean } : { fault: 'check_digit' }
}

function macaoBir(clean: string): NumberJudged {
  if (clean.length !== 8) return { fault: 'length' }
  const fault = digitsFrom(clean, 0)
  if (fault) return fault
  // No check rule is published for this card: the form is all that can be judged.
  return /^[157]/.test(clean) ? { number: clean } : { fault: 'character', position: 1 }
}

function exitEntryPermit(clean: string): NumberJudged {
  if (clean.startsWith('W') && clean.length === 9) return { fault: 'old_booklet' }
  if (clean.length !== 9) return { fault: 'length' }
  if (!clean.startsWith('C')) return { fault: 'character', position: 1 }
  if (!/[0-9A-HJ-NP-Z]/.test(clean.charAt(1))) return { fault: 'character', position: 2 }
  return digitsFrom(clean, 2) ?? { number: clean }
}

function homeReturnPermit(clean: string): NumberJudged {
  const nonChinese = /^[HM]A/.test(clean)
  if (!/^[HM]/.test(clean)) return { fault: 'character', position: 1 }
  if (clean.length !== 9 && !(clean.length === 11 && !nonChinese)) return { fault: 'length' }
  return digitsFrom(clean, nonChinese ? 2 : 1) ?? { number: clean.slice(0, 9) }
}
