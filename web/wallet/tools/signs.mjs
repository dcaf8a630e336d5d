/**
 * Writes the 37 signs of a machine-readable zone as small grey pictures, for both readers: src/signs.ts for the wallet,
 * crates/zone/data/signs.txt for lane and desk. They are drawn once from the OCR-B of Debian's package fonts-ocr-b (OCRB.otf,
 * of sources whose makers let anybody use, change and pass them on: see its copyright file).
 * Needs that package and Chromium; `--check` compares instead of writing.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'

export const FONT = '/usr/share/fonts/opentype/ocr-b/OCRB.otf'
export const CHROMIUM = [process.env.BAYPASS_CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) => path && existsSync(path))
export const SIGNS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ<'
const [WIDE, HIGH, BOX] = [12, 16, 16]

/** Grey values of 0 to 15, each the mean of a square of so many pixels; dark is 15. */
async function drawn() {
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-gpu', '--font-render-hinting=none'] })
  const page = await browser.newPage()
  const font = readFileSync(FONT).toString('base64')
  const grey = await page.evaluate(async ({ font, SIGNS, WIDE, HIGH, BOX }) => {
    const face = new FontFace('signs', `url(data:font/otf;base64,${font})`)
    document.fonts.add(await face.load())
    const canvas = document.createElement('canvas')
    ;[canvas.width, canvas.height] = [WIDE * BOX, HIGH * BOX]
    const pen = canvas.getContext('2d', { willReadFrequently: true })
    // A square is 0.08 of the distance from sign to sign; the middle of a digit is in the middle.
    const pitch = BOX / 0.08
    pen.font = '1000px signs'
    pen.font = `${(1000 * pitch) / pen.measureText('0').width}px signs`
    const { actualBoundingBoxAscent: up, actualBoundingBoxDescent: down } = pen.measureText('0')
    return [...SIGNS].flatMap((sign) => {
      pen.fillStyle = '#fff'
      pen.fillRect(0, 0, canvas.width, canvas.height)
      pen.fillStyle = '#000'
      pen.fillText(sign, (canvas.width - pitch) / 2, canvas.height / 2 + (up - down) / 2)
      const { data } = pen.getImageData(0, 0, canvas.width, canvas.height)
      return Array.from({ length: WIDE * HIGH }, (_, i) => {
        let sum = 0
        for (let y = 0; y < BOX; y += 1) for (let x = 0; x < BOX; x += 1) sum += data[(((Math.floor(i / WIDE) * BOX + y) * canvas.width) + (i % WIDE) * BOX + x) * 4]
        return Math.round(15 - (sum / (BOX * BOX * 255)) * 15)
      })
    })
  }, { font, SIGNS, WIDE, HIGH, BOX })
  await browser.close()
  return grey
}

/** Each file with what belongs into it. */
export async function signsFiles() {
  const grey = await drawn()
  const pictures = [...SIGNS].map((sign, n) => [sign, grey.slice(n * WIDE * HIGH, (n + 1) * WIDE * HIGH).map((value) => value.toString(16)).join('')])
  return [
    [new URL('../src/signs.ts', import.meta.url), moduleOf(pictures)],
    [new URL('../../../crates/zone/data/signs.txt', import.meta.url), pictures.map(([sign, digits]) => `${sign} ${digits}\n`).join('')],
  ]
}

function moduleOf(pictures) {
  return `/** Made by tools/signs.mjs from the OCR-B of Debian's package fonts-ocr-b; a test holds it to that font. */

/** In the order of their values (ICAO 9303-3, 4.9), the filler last. */
export const SIGNS = '${SIGNS}'
/** A picture's size, in squares of 0.08 of the distance from sign to sign. */
export const WIDE = ${WIDE}
export const HIGH = ${HIGH}

/** A picture of each sign, row after row; one digit of base 16 for each square, dark is f. */
export const PICTURES: readonly string[] = [
${pictures.map(([sign, digits]) => `  '${digits}', // ${sign}`).join('\n')}
]
`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [to, source] of await signsFiles()) {
    if (!process.argv.includes('--check')) writeFileSync(to, source)
    else if (!existsSync(to) || readFileSync(to, 'utf8') !== source) {
      console.error(`${fileURLToPath(to)} is not what the font gives: run node tools/signs.mjs`)
      process.exitCode = 1
    }
  }
}
