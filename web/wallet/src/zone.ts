/**
 * Zone: reads the machine-readable zone of a card (ICAO 9303: TD1, TD3) in a frame of grey values.
 *
 * A local threshold, dark patches of a sign's size, patches in a row at one distance, two or three such rows above each
 * other, cut into 30 or 44 cells, each compared with the pictures of `signs.ts`; what may stand at a position and the check
 * digits decide. Not here: the camera, and what a field means (`core/mrz.ts`). Work is bounded by the size of the frame.
 */
import { readMrz } from '../../core/mrz.js'
import { HIGH, PICTURES, SIGNS, WIDE } from './signs.js'

/** Grey values of 0 to 255, row after row. */
export interface Grey {
  readonly width: number
  readonly height: number
  readonly data: Uint8Array
}

/** Frames with more pixels are halved first; beyond `MOST` they are left alone. */
const ENOUGH = 1_400_000
const MOST = 24_000_000
/** Rows that are tried together, and how many cuts of them. */
const TRIES = 8

/** The lines of the zone, where every check digit holds and no sign is in doubt. `today` as `YYYY-MM-DD`. */
export function readZone(given: Grey, today: string): readonly string[] | undefined {
  let frame = given
  if (!(frame.width >= 80 && frame.height >= 30 && frame.width * frame.height <= MOST) || frame.data.length < frame.width * frame.height) return undefined
  while (frame.width * frame.height > ENOUGH) frame = halved(frame)
  const sums = integral(frame)
  const rows = rowsOf(patchesOf(frame, sums))
  let tries = TRIES
  for (const cut of cutsOf(rows)) {
    const found = judge(cut, frame, today)
    if (found) return found
    tries -= 1
    if (tries === 0) break
  }
  return undefined
}

/** Returns a zone once two frames gave the same one: an accidental misreading does not occur twice. */
export class ZoneReader {
  private readonly said: string[] = []

  see(frame: Grey, today: string): readonly string[] | undefined {
    const lines = readZone(frame, today)
    if (!lines) return undefined
    const text = lines.join('\n')
    if (this.said.includes(text)) return lines
    this.said.push(text)
    if (this.said.length > 6) this.said.shift()
    return undefined
  }
}

/** Red, green, blue, alpha as grey values: of a frame its middle part of that shape, no wider than `most`. */
export function greyOf({ width, height, data }: { width: number; height: number; data: ArrayLike<number> }, shape: number, most: number): Grey {
  const [wide, high] = width / height > shape ? [height * shape, height] : [width, width / shape]
  const step = Math.max(1, wide / most)
  const [w, h] = [Math.floor(wide / step), Math.floor(high / step)]
  const [left, top] = [(width - wide) / 2, (height - high) / 2]
  const grey = new Uint8Array(w * h)
  for (let y = 0; y < h; y += 1) {
    const row = Math.floor(top + y * step) * width
    for (let x = 0; x < w; x += 1) {
      const at = (row + Math.floor(left + x * step)) * 4
      grey[y * w + x] = (77 * data[at]! + 150 * data[at + 1]! + 29 * data[at + 2]!) >> 8
    }
  }
  return { width: w, height: h, data: grey }
}

// --- grey values ---------------------------------------------------------------------------------------------------

function halved({ width, height, data }: Grey): Grey {
  const [w, h] = [width >> 1, height >> 1]
  const half = new Uint8Array(w * h)
  for (let y = 0; y < h; y += 1) {
    for (let x = 0; x < w; x += 1) {
      const at = 2 * (y * width + x)
      half[y * w + x] = (data[at]! + data[at + 1]! + data[at + width]! + data[at + width + 1]! + 2) >> 2
    }
  }
  return { width: w, height: h, data: half }
}

/** Sums of all values above and left of a place. */
function integral({ width, height, data }: Grey): Uint32Array {
  const sums = new Uint32Array((width + 1) * (height + 1))
  for (let y = 0; y < height; y += 1) {
    let row = 0
    const at = (y + 1) * (width + 1) + 1
    for (let x = 0; x < width; x += 1) {
      row += data[y * width + x]!
      sums[at + x] = sums[at + x - width - 1]! + row
    }
  }
  return sums
}

// --- dark patches --------------------------------------------------------------------------------------------------

interface Patch {
  readonly x: number
  readonly y: number
  readonly wide: number
  readonly high: number
}

const SMALLEST = 6
const LARGEST = 70
/** More dark stretches, or more patches, are no picture of a card. */
const RUNS = 260_000
const PATCHES = 9000

/** Connected dark patches of the size of a sign. */
function patchesOf({ width, height, data }: Grey, sums: Uint32Array): Patch[] {
  const radius = Math.max(8, Math.round(width / 45))
  const [parent, x0, x1, y0, y1, area] = [0, 1, 2, 3, 4, 5].map(() => new Int32Array(RUNS + 1)) as [Int32Array, Int32Array, Int32Array, Int32Array, Int32Array, Int32Array]
  const root = (i: number) => {
    while (parent[i] !== i) i = parent[i] = parent[parent[i]!]!
    return i
  }
  let [count, before] = [0, 0]
  for (let y = 0; y < height; y += 1) {
    const first = count
    const [top, bottom] = [Math.max(0, y - radius), Math.min(height, y + radius + 1)]
    let [open, above] = [-1, before]
    for (let x = 0; x <= width; x += 1) {
      let dark = false
      if (x < width) {
        const [left, right] = [x < radius ? 0 : x - radius, x + radius >= width ? width : x + radius + 1]
        const sum = sums[bottom * (width + 1) + right]! - sums[bottom * (width + 1) + left]! - sums[top * (width + 1) + right]! + sums[top * (width + 1) + left]!
        const mean = sum / ((bottom - top) * (right - left))
        dark = data[y * width + x]! < mean * 0.87 - 3
      }
      if (dark === open >= 0) continue
      if (dark) { open = x; continue }
      if (count === RUNS) return []
      parent[count] = count
      x0[count] = open
      x1[count] = x
      y0[count] = y1[count] = y
      area[count] = x - open
      // Stretches of the row above that touch this one, also by a corner.
      while (above < first && x1[above]! < open) above += 1
      for (let i = above; i < first && x0[i]! <= x; i += 1) parent[root(i)] = root(count)
      count += 1
      open = -1
    }
    before = first
  }
  // The last stretch of a patch need not be its root: the boxes come together there.
  for (let i = 0; i < count; i += 1) {
    const r = root(i)
    if (r === i) continue
    x0[r] = Math.min(x0[r]!, x0[i]!)
    x1[r] = Math.max(x1[r]!, x1[i]!)
    y0[r] = Math.min(y0[r]!, y0[i]!)
    y1[r] = Math.max(y1[r]!, y1[i]!)
    area[r] = area[r]! + area[i]!
  }
  const found: Patch[] = []
  for (let i = 0; i < count; i += 1) {
    if (parent[i] !== i) continue
    const [wide, high] = [x1[i]! - x0[i]!, y1[i]! - y0[i]! + 1]
    if (high < SMALLEST || high > LARGEST || wide < 2 || wide > high * 1.6 || area[i]! > wide * high * 0.9) continue
    found.push({ x: (x0[i]! + x1[i]!) / 2, y: y0[i]! + high / 2, wide, high })
  }
  return found.length > PATCHES ? [] : found.sort((a, b) => a.x - b.x)
}

// --- rows ----------------------------------------------------------------------------------------------------------

/** Patches in a row at one distance, as a camera sees it: the middle of sign `k` is at `across(row, k)`, `y = a + b x`. */
interface Row {
  readonly curve: Curve
  readonly a: number
  readonly b: number
  readonly first: number
  readonly last: number
  readonly count: number
}

/** `x = (p + q t) / (1 + r t)`, `t = k - middle`: points at one distance on a plane that is seen aslant. */
interface Curve {
  readonly p: number
  readonly q: number
  readonly r: number
  readonly middle: number
}

const along = ({ p, q, r, middle }: Curve, k: number) => (p + q * (k - middle)) / (1 + r * (k - middle))
const across = (row: Row, k: number) => along(row.curve, k)
/** From sign `k` to the next. */
const stepAt = ({ curve: { p, q, r, middle } }: Row, k: number) => (q - p * r) / (1 + r * (k - middle)) ** 2
const down = (row: Row, x: number) => row.a + row.b * x

const SHORTEST = 8
const SEGMENTS = 80

function rowsOf(patches: readonly Patch[]): Row[] {
  const segments = segmentsOf(patches)
  // A sign that stuck to something, or fell apart, leaves a gap: what goes on behind it belongs to the same row.
  for (let i = 0; i < segments.length; i += 1) {
    for (let j = 0; j < segments.length; j += 1) {
      const [left, right] = [segments[i], segments[j]]
      if (!left || !right || i === j) continue
      const gap = right[0]!.x - left[left.length - 1]!.x
      const [p, q] = [pitchOf(left), pitchOf(right)]
      if (gap <= 0 || gap > 8 * p || Math.abs(p / q - 1) > 0.15) continue
      const [a, b] = line(left)
      const [c, d] = line(right)
      const middle = right[0]!.x - gap / 2
      if (Math.abs(a + b * middle - c - d * middle) > 0.45 * p) continue
      segments[i] = [...left, ...right]
      segments[j] = undefined
      j = -1
    }
  }
  const rows = segments.flatMap((segment) => segment && segment.length >= 14 ? row(segment) ?? [] : [])
  return rows.sort((a, b) => b.count - a.count).slice(0, 14)
}

/** Each patch with its next to the right, as long as there is one at about the distance of signs. */
function segmentsOf(patches: readonly Patch[]): (Patch[] | undefined)[] {
  const next = new Int32Array(patches.length).fill(-1)
  const before = new Int32Array(patches.length).fill(-1)
  const CELL = 24
  const grid = new Map<number, number[]>()
  const key = (x: number, y: number) => Math.floor(y / CELL) * 4096 + Math.floor(x / CELL)
  patches.forEach(({ x, y }, i) => {
    const at = key(x, y)
    const list = grid.get(at)
    if (list) list.push(i)
    else grid.set(at, [i])
  })
  patches.forEach((a, i) => {
    let nearest = Infinity
    const reach = a.high * 1.6
    for (let y = a.y - 0.4 * a.high; y < a.y + 0.4 * a.high + CELL; y += CELL) {
      for (let x = a.x; x < a.x + reach + CELL; x += CELL) {
        // A grid place holds few patches of a sign's size; more are noise.
        for (const j of (grid.get(key(x, y)) ?? []).slice(0, 16)) {
          const b = patches[j]!
          const [dx, high] = [b.x - a.x, Math.max(a.high, b.high)]
          if (dx < 0.65 * high || dx > 1.6 * high || dx >= nearest || Math.abs(b.y - a.y) > 0.35 * high) continue
          if (a.high > 1.5 * b.high || b.high > 1.5 * a.high) continue
          nearest = dx
          next[i] = j
        }
      }
    }
  })
  // Of two that lead to the same one the nearer counts.
  next.forEach((to, i) => {
    if (to < 0) return
    const other = before[to]!
    if (other < 0 || patches[other]!.x < patches[i]!.x) {
      if (other >= 0) next[other] = -1
      before[to] = i
    } else next[i] = -1
  })
  const segments: Patch[][] = []
  patches.forEach((_, i) => {
    if (before[i]! >= 0) return
    const segment: Patch[] = []
    for (let at = i; at >= 0; at = next[at]!) segment.push(patches[at]!)
    if (segment.length >= 3) segments.push(segment)
  })
  const long = segments.filter(({ length }) => length >= SHORTEST).sort((a, b) => b.length - a.length).slice(0, SEGMENTS / 2)
  const short = segments.filter(({ length }) => length < SHORTEST).sort((a, b) => b.length - a.length).slice(0, SEGMENTS / 2)
  return [...long, ...short]
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0
}

function pitchOf(segment: readonly Patch[]): number {
  return median(segment.slice(1).map(({ x }, i) => x - segment[i]!.x)) || 1
}

/** The straight line through the middles. */
function line(segment: readonly { readonly x: number; readonly y: number }[]): [number, number] {
  const n = segment.length
  let [sx, sy, sxx, sxy] = [0, 0, 0, 0]
  for (const { x, y } of segment) { sx += x; sy += y; sxx += x * x; sxy += x * y }
  const b = (n * sxy - sx * sy) / (n * sxx - sx * sx || 1)
  return [(sy - b * sx) / n, b]
}

/** The curve that is nearest to these points. */
function curveOf(points: readonly { readonly k: number; readonly x: number }[], middle: number): Curve {
  // `x = p + q t - r t x` is linear in all three. Counted from a middle, or small differences of large numbers decide.
  const centre = points[points.length >> 1]!.x
  const m = [[0, 0, 0], [0, 0, 0], [0, 0, 0]]
  const v = [0, 0, 0]
  for (const { k, x } of points) {
    const [t, own] = [k - middle, x - centre]
    const terms = [1, t, -t * own]
    terms.forEach((one, i) => {
      terms.forEach((other, j) => { m[i]![j]! += one * other })
      v[i]! += one * own
    })
  }
  const det = (columns: readonly (readonly number[])[]) => {
    const [[a, b, c], [d, e, f], [g, h, i]] = columns as [[number, number, number], [number, number, number], [number, number, number]]
    return a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)
  }
  const whole = det(m) || 1
  const [p, q, r] = [0, 1, 2].map((column) => det(m.map((line, i) => line.map((value, j) => j === column ? v[i]! : value))) / whole) as [number, number, number]
  // Back from the middle: what was `x - centre` is `x`.
  return { p: p + centre, q: q + centre * r, r, middle }
}

function row(segment: readonly Patch[]): Row | undefined {
  const pitch = pitchOf(segment)
  let k = 0
  let kept = segment.map((patch, i) => {
    // The distance grows or shrinks along a card that is held aslant: what is near tells it.
    if (i > 0) k += Math.max(0, Math.round((patch.x - segment[i - 1]!.x) / local(segment, i, pitch)))
    return { k, x: patch.x, y: patch.y }
  })
  let [a, b] = line(kept)
  let curve = curveOf(kept, k / 2)
  for (let pass = 0; pass < 2; pass += 1) {
    const near = kept.filter((p) => Math.abs(p.y - a - b * p.x) < 0.3 * pitch && Math.abs(p.x - along(curve, p.k)) < 0.3 * pitch)
    if (near.length < 12) return undefined
    kept = near
    ;[a, b] = line(kept)
    curve = curveOf(kept, k / 2)
  }
  // Seen so much aslant it is no card.
  if (!(Math.abs(curve.r) * k < 0.8)) return undefined
  return { curve, a, b, first: kept[0]!.k, last: kept[kept.length - 1]!.k, count: kept.length }
}

function local(segment: readonly Patch[], at: number, otherwise: number): number {
  const near = segment.slice(Math.max(0, at - 6), at + 6)
  const own = near.length > 6 ? pitchOf(near) : otherwise
  return Math.abs(own / otherwise - 1) < 0.25 ? own : otherwise
}

// --- cuts ----------------------------------------------------------------------------------------------------------

/** Rows as they may be cut: `rows[i]` begins at its sign `starts[i]`. */
interface Cut {
  readonly length: 30 | 44
  readonly rows: readonly Row[]
  readonly starts: readonly number[]
}

/** The pitch in the middle of a row. */
const pitchAt = (row: Row) => stepAt(row, (row.first + row.last) / 2)

/** Whether `lower` stands where the next line of the same zone would. */
function follows(upper: Row, lower: Row): boolean {
  const [p, q] = [pitchAt(upper), pitchAt(lower)]
  const x = (across(upper, (upper.first + upper.last) / 2) + across(lower, (lower.first + lower.last) / 2)) / 2
  const gap = (down(lower, x) - down(upper, x)) / p
  return Math.abs(p / q - 1) < 0.1 && Math.abs(upper.b - lower.b) < 0.06 && gap > 1.3 && gap < 3.3
}

function* cutsOf(rows: readonly Row[]): Generator<Cut> {
  for (const one of rows) {
    for (const two of rows) {
      if (!follows(one, two)) continue
      for (const three of rows) if (follows(two, three)) yield* aligned([one, two, three], 30)
      yield* aligned([one, two], 44)
    }
  }
}

/** All ways in which these rows may begin, the likeliest first. */
function* aligned(rows: readonly Row[], length: 30 | 44): Generator<Cut> {
  const middle = rows[1]!
  // Where a row's first sign would stand in the middle row, had it been moved there squarely.
  const shifts = rows.map((row) => {
    const x = across(row, row.first)
    const square = x + (down(row, x) - down(middle, x)) * middle.b
    let k = middle.first
    for (let i = 0; i < 3; i += 1) k += (square - across(middle, k)) / (stepAt(middle, k) || 1)
    return k
  })
  const [left, right] = [Math.round(Math.min(...shifts)), Math.round(Math.max(...rows.map((row, i) => shifts[i]! + row.last - row.first)))]
  const found = right - left + 1
  if (!Number.isFinite(found) || found < length - 4 || found > length + 4) return
  const spare = length - found
  for (let by = 0; by <= Math.abs(spare); by += 1) {
    const start = spare >= 0 ? left - by : left + by
    yield {
      length, rows,
      starts: rows.map((row, i) => row.last - row.first + 1 === length ? row.first : Math.round(start - shifts[i]!) + row.first),
    }
  }
}

// --- signs ---------------------------------------------------------------------------------------------------------

const CELLS = WIDE * HIGH
/** So many squares to each side a sign may be off its place. */
const OFF = 2
const [SEEN_WIDE, SEEN_HIGH] = [WIDE + 2 * OFF, HIGH + 2 * OFF]
const SQUARE = 0.08

/** A picture with mean 0 and length 1, so that a product of two tells how alike they are. */
function normed(values: Float32Array): Float32Array {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  const length = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0)) || 1
  return values.map((value) => (value - mean) / length)
}

let drawn: readonly (readonly Float32Array[])[] | undefined
/** Each sign as it is drawn, and as two lenses show it that are more and more out of focus: spread by so many squares. */
const known = (): readonly (readonly Float32Array[])[] =>
  // Not before somebody reads a card: the wallet opens no later for it.
  drawn ??= [0, 1, 1.7].map((spread) => PICTURES.map((picture) => normed(soft(Float32Array.from(picture, (digit) => parseInt(digit, 16)), spread))))

function soft(picture: Float32Array, spread: number): Float32Array {
  if (spread === 0) return picture
  const weights = Array.from({ length: HIGH }, (_, off) => Math.exp(-(off * off) / (2 * spread * spread)))
  return [[1, WIDE], [WIDE, HIGH]].reduce((from, [step = 1, length = 1]) => from.map((_, i) => {
    const own = Math.floor(i / step) % length
    let sum = 0
    let whole = 0
    for (let j = 0; j < length; j += 1) {
      const weight = weights[Math.abs(j - own)]!
      sum += weight * from[i + (j - own) * step]!
      whole += weight
    }
    return sum / whole
  }), picture)
}

/** What may stand at a place: letters and fillers, digits, both, digits and fillers, a sex, the first two of a Home Return Permit. */
type Kind = 'a' | 'd' | 'x' | 'f' | 's' | 'h' | 'i'
const ALLOWED: Readonly<Record<Kind, RegExp>> = { a: /[A-Z<]/, d: /\d/, x: /./, f: /[\d<]/, s: /[MF<]/, h: /[HM]/, i: /[\dA]/ }
const MASKS = Object.fromEntries(Object.entries(ALLOWED).map(([kind, allowed]) => [kind, Uint8Array.from(SIGNS, (sign) => allowed.test(sign) ? 1 : 0)])) as Record<Kind, Uint8Array>
const places = (text: string) => text.replace(/(\w)(\d+)/g, (_, kind: string, times: string) => kind.repeat(Number(times)))
/** ICAO 9303-4, 4.2 and 9303-5, 4.2. */
const FORMS: Readonly<Record<30 | 44, readonly string[]>> = {
  30: [places('a5x9f1x15'), places('f6d1s1f6d1a3x11d1'), places('a30')],
  44: [places('a44'), places('x9d1a3f6d1s1f6d1x14f1d1')],
}

/** ICAO 9303-5, 4.2.4: a filler in the place of the check digit says that the number goes on. */
const PERMIT = places('a5h1i1d7f1x15')

interface Sign {
  readonly sign: string
  /** How alike it is, 1 at most; and how much less the next is that no check digit could tell from it. */
  readonly alike: number
  readonly ahead: number
  /** The next that a check digit would tell from it, and how much less that is. */
  readonly close: number
  readonly other: string | undefined
  readonly place: Place
}

/** Where in what is seen the sign was, in squares. */
interface Place {
  readonly dx: number
  readonly dy: number
}

const BOUNDS = { alike: 0.55, mean: 0.75, ahead: 0.03, close: 0.05 }
/** How far a sign may fall behind the mean of its zone, and from where on each step back asks for so much more lead. */
const BEHIND = { most: 0.13, from: 0.035, lead: 1.5 }
const DOUBTS = 7

function judge(cut: Cut, frame: Grey, today: string): readonly string[] | undefined {
  const eye = sight(cut, frame)
  if (!eye) return undefined
  const lines: Sign[][] = []
  for (const [i, form] of FORMS[cut.length].entries()) {
    const signs = signsOf(cut, frame, eye, i, form)
    if (!signs) return undefined
    // The number of a Home Return Permit has one form: a letter of two, then digits, of which the first may be an A.
    const permit = i === 0 && cut.length === 30 && /^C[R<]CHN/.test(signs.slice(0, 5).map(({ sign }) => sign).join(''))
    lines.push(permit ? signsOf(cut, frame, eye, i, PERMIT) ?? signs : signs)
  }
  const all = lines.flat()
  const mean = alikeness(all) / all.length
  if (mean < BOUNDS.mean) return undefined
  for (const { alike, ahead } of all) {
    // A lamp's reflection, or a hair, makes one sign another: then it is less like it than the rest of the zone is like itself.
    const behind = mean - alike
    if (alike < BOUNDS.alike || behind > BEHIND.most) return undefined
    if (ahead < BOUNDS.ahead + BEHIND.lead * Math.max(0, behind - BEHIND.from)) return undefined
  }
  return settled(lines, cut.length === 44 ? /^P/ : /^[ACI]/, today)
}

/** Signs that look alike: the check digits choose, where they allow one choice alone. */
function settled(lines: readonly (readonly Sign[])[], codes: RegExp, today: string): readonly string[] | undefined {
  const text = lines.map((signs) => signs.map(({ sign }) => sign))
  const doubts = lines.flatMap((signs, line) => signs.flatMap(({ other, close }, n) => other !== undefined && close < BOUNDS.close ? [{ line, n, other, close }] : []))
  doubts.sort((a, b) => a.close - b.close)
  if (doubts.length > DOUBTS) return undefined
  const found: string[][] = []
  for (let choice = 0; choice < 1 << doubts.length; choice += 1) {
    const chosen = text.map((signs) => [...signs])
    doubts.forEach(({ line, n, other }, i) => { if (choice >> i & 1) chosen[line]![n] = other })
    const joined = chosen.map((signs) => signs.join(''))
    const read = readMrz(joined, today)
    // Without its code a zone may be any text whose numbers happen to fit.
    if (read && codes.test(read.code)) found.push(joined)
  }
  return found.length === 1 ? found[0] : undefined
}

const alikeness = (signs: readonly Sign[]) => signs.reduce((sum, { alike }) => sum + alike, 0)

/** How sharp a zone is, and how tall its signs are for their distance. */
interface Sight {
  readonly level: number
  readonly stretch: number
}

const STRETCHES = [0.85, 0.9, 0.95, 1, 1.05, 1.1, 1.15]
/** Where digits stand in the second line whatever the document, of which a few tell. */
const DIGITS = { 30: [0, 1, 4, 5, 6, 14], 44: [9, 13, 14, 17, 18, 19] } as const

function sight(cut: Cut, frame: Grey): Sight | undefined {
  /** How like digits it is, so seen. */
  const alike = (level: number, stretch: number): number => {
    let sum = 0
    for (const n of DIGITS[cut.length]) {
      if (!look(cut, frame, 1, n, stretch)) return 0
      sum += recognise('d', known()[level]!, undefined).alike
    }
    return sum
  }
  const most = (values: readonly number[]) => values.indexOf(Math.max(...values))
  const stretch = STRETCHES[most(STRETCHES.map((stretch) => alike(1, stretch)))]!
  const levels = [...known().keys()].map((level) => alike(level, stretch))
  const level = most(levels)
  return levels[level]! < DIGITS[cut.length].length * BOUNDS.alike ? undefined : { level, stretch }
}

function signsOf(cut: Cut, frame: Grey, { level, stretch }: Sight, i: number, form: string): Sign[] | undefined {
  const signs: Sign[] = []
  for (let n = 0; n < cut.length; n += 1) {
    if (!look(cut, frame, i, n, stretch)) return undefined
    signs.push(recognise(form.charAt(n) as Kind, known()[level]!, signs[n - 1]?.place))
  }
  return signs
}

const seen = new Float32Array(SEEN_WIDE * SEEN_HIGH)

/** Looks at sign `n` of row `i`, along the row and down the card; `false` where that leaves the frame. */
function look({ rows, starts, length }: Cut, { width, height, data }: Grey, i: number, n: number, stretch: number): boolean {
  const [row, last] = [rows[i]!, rows.length - 1]
  const at = (line: number, sign: number) => across(rows[line]!, starts[line]! + sign)
  const gap = (sign: number) => down(rows[last]!, at(last, sign)) - down(rows[0]!, at(0, sign))
  const x = at(i, n)
  const y = down(row, x)
  const step = stepAt(row, starts[i]! + n)
  // Down a card is where its rows lead, and what is nearer is taller: also on one that is held aslant.
  const lean = Math.max(-0.35, Math.min(0.35, (at(last, n) - at(0, n)) / (gap(n) || 1)))
  const tall = Math.max(0.7, Math.min(1.4, gap(n) / gap((length - 1) / 2))) * pitchAt(rows[i]!) * stretch
  const [ux, uy, vx, vy] = [step * SQUARE, step * row.b * SQUARE, lean * tall * SQUARE, tall * SQUARE]
  const fine = Math.abs(ux) < 1.4
  for (let t = 0; t < SEEN_HIGH; t += 1) {
    for (let s = 0; s < SEEN_WIDE; s += 1) {
      const right = s - (SEEN_WIDE - 1) / 2
      const below = t - (SEEN_HIGH - 1) / 2
      const px = x + right * ux + below * vx - 0.5
      const py = y + right * uy + below * vy - 0.5
      const ix = Math.floor(px)
      const iy = Math.floor(py)
      if (!(ix >= 1 && iy >= 1 && ix < width - 2 && iy < height - 2)) return false
      const fx = px - ix
      const fy = py - iy
      const pixel = iy * width + ix
      let value = (data[pixel]! * (1 - fx) + data[pixel + 1]! * fx) * (1 - fy) + (data[pixel + width]! * (1 - fx) + data[pixel + width + 1]! * fx) * fy
      // A square is larger than a pixel: its neighbours count as well.
      if (!fine) value = (2 * value + data[pixel - 1]! + data[pixel + 2]! + data[pixel - width]! + data[pixel + 2 * width]!) / 6
      seen[t * SEEN_WIDE + s] = 255 - value
    }
  }
  return true
}

const COUNT = SIGNS.length
const best = new Float32Array(COUNT)
const close = new Uint8Array(COUNT)
const part = new Float32Array(CELLS)
/** The likeliest so far, of any sign, and where. */
let top = -1
let place: Place = { dx: OFF, dy: OFF }

/** How like the signs of a mask is what stands at one place. */
function compare(dx: number, dy: number, mask: Uint8Array, pictures: readonly Float32Array[]): void {
  let sum = 0
  let squares = 0
  let i = 0
  for (let y = 0; y < HIGH; y += 1) {
    let at = (y + dy) * SEEN_WIDE + dx
    for (let x = 0; x < WIDE; x += 1) {
      const value = seen[at]!
      part[i] = value
      sum += value
      squares += value * value
      at += 1
      i += 1
    }
  }
  const length = Math.sqrt(Math.max(0, squares - (sum * sum) / CELLS))
  // Paper without ink is like nothing.
  if (length < 60) return
  for (let n = 0; n < COUNT; n += 1) {
    if (mask[n] === 0) continue
    const picture = pictures[n]!
    let p = 0
    let q = 0
    let r = 0
    let s = 0
    for (let j = 0; j < CELLS; j += 4) {
      p += picture[j]! * part[j]!
      q += picture[j + 1]! * part[j + 1]!
      r += picture[j + 2]! * part[j + 2]!
      s += picture[j + 3]! * part[j + 3]!
    }
    const alike = (p + q + r + s) / length
    if (alike > best[n]!) best[n] = alike
    if (alike <= top) continue
    top = alike
    place = { dx, dy }
  }
}

/** A sign so much less alike than another is not tried at every place. */
const FAR = 0.2

/**
 * Compares what was looked at with each sign that may stand there: at every place, or, where the sign before was at `near`, at
 * most one square from there, and those signs alone that are not far from the likeliest.
 */
function recognise(kind: Kind, pictures: readonly Float32Array[], near: Place | undefined): Sign {
  const mask = MASKS[kind]
  best.fill(-1)
  top = -1
  place = near ?? { dx: OFF, dy: OFF }
  if (near) {
    compare(near.dx, near.dy, mask, pictures)
    const floor = top - FAR
    for (let n = 0; n < COUNT; n += 1) close[n] = mask[n] === 1 && best[n]! >= floor ? 1 : 0
    for (let dy = Math.max(0, near.dy - 1); dy <= Math.min(2 * OFF, near.dy + 1); dy += 1) {
      for (let dx = Math.max(0, near.dx - 1); dx <= Math.min(2 * OFF, near.dx + 1); dx += 1) {
        if (dx !== near.dx || dy !== near.dy) compare(dx, dy, close, pictures)
      }
    }
  } else for (let dy = 0; dy <= 2 * OFF; dy += 1) for (let dx = 0; dx <= 2 * OFF; dx += 1) compare(dx, dy, mask, pictures)
  let first = -1
  for (let n = 0; n < COUNT; n += 1) if (mask[n] === 1 && (first < 0 || best[n]! > best[first]!)) first = n
  // One wrong sign changes every check digit over it, unless its value has the same last digit; names have none.
  let [ahead, behind, other] = [1, 1, -1]
  for (let n = 0; n < COUNT; n += 1) {
    if (n === first || mask[n] === 0) continue
    const by = best[first]! - best[n]!
    if (kind === 'a' || kind === 's' || value(n) === value(first)) ahead = Math.min(ahead, by)
    else if (by < behind) [behind, other] = [by, n]
  }
  return { sign: SIGNS.charAt(first), alike: best[first]!, ahead, close: behind, other: other < 0 ? undefined : SIGNS.charAt(other), place }
}

const value = (n: number) => n === 36 ? 0 : n % 10
