/** The card before the camera of the page: number and birth date filled in, in a real browser, against a running Bay. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { skip } from '../../core/test/skip.js'
import { type Bay, RESIDENT, launch, launchFilming, missing, openBay } from './bay.js'
import { asJpeg, chance, drawCards, film, noFont, passportZone, permitZone } from './cards.js'
import { Hand, trackStates as states, watchCamera } from './hand.js'
import { LANGUAGES } from './languages.js'

const skipped = skip("the card before the wallet's camera", missing() ?? noFont())

const ZONE = permitZone(RESIDENT.permit, '900506', '350101', 'SPECIMEN<<CANARY<MUI')

describe.skipIf(skipped)('a card before the camera', () => {
  let browser: Browser
  let permit: Browser
  let passport: Browser
  let wall: Browser
  let bay: Bay
  let work: string

  beforeAll(async () => {
    work = mkdtempSync(join(tmpdir(), 'baypass-card-'))
    browser = await launch()
    bay = await openBay(browser)
    const random = chance(2)
    const [own, other] = await drawCards(browser, [ZONE, passportZone('E12345678', '900506', '350101', 'SPECIMEN<<CANARY<MUI')])
    const filmed = async (frame: Parameters<typeof asJpeg>[1]) => launchFilming(await asJpeg(browser, frame), work)
    permit = await filmed(film(own!, { width: 1280, height: 960, pitch: 30, tilt: 2, blur: 0.7, noise: 4, shade: 0.7 }, random))
    passport = await filmed(film(other!, { width: 1280, height: 960, pitch: 22, noise: 4 }, random))
    wall = await filmed({ width: 1280, height: 960, data: new Uint8Array(1280 * 960).fill(140) })
  })
  afterAll(async () => {
    for (const one of [browser, permit, passport, wall]) await one?.close()
    await bay?.stop()
    rmSync(work, { recursive: true, force: true })
  })

  /** At the question for the permit; keeps what the page was given of its camera. */
  const atPermit = async (films: Browser, language = 'en') => {
    const one = await Hand.open(films, bay, { permissions: films === browser ? [] : ['camera'] })
    await watchCamera(one)
    await one.page.addInitScript((language) => localStorage.setItem('baypass.language', language), language)
    await one.start()
    await one.press('home-HKG')
    await one.pin()
    // The card of Hong Kong has no zone that could be read.
    expect(await one.page.locator('#read-card').count()).toBe(0)
    await one.fill('number', RESIDENT.id)
    await one.press('next')
    await one.see('read-card')
    return one
  }
  const typed = (one: Hand, id: string) => one.page.locator(`#${id}`).last().inputValue()
  const goOn = async (one: Hand) => {
    await one.press('next')
    await one.fill('name', RESIDENT.name)
    await one.press('next')
    await one.see('birth')
  }
  const enrolments = (one: Hand) => {
    const sent: { document: { kind: string }; mrz?: string[] }[] = []
    one.page.on('request', (request) => { if (request.url().endsWith('/v1/enrolments') && request.method() === 'POST') sent.push(request.postDataJSON() as (typeof sent)[number]) })
    return sent
  }

  /** From the birth date on: the authority does not find that person, and was given no lines. */
  const unknownWithoutLines = async (one: Hand, sent: ReturnType<typeof enrolments>) => {
    await one.press('next')
    await one.code()
    await one.see('selfie')
    await one.selfie()
    await one.page.locator('.notice.bad', { hasText: 'do not match the record' }).waitFor()
    expect(sent.length).toBeGreaterThan(0)
    for (const { mrz } of sent) expect(mrz).toBeUndefined()
    await one.context.close()
  }

  it('is read, confirmed by the traveller, and its lines go to its own authority alone', async () => {
    const one = await atPermit(permit)
    const sent = enrolments(one)
    const asked: string[] = []
    one.page.on('request', (request) => asked.push(request.url()))
    await one.press('read-card')
    await one.see('read')
    expect(await one.page.locator('#read').innerText()).toContain('number H12345678, born 6 May 1990, valid until 1 January 2035')
    expect(await typed(one, 'number')).toBe(RESIDENT.permit)
    expect(await states(one)).toEqual(['ended'])
    expect(await one.page.evaluate(() => (window as unknown as { wanted: { video: { facingMode: string } } }).wanted.video.facingMode)).toBe('environment')
    // Reading asks nobody anything.
    expect(asked.filter((url) => !url.startsWith('blob:') && !url.startsWith('data:'))).toEqual([])
    await goOn(one)
    expect(await typed(one, 'birth')).toBe(RESIDENT.birth)
    await one.press('next')
    await one.code()
    await one.see('selfie')
    await one.selfie()
    await one.codes(8)
    expect(sent.map(({ document, mrz }) => [document.kind, mrz])).toEqual([['home_return_permit', [...ZONE]], ['hkid', undefined]])
    await one.press('receipts')
    await one.page.getByText('three machine-readable lines').waitFor()
    expect(await one.page.getByText('three machine-readable lines').count()).toBe(1)
    await one.sound('en receipts with a zone')
    expect(one.wrong).toEqual([])
    await one.context.close()
  })

  it('whose number is typed over counts no more', async () => {
    const one = await atPermit(permit)
    const sent = enrolments(one)
    await one.press('read-card')
    await one.see('read')
    await one.fill('number', 'H12345679')
    expect(await one.page.locator('#read').count()).toBe(0)
    await goOn(one)
    expect(await typed(one, 'birth')).toBe('')
    await one.fill('birth', RESIDENT.birth)
    await unknownWithoutLines(one, sent)
  })

  it('with another birth date than was read goes without its lines', async () => {
    const one = await atPermit(permit)
    const sent = enrolments(one)
    await one.press('read-card')
    await one.see('read')
    await goOn(one)
    await one.fill('birth', '1990-05-07')
    await unknownWithoutLines(one, sent)
  })

  it('of another kind is told so, and the camera is off when the step is left or nobody sees the page', async () => {
    const one = await atPermit(passport)
    await one.press('read-card')
    await one.page.locator('#reading', { hasText: 'another document' }).waitFor()
    expect(await typed(one, 'number')).toBe('')
    expect(await states(one)).toEqual(['live'])
    await one.press('read-stop')
    await one.see('read-card')
    expect(await states(one)).toEqual(['ended'])
    await one.press('read-card')
    await one.page.locator('#reading', { hasText: 'another document' }).waitFor()
    await one.page.evaluate(() => {
      Object.defineProperty(document, 'visibilityState', { value: 'hidden', configurable: true })
      document.dispatchEvent(new Event('visibilitychange'))
    })
    await one.see('read-card')
    await one.press('read-card')
    await one.see('read-stop')
    await one.press('skip')
    await one.see('name')
    expect(await states(one)).toEqual(['ended', 'ended', 'ended'])
    expect(one.wrong).toEqual([])
    await one.context.close()
  })

  it('that is not to be seen is said after some seconds, while the number can be typed', async () => {
    const one = await atPermit(wall)
    await one.press('read-card')
    await one.page.locator('#reading', { hasText: 'Bring the three lines' }).waitFor()
    await one.page.locator('#reading', { hasText: 'Not read yet' }).waitFor()
    await one.sound('en card not read')
    await one.fill('number', RESIDENT.permit)
    await one.press('next')
    await one.see('name')
    expect(await states(one)).toEqual(['ended'])
    expect(one.wrong).toEqual([])
    await one.context.close()
  })

  it('without a camera, or without leave, is typed', async () => {
    const one = await atPermit(browser)
    await one.press('read-card')
    await one.page.locator('.fault', { hasText: 'Type the number' }).waitFor()
    await one.sound('en card without camera')
    await one.fill('number', RESIDENT.permit)
    await one.press('next')
    await one.see('name')
    expect(one.wrong).toEqual([])
    await one.context.close()
  })

  it.each([...LANGUAGES])('speaks %s, within 320 pixels, also in large text', async (language) => {
    const one = await atPermit(permit, language)
    const inBothSizes = async (name: string) => {
      for (const large of [false, true]) {
        await one.page.locator('.app').last().evaluate((app, large) => app.classList.toggle('large', large), large)
        await one.sound(`${language} ${name}${large ? ', large' : ''}`)
      }
    }
    await inBothSizes('permit')
    // A reader that never finds anything: what is said before.
    await one.page.evaluate(() => { CanvasRenderingContext2D.prototype.getImageData = (x, y, width, height) => { void x; void y; return new ImageData(width as number, height as number) } })
    await one.press('read-card')
    await one.see('reading')
    await one.page.locator('video#finder').evaluate((video: HTMLVideoElement) => new Promise<void>((done) => { if (video.readyState > 2) done(); else video.onplaying = () => done() }))
    await inBothSizes('reading')
    await one.press('read-stop')
    await one.page.reload()
    await one.see('unlock')
    await one.fill('pin', '274951')
    await one.press('unlock')
    await one.press('read-card')
    await one.see('read')
    await inBothSizes('read')
    expect(one.wrong).toEqual([])
    await one.context.close()
  })
})
