/** How well a machine-readable zone is read, on drawn cards; and that nothing wrong is ever given out. */
import { readFileSync } from 'node:fs'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
// @ts-expect-error: plain JavaScript, run by Node as it is
import { signsFiles } from '../tools/signs.mjs'
import { skip } from '../../core/test/skip.js'
import { CHROMIUM, launch } from './bay.js'
import { type Filming, chance, drawCards, film, noFont, zoneOf } from './cards.js'
import { LaneReader, noLaneReader } from './lane-reader.js'
import { readMrz } from '../../core/mrz.js'
import { type Grey, ZoneReader, greyOf, readZone } from '../src/zone.js'

const skipped = skip('read rates of machine-readable zones', CHROMIUM ? noFont() : 'no Chromium on this machine (Debian: apt-get install chromium)')

const noLane = skipped || skip('the wallet\'s reader of zones beside that of lanes and desks', noLaneReader())

const TODAY = '2026-11-25'
/** So many cards of each kind for each condition; `BAYPASS_CARDS` for the figures of docs/mrz.md. */
const CARDS = Number(process.env['BAYPASS_CARDS'] ?? 8)

/**
 * Conditions, in the words of docs/mrz.md, and the share that must be read of each kind, one frame a card: of 8 cards two may
 * be missed. Pitch: pixels from sign to sign.
 */
const CONDITIONS: readonly (readonly [string, Filming, td1: number, td3: number])[] = [
  ['sharp, pitch 24 px', { pitch: 24, width: 1440, height: 960 }, 0.75, 0.75],
  ['sharp, pitch 16 px', { pitch: 16 }, 0.75, 0.75],
  ['sharp, pitch 12 px', { pitch: 12 }, 0.75, 0.75],
  ['sharp, pitch 10 px', { pitch: 10 }, 0.75, 0.75],
  ['sharp, pitch 8 px', { pitch: 8 }, 0.6, 0.6],
  ['sharp, pitch 6 px', { pitch: 6 }, 0, 0],
  ['tilt 4°', { pitch: 18, tilt: 4 }, 0.75, 0.75],
  ['tilt -8°', { pitch: 16, tilt: -8 }, 0.75, 0.75],
  ['tilt 8°', { pitch: 16, tilt: 8 }, 0.75, 0.75],
  ['right side 20 % nearer', { pitch: 18, right: 0.2 }, 0.75, 0.75],
  ['lower side 20 % nearer', { pitch: 18, lower: 0.2 }, 0.75, 0.75],
  ['aslant and tilted 4°', { pitch: 18, right: -0.15, lower: 0.15, tilt: 4 }, 0.75, 0.75],
  ['blur 0.05 pitch', { pitch: 20, blur: 1 }, 0.75, 0.75],
  ['blur 0.075 pitch', { pitch: 20, blur: 1.5 }, 0.75, 0.75],
  ['blur 0.1 pitch', { pitch: 20, blur: 2 }, 0.3, 0.3],
  ['blur 0.125 pitch', { pitch: 20, blur: 2.5 }, 0, 0],
  ['blur 0.15 pitch', { pitch: 20, blur: 3 }, 0, 0],
  ['noise 10', { pitch: 18, noise: 10 }, 0.75, 0.75],
  ['noise 20', { pitch: 18, noise: 20 }, 0.6, 0.6],
  ['noise 40', { pitch: 18, noise: 40 }, 0, 0],
  ['noise 20, blur 0.075, pitch 7 px', { pitch: 7, noise: 20, blur: 0.5 }, 0, 0],
  ['a reflection, 2 characters wide', { pitch: 18, noise: 4, glare: 1 }, 0, 0],
  ['a reflection, 8 characters wide', { pitch: 18, noise: 4, glare: 4 }, 0, 0],
  ['light falls to 40 % across', { pitch: 18, shade: 0.4 }, 0.75, 0.75],
  ['30 % of the light, noise 4', { pitch: 18, light: 0.3, noise: 4 }, 0.75, 0.75],
  ['everything at once', { pitch: 18, tilt: 5, right: 0.1, lower: 0.1, blur: 1, noise: 6, shade: 0.6 }, 0.75, 0.75],
  ['everything at once, pitch 12 px', { pitch: 12, tilt: -4, right: 0.1, blur: 0.8, noise: 6, shade: 0.6 }, 0.75, 0.75],
]

describe.skipIf(skipped)('a zone on a drawn card', () => {
  let browser: Browser
  let zones: (readonly string[])[]
  let cards: Grey[]
  let lane: LaneReader | undefined
  const times: number[] = []
  /** Frames that both readers answered, and those that one alone read. */
  const both = { same: 0, walletAlone: 0, laneAlone: 0 }

  /** What the wallet's reader makes of a frame and, where Cargo is, that of lanes and desks: neither gives out anything wrong. */
  async function readBoth(frame: Grey, right: readonly string[], name: string): Promise<[boolean, boolean]> {
    const before = performance.now()
    const own = readZone(frame, TODAY)
    times.push(performance.now() - before)
    if (own) expect(own, name).toEqual(right)
    const theirs = await lane?.read(frame)
    if (theirs) expect(theirs, `${name}, at a lane`).toEqual(right)
    if (lane) both[Boolean(own) === Boolean(theirs) ? 'same' : own ? 'walletAlone' : 'laneAlone'] += 1
    return [own !== undefined, theirs !== undefined]
  }

  /** A row of the table: wallet TD1 and TD3, lane TD1 and TD3. Neither reads less than its floor. */
  async function row(name: string, of: readonly Grey[], how: Filming, random: () => number, floors: readonly [number, number]): Promise<void> {
    const read = [0, 0, 0, 0]
    for (const [i, card] of of.entries()) {
      await breath()
      const kind = i < CARDS ? 0 : 1
      const [own, theirs] = await readBoth(film(card, how, random), zones[i]!, name)
      read[kind]! += Number(own)
      read[kind + 2]! += Number(theirs)
    }
    console.log(`| ${name} | ${read.map((count, i) => i > 1 && !lane ? '-' : `${count}/${CARDS}`).join(' | ')} |`)
    for (const i of lane ? [0, 1, 2, 3] : [0, 1]) expect(read[i]! / CARDS, `${name}, ${i < 2 ? 'wallet' : 'lane'}, TD${i % 2 ? 3 : 1}`).toBeGreaterThanOrEqual(floors[i % 2]!)
  }

  beforeAll(async () => {
    browser = await launch()
    const random = chance(20261125)
    zones = (['TD1', 'TD3'] as const).flatMap((kind) => Array.from({ length: CARDS }, () => zoneOf(kind, random)))
    cards = await drawCards(browser, zones)
    if (!noLane) lane = new LaneReader(TODAY)
  })
  afterAll(async () => {
    for (const [who, all] of [['wallet', times], ['lane', lane?.times ?? []]] as const) {
      const sorted = [...all].sort((a, b) => a - b)
      if (sorted.length) console.log(`${who}: ${all.length} frames, half within ${sorted[all.length >> 1]!.toFixed(1)} ms, 95 of 100 within ${sorted[Math.floor(all.length * 0.95)]!.toFixed(1)} ms`)
    }
    if (lane) console.log(`both or neither read ${both.same} frames, the wallet alone ${both.walletAlone}, the lane alone ${both.laneAlone}`)
    lane?.end()
    await browser?.close()
  })

  it('is compared with the signs of the font, here and at a lane', async () => {
    for (const [file, source] of await (signsFiles as () => Promise<[URL, string][]>)()) expect(readFileSync(file, 'utf8'), file.pathname).toBe(source)
  })

  // Between two frames the runner is heard: it takes a test that says nothing for a minute for dead.
  const breath = () => new Promise((resolve) => setImmediate(resolve))

  it.each(CONDITIONS)('is read: %s', async (name, how, td1, td3) => {
    await row(name, cards, how, chance(name.length * 7919 + (how.pitch ?? 0)), [td1, td3])
  })

  it('under a lamp\'s reflection as small as a sign is never read with another number or date, whatever it makes of a name', async () => {
    const random = chance(13)
    let [read, names] = [0, 0]
    for (const [i, card] of cards.entries()) {
      const frame = film(card, { pitch: 20, noise: 4, glare: 0.7 }, random)
      for (const found of [readZone(frame, TODAY), await lane?.read(frame)]) {
        if (!found) continue
        read += 1
        expect(readMrz(found, TODAY)).toEqual(readMrz(zones[i]!, TODAY))
        if (found.join() !== zones[i]!.join()) names += 1
      }
    }
    console.log(`reflection as small as a sign: read ${read} of ${(lane ? 4 : 2) * CARDS}, a letter of a name lost a stroke to it in ${names}`)
  })

  it.each([['heavy', 0.75], ['thin', 0.75], ['square', 0.75]] as const)('is read of %s print', async (print, floor) => {
    const random = chance(print.length)
    const other = await drawCards(browser, zones, print)
    for (const how of [{ pitch: 18, noise: 5, blur: 0.7 }, { pitch: 11, tilt: 3, noise: 5 }] satisfies Filming[]) {
      await row(`${print} print, pitch ${how.pitch} px`, other, how, random, [floor, floor])
    }
  })

  it('is given out when two frames said the same', () => {
    const random = chance(3)
    const [own, other] = [film(cards[0]!, { pitch: 16, noise: 5 }, random), film(cards[1]!, { pitch: 16, noise: 5 }, random)]
    const reader = new ZoneReader()
    expect(reader.see(own, TODAY)).toBeUndefined()
    expect(reader.see(other, TODAY)).toBeUndefined()
    expect(reader.see({ width: 320, height: 240, data: new Uint8Array(320 * 240) }, TODAY)).toBeUndefined()
    expect(reader.see(film(cards[0]!, { pitch: 16, tilt: 3, noise: 5 }, random), TODAY)).toEqual(zones[0])
  })

  it('that is wrong by one sign is none, nor is one that is cut off or stands on its head', () => {
    const random = chance(5)
    const frame = film(cards[0]!, { pitch: 18 }, random)
    expect(readZone(frame, TODAY)).toEqual(zones[0])
    expect(readZone({ width: 700, height: frame.height, data: Uint8Array.from({ length: 700 * frame.height }, (_, i) => frame.data[Math.floor(i / 700) * frame.width + (i % 700)]!) }, TODAY)).toBeUndefined()
    expect(readZone({ ...frame, data: frame.data.slice().reverse() }, TODAY)).toBeUndefined()
  })

  it('whose check digits do not hold is none', async () => {
    const wrong = zones.slice(0, 6).map((lines) => {
      const at = 5 + lines.length
      const line = lines.length === 3 ? 0 : 1
      return lines.map((text, i) => i === line ? `${text.slice(0, at)}${(Number(text.charAt(at)) + 1) % 10}${text.slice(at + 1)}` : text)
    })
    const random = chance(6)
    for (const card of await drawCards(browser, wrong)) for (const pitch of [10, 16, 22]) expect(readZone(film(card, { pitch }, random), TODAY)).toBeUndefined()
  })

  it('is none of other text', async () => {
    const text = 'THESE<ARE<THREE<LINES<OF<TEXT<BUT<NO<ZONE<OF<ANY<CARD<0123456789'
    const other = Array.from({ length: 8 }, (_, i) => Array.from({ length: i % 2 ? 3 : 2 }, (_, n) => text.repeat(3).slice(i * 3 + n * 7, i * 3 + n * 7 + (i % 2 ? 30 : 44))))
    const random = chance(8)
    for (const card of await drawCards(browser, other)) expect(readZone(film(card, { pitch: 16 }, random), TODAY)).toBeUndefined()
  })
})

describe('what is no card', () => {
  const random = chance(11)
  const frame = (width: number, height: number, paint: (x: number, y: number) => number): Grey => ({ width, height, data: Uint8Array.from({ length: width * height }, (_, i) => paint(i % width, Math.floor(i / width))) })
  it.each([
    ['noise', frame(1280, 720, () => random() * 256)], ['coarse noise', frame(1280, 720, (x, y) => ((Math.imul((x >> 3) * 7919 + (y >> 3) * 104729, 2654435761) >>> 24) & 255))],
    ['stripes', frame(1280, 720, (x) => (x >> 3) % 2 ? 20 : 230)], ['a chequer board of signs\' size', frame(1280, 720, (x, y) => (x % 20 < 12 && y % 40 < 18 ? 10 : 240))],
    ['small squares', frame(1280, 720, (x, y) => (x % 9 < 6 && y % 9 < 6 ? 10 : 240))], ['nothing', frame(1280, 720, () => 128)], ['a very large picture', frame(4096, 3072, (x, y) => (x * y) & 255)],
  ])('gives nothing: %s', (_, given) => expect(readZone(given, TODAY)).toBeUndefined())

  it.each([
    ['no pixel', { width: 0, height: 0, data: new Uint8Array(0) }], ['fewer pixels than said', { width: 640, height: 480, data: new Uint8Array(100) }], ['no number', { width: NaN, height: 480, data: new Uint8Array(100) }],
    ['too large', { width: 1e6, height: 1e6, data: new Uint8Array(100) }], ['one row', { width: 5000, height: 1, data: new Uint8Array(5000) }], ['a negative side', { width: -640, height: -480, data: new Uint8Array(640 * 480) }],
  ])('throws nothing: %s', (_, given) => expect(readZone(given, TODAY)).toBeUndefined())

  it('noise in which any number of rows seems to stand is never read', () => {
    for (let n = 0; n < 60; n += 1) {
      // Dark blots of a sign's size in rows at a sign's distance.
      const [pitch, tall] = [10 + (n % 12), 9 + (n % 10)]
      const blots = Uint8Array.from({ length: 4096 * 16 }, () => random() < 0.45 ? 20 : 230)
      expect(readZone(frame(960, 480, (x, y) => {
        const [k, line] = [Math.floor((x - 40) / pitch), Math.floor((y - 200) / (pitch * 2.5))]
        const [u, v] = [Math.floor(((x - 40) % pitch) / pitch * 6), Math.floor(((y - 200) % (pitch * 2.5)) / tall * 6)]
        if (x < 40 || y < 200 || k >= (n % 2 ? 30 : 44) || line >= (n % 2 ? 3 : 2) || u < 1 || u > 4 || v > 5) return 230
        return blots[(line * 44 + k) * 36 + v * 6 + u]!
      }), TODAY)).toBeUndefined()
    }
  })
})

describe('the part of a frame that is looked at', () => {
  it('is its middle, in that shape, no wider than asked for', () => {
    const rgba = (width: number, height: number) => ({ width, height, data: Uint8Array.from({ length: width * height * 4 }, (_, i) => Math.floor(i / 4 / width)) })
    for (const [width, height, wide, high] of [[480, 640, 480, 320], [1280, 720, 1080, 720], [1920, 1200, 1280, 853]] as const) {
      const grey = greyOf(rgba(width, height), 1.5, 1280)
      expect([grey.width, grey.height], `${width} x ${height}`).toEqual([wide, high])
    }
    // Row 160 of 640 is the first.
    expect(greyOf(rgba(480, 640), 1.5, 1280).data[0]).toBe(160)
  })
})
