/**
 * Hand-over: the one code by which a pass goes to another phone (`docs/enrolment.md`, To another phone).
 *
 * Lives here: the code as people type it, what each authority is shown of it, and the parcel that goes along sealed. An authority is
 * never shown the code: what it is shown opens nothing at another one, and not the parcel.
 */
import { gcm } from '@noble/ciphers/aes.js'
import { hmac } from '@noble/hashes/hmac.js'
import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js'
import { fromUtf8, join, toUtf8 } from './bytes.js'
import { ALPHABET, charactersOf, check } from './invitation.js'
import type { Authority } from './issuance.js'

/** 19 characters of five bits, and the check character. */
const DRAWN = 19
const LENGTH = DRAWN + 1
const NONCE = 12
/** Random bytes that a code is made of. */
export const HAND_OVER_RANDOM = DRAWN

/** A new code, of as many random bytes: five bits of each count. */
export function makeHandOver(random: Uint8Array): string {
  const drawn = [...random.slice(0, DRAWN)].map((byte) => ALPHABET.charAt(byte & 31)).join('')
  return drawn + (check(drawn) ?? '')
}

/** The code in groups of four, as it is read out. */
export const printedHandOver = (code: string): string => code.replace(/.{4}(?!$)/g, '$&-')

/** Whether a text has the length of a code: before, nothing can be said of it. */
export const isWholeHandOver = (text: string): boolean => charactersOf(text).length === LENGTH

/** The code that was typed; `undefined` if a character is wrong. */
export function readHandOver(text: string): string | undefined {
  const typed = charactersOf(text)
  return typed.length === LENGTH && check(typed.slice(0, DRAWN)) === typed.slice(DRAWN) ? typed : undefined
}

const derived = (code: string, what: string): Uint8Array => hmac(nobleSha256, toUtf8(code), toUtf8(`baypass hand-over 1 ${what}`))

/** What an authority is shown for the pass in this place of the wallet, from 0: 32 bytes. */
export const handOverFor = (code: string, place: number, authority: Authority): Uint8Array => derived(code, `pass ${place} ${authority}`)

/** What goes along with the pass in this place, sealed under the code alone (AES-256-GCM); `nonce`: 12 random bytes. */
export function sealParcel(code: string, place: number, contents: object, nonce: Uint8Array): Uint8Array {
  return join(nonce, gcm(derived(code, `parcel ${place}`), nonce).encrypt(toUtf8(JSON.stringify(contents))))
}

/** The contents of a parcel; `undefined` where it is none of this code and place. */
export function openParcel(code: string, place: number, sealed: Uint8Array): unknown {
  try {
    const text = gcm(derived(code, `parcel ${place}`), sealed.slice(0, NONCE)).decrypt(sealed.slice(NONCE))
    return JSON.parse(fromUtf8(text))
  } catch {
    return undefined
  }
}
