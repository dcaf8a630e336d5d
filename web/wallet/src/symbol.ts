/** Symbol: the text of a QR code in a frame of the camera. Loaded when a camera first looks for one; a mini-program has a scanner of its own. */
import { decodeQR } from 'qr/decode.js'
import type { Pixels } from './guidance.js'

/** `undefined` where no code can be read in the frame. */
export function symbolText({ width, height, data }: Pixels): string | undefined {
  try {
    return decodeQR({ width, height, data: data as Uint8ClampedArray })
  } catch {
    return undefined
  }
}
