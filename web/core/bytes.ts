/**
* Bytes: joining, comparing, and conversion to and from text.
 *
 * Lives here: UTF-8, hex, Base64 in its URL form. Not here: Base45 (`base45`), CBOR (`cbor`). A mini-program's engine has
* no `TextEncoder`, `atob` or `Buffer`, so nothing in `core` uses them.
 */

/** Malformed input. The error carries the kind of fault, and nothing of the input. */
export class FormError extends Error {
  override readonly name = 'FormError'
  constructor(readonly fault: string) {
    super(fault)
  }
}

/** Something that came was refused. `code` is stable: pages have a sentence for each. It carries nothing of what came. */
export class Refused extends Error {
  override readonly name = 'Refused'
  constructor(readonly code: string) {
    super(code)
  }
}

/** What `read` gives; a `FormError` of it is the refusal with this code. */
export function refuse<T>(code: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw error instanceof FormError ? new Refused(code) : error
  }
}

export function join(...pieces: readonly Uint8Array[]): Uint8Array {
  let length = 0
  for (const piece of pieces) length += piece.length
  const out = new Uint8Array(length)
  let at = 0
  for (const piece of pieces) {
    out.set(piece, at)
    at += piece.length
  }
  return out
}

/** Whether two strings of bytes are equal, in constant time for equal lengths. */
export { equalBytes as same } from '@noble/ciphers/utils.js'

/** The order of encoded map keys (RFC 8949, 4.2.1): bytewise, a prefix before its continuation. */
export function compare(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length)
  for (let i = 0; i < shared; i += 1) {
    const difference = at(a, i) - at(b, i)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

/** The byte at `index`, which the caller knows to be inside. */
export function at(bytes: Uint8Array, index: number): number {
  const byte = bytes[index]
  if (byte === undefined) throw new FormError('truncated')
  return byte
}

export function toHex(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += (byte < 16 ? '0' : '') + byte.toString(16)
  return text
}

export function fromHex(text: string): Uint8Array {
  if (text.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(text)) throw new FormError('hex')
  const out = new Uint8Array(text.length / 2)
  for (let i = 0; i < out.length; i += 1) out[i] = parseInt(text.slice(i * 2, i * 2 + 2), 16)
  return out
}

/** UTF-8. A lone surrogate cannot be encoded and is refused; `TextEncoder` would replace it. */
export function toUtf8(text: string): Uint8Array {
  const out: number[] = []
  for (const sign of text) {
    const code = sign.codePointAt(0) ?? 0
    if (code < 0x80) out.push(code)
    else if (code < 0x800) out.push(0xc0 | (code >> 6), 0x80 | (code & 63))
    else if (code >= 0xd800 && code < 0xe000) throw new FormError('text')
    else if (code < 0x10000) out.push(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63))
    else {
      out.push(0xf0 | (code >> 18), 0x80 | ((code >> 12) & 63), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63))
    }
  }
  return Uint8Array.from(out)
}

/** Strict: overlong forms, surrogates and truncated sequences are refused (RFC 3629). */
export function fromUtf8(bytes: Uint8Array): string {
  let text = ''
  let i = 0
  while (i < bytes.length) {
    const first = at(bytes, i)
    const [more, least, start] =
      first < 0x80 ? [0, 0, first]
      : first >= 0xc2 && first < 0xe0 ? [1, 0x80, first & 31]
      : first >= 0xe0 && first < 0xf0 ? [2, 0x800, first & 15]
      : first >= 0xf0 && first < 0xf5 ? [3, 0x10000, first & 7]
      : [-1, 0, 0]
    if (more < 0) throw new FormError('text')
    let code = start
    for (let k = 1; k <= more; k += 1) {
      const next = bytes[i + k]
      if (next === undefined || (next & 0xc0) !== 0x80) throw new FormError('text')
      code = (code << 6) | (next & 63)
    }
    if (code < least || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) throw new FormError('text')
    text += String.fromCodePoint(code)
    i += more + 1
  }
  return text
}

const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** RFC 4648, 5, without padding. */
export function toBase64Url(bytes: Uint8Array): string {
  let text = ''
  for (let i = 0; i < bytes.length; i += 3) {
    const left = Math.min(3, bytes.length - i)
    const group = (at(bytes, i) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0)
    for (let k = 0; k <= left; k += 1) text += BASE64.charAt((group >> (18 - 6 * k)) & 63)
  }
  return text
}

/** Strict: no padding, no other alphabet, no bits left over. */
export function fromBase64Url(text: string): Uint8Array {
  if (text.length % 4 === 1) throw new FormError('base64')
  const out = new Uint8Array(Math.floor((text.length * 3) / 4))
  let bits = 0
  let held = 0
  let written = 0
  for (const sign of text) {
    const value = BASE64.indexOf(sign)
    if (value < 0) throw new FormError('base64')
    bits = ((bits << 6) | value) & 0xffffff
    held += 6
    if (held >= 8) {
      held -= 8
      out[written] = (bits >> held) & 255
      written += 1
    }
  }
  if ((bits & ((1 << held) - 1)) !== 0) throw new FormError('base64')
  return out
}
