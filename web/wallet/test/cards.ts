/** Cards for the tests: drawn by a browser with the OCR-B of Debian's fonts-ocr-b, then filmed by a camera made of numbers. */
import { existsSync, readFileSync } from 'node:fs'
import type { Browser } from 'playwright-core'
import { checkDigit } from '../../core/mrz.js'
import type { Grey } from '../src/zone.js'

const FONTS = '/usr/share/fonts/opentype/ocr-b'

/** How a zone is printed: with more or less ink than the signs it is compared with, or with square ends of its strokes. */
export type Print = 'plain' | 'heavy' | 'thin' | 'square'

/** Why no card can be drawn here; `undefined` where they can. */
export function noFont(): string | undefined {
  return existsSync(`${FONTS}/OCRB.otf`) && existsSync(`${FONTS}/OCRBS.otf`) ? undefined : 'no OCR-B on this machine (Debian: apt-get install fonts-ocr-b)'
}

/** Chance that repeats: the same seed, the same numbers. */
export function chance(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

const digit = (field: string) => checkDigit(field) ?? ''
const fill = (text: string, length: number) => text.padEnd(length, '<').slice(0, length)

/** A Home Return Permit's zone, as `crates/documents` reads it. */
export function permitZone(number: string, birth: string, expiry: string, names: string, sex = 'F'): readonly string[] {
  const one = fill(`CRCHN${number}${digit(number)}`, 30)
  const two = `${birth}${digit(birth)}${sex}${expiry}${digit(expiry)}CHN<<<<<<<<<<<`
  return [one, two + digit(one.slice(5) + two.slice(0, 7) + two.slice(8, 15) + two.slice(18, 29)), fill(names, 30)]
}

export function passportZone(number: string, birth: string, expiry: string, names: string, optional = '', sex = 'M'): readonly string[] {
  const [own, rest] = [fill(number, 9), fill(optional, 14)]
  const two = `${own}${digit(own)}CHN${birth}${digit(birth)}${sex}${expiry}${digit(expiry)}${rest}${digit(rest)}`
  return [fill(`P<CHN${names}`, 44), two + digit(two.slice(0, 10) + two.slice(13, 20) + two.slice(21, 43))]
}

/** Zones of nobody, all signs among them. */
export function zoneOf(kind: 'TD1' | 'TD3', random: () => number): readonly string[] {
  const some = (signs: string, length: number) => Array.from({ length }, () => signs.charAt(Math.floor(random() * signs.length))).join('')
  const two = (most: number) => String(1 + Math.floor(random() * most)).padStart(2, '0')
  const day = (decade: string) => `${decade}${some('0123456789', 1)}${two(12)}${two(28)}`
  const names = `${some('ABCDEFGHIJKLMNOPQRSTUVWXYZ', 3 + Math.floor(random() * 7))}<<${some('ABCDEFGHIJKLMNOPQRSTUVWXYZ', 2 + Math.floor(random() * 8))}<${some('ABCDEFGHIJKLMNOPQRSTUVWXYZ', 4)}`
  const [birth, expiry] = [day(some('56789', 1)), day(some('34', 1))]
  if (kind === 'TD1') return permitZone(some('HM', 1) + some('0123456789', 8), birth, expiry, names, some('MF', 1))
  return passportZone(some('EGHKM', 1) + some('ABCDEFGHJKLMNPQRSTUVWXYZ0123456789', 1) + some('0123456789', 7), birth, expiry, names, random() < 0.5 ? '' : some('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ', 10), some('MF', 1))
}

/** From sign to sign on a drawn card, in pixels. */
const PITCH = 32
const MM = PITCH / 2.54

/** A card in grey, its machine-readable zone where ICAO 9303 has it: TD1 85.6 by 54 mm, the page of a passport 125 by 88 mm. */
export async function drawCards(browser: Browser, zones: readonly (readonly string[])[], print: Print = 'plain'): Promise<Grey[]> {
  const page = await browser.newPage()
  const font = readFileSync(`${FONTS}/${print === 'square' ? 'OCRBS' : 'OCRB'}.otf`).toString('base64')
  await page.evaluate(async (font) => {
    document.fonts.add(await new FontFace('zone', `url(data:font/otf;base64,${font})`).load())
  }, font)
  const cards: Grey[] = []
  for (const lines of zones) {
    const [wide, high] = lines.length === 3 ? [85.6, 54] : [125, 88]
    const { width, height, data } = await page.evaluate(({ lines, wide, high, MM, PITCH, print }) => {
      const canvas = document.createElement('canvas')
      const [width, height] = [canvas.width, canvas.height] = [Math.round(wide * MM), Math.round(high * MM)]
      const pen = canvas.getContext('2d', { willReadFrequently: true })!
      pen.fillStyle = '#dfe6e4'
      pen.fillRect(0, 0, width, height)
      // Fine lines, as papers have them, a portrait's place, and what people read.
      pen.strokeStyle = '#c3d3d6'
      pen.lineWidth = 2
      for (let n = 0; n < 60; n += 1) {
        pen.beginPath()
        for (let x = 0; x <= width; x += 8) pen.lineTo(x, (n * height) / 55 + Math.sin(x / 55 + n / 3) * 18)
        pen.stroke()
      }
      pen.fillStyle = '#8d8f92'
      pen.fillRect(4 * MM, 8 * MM, 22 * MM, 24 * MM)
      pen.fillStyle = '#1d1d20'
      pen.font = `${3 * MM}px sans-serif`
      ;['SPECIMEN', 'No. 000 000', '2031.01.31', 'Issued for tests only, of nobody'].forEach((text, i) => pen.fillText(text, 32 * MM, (11 + 6 * i) * MM))
      pen.font = '1000px zone'
      pen.font = `${(1000 * PITCH) / pen.measureText('0').width}px zone`
      pen.fillStyle = '#17181b'
      // A stroke is 0.35 mm wide: a quarter more, or less, of it.
      pen.strokeStyle = print === 'heavy' ? '#17181b' : '#dfe6e4'
      pen.lineWidth = 0.0875 * MM
      lines.forEach((line, i) => {
        for (let k = 0; k < line.length; k += 1) {
          const at = [(lines.length === 3 ? 4.7 : 6.6) * MM + k * PITCH, height - (lines.length - 1 - i) * 6.35 * MM - (lines.length === 3 ? 4 : 6) * MM] as const
          pen.fillText(line.charAt(k), ...at)
          if (print === 'heavy' || print === 'thin') pen.strokeText(line.charAt(k), ...at)
        }
      })
      const pixels = pen.getImageData(0, 0, width, height).data
      const grey = new Uint8Array(width * height)
      for (let i = 0; i < grey.length; i += 1) grey[i] = (77 * pixels[i * 4]! + 150 * pixels[i * 4 + 1]! + 29 * pixels[i * 4 + 2]!) >> 8
      let data = ''
      for (let i = 0; i < grey.length; i += 32768) data += String.fromCharCode(...grey.subarray(i, i + 32768))
      return { width, height, data: btoa(data) }
    }, { lines, wide, high, MM, PITCH, print })
    cards.push({ width, height, data: new Uint8Array(Buffer.from(data, 'base64')) })
  }
  await page.close()
  return cards
}

/** A frame as JPEG. */
export async function asJpeg(browser: Browser, { width, height, data }: Grey): Promise<Buffer> {
  const page = await browser.newPage()
  const url = await page.evaluate(({ width, height, data }) => {
    const canvas = document.createElement('canvas')
    ;[canvas.width, canvas.height] = [width, height]
    const picture = new ImageData(width, height)
    const grey = atob(data)
    for (let i = 0; i < grey.length; i += 1) picture.data.set([grey.charCodeAt(i), grey.charCodeAt(i), grey.charCodeAt(i), 255], i * 4)
    canvas.getContext('2d')!.putImageData(picture, 0, 0)
    return canvas.toDataURL('image/jpeg', 0.92)
  }, { width, height, data: Buffer.from(data).toString('base64') })
  await page.close()
  return Buffer.from(url.split(',')[1]!, 'base64')
}

export interface Filming {
  readonly width?: number
  readonly height?: number
  /** Pixels from sign to sign, in the frame. */
  readonly pitch?: number
  /** Degrees, clockwise. */
  readonly tilt?: number
  /** How much nearer the right side is than the left, and the lower than the upper, in parts of the whole. */
  readonly right?: number
  readonly lower?: number
  /** Standard deviations: of the lens in pixels of the frame, of the sensor in grey values. */
  readonly blur?: number
  readonly noise?: number
  /** How much light is left at the dark side, and how much there is at all; 1 is all of it. */
  readonly shade?: number
  readonly light?: number
  /** A lamp's reflection on the zone: its radius, from sign to sign. */
  readonly glare?: number
}

function halfOf({ width, height, data }: Grey): Grey {
  const [w, h] = [width >> 1, height >> 1]
  const half = new Uint8Array(w * h)
  for (let y = 0; y < h; y += 1) for (let x = 0; x < w; x += 1) {
    const at = 2 * (y * width + x)
    half[y * w + x] = Math.round((data[at]! + data[at + 1]! + data[at + width]! + data[at + width + 1]!) / 4)
  }
  return { width: w, height: h, data: half }
}

/** The card as a camera sees it on a dark table, in the middle of its frame but for a hand's unrest. */
export function film(card: Grey, how: Filming, random: () => number): Grey {
  const { width = 1280, height = 720, pitch = 20, tilt = 0, right = 0, lower = 0, blur = 0, noise = 0, shade = 1, light = 1, glare = 0 } = how
  let [source, scale] = [card, pitch / PITCH]
  while (scale <= 0.5) [source, scale] = [halfOf(source), scale * 2]
  const [cos, sin] = [Math.cos((tilt * Math.PI) / 180), Math.sin((tilt * Math.PI) / 180)]
  const [cx, cy] = [width / 2 + (random() - 0.5) * 8, height / 2 + (random() - 0.5) * 8]
  const lamp = [cx + (random() - 0.5) * card.width * 0.7 * (pitch / PITCH), cy + (0.2 + 0.25 * random()) * card.height * (pitch / PITCH)] as const
  const grey = new Float32Array(width * height)
  const [w, h] = [source.width, source.height]
  for (let y = 0; y < height; y += 1) for (let x = 0; x < width; x += 1) {
    const [px, py] = [x + 0.5 - cx, y + 0.5 - cy]
    let [u, v] = [(px * cos + py * sin) / scale, (py * cos - px * sin) / scale]
    // What is nearer is larger: a plane, seen aslant.
    const depth = 1 + (right * u) / w + (lower * v) / h
    ;[u, v] = [u / depth + w / 2 - 0.5, v / depth + h / 2 - 0.5]
    const [ix, iy] = [Math.floor(u), Math.floor(v)]
    let value = 70
    if (ix >= 0 && iy >= 0 && ix < w - 1 && iy < h - 1) {
      const [fx, fy, at] = [u - ix, v - iy, iy * w + ix]
      value = (source.data[at]! * (1 - fx) + source.data[at + 1]! * fx) * (1 - fy) + (source.data[at + w]! * (1 - fx) + source.data[at + w + 1]! * fx) * fy
    }
    const shine = glare > 0 ? Math.exp(-(((x - lamp[0]) ** 2 + (y - lamp[1]) ** 2) / (glare * pitch) ** 2)) * 250 : 0
    grey[y * width + x] = Math.min(255, value * light * (1 - (1 - shade) * (x / width)) + shine)
  }
  const soft = blur > 0 ? blurred(grey, width, height, blur) : grey
  const data = new Uint8Array(width * height)
  for (let i = 0; i < data.length; i += 1) {
    const gauss = noise > 0 ? noise * Math.sqrt(-2 * Math.log(random() + 1e-9)) * Math.cos(2 * Math.PI * random()) : 0
    data[i] = Math.max(0, Math.min(255, Math.round(soft[i]! + gauss)))
  }
  return { width, height, data }
}

function blurred(grey: Float32Array, width: number, height: number, sigma: number): Float32Array {
  const reach = Math.ceil(sigma * 3)
  const weights = Array.from({ length: 2 * reach + 1 }, (_, i) => Math.exp(-((i - reach) ** 2) / (2 * sigma * sigma)))
  const sum = weights.reduce((one, other) => one + other, 0)
  let from = grey
  for (const [step, most, side] of [[1, width, (i: number) => i % width], [width, height, (i: number) => Math.floor(i / width)]] as const) {
    const to = new Float32Array(from.length)
    for (let i = 0; i < to.length; i += 1) {
      const own = side(i)
      let value = 0
      for (let n = -reach; n <= reach; n += 1) value += weights[n + reach]! * from[i + Math.max(-own, Math.min(most - 1 - own, n)) * step]!
      to[i] = value / sum
    }
    from = to
  }
  return from
}
