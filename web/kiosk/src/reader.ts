/** Reads codes in a worker, so that the screen never waits for it. */
import { inTurn, thorough } from './decode'
import { Patience } from './patience'

export interface Asked { id: number; frame: ImageBitmap | Blob }
export interface Answered { id: number; text: string | null; ms: number }

const patience = new Patience()
const canvas = new OffscreenCanvas(1, 1)
const pen = canvas.getContext('2d', { willReadFrequently: true })!

function pixels(frame: ImageBitmap): ImageData {
  canvas.width = frame.width
  canvas.height = frame.height
  pen.drawImage(frame, 0, 0)
  frame.close()
  return pen.getImageData(0, 0, canvas.width, canvas.height)
}

const worker = self as unknown as { onmessage: (event: MessageEvent<Asked>) => void; postMessage(answer: Answered): void }

worker.onmessage = async ({ data }) => {
  const began = performance.now()
  let text: string | null = null
  try {
    // A picture that somebody hands in comes once; a camera's next frame comes at once.
    text = await (data.frame instanceof Blob ? thorough(pixels(await createImageBitmap(data.frame))) : patience.of(await inTurn(pixels(data.frame), data.id)))
  } catch {
    // A frame that cannot be read holds no code; the next one comes at once.
  }
  worker.postMessage({ id: data.id, text, ms: performance.now() - began })
}
