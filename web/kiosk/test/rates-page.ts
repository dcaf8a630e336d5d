/** Synthetic frames of a phone's screen before a 720p camera, made worse in one way at a time; both readers on each. */
import { encode } from 'uqr'
import { inTurn, plain, thorough } from '../src/decode'

const WIDTH = 1280
const HEIGHT = 720
const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:'

/** The same numbers at each run. */
function numbers(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

export interface Condition {
  /** Camera pixels for one module of the code: the distance. */
  module: number
  blur?: number
  motion?: number
  /** Degrees in the plane, and how much narrower the far edge is. */
  turn?: number
  tilt?: number
  glare?: number
  moire?: number
  contrast?: number
  noise?: number
}

/** A code of version 18 at level L, as the screen of a phone shows it: 10 pixels a module and a quiet zone of 4. */
function screenOf(random: () => number): { text: string; canvas: OffscreenCanvas; modules: number } {
  const text = `BP1:${Array.from({ length: 996 }, () => ALPHABET[Math.floor(random() * 45)]).join('')}`
  const code = encode(text, { ecc: 'L', border: 4 })
  if (code.version !== 18) throw new Error(`version ${code.version}`)
  const canvas = new OffscreenCanvas(code.size * 10, code.size * 10)
  const pen = canvas.getContext('2d')!
  pen.fillStyle = '#fff'
  pen.fillRect(0, 0, canvas.width, canvas.height)
  pen.fillStyle = '#000'
  for (let y = 0; y < code.size; y += 1) for (let x = 0; x < code.size; x += 1) if (code.data[y]![x]) pen.fillRect(x * 10, y * 10, 10, 10)
  return { text, canvas, modules: code.size }
}

function frame(condition: Condition, random: () => number): { text: string; data: ImageData } {
  const { text, canvas, modules } = screenOf(random)
  const side = modules * condition.module
  const canvas2 = new OffscreenCanvas(WIDTH, HEIGHT)
  const pen = canvas2.getContext('2d', { willReadFrequently: true })!
  pen.fillStyle = '#3a3f44'
  pen.fillRect(0, 0, WIDTH, HEIGHT)
  pen.imageSmoothingQuality = 'high'
  const sign = random() < 0.5 ? -1 : 1
  pen.save()
  // The hand never holds it in the middle: a fraction of a pixel decides what the sensor's grid makes of the modules.
  pen.translate(WIDTH / 2 + random() * 20 - 10, HEIGHT / 2 + random() * 6 - 3)
  pen.rotate(((condition.turn ?? 2 * random() - 1) * sign * Math.PI) / 180)
  const blur = condition.blur ?? 0.5
  if (condition.motion) pen.globalAlpha = 1 / 8
  for (let step = 0; step < (condition.motion ? 8 : 1); step += 1) {
    const shift = condition.motion ? (condition.motion * step) / 7 : 0
    if (condition.motion) pen.globalAlpha = 1 / (step + 1)
    if (condition.tilt) {
      // A plane that leans away: its rows lie at a depth that grows evenly, and everything shrinks with the depth.
      const depth = (v: number) => 1 / (1 - condition.tilt!) + (1 - 1 / (1 - condition.tilt!)) * v
      const y = (v: number) => ((v - 0.5) * (1 - condition.tilt! / 3) * side) / depth(v)
      for (let row = 0; row < canvas.height; row += 2) {
        const v = row / canvas.height
        const width = side / depth(v + 1 / canvas.height)
        pen.drawImage(canvas, 0, row, canvas.width, 2, -width / 2 + shift, y(v), width, y(v + 2 / canvas.height) - y(v) + 0.5)
      }
    } else {
      pen.drawImage(canvas, -side / 2 + shift, -side / 2, side, side)
    }
  }
  pen.restore()
  if (condition.glare) {
    const [x, y] = [WIDTH / 2 + (random() - 0.5) * side * 0.6, HEIGHT / 2 + (random() - 0.5) * side * 0.6]
    const light = pen.createRadialGradient(x, y, 0, x, y, side * 0.35)
    light.addColorStop(0, `rgba(255,255,255,${condition.glare})`)
    light.addColorStop(0.5, `rgba(255,255,255,${condition.glare * 0.6})`)
    light.addColorStop(1, 'rgba(255,255,255,0)')
    pen.fillStyle = light
    pen.fillRect(0, 0, WIDTH, HEIGHT)
  }
  const soft = new OffscreenCanvas(WIDTH, HEIGHT)
  const brush = soft.getContext('2d', { willReadFrequently: true })!
  brush.filter = `blur(${blur}px)`
  brush.drawImage(canvas2, 0, 0)
  const data = brush.getImageData(0, 0, WIDTH, HEIGHT)
  const bytes = data.data
  const [contrast, noise, moire] = [condition.contrast ?? 0.9, condition.noise ?? 5, condition.moire ?? 0]
  const [phase, slant] = [random() * 6.28, 0.9 + random() * 0.2]
  for (let i = 0, p = 0; i < bytes.length; i += 4, p += 1) {
    const [x, y] = [p % WIDTH, Math.floor(p / WIDTH)]
    const stripes = moire ? moire * (Math.sin(x * slant + y * 0.23 + phase) + Math.sin(y * slant * 0.97 - x * 0.17)) : 0
    const shade = (random() + random() + random() - 1.5) * noise * 2 + stripes
    for (let c = 0; c < 3; c += 1) bytes[i + c] = 128 + (bytes[i + c]! - 128) * contrast + shade
  }
  return { text, data }
}

/** What a camera sends is JPEG by the time that a page sees it. */
async function compressed(data: ImageData): Promise<ImageData> {
  const canvas = new OffscreenCanvas(data.width, data.height)
  const pen = canvas.getContext('2d', { willReadFrequently: true })!
  pen.putImageData(data, 0, 0)
  const picture = await createImageBitmap(await canvas.convertToBlob({ type: 'image/jpeg', quality: 0.85 }))
  pen.drawImage(picture, 0, 0)
  return pen.getImageData(0, 0, canvas.width, canvas.height)
}

export interface Rate { frames: number; alone: number; kiosk: number; aloneMs: number; kioskMs: number; wrong: number }

async function measure(condition: Condition, frames: number, seed: number): Promise<Rate> {
  const random = numbers(seed)
  const rate = { frames, alone: 0, kiosk: 0, aloneMs: 0, kioskMs: 0, wrong: 0 }
  for (let count = 0; count < frames; count += 1) {
    const made = frame(condition, random)
    const data = await compressed(made.data)
    const began = performance.now()
    const alone = await plain(data)
    const middle = performance.now()
    const kiosk = await thorough(data)
    rate.aloneMs += (middle - began) / frames
    rate.kioskMs += (performance.now() - middle) / frames
    rate.alone += Number(alone === made.text)
    rate.kiosk += Number(kiosk === made.text)
    rate.wrong += Number((alone !== null && alone !== made.text) || (kiosk !== null && kiosk !== made.text))
  }
  return rate
}

/** A code of another system: a sticker, a poster, a shop's screen. */
function sticker(random: () => number): OffscreenCanvas {
  const text = `https://shop.example/${Array.from({ length: 12 + Math.floor(random() * 60) }, () => Math.floor(random() * 10)).join('')}`
  const code = encode(text, { ecc: 'M', border: 4 })
  const canvas = new OffscreenCanvas(code.size * 8, code.size * 8)
  const pen = canvas.getContext('2d')!
  pen.fillStyle = '#fff'
  pen.fillRect(0, 0, canvas.width, canvas.height)
  pen.fillStyle = '#000'
  for (let y = 0; y < code.size; y += 1) for (let x = 0; x < code.size; x += 1) if (code.data[y]![x]) pen.fillRect(x * 8, y * 8, 8, 8)
  return canvas
}

interface Box { x: number; y: number; side: number }
const apart = (one: Box, other: Box) => one.x + one.side + 12 < other.x || other.x + other.side + 12 < one.x || one.y + one.side + 12 < other.y || other.y + other.side + 12 < one.y

/** Our code and one to three others in one view, anywhere in it, in any order, each as large as it may be. */
async function arranged(frames: number, seed: number): Promise<{ frames: number; ours: number; others: number }> {
  const random = numbers(seed)
  const rate = { frames, ours: 0, others: 0 }
  for (let count = 0; count < frames; count += 1) {
    const { text, canvas: own, modules } = screenOf(random)
    const view = new OffscreenCanvas(WIDTH, HEIGHT)
    const pen = view.getContext('2d', { willReadFrequently: true })!
    pen.fillStyle = '#3a3f44'
    pen.fillRect(0, 0, WIDTH, HEIGHT)
    pen.imageSmoothingQuality = 'high'
    const side = modules * (4 + random() * 2)
    const boxes: Box[] = [{ x: random() * (WIDTH - side), y: random() * (HEIGHT - side), side }]
    const wanted = 1 + (count % 3)
    for (let tries = 0; boxes.length <= wanted && tries < 2_000; tries += 1) {
      const size = 120 + random() * 260
      const box = { x: random() * (WIDTH - size), y: random() * (HEIGHT - size), side: size }
      if (boxes.every((other) => apart(box, other))) boxes.push(box)
    }
    rate.others += boxes.length - 1
    // What is drawn first lies under what is drawn later, which never hides it here.
    boxes.forEach((box, index) => pen.drawImage(index === 0 ? own : sticker(random), box.x, box.y, box.side, box.side))
    const read = await inTurn(await compressed(pen.getImageData(0, 0, WIDTH, HEIGHT)), count)
    rate.ours += Number(read === text)
  }
  return rate
}

/** A view without ours: what a lane is told of it. */
async function stickerAlone(seed: number): Promise<string | null> {
  const view = new OffscreenCanvas(WIDTH, HEIGHT)
  const pen = view.getContext('2d', { willReadFrequently: true })!
  pen.fillStyle = '#3a3f44'
  pen.fillRect(0, 0, WIDTH, HEIGHT)
  pen.drawImage(sticker(numbers(seed)), 400, 200, 300, 300)
  return inTurn(pen.getImageData(0, 0, WIDTH, HEIGHT), 0)
}

Object.assign(window, { measure, arranged, stickerAlone })
