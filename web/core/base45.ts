/** Base45 (RFC 9285), strict both ways: small letters are not read as capitals. */
import { FormError, at } from './bytes.js'

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:'

export function toBase45(bytes: Uint8Array): string {
  let text = ''
  for (let i = 0; i < bytes.length; i += 2) {
    const pair = i + 1 < bytes.length
    let value = pair ? at(bytes, i) * 256 + at(bytes, i + 1) : at(bytes, i)
    for (let k = 0; k < (pair ? 3 : 2); k += 1) {
      text += ALPHABET.charAt(value % 45)
      value = Math.floor(value / 45)
    }
  }
  return text
}

export function fromBase45(text: string): Uint8Array {
  if (text.length % 3 === 1) throw new FormError('base45 length')
  const out: number[] = []
  for (let i = 0; i < text.length; i += 3) {
    const group = text.slice(i, i + 3)
    let value = 0
    for (let k = group.length - 1; k >= 0; k -= 1) {
      const digit = ALPHABET.indexOf(group.charAt(k))
      if (digit < 0) throw new FormError('base45 character')
      value = value * 45 + digit
    }
    if (value > (group.length === 3 ? 0xffff : 0xff)) throw new FormError('base45 overflow')
    if (group.length === 3) out.push(value >> 8)
    out.push(value & 255)
  }
  return Uint8Array.from(out)
}
