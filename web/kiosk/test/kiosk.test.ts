import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { skip } from '../../core/test/skip'
import { type Bay, type Resident, accessible, frames, launch, missing, openBay, openOfficer, openPage, screen, signIn, state, until } from './bay'

const skipped = skip('the kiosk in a browser', missing())

const sentence = (page: Page) => page.locator('#sentence').innerText()
const english = async (page: Page) => {
  if (await page.locator('[data-tag="en"]').getAttribute('aria-pressed') !== 'true') await page.click('[data-tag="en"]')
  await page.waitForSelector('[data-tag="en"][aria-pressed="true"]')
}

/** Hands a code in by the panel, as if it had been held to the camera. */
async function hand(page: Page, text: string): Promise<void> {
  await page.fill('#sim-code', text)
  await page.click('#sim-send')
}

async function openPanel(page: Page): Promise<void> {
  await state(page, 'ready')
  await page.click('#panel summary')
}

/** Waits until portrait and live face are there as pictures, wholly in view, and of one size. */
async function bothSeen(page: Page): Promise<void> {
  await page.waitForFunction(() => ['portrait', 'live'].every((id) => document.querySelector<HTMLImageElement>(`#${id} img`)?.naturalWidth))
  const [portrait, live] = await Promise.all(['portrait', 'live'].map(async (id) => (await page.locator(`#${id} img`).boundingBox())!))
  const seen = page.viewportSize()!
  expect([portrait!.y, portrait!.width, portrait!.height]).toEqual([live!.y, live!.width, live!.height])
  expect([live!.x >= portrait!.x + portrait!.width, live!.x + live!.width <= seen.width, live!.y + live!.height <= seen.height]).toEqual([true, true, true])
}

/** The reason in words stands above everything else about the traveller, and nothing on the page is written larger. */
async function reasonFirst(page: Page): Promise<void> {
  const found = await page.evaluate(() => {
    const reason = document.querySelector('#why span')!
    const size = (part: Element) => parseFloat(getComputedStyle(part).fontSize)
    const written = [...document.querySelectorAll('body *')].filter((part) => part !== reason && [...part.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.textContent!.trim() !== '') && (part as HTMLElement).offsetParent !== null)
    const above = [...document.querySelectorAll('#class, #about, #faces, #person, #measures, #acts, #facts')].every((part) => part.getBoundingClientRect().height === 0 || part.getBoundingClientRect().top >= reason.getBoundingClientRect().bottom)
    return { above, largest: written.every((part) => size(part) < size(reason)) }
  })
  expect(found).toEqual({ above: true, largest: true })
}

const row = (page: Page, session: number) => page.locator(`#past tr[data-session="${session}"] td`).allInnerTexts()

describe.skipIf(skipped)('a kiosk with two authorities', () => {
  let browser: Browser
  let context: BrowserContext
  let bay: Bay
  let residents: Resident[]
  let stranger: string

  beforeAll(async () => {
    browser = await launch()
    ;({ bay, residents, stranger } = await openBay(browser, 4))
    context = await browser.newContext({ viewport: { width: 1280, height: 720 } })
  })
  afterAll(async () => {
    await bay?.stop()
    await browser?.close()
  })

  const officer = (authority: string) => openOfficer(context, bay, authority)

  test('reads a code and a face from one camera, and both officers see that it was done', async () => {
    const [traveller] = residents
    const code = bay.code(traveller!, 'MAC', 'CHN')
    const camera = await launch(await frames(browser, join(bay.work, 'camera.mjpeg'), traveller!.face, code.png))
    try {
      const here = await camera.newContext({ viewport: { width: 1280, height: 720 } })
      const { page, faults } = await openPage(here, bay.address('kiosk', 'MAC-CHN'))
      await state(page, 'welcome')
      await page.waitForSelector('[data-stage="welcome"]', { state: 'attached' })
      const stages = await page.locator('#times').evaluate((list) => [...list.querySelectorAll('dd')].map((dd) => `${(dd as HTMLElement).dataset['stage']} ${dd.textContent}`))
      console.log(`from the camera: ${stages.join(', ')}`)
      expect(faults).toEqual([])
    } finally {
      // The traveller walks on: whoever held the code up any longer would be the next one.
      await camera.close()
    }
    for (const authority of ['MAC', 'CHN']) {
      const view = await officer(authority)
      await view.page.waitForSelector('#past tr')
      const cells = await row(view.page, 1)
      expect([cells[1], cells[3], cells[4]]).toEqual(['Admit', 'done', 'passed'])
      await view.page.locator('#past td', { hasText: 'all conditions are met · admitted' }).waitFor()
      expect(cells[2]!.split('\n')[0]!.replace(/\s/g, '')).toMatch(/^[0-9a-f]{32}/)
      expect(view.faults).toEqual([])
      await view.page.close()
    }
  })

  test('shows a refusal that the traveller can mend as such, and any other with one neutral sentence', async () => {
    const [, traveller] = residents
    const { page, faults } = await openPage(context, bay.address('kiosk', 'MAC-CHN'))
    await openPanel(page)
    await english(page)
    await page.setInputFiles('#sim-photo-file', traveller!.face)
    const shown = async (text: string, wanted: string, words: string) => {
      await state(page, 'ready')
      await english(page)
      await hand(page, text)
      await state(page, wanted)
      expect(await sentence(page)).toBe(words)
    }
    await shown('https://example.org/menu', 'again', 'This is not a crossing code. Please open Bay Pass and show the code for this port.')
    const sound = bay.code(traveller!, 'MAC', 'CHN').text
    await shown(`${sound.slice(0, 40)}A${sound.slice(41)}`, 'again', (await textsOf(page))['code_damaged']!['en']!)
    await shown(bay.code(traveller!, 'CHN', 'MAC').text, 'again', 'This code is for another place. Please choose this port and direction in Bay Pass.')
    await shown(bay.code(traveller!, 'MAC', 'CHN', 120).text, 'again', 'Please show the code that is on your phone now, not a picture of it.')
    // Somebody else with a good code: the words say nothing of why, and no officer sees the other side's no.
    await page.setInputFiles('#sim-photo-file', stranger)
    await state(page, 'ready')
    await english(page)
    await hand(page, bay.code(traveller!, 'MAC', 'CHN').text)
    await state(page, 'see_officer')
    expect(await sentence(page)).toBe('Please wait here. An officer will help you.')
    const view = await officer('CHN')
    await view.page.waitForSelector('body[data-state="over"]')
    expect(await view.page.locator('#class').innerText()).toBe('Refer to an officer')
    expect(await view.page.locator('#about').innerText()).toBe('The traveller is waiting for you at the lane')
    expect(await view.page.locator('#why').innerText()).toBe('The face is not the holder’s')
    // Within the band of time the other side's end is not told.
    expect(await view.page.locator('#facts').innerText()).toContain('waiting')
    await view.page.locator('#facts dd', { hasText: 'face_mismatch' }).waitFor()
    // The holder's portrait and whoever stands there, side by side, until the officer is done.
    await bothSeen(view.page)
    expect(await view.page.locator('#person').innerText()).toContain('SPECIMEN LEONG MEI')
    expect(await view.page.locator('[data-key="A"] .off').innerText()).toBe('referred: it is settled at the counter')
    for (const colorScheme of ['dark', 'light'] as const) {
      await view.page.emulateMedia({ colorScheme })
      await view.page.waitForSelector(`:root[data-theme="${colorScheme}"]`)
      for (const [width, height] of [[1024, 768], [1280, 800]] as const) {
        await view.page.setViewportSize({ width, height })
        await bothSeen(view.page)
        await reasonFirst(view.page)
        await accessible(view.page)
      }
      await screen(view.page, colorScheme === 'dark' ? 'officer-refer-dark' : 'officer-refer')
    }
    await view.page.setViewportSize({ width: 1280, height: 720 })
    // The other side found the same by itself: its officer has the picture by their own verdict, and until they themselves are done.
    const mac = await officer('MAC')
    await bothSeen(mac.page)
    const session = Number((await view.page.locator('#current-title').innerText()).split(' ')[1])
    const pictureFor = async (authority: string) => (await context.request.get(`${bay.address('officer', 'MAC-CHN', authority).replace('/officer/', '/v1/officer/')}/face?session=${session}`)).status()
    expect([await pictureFor('CHN'), await pictureFor('MAC')]).toEqual([200, 200])
    // Without a session at the authority the gate has no reason to show, and another authority's account opens nothing here.
    const bare = await openPage(context, 'about:blank')
    // A lane whose picture is gone says so in words.
    await bare.page.route('**/face?session=*', (route) => route.fulfill({ status: 410, contentType: 'application/problem+json', body: '{"code":"face_forgotten"}' }))
    await bare.page.goto(bay.address('officer', 'MAC-CHN', 'CHN'))
    await signIn(bare.page, () => bay.account({ side: 'CHN' }, 'lane-officer'))
    await bare.page.waitForSelector('body[data-state="over"]')
    expect(await bare.page.locator('body').innerText()).not.toContain('face_mismatch')
    await bare.page.locator('#live', { hasText: 'The picture is deleted' }).waitFor()
    expect(await bare.page.locator('#portrait').innerText()).toContain('Sign in at your authority')
    await accessible(bare.page)
    await bare.page.fill('#secret-text', bay.account({ authority: 'MAC' }, 'lane-officer'))
    await bare.page.click('#secret-use')
    await bare.page.getByText('this one-time code does not count').waitFor()
    await bare.page.fill('#secret-text', bay.account({ authority: 'CHN' }, 'lane-officer'))
    await bare.page.press('#secret-text', 'Enter')
    await bare.page.locator('#facts dd', { hasText: 'face_mismatch' }).waitFor()
    expect(await bare.page.locator('#secret').isHidden()).toBe(true)
    expect(bare.faults.filter((fault) => !/403|410/.test(fault))).toEqual([])
    await bare.page.close()
    await view.page.keyboard.press('d')
    await view.page.waitForSelector('body[data-state="free"]')
    expect(await view.page.locator('#faces img').count()).toBe(0)
    expect([await pictureFor('CHN'), await pictureFor('MAC')]).toEqual([404, 200])
    await mac.page.bringToFront()
    await mac.page.keyboard.press('d')
    await mac.page.waitForSelector('body[data-state="free"]')
    expect([await pictureFor('CHN'), await pictureFor('MAC')]).toEqual([404, 404])
    expect(mac.faults).toEqual([])
    await mac.page.close()
    expect(await view.page.locator('[data-key="A"] .off').innerText()).toBe('nobody is at the lane')
    const [, own, , other] = (await view.page.locator('#past tr').first().locator('td').allInnerTexts())
    expect(own).toBe('Refer to an officer')
    expect(other).toMatch(/^(waiting|not passed)$/)
    await view.page.close()
    // Nobody before the camera.
    await page.setInputFiles('#sim-photo-file', { name: 'wall.png', mimeType: 'image/png', buffer: await plain(browser) })
    await state(page, 'ready')
    await english(page)
    await hand(page, bay.code(traveller!, 'MAC', 'CHN').text)
    await state(page, 'look_here')
    await page.waitForFunction(() => document.getElementById('sentence')!.textContent!.startsWith('Please look into the camera'))
    await page.click('#leave')
    await state(page, 'ready')
    expect(faults).toEqual([])
    await page.close()
  })

  test('lets the officers of both sides settle what each of their authorities asked for, with the keyboard alone', async () => {
    const [, , traveller] = residents
    const { page, faults } = await openPage(context, bay.address('kiosk', 'MAC-CHN'))
    await openPanel(page)
    await page.setInputFiles('#sim-photo-file', traveller!.face)
    await hand(page, bay.code(traveller!, 'MAC', 'CHN').text)
    await state(page, 'welcome')
    await state(page, 'ready')
    await bay.delivered()
    // Out once more without having come back: both ledgers want an officer to look.
    const [mac, chn] = [await officer('MAC'), await officer('CHN')]
    await english(page)
    await hand(page, bay.code(traveller!, 'MAC', 'CHN').text)
    await state(page, 'see_officer')
    await mac.page.waitForSelector('body[data-state="act"]')
    await chn.page.waitForSelector('body[data-state="act"]')
    await chn.page.locator('#facts dd', { hasText: 'wrong_side' }).waitFor()
    // Each officer sees their own authority's portrait beside the live face, with the document of their own side.
    for (const [one, held] of [[chn, 'Home Return Permit … 4322'], [mac, 'Macao resident identity card … 5690']] as const) {
      await bothSeen(one.page)
      expect(await one.page.locator('#person').innerText()).toBe(`SPECIMEN LEONG MEI\n${held}`)
    }
    await screen(chn.page, 'officer-act')
    await accessible(chn.page)
    await chn.page.emulateMedia({ colorScheme: 'dark' })
    await chn.page.waitForSelector(':root[data-theme="dark"]')
    await screen(chn.page, 'officer-act-dark')
    await accessible(chn.page)
    // What the officer chooses stays, whatever the machine does.
    await chn.page.click('#theme')
    await chn.page.waitForSelector(':root[data-theme="light"]')
    expect(await chn.page.evaluate(() => localStorage.getItem('officer theme'))).toBe('light')
    await chn.page.emulateMedia({ colorScheme: 'light' })
    // In a narrow window the list of travellers is wider than its place: it scrolls, also by keyboard alone.
    await chn.page.setViewportSize({ width: 420, height: 720 })
    expect(await chn.page.locator('section[aria-labelledby="past-title"]').evaluate((list) => list.scrollWidth > list.clientWidth)).toBe(true)
    await accessible(chn.page)
    await chn.page.setViewportSize({ width: 1280, height: 720 })
    await mac.page.keyboard.press('1')
    await mac.page.waitForSelector('body:not([data-state="act"])')
    expect(await mac.page.locator('#faces img').count()).toBe(0)
    await chn.page.bringToFront()
    await chn.page.keyboard.press('a')
    await chn.page.waitForSelector('#reasons:not([hidden])')
    await screen(chn.page, 'officer-reason')
    // It is shown for some seconds: who begins to look for it behind the key may come too late on a busy machine.
    const welcomed = state(page, 'welcome')
    await chn.page.keyboard.press('2')
    await welcomed
    await chn.page.waitForFunction(() => document.querySelector('#past tr td:nth-child(5)')?.textContent === 'passed')
    const acts = readFileSync(join(bay.folder, 'gates/hengqin/MAC-CHN.acts'), 'utf8').trim().split('\n').map((line) => JSON.parse((JSON.parse(line) as { act: string }).act) as Record<string, string>)
    expect(acts.map((act) => [act['authority'], act['act'], act['measure'] ?? act['reason']])).toEqual([['CHN', 'dealt_with', undefined], ['MAC', 'dealt_with', undefined], ['MAC', 'measure_done', 'officer'], ['CHN', 'admit', 'person_compared']])
    await state(page, 'ready')
    await chn.page.keyboard.press('c')
    await state(page, 'closed')
    await chn.page.waitForSelector('body[data-state="held"]')
    await chn.page.keyboard.press('c')
    await state(page, 'ready')
    expect([...faults, ...mac.faults, ...chn.faults]).toEqual([])
    // Portrait and name came from each officer's own authority alone, and nothing of them lies anywhere among the gate's files.
    for (const [one, own] of [[mac, 'MAC'], [chn, 'CHN']] as const) {
      const asked = await one.page.evaluate(() => performance.getEntriesByType('resource').map((entry) => entry.name).filter((name) => name.includes('/holder?')))
      expect(asked.length).toBeGreaterThan(0)
      for (const address of asked) expect(new URL(address).origin).toBe(bay.authorities[own])
    }
    const canaries = readdirSync(join(bay.folder, 'gates'), { recursive: true, withFileTypes: true }).filter((file) => file.isFile())
      .filter((file) => readFileSync(join(file.parentPath, file.name)).includes('LEONG')).map((file) => file.name)
    expect(canaries).toEqual([])
    for (const one of [page, mac.page, chn.page]) await one.close()
  })

  test('comes back by itself from a camera that went away', async () => {
    const { page, faults } = await openPage(context, bay.address('kiosk', 'MAC-CHN-2'))
    await state(page, 'ready')
    await english(page)
    await page.evaluate(() => {
      const devices = navigator.mediaDevices as unknown as Record<string, unknown>
      const real = devices['getUserMedia']
      Object.assign(window, { giveBack: () => { devices['getUserMedia'] = real } })
      devices['getUserMedia'] = () => Promise.reject(new DOMException('gone', 'NotFoundError'))
      const stream = document.querySelector('video')!.srcObject as MediaStream
      for (const track of stream.getTracks()) track.stop()
    })
    await state(page, 'closed')
    expect(await sentence(page)).toBe('The camera is not working. Please use another lane.')
    await page.evaluate(() => (window as unknown as { giveBack(): void }).giveBack())
    await state(page, 'ready')
    expect(faults).toEqual([])
    await page.close()
  })

  test('comes back by itself from a gate that was killed while the door was open, and that passage is not forgotten', async () => {
    const [, , , traveller] = residents
    const { page, faults } = await openPage(context, bay.address('kiosk', 'MAC-CHN'))
    await openPanel(page)
    await page.setInputFiles('#sim-photo-file', traveller!.face)
    await hand(page, bay.code(traveller!, 'MAC', 'CHN').text)
    await state(page, 'welcome')
    await bay.killGate()
    await state(page, 'closed')
    await bay.startGate()
    await state(page, 'ready')
    await bay.delivered()
    // Nobody knows whether he went through: the next try is looked at by an officer.
    const chn = await officer('CHN')
    await hand(page, bay.code(traveller!, 'MAC', 'CHN').text)
    await chn.page.waitForSelector('body[data-state="act"]')
    await page.click('#leave', { trial: true, timeout: 500 }).catch(() => undefined)
    await chn.page.keyboard.press('r')
    await state(page, 'see_officer')
    await state(page, 'ready')
    const unexpected = faults.filter((fault) => !/ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_INCOMPLETE_CHUNKED|ERR_EMPTY_RESPONSE/.test(fault))
    expect(unexpected).toEqual([])
    await chn.page.close()
    await page.close()
  })

  test('comes back by itself from a gate that says nothing for a while, as after sleep', async () => {
    const { page } = await openPage(context, bay.address('kiosk', 'MAC-CHN'))
    await state(page, 'ready')
    bay.freezeGate(true)
    try {
      await state(page, 'closed', 30_000)
    } finally {
      bay.freezeGate(false)
    }
    await state(page, 'ready')
    await page.close()
  })

  test('stands still for nobody: a wrong code is told so, and a second window takes the lane over', async () => {
    const strange = await browser.newContext()
    const wrong = await openPage(strange, bay.address('kiosk', 'MAC-CHN').replace(/#.*/, '#AAAA'))
    await state(wrong.page, 'closed')
    expect(await sentence(wrong.page)).toContain('pairing code does not count')
    await strange.close()
    const first = await openPage(context, bay.address('kiosk', 'MAC-CHN'))
    await state(first.page, 'ready')
    const second = await openPage(context, bay.address('kiosk', 'MAC-CHN'))
    await state(second.page, 'ready')
    await state(first.page, 'closed')
    expect(await sentence(first.page)).toContain('Another window works this lane')
    await first.page.reload()
    await state(first.page, 'ready')
    await state(second.page, 'closed')
    await first.page.close()
    await second.page.close()
  })
})

/** The sentences as the page gets them from the gate. */
async function textsOf(page: Page): Promise<Record<string, Record<string, string>>> {
  // The page puts its languages there once it is paired: before, the gate tells it nothing.
  await page.waitForSelector('[data-tag="en"]')
  return page.evaluate(async () => {
    const response = await fetch(`/v1${location.pathname}`)
    return ((await response.json()) as { texts: Record<string, Record<string, string>> }).texts
  })
}

/** A picture of nothing. */
async function plain(browser: Browser): Promise<Buffer> {
  const page = await browser.newPage({ viewport: { width: 640, height: 480 } })
  const picture = await page.screenshot()
  await page.close()
  return picture
}

const STATES = [
  ['ready', 'welcome'], ['reading', 'kiosk_reading'], ['checking', 'please_wait'], ['look_here', 'kiosk_look_here'], ['turn_head', 'challenge_come_closer'],
  ['measure', 'measure_physical_document'], ['welcome', 'go_through'], ['again', 'show_fresh_code'], ['see_officer', 'see_officer'], ['closed', 'kiosk_closed'],
] as const
const SIZES = [[1280, 720], [1080, 1920], [1024, 768], [1920, 1080]] as const

describe.skipIf(skipped)('every state of the screen', () => {
  let browser: Browser
  let bay: Bay

  beforeAll(async () => {
    browser = await launch()
    ;({ bay } = await openBay(browser, 0))
  })
  afterAll(async () => {
    await bay?.stop()
    await browser?.close()
  })

  test('fits, in four languages and four sizes, with nothing too small or cut off, and axe-core finds no fault', async () => {
    const context = await browser.newContext({ viewport: { width: 1280, height: 720 } })
    // The states are shown one after the other as the gate would tell them; everything else comes from the gate.
    await context.addInitScript(() => {
      const real = window.fetch
      let told: ReadableStreamDefaultController<Uint8Array>
      Object.assign(window, { tell: (view: unknown) => told.enqueue(new TextEncoder().encode(`data: ${JSON.stringify(view)}\n\n`)) })
      window.fetch = (input, init) => String(input).endsWith('/events')
        ? Promise.resolve(new Response(new ReadableStream<Uint8Array>({ start: (controller) => { told = controller } })))
        : String(input).endsWith('/face') ? Promise.resolve(new Response(null, { status: 204 })) : real(input, init)
    })
    const { page, faults } = await openPage(context, bay.address('kiosk', 'MAC-CHN'))
    const texts = await textsOf(page)
    const tell = (shown: string, sentence: string, language: string | null, more: object = {}) => page.evaluate((view) => (window as unknown as { tell(view: unknown): void }).tell(view), {
      page: 1, state: shown, sentence, sentences: texts[sentence], language, hint: null, measure: shown === 'measure' ? 'physical_document' : null, motion: shown === 'turn_head' ? 'come_closer' : null, session: shown === 'ready' || shown === 'closed' ? null : 1, other_page: false, simulated_camera: true, ms: null, ...more,
    })
    await page.waitForTimeout(300)
    await tell('ready', 'welcome', 'en')
    await page.waitForSelector('#sim-photo-file', { state: 'attached' })
    // A drawn silhouette stands where a face would be.
    await page.setInputFiles('#sim-photo-file', { name: 'silhouette.png', mimeType: 'image/png', buffer: await plain(browser) })
    const problems: string[] = []
    for (const [width, height] of SIZES) {
      await page.setViewportSize({ width, height })
      for (const language of ['zh-Hans', 'zh-Hant', 'en', 'pt']) {
        for (const [shown, key] of STATES) {
          await tell(shown, key, language)
          await state(page, shown)
          const found = await page.evaluate(() => {
            const out: string[] = []
            const [wide, high] = [innerWidth, innerHeight]
            const least = Math.min(wide, high) * 0.031
            const parts = [...document.querySelectorAll('#sentence, #also span, #port, #way, #leave, #trial, .languages button, #steps, .picture svg')].filter((part) => (part as HTMLElement).offsetParent !== null || part instanceof SVGElement)
            for (const part of parts) {
              const box = part.getBoundingClientRect()
              if (box.width === 0) continue
              const name = part.id || part.className.toString() || part.tagName
              if (box.left < -1 || box.top < -1 || box.right > wide + 1 || box.bottom > high + 1) out.push(`${name} is cut off`)
              if (part.textContent!.trim() && !(part instanceof SVGElement) && parseFloat(getComputedStyle(part).fontSize) < least) out.push(`${name} is too small`)
              if (part.scrollWidth > (part as HTMLElement).clientWidth + 1 && part instanceof HTMLElement && part.clientWidth > 0) out.push(`${name} overflows`)
            }
            const words = document.getElementById('sentence')!.getBoundingClientRect()
            for (const other of document.querySelectorAll('header, .picture svg, #trial, #leave')) {
              const box = other.getBoundingClientRect()
              if (box.width === 0) continue
              const overlap = Math.min(words.right, box.right) - Math.max(words.left, box.left) > 1 && Math.min(words.bottom, box.bottom) - Math.max(words.top, box.top) > 1
              if (overlap) out.push(`the sentence lies on ${other.id || other.tagName}`)
            }
            return out
          })
          if (found.length > 0) await page.screenshot({ path: join(bay.work, `../kiosk-problem-${language}-${shown}.png`) })
          problems.push(...found.map((what) => `${width}x${height} ${language} ${shown}: ${what}`))
        }
      }
    }
    expect(problems).toEqual([])
    await page.setViewportSize({ width: 1280, height: 720 })
    const languages = ['zh-Hant', 'en', 'pt', 'zh-Hans']
    for (const [index, [shown, key]] of STATES.entries()) {
      await tell(shown, key, languages[index % 4]!)
      await state(page, shown)
      await page.waitForTimeout(350)
      await accessible(page)
      await screen(page, shown)
    }
    await page.click('#panel summary')
    await tell('welcome', 'go_through', 'en', { ms: { session: 1, read: 0, check: 2, face: 310, clear: 140, total: 452, code_to_door: 460 } })
    await page.waitForTimeout(350)
    await accessible(page)
    await page.locator('.thumb').evaluate((picture) => picture.remove())
    await screen(page, 'panel')
    await page.setViewportSize({ width: 1080, height: 1920 })
    await page.click('#panel summary')
    await tell('turn_head', 'challenge_turn_left', 'zh-Hans', { motion: 'turn_left' })
    await page.waitForTimeout(350)
    await screen(page, 'portrait')
    await tell('ready', 'welcome', null)
    expect(faults).toEqual([])
    // Nobody has chosen: all four in turn.
    const heard = new Set<string>()
    await until('all four languages', async () => {
      heard.add(await page.locator('#sentence').getAttribute('lang') ?? '')
      return heard.size === 4
    }, 20)
  })
})
