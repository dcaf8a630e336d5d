/** The camera in the page, and a PIN that is changed: in a real browser, against a running Bay. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Bay, launch, launchWithCamera, missing, openBay } from './bay.js'
import { Hand, PIN } from './hand.js'

const why = missing()
if (why) console.error(`SKIPPED: the wallet's camera in a browser: ${why}`)
const NEW = '904172'

describe.skipIf(why !== undefined)('a wallet with a camera', () => {
  let browser: Browser
  let filming: Browser
  let bay: Bay
  let hand: Hand
  let work: string

  beforeAll(async () => {
    work = mkdtempSync(join(tmpdir(), 'baypass-camera-'))
    browser = await launch()
    bay = await openBay(browser)
    filming = await launchWithCamera(browser, readFileSync(bay.selfie), work)
  })
  afterAll(async () => {
    await browser?.close()
    await filming?.close()
    await bay?.stop()
    rmSync(work, { recursive: true, force: true })
  })

  const untilSelfie = async (one: Hand) => {
    await one.start()
    await one.press('language-en')
    await one.press('home-HKG')
    await one.pin()
    await one.documents()
  }

  it('that is not there says what to do, and a picture from elsewhere does', async () => {
    const without = await Hand.open(browser, bay)
    await untilSelfie(without)
    await without.press('selfie')
    await without.page.locator('.notice.bad', { hasText: 'The camera does not open' }).waitFor()
    await without.sound('en no camera')
    await without.selfie()
    await without.codes(8)
    expect(without.wrong).toEqual([])
    await without.context.close()
  })

  it('says what is wrong with light and place while it looks, and registers with the picture it takes', async () => {
    hand = await Hand.open(filming, bay)
    await hand.page.addInitScript(() => {
      const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices)
      const streams: MediaStream[] = (window as unknown as { streams: MediaStream[] }).streams = []
      navigator.mediaDevices.getUserMedia = async (wanted) => { const stream = await open(wanted); streams.push(stream); return stream }
    })
    const states = () => hand.page.evaluate(() => (window as unknown as { streams: MediaStream[] }).streams.flatMap((stream) => stream.getTracks().map((track) => track.readyState)))
    await untilSelfie(hand)
    await hand.press('selfie')
    await hand.page.locator('#advice', { hasText: 'Good: press the button' }).waitFor()
    expect(await states()).toEqual(['live'])
    expect(await hand.page.locator('video#finder').evaluate((video) => getComputedStyle(video).transform)).toContain('-1')
    // Left and come back: the camera is off in between.
    await hand.press('back')
    await hand.see('birth')
    expect(await states()).toEqual(['ended'])
    await hand.press('next')
    await hand.press('selfie')
    await hand.page.locator('#advice', { hasText: 'Good' }).waitFor()
    await hand.sound('en before the camera')
    await hand.press('shoot')
    await hand.codes(8)
    expect(await states()).toEqual(['ended', 'ended'])
    expect(hand.wrong).toEqual([])
  })

  const pins = async (...typed: string[]) => {
    for (const pin of typed) {
      await hand.fill('pin-typed', pin)
      await hand.press('pin-next')
      await hand.page.waitForFunction(() => !document.querySelector<HTMLInputElement>('#pin-typed')?.value || document.querySelector('.fault'))
    }
  }

  it('changes its PIN for whoever knows the present one; wrong tries count', async () => {
    await hand.press('more')
    await hand.press('change-pin')
    await hand.see('pin-typed')
    await hand.sound('en change of the PIN')
    await pins('111222', NEW, NEW)
    expect(await hand.page.locator('.fault').last().innerText()).toContain('4 more tries')
    await pins(PIN, '123456')
    expect(await hand.page.locator('.fault').last().innerText()).toContain('easy to guess')
    await pins(NEW, '700011')
    expect(await hand.page.locator('.fault').last().innerText()).toContain('not the same')
    // The first of the two is asked for again; the present one was forgotten with nothing.
    await pins(NEW, NEW)
    await hand.see('pin-changed')
    const second = await Hand.window(bay, hand.context)
    await second.start()
    await second.see('unlock')
    await second.fill('pin', PIN)
    await second.press('unlock')
    await second.page.getByText('Wrong PIN').waitFor()
    await second.unlock(NEW)
    await second.codes(8)
    // What the other window had open is shut by the next change: it has the old key.
    await hand.press('change-pin')
    await pins(NEW, PIN, PIN)
    await hand.see('pin-changed')
    await second.see('unlock')
    await second.unlock()
    expect([...hand.wrong, ...second.wrong]).toEqual([])
  })
})
