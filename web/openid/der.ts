/**
 * DER: the forms of X.690 that a certificate has, read strictly. Lengths are definite and minimal, tags have one byte.
 *
 * Lives here: `DerReader`. Not here: what a certificate says (`certificate`).
 */
import { FormError, at } from '../core/bytes.js'

/** Universal tags, and context tags as they are written. */
export const TAG = {
  boolean: 0x01, integer: 0x02, bits: 0x03, octets: 0x04, oid: 0x06, utf8: 0x0c, printable: 0x13, ia5: 0x16, utcTime: 0x17, time: 0x18,
  sequence: 0x30, set: 0x31,
} as const

export interface DerItem {
  readonly tag: number
  readonly body: Uint8Array
  /** With tag and length. */
  readonly whole: Uint8Array
}

export class DerReader {
  private position = 0
  constructor(private readonly bytes: Uint8Array) {}

  get isAtEnd(): boolean {
    return this.position === this.bytes.length
  }

  /** The next tag; `undefined` at the end. */
  get tag(): number | undefined {
    return this.bytes[this.position]
  }

  private byte(): number {
    if (this.isAtEnd) throw new FormError('der')
    this.position += 1
    return at(this.bytes, this.position - 1)
  }

  private length(): number {
    const first = this.byte()
    if (first < 0x80) return first
    // Longer than three bytes of length is no certificate.
    const count = first & 0x7f
    if (count === 0 || count > 3) throw new FormError('der')
    let length = 0
    for (let i = 0; i < count; i += 1) length = length * 256 + this.byte()
    if (length < 0x80 || length < 2 ** (8 * (count - 1))) throw new FormError('der')
    return length
  }

  /** The next item, of this tag where one is named. */
  item(tag?: number): DerItem {
    const start = this.position
    const found = this.byte()
    if ((found & 0x1f) === 0x1f || (tag !== undefined && found !== tag)) throw new FormError('der')
    const length = this.length()
    const from = this.position
    if (length > this.bytes.length - from) throw new FormError('der')
    this.position = from + length
    return { tag: found, body: this.bytes.slice(from, this.position), whole: this.bytes.slice(start, this.position) }
  }

  /** What stands inside the next item of this tag. */
  inside(tag: number): DerReader {
    return new DerReader(this.item(tag).body)
  }

  /** The next item of this tag; `undefined` where another one, or none, comes next. */
  maybe(tag: number): DerItem | undefined {
    return this.tag === tag ? this.item(tag) : undefined
  }

  end(): void {
    if (!this.isAtEnd) throw new FormError('der')
  }
}
