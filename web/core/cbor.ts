/**
* Strict CBOR: the writer is deterministic (RFC 8949, 4.2.1), and the reader accepts only what such a writer makes
 * (`docs/formats.md`, 1).
 *
 * Lives here: `encode`, `decode`, and reading items of one type. Not here: any message.
 */
import { FormError, at, compare, fromUtf8, join, same, toUtf8 } from './bytes.js'

/** A map as a list of pairs. The writer sorts them, and throws for a duplicate key. */
export class CborMap {
  constructor(readonly pairs: readonly (readonly [Cbor, Cbor])[]) {}
/** The value under an integer or text key. */
  get(key: number | string): Cbor | undefined {
    return this.pairs.find(([name]) => name === key)?.[1]
  }
}

/** A tagged item. */
export class CborTag {
  constructor(
    readonly tag: number | bigint,
    readonly item: Cbor,
  ) {}
}

/** A tagged item of others with its bytes as they came: they may be hashed, and are written again unchanged. */
export class CborRawTag extends CborTag {
  constructor(tag: number | bigint, item: Cbor, readonly bytes: Uint8Array) { super(tag, item) }
}

/** simple(59): in an SD-CWT the key of the hashes of what is redacted. The other simple values are read by nobody. */
export class CborRedacted {
  /** Told from other classes by the compiler, which compares shapes. */
  readonly simple = 59
}

/** Integers beyond 2^53 are `bigint`, in reading and writing. */
export type Cbor =
  | number | bigint | boolean | null | string | Uint8Array | readonly Cbor[] | CborMap | CborTag | CborRedacted

/** Deepest nesting, as in the Rust reader. */
const MAX_DEPTH = 8

// `BigInt(...)`, not literals: the mini-program is built for engines whose grammar lacks them.
const ZERO = BigInt(0)
const ONE = BigInt(1)
const BYTE = BigInt(8)
/** The largest value of each width of a head. */
const WIDTHS = [
  [BigInt(0xff), 1],
  [BigInt(0xffff), 2],
  [BigInt(0xffffffff), 4],
  [BigInt('0xffffffffffffffff'), 8],
] as const

function head(major: number, value: number | bigint): Uint8Array {
  const first = major << 5
  const n = BigInt(value)
  if (n < BigInt(24)) return Uint8Array.of(first | Number(n))
  const info = WIDTHS.findIndex(([most]) => n <= most)
  const width = WIDTHS[info]?.[1]
  if (width === undefined) throw new FormError('limit')
  const out = new Uint8Array(1 + width)
  out[0] = first | (24 + info)
  for (let i = 0; i < width; i += 1) out[width - i] = Number((n >> BigInt(8 * i)) & BigInt(255))
  return out
}

function whole(value: number | bigint): Uint8Array {
  if (typeof value === 'number' && !Number.isSafeInteger(value)) throw new FormError('number')
  return value < 0 ? head(1, -ONE - BigInt(value)) : head(0, value)
}

function encodeMap(map: CborMap): Uint8Array {
  const pairs = map.pairs.map(([key, value]) => [encode(key), encode(value)] as const)
  pairs.sort(([a], [b]) => compare(a, b))
  pairs.forEach(([key], i) => {
    const before = pairs[i - 1]
    if (before && same(before[0], key)) throw new FormError('keys')
  })
  return join(head(5, pairs.length), ...pairs.flat())
}

/** The one deterministic encoding. */
export function encode(item: Cbor): Uint8Array {
  if (typeof item === 'number' || typeof item === 'bigint') return whole(item)
  if (typeof item === 'boolean') return Uint8Array.of(item ? 0xf5 : 0xf4)
  if (item === null) return Uint8Array.of(0xf6)
  if (typeof item === 'string') {
    const bytes = toUtf8(item)
    return join(head(3, bytes.length), bytes)
  }
  if (item instanceof Uint8Array) return join(head(2, item.length), item)
  if (item instanceof CborMap) return encodeMap(item)
  if (item instanceof CborRawTag) return item.bytes
  if (item instanceof CborTag) return join(head(6, item.tag), encode(item.item))
  if (item instanceof CborRedacted) return Uint8Array.of(0xf8, item.simple)
  return join(head(4, item.length), ...item.map(encode))
}

class Reader {
  position = 0
  constructor(
    private readonly bytes: Uint8Array,
    private readonly anyOrder: boolean,
    private readonly redacted: boolean,
    private readonly ofOthers = false,
  ) {}

  private take(length: number): Uint8Array {
    if (length > this.bytes.length - this.position) throw new FormError('truncated')
    const taken = this.bytes.slice(this.position, this.position + length)
    this.position += length
    return taken
  }

  private argument(info: number): number | bigint {
    if (info < 24) return info
// 28 to 30 are reserved, 31 is an indefinite length: neither is deterministic.
    if (info > 27) throw new FormError('not deterministic')
    const width = 1 << (info - 24)
    let value = ZERO
    for (const byte of this.take(width)) value = (value << BYTE) | BigInt(byte)
    const shorter = WIDTHS[info - 25]?.[0] ?? BigInt(23)
    if (value <= shorter && !this.ofOthers) throw new FormError('not deterministic')
    return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value
  }

  private length(info: number): number {
    const value = this.argument(info)
    if (typeof value === 'bigint' || value > this.bytes.length - this.position) throw new FormError('limit')
    return value
  }

  item(depth: number): Cbor {
    if (depth === 0) throw new FormError('limit')
    const first = at(this.take(1), 0)
    const [major, info] = [first >> 5, first & 31]
    switch (major) {
      case 0:
        return this.argument(info)
      case 1: {
        const value = -ONE - BigInt(this.argument(info))
        return value >= BigInt(Number.MIN_SAFE_INTEGER) ? Number(value) : value
      }
      case 2:
        return this.take(this.length(info))
      case 3:
        return fromUtf8(this.take(this.length(info)))
      case 4: {
        const length = this.length(info)
        const items: Cbor[] = []
        for (let i = 0; i < length; i += 1) items.push(this.item(depth - 1))
        return items
      }
      case 5:
        return this.map(this.length(info), depth - 1)
      case 6:
        return this.tag(info, depth - 1)
      default:
        if (first === 0xf4 || first === 0xf5) return first === 0xf5
        if (first === 0xf6) return null
        if (this.redacted && first === 0xf8 && at(this.take(1), 0) === 59) return new CborRedacted()
        throw new FormError('unexpected')
    }
  }

  private tag(info: number, depth: number): CborTag {
    const start = this.position - 1
    const [tag, item] = [this.argument(info), this.item(depth)]
    return this.ofOthers ? new CborRawTag(tag, item, this.bytes.slice(start, this.position)) : new CborTag(tag, item)
  }

  private map(length: number, depth: number): CborMap {
    const pairs: [Cbor, Cbor][] = []
    const keys: Uint8Array[] = []
    for (let i = 0; i < length; i += 1) {
      const start = this.position
      const key = this.item(depth)
      keys.push(this.bytes.slice(start, this.position))
      pairs.push([key, this.item(depth)])
    }
    if (this.anyOrder) keys.sort(compare)
    keys.forEach((key, i) => {
      const before = keys[i - 1]
      if (before && compare(before, key) >= 0) throw new FormError('keys')
    })
    return new CborMap(pairs)
  }
}

/** Exactly one item in strict form. `anyOrder` takes a map whose keys are out of order, as status lists may be. */
export function decode(bytes: Uint8Array, anyOrder = false): Cbor {
  return readOne(new Reader(bytes, anyOrder, false), bytes)
}

/** What others wrote: lengths that are longer than needed and keys in any order are taken, and each tag keeps its bytes (`CborRawTag`). No key stands twice. */
export function decodeOfOthers(bytes: Uint8Array): Cbor {
  return readOne(new Reader(bytes, true, false, true), bytes)
}

/** As `decode`, with `CborRedacted` where simple(59) stands: the payload of an SD-CWT. */
export function decodeRedacted(bytes: Uint8Array): Cbor {
  return readOne(new Reader(bytes, false, true), bytes)
}

function readOne(reader: Reader, bytes: Uint8Array): Cbor {
  const item = reader.item(MAX_DEPTH)
  if (reader.position !== bytes.length) throw new FormError('trailing')
  return item
}

/** The items of an array of exactly so many. */
export function readFields(item: Cbor | undefined, count: number): readonly Cbor[] {
  if (!Array.isArray(item) || item.length !== count) throw new FormError('fields')
  return item
}

/** What `read` makes of each item of an array of at most so many. */
export function readList<T>(item: Cbor | undefined, most: number, read: (item: Cbor) => T): readonly T[] {
  if (!Array.isArray(item) || item.length > most) throw new FormError('limit')
  return (item as readonly Cbor[]).map(read)
}

/** A text of at most so many bytes. */
export function readText(item: Cbor | undefined, most: number): string {
  if (typeof item !== 'string' || toUtf8(item).length > most) throw new FormError('text')
  return item
}

/** A number from 0 to `most`. */
export function readNumber(item: Cbor | undefined, most: number): number {
  if (typeof item !== 'number' || item < 0 || item > most) throw new FormError('number')
  return item
}

export function readFlag(item: Cbor | undefined): boolean {
  if (typeof item !== 'boolean') throw new FormError('flag')
  return item
}

/** Bytes of this length. */
export function readBytes(item: Cbor | undefined, length: number): Uint8Array {
  if (!(item instanceof Uint8Array) || item.length !== length) throw new FormError('bytes')
  return item
}

/** Seconds since 1970, up to the end of the year 9998. */
export const readTime = (item: Cbor | undefined): number => readNumber(item, 253_370_764_799)
