/** What is said while the camera looks: on drawn frames. */
import { describe, expect, it } from 'vitest'
import { type Pixels, Guide, advise, reduced } from '../src/guidance.js'

/** A frame in which `paint` gives each place a grey value; places go from 0 to 1. */
function frame(paint: (x: number, y: number) => number, width = 320, height = 240): Pixels {
  const data = new Uint8ClampedArray(width * height * 4)
  for (let y = 0; y < height; y += 1) for (let x = 0; x < width; x += 1) data.fill(paint(x / width, y / height), (y * width + x) * 4, (y * width + x) * 4 + 4)
  return { width, height, data }
}
const oval = (x: number, y: number) => ((x - 0.5) / 0.19) ** 2 + ((y - 0.5) / 0.4) ** 2 <= 1
/** Something with the light and the edges of a head: eyes, nose, mouth, hair. */
const head = (skin: number, wall: number, moved = 0) => frame((x, y) => {
  const at = x - moved
  if (!oval(at, y)) return wall
  const feature = y < 0.25 || (Math.abs(y - 0.42) < 0.03 && Math.abs(Math.abs(at - 0.5) - 0.07) < 0.03) || (Math.abs(y - 0.7) < 0.02 && Math.abs(at - 0.5) < 0.06) || (Math.abs(at - 0.5) < 0.01 && y > 0.45 && y < 0.6)
  return feature ? skin * 0.35 : skin
})
const once = (pixels: Pixels, before?: Pixels) => advise(reduced(pixels), before && reduced(before))
/** As by a lens that is out of focus: each place is the mean of its neighbours, so many pixels to each side. */
function soft({ width, height, data }: Pixels, by: number): Pixels {
  const along = (from: ArrayLike<number>, step: number, last: (i: number) => [number, number]) => {
    const to = new Float64Array(width * height)
    for (let i = 0; i < to.length; i += 1) {
      const [before, after] = last(i)
      let sum = 0
      for (let n = -Math.min(by, before); n <= Math.min(by, after); n += 1) sum += from[i + n * step]!
      to[i] = sum / (Math.min(by, before) + Math.min(by, after) + 1)
    }
    return to
  }
  const grey = Float64Array.from({ length: width * height }, (_, i) => data[i * 4]!)
  const rows = along(grey, 1, (i) => [i % width, width - 1 - (i % width)])
  const both = along(rows, width, (i) => [Math.floor(i / width), height - 1 - Math.floor(i / width)])
  return frame((x, y) => both[Math.round(y * height) * width + Math.round(x * width)]!, width, height)
}

describe('what a traveller is told before the camera', () => {
  it.each([
    ['good', head(160, 130)], ['good', head(160, 60)], ['good', head(95, 90)],
    ['dark', head(40, 30)], ['bright', head(255, 200)], ['backlit', head(110, 235)], ['backlit', head(40, 220)],
    ['nothing', frame(() => 128)], ['blurred', soft(head(160, 130), 12)], ['good', soft(head(160, 130), 1)],
  ] as const)('is %s', (advice, pixels) => expect(once(pixels)).toBe(advice))

  it('is to hold still, when he moves', () => {
    expect(once(head(160, 60, 0.06), head(160, 60))).toBe('still')
    expect(once(head(160, 60), head(160, 60))).toBe('good')
  })

  it('is the same for each size and shape of frame', () => {
    for (const [width, height] of [[1280, 720], [640, 480], [160, 120]] as const) {
      const scaled = frame((x, y) => { const at = 0.5 + (x - 0.5) * (width / height) * 0.75; return oval(at, y) ? (Math.floor(y * 12) % 2 ? 170 : 90) : 120 }, width, height)
      expect(once(scaled), `${width} x ${height}`).toBe('good')
    }
  })

  const [dark, empty, good] = [frame(() => 20), frame(() => 128), head(160, 130)]
  const told = (...seen: readonly [number, Pixels][]) => {
    const guide = new Guide()
    return seen.map(([at, pixels]) => guide.see(pixels, at))
  }

  it('stays long enough to be read', () => {
    expect(told([0, dark], [300, empty], [699, empty], [701, empty])).toEqual(['dark', 'dark', 'dark', 'nothing'])
  })

  it('does not change for one odd frame', () => {
    expect(told([0, dark], [800, empty], [950, dark], [1100, empty], [1250, empty])).toEqual(['dark', 'dark', 'dark', 'dark', 'nothing'])
  })

  it('is ready when it has been good for a second, also with one odd frame in between', () => {
    expect(told([0, good], [500, good], [999, good], [1000, good], [1150, empty], [1300, good], [1450, good])).toEqual(['good', 'good', 'good', 'ready', 'ready', 'ready', 'ready'])
    // What was bad for longer begins anew.
    expect(told([0, good], [600, empty], [750, empty], [900, good], [1050, good], [1200, good])).toEqual(['good', 'good', 'nothing', 'nothing', 'nothing', 'nothing'])
    // The first good frame after a dark one is a change, and so a movement.
    expect(told([0, dark], [800, good], [950, good], [1100, good], [1949, good], [1950, good])).toEqual(['dark', 'dark', 'dark', 'good', 'good', 'ready'])
  })
})
