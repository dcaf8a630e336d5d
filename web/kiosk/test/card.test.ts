/** Cards at a lane by document: typed on the screen's keys, held before its camera, or a saved picture of a trial. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { skip } from '../../core/test/skip'
import { permitZone } from '../../wallet/test/cards'
import { type Bay, ROOT, type Resident, accessible, frames, launch, missing, openBay, openPage, screen, state, until } from './bay'

const skipped = skip('cards at a kiosk in a browser', missing())

/** Permit and birth of the first resident of `openBay`. */
const ZONE = permitZone('M87654320', '900506', '350101', 'SPECIMEN<<LEONG<MEI')
const SIZES = [[1280, 720], [1080, 1920], [1024, 768], [1920, 1080]] as const

/** Frames of a camera before which a card is held by an unsteady hand, printed with the ink of the tests of `crates/zone`. */
async function cardFrames(browser: Browser, lines: readonly string[]): Promise<Buffer[]> {
  const page = await browser.newPage()
  const urls = await page.evaluate(async ({ prints, lines }) => {
    const ink = new Image()
    ink.src = `data:image/png;base64,${prints}`
    await ink.decode()
    const [cell, pitch, mm] = [48, 32, 32 / 2.54]
    const card = new OffscreenCanvas(Math.round(85.6 * mm), Math.round(54 * mm))
    const pen = card.getContext('2d')!
    pen.fillStyle = 'rgb(228 228 228)'
    pen.fillRect(0, 0, card.width, card.height)
    pen.globalCompositeOperation = 'multiply'
    for (const [row, line] of lines.entries()) {
      const base = card.height - Math.round((4 + 6.35 * (lines.length - 1 - row)) * mm)
      for (const [k, sign] of [...line].entries()) {
        const from = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ<'.indexOf(sign) * cell
        pen.drawImage(ink, from, 0, cell, cell, Math.round(4.7 * mm) + k * pitch - 8, base - 36, cell, cell)
      }
    }
    const seen = document.createElement('canvas')
    seen.width = 1280
    seen.height = 720
    const eye = seen.getContext('2d')!
    return Array.from({ length: 7 }, (_, n) => {
      eye.setTransform(1, 0, 0, 1, 0, 0)
      eye.fillStyle = '#464646'
      eye.fillRect(0, 0, 1280, 720)
      eye.translate(640 + n * 3, 360 - n * 2)
      eye.rotate((n - 3) * 0.004)
      eye.scale(0.85, 0.85)
      eye.drawImage(card, -card.width / 2, -card.height / 2)
      return seen.toDataURL('image/jpeg', 0.92)
    })
  }, { prints: readFileSync(join(ROOT, 'crates/zone/tests/data/prints.png')).toString('base64'), lines })
  await page.close()
  return urls.map((url) => Buffer.from(url.split(',')[1]!, 'base64'))
}

describe.skipIf(skipped)('a kiosk that asks for cards', () => {
  let browser: Browser
  let bay: Bay
  let resident: Resident
  let shots: Buffer[]

  beforeAll(async () => {
    browser = await launch()
    const opened = await openBay(browser, 1)
    bay = opened.bay
    resident = opened.residents[0]!
    shots = await cardFrames(browser, ZONE)
  })
  afterAll(async () => {
    await bay?.stop()
    await browser?.close()
  })

  const sentence = (page: Page) => page.locator('#sentence').innerText()
  const mistake = (page: Page) => page.locator('#card-mistake').innerText()
  const open = async (camera: Browser) => {
    const context = await camera.newContext({ viewport: { width: 1280, height: 720 } })
    const opened = await openPage(context, bay.address('kiosk', 'MAC-CHN-document'))
    await state(opened.page, 'ready')
    if (await opened.page.locator('[data-tag="en"]').getAttribute('aria-pressed') !== 'true') await opened.page.click('[data-tag="en"]')
    await opened.page.waitForSelector('[data-tag="en"][aria-pressed="true"]')
    return opened
  }

  /** What is cut off, overflows or lies on something else, in four languages and sizes. */
  const fits = async (page: Page, mode: string): Promise<string[]> => {
    const problems: string[] = []
    for (const [width, height] of SIZES) {
      await page.setViewportSize({ width, height })
      for (const language of ['zh-Hans', 'zh-Hant', 'pt', 'en']) {
        if (await page.locator(`[data-tag="${language}"]`).getAttribute('aria-pressed') !== 'true') await page.click(`[data-tag="${language}"]`)
        await page.waitForSelector(`[data-tag="${language}"][aria-pressed="true"]`)
        // The camera looks for half a minute; then it is asked for again.
        if (mode === 'camera' && await page.locator('body[data-card="camera"]').count() === 0) await page.click('#card-camera')
        const found = await page.evaluate(() => {
          const parts = [...document.querySelectorAll<HTMLElement>('header, #sentence, #card-mistake, #cards button, #cards input, #trial, #leave')].map((part) => ({ part, name: part.id || part.textContent!, box: part.getBoundingClientRect() })).filter(({ box }) => box.width > 0)
          const out: string[] = []
          for (const { part, name, box } of parts) {
            if (box.left < -1 || box.top < -1 || box.right > innerWidth + 1 || box.bottom > innerHeight + 1) out.push(`${name} is cut off`)
            if (part.scrollWidth > part.clientWidth + 1 && part.clientWidth > 0) out.push(`${name} overflows`)
            for (const other of parts) {
              const [a, b] = [box, other.box]
              if (other.part !== part && Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 1) out.push(`${name} lies on ${other.name}`)
            }
          }
          return out
        })
        if (found.length > 0) await page.screenshot({ path: join(bay.work, `../kiosk-card-${mode}-${language}-${width}.png`) })
        problems.push(...found.map((what) => `${mode} ${width}x${height} ${language}: ${what}`))
      }
    }
    await page.setViewportSize({ width: 1280, height: 720 })
    return problems
  }

  test('takes a card that is held before its camera, the other one typed, and opens the door', async () => {
    const film = join(bay.work, 'card.mjpeg')
    writeFileSync(film, Buffer.concat(shots))
    const camera = await launch(film)
    try {
      const { page, faults } = await open(camera)
      await page.waitForSelector('body[data-camera="on"]')
      await page.setInputFiles('#sim-photo-file', resident.face)
      // A mistake in a number says where to look.
      await page.fill('#card-number', 'A123456(4)')
      await page.fill('#card-birth', '1990-05-06')
      await page.click('#card-go-on')
      await until('the mistake', async () => (await mistake(page)).length > 10)
      await screen(page, 'card-keys')
      await page.click('#card-clear')
      await page.click('#card-camera')
      await state(page, 'lay_card')
      await page.waitForSelector('body[data-card="keys"]')
      expect(await mistake(page)).toBe('')
      await page.fill('#card-number', resident.number)
      await page.fill('#card-birth', '1990-05-06')
      await page.click('#card-go-on')
      await state(page, 'welcome')
      await page.click('#panel summary')
      await page.click('[data-passage="passed"]')
      await state(page, 'ready')
      expect(faults.filter((fault) => !fault.includes('422'))).toEqual([])
    } finally {
      await camera.close()
    }
  })

  test('says what it sees where no card is in view, goes back to its keys, and fits in four languages and sizes', async () => {
    const camera = await launch(await frames(browser, join(bay.work, 'nothing.mjpeg'), undefined, undefined))
    try {
      const { page, faults } = await open(camera)
      await page.waitForSelector('body[data-camera="on"]')
      await page.click('#card-camera')
      await until('the sentence', async () => (await sentence(page)).startsWith('Please hold the side'))
      await until('the hint', async () => (await mistake(page)).startsWith('The card cannot be read yet.'))
      await accessible(page)
      await screen(page, 'card-camera')
      expect(await fits(page, 'camera')).toEqual([])
      if (await page.locator('body[data-card="camera"]').count() === 0) await page.click('#card-camera')
      // The answer about the last pictures comes when they type already: it says nothing any more, and keeps nothing from being sent.
      let answer = () => {}
      const held = new Promise<void>((has) => void page.route('**/card', async (route) => {
        const response = await route.fetch()
        has()
        await new Promise<void>((go) => { answer = go })
        await route.fulfill({ response })
      }, { times: 1 }))
      await held
      await page.click('#card-camera')
      await page.waitForSelector('body[data-card="keys"]')
      expect(await mistake(page)).toBe('')
      const answered = page.waitForResponse('**/card')
      answer()
      await (await answered).finished()
      await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))))
      expect(await mistake(page)).toBe('')
      await page.fill('#card-number', 'A123456(4)')
      await page.fill('#card-birth', '1990-05-06')
      await page.click('#card-go-on')
      await until('the mistake', async () => (await mistake(page)).length > 5)
      expect(await fits(page, 'keys')).toEqual([])
      await accessible(page)
      expect(faults.filter((fault) => !fault.includes('422'))).toEqual([])
    } finally {
      await camera.close()
    }
  })

  test('takes a saved picture of a card in a trial, and no file that is none', async () => {
    const { page } = await open(browser)
    await page.click('#panel summary')
    await page.setInputFiles('#sim-card-file', { name: 'text.png', mimeType: 'image/png', buffer: Buffer.from('no picture') })
    await until('the refusal', async () => (await mistake(page)).startsWith('The picture of the card cannot be opened.'))
    await page.setInputFiles('#sim-card-file', { name: 'card.jpg', mimeType: 'image/jpeg', buffer: shots[0]! })
    await state(page, 'lay_card')
    await page.click('#panel summary')
    expect(await fits(page, 'next')).toEqual([])
    await page.click('#leave')
    await state(page, 'ready')
  })
})
