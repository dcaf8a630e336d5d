/**
* Guidance: advice to the traveller while the camera is open, one piece at a time.
 *
 * Lives here: light, sharpness, stillness, on a few thousand grey values. Not here: whether there is a face at all: nothing
 * on the phone recognises one, and the authority judges the picture. So it never blocks: a picture may be taken at any time.
 */

export type Advice = 'dark' | 'bright' | 'backlit' | 'nothing' | 'still' | 'blurred' | 'good'

/** Pixels as a canvas or a camera gives them: red, green, blue, alpha, row after row. */
export interface Pixels {
  readonly width: number
  readonly height: number
  readonly data: ArrayLike<number>
}

/** The size on which all is measured; the oval's place in it. */
const [WIDE, HIGH] = [72, 96]
const OVAL = { x: WIDE / 2, y: HIGH / 2, rx: WIDE * 0.34, ry: HIGH * 0.38 }

const INSIDE = Uint8Array.from({ length: WIDE * HIGH }, (_, i) => {
  const x = (i % WIDE + 0.5 - OVAL.x) / OVAL.rx
  const y = (Math.floor(i / WIDE) + 0.5 - OVAL.y) / OVAL.ry
  return x * x + y * y <= 1 ? 1 : 0
})

/** The middle of a frame, three to four, as grey values of 0 to 255. */
export function reduced({ width, height, data }: Pixels): Float32Array {
  const scale = Math.min(width / WIDE, height / HIGH)
  const [left, top] = [(width - WIDE * scale) / 2, (height - HIGH * scale) / 2]
  const grey = new Float32Array(WIDE * HIGH)
  // A few samples for each value are enough, and cost the same for every camera.
  const step = Math.max(1, Math.floor(scale / 3))
  for (let y = 0; y < HIGH; y += 1) {
    for (let x = 0; x < WIDE; x += 1) {
      const [x0, y0] = [Math.floor(left + x * scale), Math.floor(top + y * scale)]
      const [x1, y1] = [Math.max(x0 + 1, Math.floor(left + (x + 1) * scale)), Math.max(y0 + 1, Math.floor(top + (y + 1) * scale))]
      let sum = 0
      let count = 0
      for (let row = y0; row < y1; row += step) {
        for (let column = x0; column < x1; column += step) {
          const at = (row * width + column) * 4
          sum += 0.299 * (data[at] ?? 0) + 0.587 * (data[at + 1] ?? 0) + 0.114 * (data[at + 2] ?? 0)
          count += 1
        }
      }
      grey[y * WIDE + x] = sum / count
    }
  }
  return grey
}

/** Bounds, in grey values. They are wide: wrong advice costs more than missing advice. */
const BOUNDS = { dark: 50, bright: 215, blown: 0.2, behind: 60, plain: 10, motion: 9, edges: 25 }

/** One frame; `before` is the last one, as `reduced` gave it. */
export function advise(grey: Float32Array, before: Float32Array | undefined): Advice {
  let [inside, outside, squares, blown, motion, edges, count, edged] = [0, 0, 0, 0, 0, 0, 0, 0]
  for (let i = 0; i < grey.length; i += 1) {
    const value = grey[i]!
    if (INSIDE[i] !== 1) { outside += value; continue }
    count += 1
    inside += value
    squares += value * value
    if (value > 250) blown += 1
    if (before) motion += Math.abs(value - before[i]!)
    const around = grey[i - 1]! + grey[i + 1]! + grey[i - WIDE]! + grey[i + WIDE]!
    edges += (around - 4 * value) ** 2
    edged += 1
  }
  const mean = inside / count
  const behind = outside / (grey.length - count)
  if (mean < BOUNDS.dark) return behind - mean > BOUNDS.behind ? 'backlit' : 'dark'
  if (mean > BOUNDS.bright || blown / count > BOUNDS.blown) return 'bright'
  if (behind - mean > BOUNDS.behind) return 'backlit'
  if (Math.sqrt(Math.max(0, squares / count - mean * mean)) < BOUNDS.plain) return 'nothing'
  if (before && motion / count > BOUNDS.motion) return 'still'
  return edges / edged < BOUNDS.edges ? 'blurred' : 'good'
}

/** Milliseconds for which a piece of advice stays, so that it can be read. */
const STAYS_MS = 700
const GOOD_MS = 1000

/** What is shown: `ready` is what has been good for a while. */
export type Guidance = Advice | 'ready'

/** Shows one piece of advice at a time, without flicker. */
export class Guide {
  private before: Float32Array | undefined
  private last: Advice | undefined
  private good: number | undefined
  private shown: Guidance | undefined
  private since = -Infinity

  /** What to show at `at` milliseconds, after this frame. */
  see(frame: Pixels, at: number): Guidance {
    const grey = reduced(frame)
    const found = advise(grey, this.before)
    // One odd frame among others changes nothing.
    const again = found === this.last
    this.before = grey
    this.last = found
    if (found === 'good') this.good ??= at
    else if (again) this.good = undefined
    const due = found === 'good' && this.good !== undefined && at - this.good >= GOOD_MS ? 'ready' : found
    if (this.shown === undefined || (again && due !== this.shown && at - this.since >= STAYS_MS)) {
      this.shown = due
      this.since = at
    }
    return this.shown
  }
}
