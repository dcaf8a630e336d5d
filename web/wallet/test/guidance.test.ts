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
/** Smoothed, as by a lens that is out of focus. */
const soft = frame((x, y) => 120 + 50 * Math.sin(x * 9) + 30 * Math.cos(y * 7))

describe('what a traveller is told before the camera', () => {
  it.each([
    ['good', head(160, 130)], ['good', head(160, 60)], ['good', head(95, 90)],
    ['dark', head(40, 30)], ['bright', head(255, 200)], ['backlit', head(110, 235)], ['backlit', head(40, 220)],
    ['nothing', frame(() => 128)], ['blurred', soft],
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

  it('stays long enough to be read', () => {
    const guide = new Guide()
    expect(guide.see(frame(() => 20), 0)).toBe('dark')
    expect(guide.see(frame(() => 128), 300)).toBe('dark')
    expect(guide.see(frame(() => 128), 699)).toBe('dark')
    expect(guide.see(frame(() => 128), 701)).toBe('nothing')
  })
})
