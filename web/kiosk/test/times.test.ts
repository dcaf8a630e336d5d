import { readFileSync } from 'node:fs'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { skip } from '../../core/test/skip'
import { type Bay, type Resident, launch, missing, openBay, openPage, quantile, state } from './bay'

const skipped = skip('times of crossings at a kiosk', missing())

/** Crossings in one run. */
const CROSSINGS = Number(process.env['BAYPASS_CROSSINGS'] ?? 8)
/** Each resident's: who goes out and back more often within minutes, with a wallet of today, is asked for their card. */
const EACH = 4
const STAGES = ['decode', 'check', 'face', 'clear', 'code_to_door', 'welcome'] as const

describe.skipIf(skipped)('crossings at a kiosk, one after the other', () => {
  let browser: Browser
  let bay: Bay
  let residents: Resident[]

  beforeAll(async () => {
    browser = await launch()
    ;({ bay, residents } = await openBay(browser, Math.ceil(CROSSINGS / EACH)))
  })
  afterAll(async () => {
    await bay?.stop()
    await browser?.close()
  })

  test(`${CROSSINGS} of them, and each stage's time is told`, async () => {
    const context = await browser.newContext({ viewport: { width: 1280, height: 720 } })
    const lanes: Record<string, Page> = {}
    for (const lane of ['MAC-CHN', 'CHN-MAC']) {
      const { page } = await openPage(context, bay.address('kiosk', lane))
      await state(page, 'ready')
      await page.click('#panel summary')
      await page.setInputFiles('#sim-photo-file', residents[0]!.face)
      lanes[lane] = page
    }
    const times = new Map<string, number[]>(STAGES.map((stage) => [stage, []]))
    for (let count = 0; count < CROSSINGS; count += 1) {
      const resident = residents[Math.floor(count / EACH)]!
      const [from, to] = count % 2 === 0 ? ['MAC', 'CHN'] as const : ['CHN', 'MAC'] as const
      const page = lanes[`${from}-${to}`]!
      await page.bringToFront()
      await state(page, 'ready')
      const before = await page.evaluate(() => document.getElementById('times')!.dataset['session'])
      const code = bay.code(resident, from, to)
      await page.setInputFiles('#sim-code-file', { name: 'code.png', mimeType: 'image/png', buffer: readFileSync(code.png) })
      await state(page, 'welcome')
      await page.click('[data-passage="passed"]', { timeout: 1_500 }).catch(() => undefined)
      await page.waitForFunction((last) => document.getElementById('times')!.dataset['session'] !== last && document.querySelector('[data-stage="welcome"]') !== null, before)
      for (const stage of STAGES) times.get(stage)!.push(Number((await page.locator(`[data-stage="${stage}"]`).innerText()).replace(' ms', '')))
      await bay.delivered()
    }
    console.log(STAGES.map((stage) => `${stage}: p50 ${quantile(times.get(stage)!, 0.5)} ms, p95 ${quantile(times.get(stage)!, 0.95)} ms`).join('\n'))
    expect(times.get('welcome')!.length).toBe(CROSSINGS)
  }, 900_000)
})
