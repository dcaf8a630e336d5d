/** The camera in the page, and a PIN that is changed: in a real browser, against a running Bay. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { skip } from '../../core/test/skip.js'
import { type Bay, CHILD, launch, launchWithCamera, missing, openBay } from './bay.js'
import { Hand, PIN, trackStates as states, watchCamera } from './hand.js'
import { LANGUAGES } from './languages.js'

const skipped = skip("the wallet's camera in a browser", missing())
const NEW = '904172'
/** A head as one is drawn, for what stands in the documentation. */
const DRAWN = `data:image/svg+xml;base64,${Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" width="800" height="800" viewBox="0 0 800 800">
  <rect width="800" height="800" fill="#8a9096"/><path d="M90 800c10-150 110-200 220-215h180c110 15 210 65 220 215z" fill="#3a5a78"/>
  <path d="M325 500h150v110q-75 60-150 0z" fill="#c08f6c"/><ellipse cx="400" cy="370" rx="165" ry="210" fill="#d6a680"/>
  <path d="M225 380C200 190 290 120 400 120s200 70 175 260c-20-90-40-130-70-150-80 30-150 20-210 0-40 20-55 60-70 150z" fill="#33261f"/>
  <g fill="#2b2320"><ellipse cx="335" cy="365" rx="20" ry="13"/><ellipse cx="465" cy="365" rx="20" ry="13"/></g>
  <g fill="none" stroke="#33261f" stroke-width="12" stroke-linecap="round"><path d="M300 325q35-20 70-4M430 321q35-16 70 4"/></g>
  <path d="M400 380q-30 70-8 82 12 6 26 0" fill="none" stroke="#a87553" stroke-width="9" stroke-linecap="round"/><path d="M335 505q65 45 130 0-65 16-130 0z" fill="#9c4a44"/>
</svg>`).toString('base64')}`

describe.skipIf(skipped)('a wallet with a camera', () => {
  let browser: Browser
  let filming: Browser
  let drawing: Browser
  let bay: Bay
  let hand: Hand
  let work: string

  beforeAll(async () => {
    work = mkdtempSync(join(tmpdir(), 'baypass-camera-'))
    browser = await launch()
    bay = await openBay(browser)
    filming = await launchWithCamera(browser, `data:image/jpeg;base64,${readFileSync(bay.selfie).toString('base64')}`, work)
    drawing = await launchWithCamera(browser, DRAWN, work)
  })
  afterAll(async () => {
    await browser?.close()
    await filming?.close()
    await drawing?.close()
    await bay?.stop()
    rmSync(work, { recursive: true, force: true })
  })

  const untilSelfie = async (one: Hand, asked = true) => {
    await one.start()
    if (asked) await one.press('language-en')
    await one.press('home-HKG')
    await one.pin()
    await one.documents()
  }

  /** Keeps what the page was given of its camera, and what it sent. */
  const watched = async (films = filming) => {
    const one = await Hand.open(films, bay, { permissions: ['camera'] })
    await watchCamera(one)
    return one
  }
  const advised = (one: Hand, words: string) => one.page.locator('#advice', { hasText: words }).waitFor()
  const refused = (one: Hand) => one.page.locator('.notice.bad', { hasText: 'The camera does not open' }).waitFor()

  it('that is not there says what to do, and a picture from elsewhere does', async () => {
    const without = await Hand.open(browser, bay)
    await untilSelfie(without)
    await without.press('selfie')
    await refused(without)
    await without.sound('en no camera')
    await without.selfie()
    await without.codes(8)
    expect(without.wrong).toEqual([])
    await without.context.close()
  })

  it('that is refused says so too, and can be asked for again', async () => {
    const one = await watched()
    await untilSelfie(one)
    await one.context.clearPermissions()
    // What is granted beside it refuses the rest.
    await one.context.grantPermissions(['notifications'])
    await one.press('selfie')
    await refused(one)
    expect(await states(one)).toEqual([])
    await one.context.grantPermissions(['camera'])
    await one.press('selfie')
    await advised(one, 'Good')
    expect(await one.page.locator('.notice.bad').count()).toBe(0)
    expect(one.wrong).toEqual([])
    await one.context.close()
  })

  it('for which leave is never given holds nobody up', async () => {
    const one = await Hand.open(filming, bay)
    await one.page.addInitScript(() => { navigator.mediaDevices.getUserMedia = () => new Promise(() => undefined) })
    await untilSelfie(one)
    await one.press('selfie')
    await advised(one, 'choose “Allow”')
    await one.sound('en camera opens')
    await one.press('back')
    await one.reviewed()
    await one.press('selfie')
    await advised(one, 'choose “Allow”')
    await one.selfie()
    await one.codes(8)
    expect(one.wrong).toEqual([])
    await one.context.close()
  })

  it('is off when the step is left, when nobody sees the page, and when it ends by itself', async () => {
    const one = await watched()
    await untilSelfie(one)
    await one.press('selfie')
    await advised(one, 'Good')
    expect(await states(one)).toEqual(['live'])
    expect(await one.page.locator('video#finder').evaluate((video: HTMLVideoElement) => [getComputedStyle(video).transform, video.muted, video.playsInline])).toEqual(['matrix(-1, 0, 0, 1, 0, 0)', true, true])
    await one.press('back')
    await one.see('review')
    expect(await states(one)).toEqual(['ended'])
    await one.press('next')
    await one.press('selfie')
    await advised(one, 'Good')
    await one.page.evaluate(() => {
      Object.defineProperty(document, 'visibilityState', { value: 'hidden', configurable: true })
      document.dispatchEvent(new Event('visibilitychange'))
    })
    await one.see('selfie')
    expect(await states(one)).toEqual(['ended', 'ended'])
    await one.press('selfie')
    await advised(one, 'Good')
    await one.page.evaluate(() => (window as unknown as { streams: MediaStream[] }).streams.at(-1)!.getTracks()[0]!.dispatchEvent(new Event('ended')))
    await refused(one)
    expect(await states(one)).toEqual(['ended', 'ended', 'ended'])
    expect(one.wrong).toEqual([])
    await one.context.close()
  })

  it.each([...LANGUAGES])('speaks %s before it, within 320 pixels, also in large text', async (language) => {
    const one = await watched(drawing)
    await one.page.addInitScript(([language]) => localStorage.setItem('baypass.language', language!), [language])
    await untilSelfie(one, false)
    const inBothSizes = async (name: string) => {
      for (const large of [false, true]) {
        await one.page.locator('.app').last().evaluate((app, large) => app.classList.toggle('large', large), large)
        await one.sound(`${language} ${name}${large ? ', large' : ''}`)
      }
    }
    await one.press('back')
    await one.see('review')
    await inBothSizes('review')
    await one.reviewed()
    const words = await one.page.locator('#selfie').last().innerText()
    await one.press('selfie')
    await advised(one, { 'zh-Hans': '请按拍照', 'zh-Hant': '請按拍照', en: 'press the button', pt: 'carregue' }[language])
    await inBothSizes('selfie')
    await one.page.evaluate(() => { navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', 'NotAllowedError')) })
    await one.press('back')
    await one.reviewed()
    await one.press('selfie')
    await one.page.locator('.notice.bad').waitFor()
    expect(await one.page.locator('#selfie').last().innerText()).toBe(words)
    await inBothSizes('camera refused')
    await one.context.close()
  })

  it('says when light and place are good, and registers with the picture it takes, as it is and not mirrored', async () => {
    hand = await watched()
    await untilSelfie(hand)
    const sent: string[] = []
    hand.page.on('request', (request) => { if (request.url().endsWith('/frames') && request.method() === 'POST') sent.push((request.postDataJSON() as { frames: { picture: string }[] }).frames[0]!.picture) })
    await hand.press('selfie')
    await advised(hand, 'Good: stay like this')
    await advised(hand, 'Good: press the button')
    // Who came by key has not lost his place.
    expect(await hand.page.evaluate(() => document.activeElement?.id)).toBe('shoot')
    await hand.page.keyboard.press('Enter')
    await hand.codes(8)
    expect(await states(hand)).toEqual(['ended'])
    expect(new Set(sent).size).toBe(1)
    const jpeg = Buffer.from(sent[0]!, 'base64url')
    expect(jpeg.subarray(0, 3).toString('hex')).toBe('ffd8ff')
    const taken = await hand.page.evaluate(async (data) => {
      const picture = new Image()
      picture.src = `data:image/jpeg;base64,${data}`
      await picture.decode()
      const canvas = document.createElement('canvas')
      ;[canvas.width, canvas.height] = [picture.width, picture.height]
      const pen = canvas.getContext('2d')!
      pen.drawImage(picture, 0, 0)
      const red = (x: number) => { const [r, g] = pen.getImageData(x, picture.height / 2, 1, 1).data; return r! > 150 && g! < 90 }
      return { size: [picture.width, picture.height], left: red(40), right: red(picture.width - 40) }
    }, jpeg.toString('base64'))
    expect(taken).toEqual({ size: [1280, 960], left: true, right: false })
    expect(hand.wrong).toEqual([])
  })

  const pin = async (typed: string) => {
    await hand.fill('pin-typed', typed)
    await hand.press('pin-next')
  }
  const asked = (words: string) => hand.page.locator('[role=heading]', { hasText: words }).last().waitFor()
  const said = (words: string) => hand.page.locator('.fault', { hasText: words }).last().waitFor()

  it('changes its PIN for whoever knows the present one; wrong tries count', async () => {
    await hand.press('more')
    await hand.press('change-pin')
    await asked('Enter your present PIN')
    await pin('111222')
    await said('4 more tries')
    await hand.press('pin-stop')
    await hand.press('change-pin')
    await pin('111222')
    await said('3 more tries')
    await pin(PIN)
    await asked('Choose a new PIN')
    await pin('123456')
    await said('easy to guess')
    await pin('12345')
    await said('six digits')
    await pin(NEW)
    await asked('once more')
    await pin('700011')
    await said('not the same')
    await pin(NEW)
    await pin(NEW)
    await hand.see('pin-changed')
    await hand.sound('en PIN changed')
    // Proven anew, the counter is at its beginning.
    await hand.press('change-pin')
    await pin(PIN)
    await said('4 more tries')
    await hand.press('back')
    await hand.see('change-pin')
  })

  it('locks every other window when its PIN changes, on whatever page it is', async () => {
    const second = await Hand.window(bay, hand.context)
    await second.start()
    await second.see('unlock')
    await second.fill('pin', PIN)
    await second.press('unlock')
    await second.page.getByText('Wrong PIN').waitFor()
    await second.unlock(NEW)
    let [from, to] = [NEW, PIN]
    for (const page of ['ask-cross', 'history', 'receipts', 'more', 'show']) {
      await second.press(page)
      await second.see('back')
      // In the background a browser lets nobody compute.
      await hand.page.bringToFront()
      await hand.press('change-pin')
      await pin(from)
      await asked('Choose a new PIN')
      await pin(to)
      await asked('once more')
      await pin(to)
      await hand.see('pin-changed')
      await second.see('unlock')
      await second.page.bringToFront()
      await second.unlock(to)
      ;[from, to] = [to, from]
    }
    expect([...hand.wrong, ...second.wrong]).toEqual([])
    await second.page.close()
    await hand.page.bringToFront()
  })

  it.each([...LANGUAGES])('asks for its PINs in %s, within 320 pixels, also in large text', async (language) => {
    await hand.press(`language-${language}`)
    for (const large of [false, true]) {
      if (large) await hand.press('large')
      const size = large ? ', large' : ''
      await hand.press('change-pin')
      await hand.sound(`${language} PIN present${size}`)
      // After five changes it is the first one again, changed once more.
      await hand.fill('pin-typed', PIN)
      await hand.press('pin-next')
      await hand.page.waitForFunction(() => document.querySelector<HTMLInputElement>('#pin-typed')?.value === '')
      await hand.sound(`${language} PIN new${size}`)
      await pin('000000')
      await hand.page.locator('.fault').last().waitFor()
      await hand.sound(`${language} PIN easy${size}`)
      await pin(NEW)
      await hand.page.waitForFunction(() => document.querySelector<HTMLInputElement>('#pin-typed')?.value === '')
      await hand.sound(`${language} PIN again${size}`)
      await hand.press('pin-stop')
      await hand.see('change-pin')
    }
    await hand.press('large')
    await hand.press('language-en')
    expect(hand.wrong).toEqual([])
  })

  it('speaks of a child or parent, and sees them with the back camera, not mirrored', async () => {
    await hand.press('add')
    await hand.page.locator('[role=heading]', { hasText: 'Where do they live?' }).last().waitFor()
    await hand.press('home-HKG')
    await hand.see('number')
    expect(await hand.title()).toBe('Number of their document')
    await hand.fill('number', CHILD.id)
    await hand.press('next')
    await hand.press('skip')
    for (const [id, title, typed] of [['name', 'Their name', CHILD.name], ['birth', 'Their date of birth', CHILD.birth]] as const) {
      await hand.see(id)
      expect(await hand.title()).toBe(title)
      await hand.fill(id, typed)
      await hand.press('next')
    }
    await hand.press('no-code')
    await hand.sound('en review of a child')
    await hand.reviewed()
    await hand.page.locator('[role=heading]', { hasText: 'A picture of their face' }).last().waitFor()
    await hand.press('selfie')
    await advised(hand, 'Good')
    expect(await hand.page.evaluate(() => (window as unknown as { wanted: { video: { facingMode: string } } }).wanted.video.facingMode)).toBe('environment')
    expect(await hand.page.locator('video#finder').evaluate((video: HTMLVideoElement) => getComputedStyle(video).transform)).toBe('none')
    await hand.sound('en picture of a child')
    await hand.press('give-up')
    await hand.see('show')
    expect(hand.wrong).toEqual([])
  })
})
