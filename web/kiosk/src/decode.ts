/** Reads the text of a code from a frame: first the library on the frame as it is, then on processed copies of it. */
import { prepareZXingModule, readBarcodes, type ReaderOptions } from 'zxing-wasm/reader'
import wasm from 'zxing-wasm/reader/zxing_reader.wasm?url'
import { isOurs } from './patience'

// Our own copy of the WebAssembly file: by default the library fetches it from a public address.
prepareZXingModule({ overrides: { locateFile: () => wasm } })

/** How many symbols of one frame are looked at: a phone, and stickers, posters and screens beside it. */
const SYMBOLS = 8
const OPTIONS: ReaderOptions = { formats: ['QRCode'], tryHarder: true, maxNumberOfSymbols: SYMBOLS, textMode: 'Plain' }
/** Of several codes in view ours is taken. */
async function text(data: ImageData, options: ReaderOptions): Promise<string | null> {
  const found = (await readBarcodes(data, options)).filter((one) => one.isValid).map((one) => one.text)
  return found.find(isOurs) ?? found[0] ?? null
}

/** One call of the library, without further attempts. */
export const plain = (data: ImageData): Promise<string | null> => text(data, OPTIONS)

/** The further attempts on a frame without a result: against uneven light, small modules, stripes, blur. */
const TRIES: readonly ((data: ImageData) => Promise<string | null>)[] = [
  (data) => text(data, { ...OPTIONS, binarizer: 'GlobalHistogram' }),
  (data) => plain(again(data, 1.6, 0)),
  (data) => plain(again(data, 1, 1.1)),
  (data) => plain(sharpened(data)),
]

/** One frame of many: the library alone first, and then one further try, each in its turn, so that no frame takes long. */
export async function inTurn(data: ImageData, turn: number): Promise<string | null> {
  return firstOurs(data, [plain, TRIES[turn % TRIES.length]!])
}

/** Every attempt on one frame. */
export const thorough = (data: ImageData): Promise<string | null> => firstOurs(data, [plain, ...TRIES])

/** A code of ours by whichever attempt finds it; another system's only where none of them does. */
async function firstOurs(data: ImageData, attempts: readonly ((data: ImageData) => Promise<string | null>)[]): Promise<string | null> {
  let foreign: string | null = null
  for (const attempt of attempts) {
    const found = await attempt(data)
    if (found !== null && isOurs(found)) return found
    foreign ??= found
  }
  return foreign
}

/** The same frame in grey, larger (small modules), softer (stripes between screen and sensor), its contrast stretched. */
function again(data: ImageData, scale: number, blur: number): ImageData {
  const from = new OffscreenCanvas(data.width, data.height)
  from.getContext('2d')!.putImageData(data, 0, 0)
  const to = new OffscreenCanvas(Math.round(data.width * scale), Math.round(data.height * scale))
  const pen = to.getContext('2d', { willReadFrequently: true })!
  pen.imageSmoothingQuality = 'high'
  if (blur > 0) pen.filter = `blur(${blur}px)`
  pen.drawImage(from, 0, 0, to.width, to.height)
  const made = pen.getImageData(0, 0, to.width, to.height)
  stretch(made.data)
  return made
}

/** From the 2nd to the 98th hundredth of the greys. */
function stretch(bytes: Uint8ClampedArray): void {
  const counts = new Uint32Array(256)
  const grey = (i: number) => ((bytes[i]! * 3 + bytes[i + 1]! * 6 + bytes[i + 2]!) / 10) | 0
  for (let i = 0; i < bytes.length; i += 4) counts[grey(i)]! += 1
  const end = (share: number) => {
    let sum = 0
    const wanted = (share * bytes.length) / 4
    for (let value = 0; value < 256; value += 1) if ((sum += counts[value]!) >= wanted) return value
    return 255
  }
  const low = end(0.02)
  const scale = 255 / Math.max(1, end(0.98) - low)
  for (let i = 0; i < bytes.length; i += 4) bytes[i] = bytes[i + 1] = bytes[i + 2] = (grey(i) - low) * scale
}

/** Against blur: what a wide blur leaves over is given back twice and a half. */
function sharpened(data: ImageData): ImageData {
  const [made, wide] = [again(data, 1, 0.6), again(data, 1, 3)]
  for (let i = 0; i < made.data.length; i += 4) {
    const grey = made.data[i]! * 3.5 - wide.data[i]! * 2.5
    made.data[i] = made.data[i + 1] = made.data[i + 2] = grey
  }
  return made
}
