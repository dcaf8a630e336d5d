/** Reads codes in a thread of its own, so that the screen never waits for it. */
import { prepareZXingModule, readBarcodes, type ReaderOptions } from 'zxing-wasm/reader'
import wasm from 'zxing-wasm/reader/zxing_reader.wasm?url'

export interface Asked { id: number; frame: ImageBitmap | Blob; thorough?: boolean }
export interface Answered { id: number; text: string | null; ms: number }

// Our own copy: by itself the library would ask a public address.
prepareZXingModule({ overrides: { locateFile: () => wasm } })

const OPTIONS: ReaderOptions = { formats: ['QRCode'], tryHarder: true, maxNumberOfSymbols: 1, textMode: 'Plain' }
/** Further tries on a frame in which the first saw nothing: only what the lane can afford between two frames. */
const FURTHER: ReaderOptions[] = [
  { ...OPTIONS, binarizer: 'GlobalHistogram' },
]

const canvas = new OffscreenCanvas(1, 1)
const pen = canvas.getContext('2d', { willReadFrequently: true })!

function pixels(frame: ImageBitmap): ImageData {
  canvas.width = frame.width
  canvas.height = frame.height
  pen.drawImage(frame, 0, 0)
  frame.close()
  return pen.getImageData(0, 0, canvas.width, canvas.height)
}

/** The middle of the picture, enlarged and with its contrast stretched: for small modules and dim screens. */
function closer(): ImageData {
  const { width, height } = canvas
  const side = Math.min(width, height)
  const large = new OffscreenCanvas(Math.round(side * 1.6), Math.round(side * 1.6))
  const brush = large.getContext('2d')!
  brush.imageSmoothingQuality = 'high'
  brush.drawImage(canvas, (width - side) / 2, (height - side) / 2, side, side, 0, 0, large.width, large.height)
  const data = brush.getImageData(0, 0, large.width, large.height)
  const bytes = data.data
  const counts = new Uint32Array(256)
  for (let i = 0; i < bytes.length; i += 4) counts[(bytes[i]! * 3 + bytes[i + 1]! * 6 + bytes[i + 2]!) / 10 | 0]! += 1
  const end = (share: number) => {
    let sum = 0
    const wanted = share * bytes.length / 4
    for (let value = 0; value < 256; value += 1) if ((sum += counts[value]!) >= wanted) return value
    return 255
  }
  const low = end(0.02)
  const scale = 255 / Math.max(1, end(0.98) - low)
  for (let i = 0; i < bytes.length; i += 4) {
    const grey = (((bytes[i]! * 3 + bytes[i + 1]! * 6 + bytes[i + 2]!) / 10) - low) * scale
    bytes[i] = bytes[i + 1] = bytes[i + 2] = grey
  }
  return data
}

async function read(asked: Asked): Promise<string | null> {
  const frame = asked.frame instanceof Blob ? await createImageBitmap(asked.frame) : asked.frame
  const data = pixels(frame)
  const of = async (data: ImageData, options: ReaderOptions) => (await readBarcodes(data, options)).find((one) => one.isValid)?.text ?? null
  let text = await of(data, OPTIONS)
  for (const options of FURTHER) text ??= await of(data, options)
  if (text === null && asked.thorough !== false) text = await of(closer(), OPTIONS)
  return text
}

const room = self as unknown as { onmessage: (event: MessageEvent<Asked>) => void; postMessage(answer: Answered): void }

room.onmessage = async ({ data }) => {
  const began = performance.now()
  let text: string | null = null
  try {
    text = await read(data)
  } catch {
    // A frame that cannot be read holds no code; the next one comes at once.
  }
  room.postMessage({ id: data.id, text, ms: performance.now() - began })
}
