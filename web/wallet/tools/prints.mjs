/**
 * Writes crates/zone/tests/data/prints.png: what the Rust tests of the reader of machine-readable zones print cards with, ink
 * dark on white. A row of the 37 signs for each kind of print, 48 by 48 pixels a sign, from sign to sign 32 pixels, and below
 * them a block of a card's other text. Drawn from the OCR-B of Debian's package fonts-ocr-b, as src/signs.ts is, and a
 * font without serifs. Needs that package and Chromium.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { crc32, deflateSync } from 'node:zlib'
import { chromium } from 'playwright-core'
import { CHROMIUM, FONT, SIGNS } from './signs.mjs'

const [CELL, PITCH] = [48, 32]
const MM = PITCH / 2.54
const to = new URL('../../../crates/zone/tests/data/prints.png', import.meta.url)

const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-gpu', '--font-render-hinting=none'] })
const page = await browser.newPage()
const fonts = [FONT, FONT.replace('OCRB.otf', 'OCRBS.otf')].map((path) => readFileSync(path).toString('base64'))
const { width, height, grey } = await page.evaluate(async ({ fonts, SIGNS, CELL, PITCH, MM }) => {
  for (const [i, font] of fonts.entries()) document.fonts.add(await new FontFace(`zone${i}`, `url(data:font/otf;base64,${font})`).load())
  const canvas = document.createElement('canvas')
  ;[canvas.width, canvas.height] = [SIGNS.length * CELL, 4 * CELL + Math.ceil(27 * MM)]
  const pen = canvas.getContext('2d')
  pen.fillStyle = '#fff'
  pen.fillRect(0, 0, canvas.width, canvas.height)
  // A stroke is 0.35 mm wide: a quarter more, or less, of it.
  pen.lineWidth = 0.0875 * MM
  ;['plain', 'heavy', 'thin', 'square'].forEach((print, row) => {
    const name = print === 'square' ? 'zone1' : 'zone0'
    pen.font = `1000px ${name}`
    pen.font = `${(1000 * PITCH) / pen.measureText('0').width}px ${name}`
    pen.fillStyle = '#000'
    pen.strokeStyle = print === 'heavy' ? '#000' : '#fff'
    ;[...SIGNS].forEach((sign, n) => {
      const at = [n * CELL + 8, row * CELL + 36]
      pen.fillText(sign, ...at)
      if (print === 'heavy' || print === 'thin') pen.strokeText(sign, ...at)
    })
  })
  pen.fillStyle = '#000'
  pen.font = `${3 * MM}px sans-serif`
  ;['SPECIMEN', 'No. 000 000', '2031.01.31', 'Issued for tests only, of nobody'].forEach((text, i) => pen.fillText(text, 0, 4 * CELL + (4 + 6 * i) * MM))
  const { data } = pen.getImageData(0, 0, canvas.width, canvas.height)
  return { width: canvas.width, height: canvas.height, grey: Array.from({ length: data.length / 4 }, (_, i) => data[i * 4]) }
}, { fonts, SIGNS, CELL, PITCH, MM })
await browser.close()

/** PNG: a length, a name, the bytes, and a check over name and bytes. */
function chunk(name, bytes) {
  const [named, ends] = [Buffer.concat([Buffer.from(name), bytes]), Buffer.alloc(8)]
  ends.writeUInt32BE(bytes.length, 0)
  ends.writeUInt32BE(crc32(named), 4)
  return Buffer.concat([ends.subarray(0, 4), named, ends.subarray(4)])
}

// Eight bits of grey, each row unfiltered.
const head = Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 0])
head.writeUInt32BE(width, 0)
head.writeUInt32BE(height, 4)
const rows = Buffer.concat(Array.from({ length: height }, (_, y) => Buffer.from([0, ...grey.slice(y * width, (y + 1) * width)])))
mkdirSync(new URL('.', to), { recursive: true })
writeFileSync(to, Buffer.concat([
  Buffer.from('89504e470d0a1a0a', 'hex'), chunk('IHDR', head), chunk('IDAT', deflateSync(rows, { level: 9 })), chunk('IEND', Buffer.alloc(0)),
]))
