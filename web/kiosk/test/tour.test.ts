/** The five-minute tour, as a newcomer walks it: `baypass demo`, the wallet in one window, the kiosk in another. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { skip } from '../../core/test/skip'
import { MODELS, ROOT, delivered, launch, missing, openPage, paired, program, quantile, screen, state, until } from './bay'

const WALLET = join(ROOT, 'web/wallet')
const unbuilt = !existsSync(join(WALLET, 'dist/build/h5/index.html')) ? 'the web wallet is not built (npm run build:web)'
  : !readFileSync(join(WALLET, 'serve.mjs'), 'utf8').includes('with-parent') ? 'the web wallet has no server that demo can start' : undefined
const skipped = skip('the tour through wallet and kiosk', missing() ?? unbuilt)

/** So many crossings more, out and back, until the phone runs out of codes once; `npm run times:kiosk` makes them 50. */
const CROSSINGS = Number(process.env['BAYPASS_CROSSINGS'] ?? 8)

describe.skipIf(skipped)('the tour', () => {
  let browser: Browser
  let hand: Page
  let photograph: string
  let demo: ChildProcess
  let work: string
  let said = ''

  beforeAll(async () => {
    browser = await launch()
    work = mkdtempSync(join(tmpdir(), 'baypass-tour-'))
    demo = spawn(program(), ['demo', '--base-port', '0', '--dir', join(work, 'demo')], { cwd: ROOT, env: { ...process.env, BAYPASS_MODELS: MODELS }, stdio: ['ignore', 'pipe', 'inherit'] })
    demo.stdout!.on('data', (data: Buffer) => { said += data.toString() })
    await until('the demo to stay up', async () => {
      if (demo.exitCode !== null) throw new Error(`the demo ended: ${said}`)
      return said.includes('every other lane')
    }, 1_200)
    // Running authorities take them within their next round, long before the second test.
    const calm = join(ROOT, 'web/kiosk/test/calm.toml')
    for (const authority of ['CHN', 'MAC']) execFileSync(program(), ['risk', 'activate', '--dir', join(work, 'demo'), '--authority', authority, '--rules', calm, '--stage', 'full'])
  })
  const told = (what: RegExp) => what.exec(said)?.[1] ?? expect.fail(`the demo does not say ${what}: ${said}`)
  const part = (id: string) => hand.locator(`#${id}`).last()
  /** Goes through the open door, and waits until both authorities know. */
  const through = async (lane: Page) => {
    await lane.click('[data-passage="passed"]', { timeout: 1_500 }).catch(() => undefined)
    await delivered(told(/gates at hengqin +(http\S+)\/lanes/))
  }
  afterAll(async () => {
    await browser?.close()
    if (demo?.exitCode === null) {
      const ended = new Promise((resolve) => demo.once('exit', resolve))
      demo.kill('SIGINT')
      await ended
    }
    rmSync(work, { recursive: true, force: true })
  })

  test('enrols on the web wallet, shows a code, and goes through at the kiosk', async () => {
    photograph = told(/^ +photograph +(\S+)/m)
    const context = await browser.newContext({ viewport: { width: 1280, height: 720 } })
    // What opens a page stands in a file of the operator's, and not in what the demo prints.
    expect(said).not.toMatch(/#[0-9a-f]{4}-/)
    const opens = readFileSync(told(/what opens each once: (\S+)/), 'utf8')
    const kiosk = await openPage(context, /kiosk +(http\S+)/.exec(opens)![1]!)
    await state(kiosk.page, 'ready')
    await kiosk.page.click('#panel summary')
    await kiosk.page.setInputFiles('#sim-photo-file', photograph)

    const phone = await browser.newContext({ viewport: { width: 390, height: 844 }, locale: 'en-GB', deviceScaleFactor: 2 })
    const { page, faults } = await openPage(phone, told(/wallet +(http\S+)/))
    page.setDefaultTimeout(20_000)
    hand = page
    const answer = async (id: string, text: string) => {
      await part(id).fill(text)
      await part('next').click()
    }
    await part('language-en').click()
    await part('home-MAC').click()
    await answer('pin', '274951')
    await page.waitForFunction(() => document.querySelector<HTMLInputElement>('#pin')?.value === '')
    await answer('pin', '274951')
    await part('number').waitFor()
    await answer('number', told(/^ +with +macao bir (\S+),/m))
    await part('skip').waitFor()
    await answer('number', told(/home return permit (\S+)/))
    await part('name').waitFor()
    await answer('name', told(/^ +as +(.+?) of .+, born/m))
    await part('birth').waitFor()
    await answer('birth', told(/born (\S+):/))
    await part('invitation').waitFor()
    await answer('invitation', told(/^ +invitation +(\S+ \S+)/m))
    await part('review').waitFor()
    await part('next').click()
    const [chooser] = await Promise.all([page.waitForEvent('filechooser'), part('selfie-file').click()])
    await chooser.setFiles(photograph)
    await page.locator('#left[data-codes="8"]').last().waitFor()
    for (const id of ['show', 'from-MAC', 'to-CHN', 'port-hengqin']) await part(id).click()
    await page.locator('canvas#qr').last().waitFor()
    // The phone's screen as it is, held before the kiosk; it may still be drawing.
    await until('the kiosk to welcome', async () => {
      await kiosk.page.setInputFiles('#sim-code-file', { name: 'screen.png', mimeType: 'image/png', buffer: await page.screenshot() })
      return state(kiosk.page, 'welcome', 4_000).then(() => true, () => false)
    }, 30)
    await kiosk.page.locator('.thumb').evaluate((picture) => picture.remove())
    await kiosk.page.click('#panel summary')
    await screen(kiosk.page, 'tour')
    expect([...faults, ...kiosk.faults]).toEqual([])
    await kiosk.page.click('#panel summary')
    await through(kiosk.page)
    await kiosk.page.close()
  })

  test(`and ${CROSSINGS} times more, out and back: from "show code" on the phone to "welcome" at the lane`, async () => {
    const context = await browser.newContext({ viewport: { width: 1280, height: 720 } })
    const kiosks = new Map<string, Page>()
    for (const lane of ['CHN-MAC', 'MAC-CHN']) {
      const { page } = await openPage(context, paired(program(), join(work, 'demo'), lane))
      await state(page, 'ready')
      await page.click('#panel summary')
      await page.setInputFiles('#sim-photo-file', photograph)
      kiosks.set(lane, page)
    }
    const times: Record<'drawn' | 'held up' | 'welcome', number[]> = { drawn: [], 'held up': [], welcome: [] }
    for (let count = 0; count < CROSSINGS; count += 1) {
      const lane = kiosks.get(count % 2 === 0 ? 'CHN-MAC' : 'MAC-CHN')!
      await lane.bringToFront()
      await state(lane, 'ready')
      // Nobody turns back within a glance of the code that let them through: the wallet would take it for one that nobody used.
      await hand.waitForTimeout(3_500)
      if (count % 4 === 3) {
        // The wallet fetches ahead where it is at home.
        await hand.locator('.back').last().click()
        await part('show').click()
        await part('other').waitFor()
      }
      const wanted = count % 2 === 0 ? /^Mainland/ : /^Macao/
      const began = performance.now()
      if (!wanted.test(await hand.locator('.way').last().innerText())) await part('swap').click()
      await hand.locator('.way', { hasText: wanted }).last().waitFor()
      await hand.waitForFunction(() => {
        const canvas = [...document.querySelectorAll<HTMLCanvasElement>('canvas#qr')].at(-1)
        const row = canvas && canvas.width > 0 && canvas.getContext('2d')!.getImageData(0, canvas.height >> 1, canvas.width, 1).data
        return row && row.some((value, i) => i % 4 === 0 && value < 60 && row[i + 3] === 255)
      })
      times.drawn.push(performance.now() - began)
      await lane.setInputFiles('#sim-code-file', { name: 'screen.png', mimeType: 'image/png', buffer: await hand.screenshot() })
      times['held up'].push(performance.now() - began)
      await state(lane, 'welcome')
      times.welcome.push(performance.now() - began)
      await through(lane)
    }
    console.log(Object.entries(times).map(([stage, values]) => `${stage}: p50 ${quantile(values, 0.5).toFixed(0)} ms, p95 ${quantile(values, 0.95).toFixed(0)} ms`).join('\n'))
    expect(times.welcome.length).toBe(CROSSINGS)
  }, 900_000)
})
