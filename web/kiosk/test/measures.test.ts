/** Every measure at a kiosk, in a browser: asked for by an authority's rules, failed, and passed. */
import { join } from 'node:path'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { skip } from '../../core/test/skip'
import { type Bay, ROOT, type Resident, accessible, launch, missing, openBay, openPage, signIn, state } from './bay'

const skipped = skip('the measures at a kiosk in a browser', missing())

const rules = (name: string) => join(ROOT, `web/kiosk/test/${name}.toml`)
/** A day so many days from now: `measures.toml` asks by it. */
const inDays = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10)
const SEE_OFFICER = 'Please wait here. An officer will help you.'

describe.skipIf(skipped)('at a kiosk', () => {
  let browser: Browser
  let context: BrowserContext
  let bay: Bay
  let residents: Resident[]
  let stranger: string
  let lane: Page
  let chn: Page
  let faults: string[]

  beforeAll(async () => {
    browser = await launch()
    const expires = [600, 600, 1000, 1400, 1800, 2200].map(inDays)
    ;({ bay, residents, stranger } = await openBay(browser, expires.length, { expires, rules: { CHN: rules('measures'), MAC: rules('calm') } }))
    context = await browser.newContext({ viewport: { width: 1280, height: 720 } })
    const opened = await openPage(context, bay.address('kiosk', 'MAC-CHN'))
    lane = opened.page
    await state(lane, 'ready')
    await lane.click('#panel summary')
    const view = await openPage(context, bay.address('officer', 'MAC-CHN', 'CHN'))
    chn = view.page
    await signIn(chn, () => bay.account({ side: 'CHN' }, 'lane-officer'))
    faults = opened.faults
  })
  afterAll(async () => {
    await bay?.stop()
    await browser?.close()
  })

  const says = async (words: string) => {
    await lane.locator('#sentence', { hasText: words }).waitFor()
  }
  const show = async (text: string) => {
    await lane.fill('#sim-code', text)
    await lane.click('#sim-send')
  }
  /** A traveller steps up with their own face and shows a code. */
  const begin = async (who: Resident, text = bay.code(who, 'MAC', 'CHN').text) => {
    await state(lane, 'ready')
    await lane.setInputFiles('#sim-photo-file', who.face)
    await lane.click('[data-tag="en"]')
    await lane.waitForSelector('[data-tag="en"][aria-pressed="true"]')
    await show(text)
  }
  const asked = async (who: Resident, words: string, text?: string) => {
    await begin(who, text)
    await state(lane, 'measure')
    await says(words)
  }
  /** A key of the mainland's officer, once there is something for them to do. */
  const officer = async (key: string) => {
    await chn.bringToFront()
    await chn.waitForSelector('body[data-state="act"]')
    await chn.keyboard.press(key)
    await lane.bringToFront()
  }
  /** The traveller is told to wait for an officer, who refused them. */
  const refused = async () => {
    await state(lane, 'see_officer')
    await says(SEE_OFFICER)
  }
  /** The lane sends the traveller to the officer: both read so, until the officer is done. */
  const sent = async () => {
    await refused()
    await chn.bringToFront()
    await chn.waitForSelector('body[data-state="over"]')
    expect(await lane.getAttribute('body', 'data-state')).toBe('see_officer')
    await chn.keyboard.press('d')
    await lane.bringToFront()
    await state(lane, 'ready')
  }
  const passes = async () => {
    await state(lane, 'welcome')
    await lane.click('[data-passage="passed"]', { timeout: 1_500 }).catch(() => undefined)
    await state(lane, 'ready')
  }

  test('an own unlock: two codes of other tokens end in an officer, the next code of the same one passes', async () => {
    const [who] = residents
    await asked(who!, 'Please choose “Unlock again” in Bay Pass, then show the new code.')
    await accessible(lane)
    await show(bay.code(who!, 'MAC', 'CHN').text)
    await says('Please show the code of the same pass as before.')
    await show(bay.code(who!, 'MAC', 'CHN').text)
    await sent()
    const { first, again } = bay.unlocked(who!, 'MAC', 'CHN')
    await asked(who!, 'Please choose “Unlock again”', first)
    await show(again)
    await passes()
  })

  test('an own unlock without a phone: the document, which the officer refuses once and sees once', async () => {
    const [, who] = residents
    for (const [key, end] of [['r', refused], ['1', passes]] as const) {
      await asked(who!, 'Please choose “Unlock again”')
      await lane.click('#no-phone')
      await says('Please show your document itself.')
      expect(await lane.locator('#no-phone').isHidden()).toBe(true)
      await officer(key)
      await end()
    }
  })

  test('a second look: another person fails it, the holder passes it', async () => {
    const [, , who] = residents
    // While the authorities look at the first picture somebody else steps up: it goes on its way only when they stand there.
    const picture = () => lane.evaluate(() => document.querySelector<HTMLImageElement>('img.thumb')?.src)
    const stands = new Promise<void>((done) => void lane.route('**/face', async (route) => {
      const before = await picture()
      await lane.setInputFiles('#sim-photo-file', stranger)
      while (await picture() === before) await new Promise((resolve) => setTimeout(resolve, 20))
      await route.continue()
      done()
    }, { times: 1 }))
    await begin(who!)
    await stands
    await sent()
    await begin(who!)
    await passes()
  })

  test('active liveness: a photograph that is held still fails every try', async () => {
    const [, , , who] = residents
    await begin(who!)
    await state(lane, 'turn_head')
    await sent()
  })

  test('the physical document: refused by the officer once, seen once', async () => {
    const [, , , , who] = residents
    for (const [key, end] of [['r', refused], ['1', passes]] as const) {
      await asked(who!, 'Please show your document itself.')
      await officer(key)
      await end()
    }
  })

  test('an officer: refuses once, and finds nothing once', async () => {
    const [, , , , , who] = residents
    for (const [key, end] of [['r', refused], ['1', passes]] as const) {
      await begin(who!)
      await officer(key)
      await end()
    }
    expect(faults).toEqual([])
  })
})
