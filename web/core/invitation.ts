/** Invitation: the one-time code of an office, as people type it. Its first letter says whose it is. */
import type { Authority } from './border.js'

/** Crockford's Base32. */
export const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const LETTERS: Readonly<Record<string, Authority>> = { C: 'CHN', H: 'HKG', M: 'MAC' }
const LENGTH = 16

/** The check character: ISO/IEC 7064, hybrid system, with M = 32. */
export function check(characters: string): string | undefined {
  let p = 32
  for (const character of characters) {
    const value = ALPHABET.indexOf(character)
    if (value < 0) return undefined
    p = (((p + value) % 32 || 32) * 2) % 33
  }
  return ALPHABET[(33 - p) % 32]
}

/** The characters that count, as an office writes them. */
export const charactersOf = (text: string) => text.toUpperCase().replace(/[\s,;-]/g, '').replace(/O/g, '0').replace(/[IL]/g, '1')
const isWhole = ({ length }: string) => length > 0 && length % LENGTH === 0

/** Whether a text has the length of one code or of several: before, nothing can be said of it. */
export const isWholeInvitation = (text: string): boolean => isWhole(charactersOf(text))

/** The codes in a text, by authority; `undefined` if it holds anything else. */
export function readInvitations(text: string): Partial<Record<Authority, string>> | undefined {
  const typed = charactersOf(text)
  if (!isWhole(typed)) return undefined
  const found: Partial<Record<Authority, string>> = {}
  for (let at = 0; at < typed.length; at += LENGTH) {
    const code = typed.slice(at, at + LENGTH)
    const authority = LETTERS[code[0] ?? '']
    if (!authority || check(code.slice(0, -1)) !== code.slice(-1)) return undefined
    found[authority] = code
  }
  return found
}
