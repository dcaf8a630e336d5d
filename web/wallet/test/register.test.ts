/** Registering at a desk from both sides: the wallet in one window, the counter's page of a building and of a hotel in another. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { encode } from 'uqr'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { toBase45 } from '../../core/base45.js'
import { skip } from '../../core/test/skip.js'
import { type Bay, CHILD, type DeskServed, RESIDENT, launch, launchFilming, missing, openBay } from './bay.js'
import { Clerk } from './clerk.js'
import { Hand } from './hand.js'
import { LANGUAGES } from './languages.js'

const skipped = skip('registering at a desk', missing())
const TITLES = { 'zh-Hans': '要出示这些吗？', 'zh-Hant': '要出示這些嗎？', en: 'Show this?', pt: 'Mostrar isto?' } as const

/** A sign with a code, as a camera sees it. */
async function photograph(browser: Browser, text: string): Promise<Buffer> {
  const { data } = encode(text, { ecc: 'L', boostEcc: false, border: 4, maxVersion: 20 })
  const page = await browser.newPage()
  const url = await page.evaluate((modules) => {
    const canvas = document.createElement('canvas')
    ;[canvas.width, canvas.height] = [1280, 960]
    const pen = canvas.getContext('2d')!
    pen.fillStyle = '#8a9096'
    pen.fillRect(0, 0, 1280, 960)
    const size = Math.floor(800 / modules.length)
    const side = size * modules.length
    const [left, top] = [(1280 - side) / 2, (960 - side) / 2]
    pen.fillStyle = '#f4f4f0'
    pen.fillRect(left, top, side, side)
    pen.fillStyle = '#18181c'
    modules.forEach((row, y) => row.forEach((dark, x) => { if (dark) pen.fillRect(left + x * size, top + y * size, size, size) }))
    return canvas.toDataURL('image/jpeg', 0.92)
  }, data as boolean[][])
  await page.close()
  return Buffer.from(url.split(',')[1]!, 'base64')
}

describe.skipIf(skipped)('registering at a desk', () => {
  let work: string
  let browser: Browser
  let films: Browser
  let bay: Bay
  let tower: DeskServed
  let hotel: DeskServed
  /** The clerks of the building and of the hotel. */
  let porter: Clerk
  let reception: Clerk
  let hand: Hand

  beforeAll(async () => {
    work = mkdtempSync(join(tmpdir(), 'baypass-register-'))
    browser = await launch()
    bay = await openBay(browser, { roots: true })
    tower = await bay.desk('specimen-tower-shenzhen')
    hotel = await bay.desk('specimen-hotel-zhuhai')
    // Its lists arrive with its first round.
    let sign: Response | undefined
    for (let i = 0; i < 60 && !sign?.ok; i += 1) {
      if (i > 0) await new Promise((resolve) => setTimeout(resolve, 500))
      sign = await fetch(`${tower.wallets}/v1/request`)
    }
    films = await launchFilming(await photograph(browser, `BR1:${toBase45(new Uint8Array(await sign!.arrayBuffer()))}`), work)
    hand = await Hand.open(films, bay, { permissions: ['camera'] })
    await hand.enrol()
  })
  afterAll(async () => {
    await films?.close()
    await browser?.close()
    await bay?.stop()
    if (work) rmSync(work, { recursive: true, force: true })
  })

  /** From the pass to the page, with the credentials there that are fetched ahead. */
  const openPage = async (one = hand) => {
    await one.see('register')
    await one.press('register')
    await one.see('scan-desk')
  }
  const paste = async (text: string, one = hand) => {
    await one.fill('request', text)
    await one.press('check')
  }
  const main = (one = hand) => one.page.locator('[role=main]').last().innerText()

  it('reads the building’s printed sign with the camera, and says who asks for what before anything is shown', async () => {
    await hand.sound('en home with desks')
    await openPage()
    await hand.sound('en register')
    await hand.press('scan-desk')
    await hand.see('agree')
    expect(await hand.title()).toBe('Show this?')
    const text = await main()
    for (const said of ['specimen-tower-shenzhen', 'Mainland China', 'A visit to a building', 'The register of visitors', 'SPECIMEN-BUILDING-SHENZHEN', 'Home Return Permit', RESIDENT.name, 'Required', 'No face is compared', 'physical document does as well']) expect(text).toContain(said)
    expect(await hand.page.locator('#days').innerText()).toBe('30')
    await hand.sound('en consent building')
  })

  it('shows the building what was agreed to alone: a name that was declined is not at the desk', async () => {
    const claim = hand.page.locator('#claim-name')
    expect(await claim.getAttribute('aria-checked')).toBe('true')
    await claim.click()
    expect(await claim.getAttribute('aria-checked')).toBe('false')
    await hand.press('agree')
    await hand.see('registered')
    const kept = await hand.page.locator('#kept').innerText()
    expect(kept).toBe('Kind of document')
    await hand.sound('en registered')
    porter = await Clerk.open(browser, tower)
    const line = await porter.shows('Home Return Permit')
    expect(line).not.toContain('CANARY')
    await porter.page.locator('#plan-host').fill('Specimen Host')
    await porter.page.locator('#plan-zones').fill('12')
    await porter.page.keyboard.press('Control+Enter')
    expect(await porter.lists('Specimen Host')).not.toContain('CANARY')
    await hand.press('finish')
    await hand.see('show')
  })

  it('tells in four languages and in large text what the hotel asks, each value with it; nothing is shown to who does not agree', async () => {
    reception = await Clerk.open(browser, hotel)
    const asked = await reception.ask()
    for (const language of LANGUAGES) {
      await hand.press('more')
      await hand.press(`language-${language}`)
      if (language === 'pt') await hand.press('large')
      await hand.press('back')
      await openPage()
      if (language === 'pt') await hand.sound('pt register large')
      await paste(asked)
      await hand.see('agree')
      expect(await hand.title()).toBe(TITLES[language])
      const text = await main()
      for (const said of ['specimen-hotel-zhuhai', RESIDENT.name, 'H12345678', '90']) expect(text, language).toContain(said)
      await hand.sound(`${language} consent hotel`)
      await hand.press('disagree')
      await hand.see('declined')
      await hand.press('back')
      await hand.see('show')
    }
    await hand.press('more')
    await hand.press('language-en')
    await hand.press('large')
    await hand.press('back')
    expect(await reception.page.locator('#lines').innerText()).toBe('')
  })

  it('registers the guest at the hotel: fields filled, and in its book with one key', async () => {
    const asked = await reception.ask()
    await openPage()
    await paste(asked)
    await hand.press('agree')
    await hand.see('registered')
    const line = await reception.shows(RESIDENT.name)
    for (const said of ['1990-05-06', 'H12345678', 'CHN', 'Home Return Permit']) expect(line).toContain(said)
    await reception.page.locator('#lines input').last().fill('1207')
    await reception.page.keyboard.press('Control+Enter')
    expect(await reception.lists('1207')).toContain(RESIDENT.name)
    await hand.press('finish')
    await hand.see('show')
  })

  it('sends the same bytes again where the receipt was lost, and the desk takes them once', async () => {
    const asked = await reception.ask()
    const bodies: string[] = []
    await hand.page.route(/\/v1\/answers$/, async (route) => {
      bodies.push(route.request().postDataBuffer()?.toString('base64') ?? '')
      if (bodies.length > 1) return route.continue()
      await route.fetch()
      await route.abort()
    })
    await openPage()
    await paste(asked)
    await hand.press('agree')
    await hand.see('registered')
    expect(bodies).toHaveLength(2)
    expect(bodies[1]).toBe(bodies[0])
    await hand.page.unroute(/\/v1\/answers$/)
    await reception.shows(RESIDENT.name)
    await reception.page.locator('#lines button').last().click()
    await hand.press('finish')
    expect(hand.wrong.filter((line) => !/v1.answers|Failed to load/.test(line))).toEqual([])
  })

  it('says why a request is refused and what to do, and shows nothing', async () => {
    const asked = await reception.ask()
    const damaged = `${asked.slice(0, 60)}${asked[60] === 'A' ? 'B' : 'A'}${asked.slice(61)}`
    const soon = bay.run('desk', 'request', '--venue', 'specimen-hotel-zhuhai', '--json', '--at', new Date(Date.now() + 120_000).toISOString().replace(/\.\d+Z/, 'Z'))
    await openPage()
    for (const [text, sentence] of [
      ['', 'Scan the desk’s code'], ['BP1:ABC', 'another system'], ['BV1:ABC', 'a wallet’s answer'], [asked.slice(0, 200), 'Scan it again'],
      [damaged, 'nothing was shown'], [(JSON.parse(soon) as { code: string }).code, 'from the future'],
    ] as const) {
      await paste(text)
      await hand.see('why')
      expect(await hand.page.locator('#why').last().innerText(), text.slice(0, 20)).toContain(sentence)
      await hand.press('another')
    }
    await paste(asked.slice(0, 200))
    await hand.see('why')
    await hand.sound('en refused')
    await hand.press('back')
    await hand.press('back')
    await hand.see('show')
    expect(await reception.page.locator('#lines').innerText()).toBe('')
  })

  let code = ''
  it('registers without a network: the answer is a code, which the hand scanner at the counter types', async () => {
    const asked = await porter.ask()
    await hand.context.setOffline(true)
    await openPage()
    await paste(asked)
    await hand.press('agree')
    await hand.see('until')
    code = await hand.shown()
    expect(code).toMatch(/^BV1:/)
    expect(await main()).toContain('The desk cannot be reached')
    await hand.sound('en desk code')
    await porter.scan(code)
    expect(await porter.shows(RESIDENT.name)).toContain('Home Return Permit')
    await porter.page.locator('#lines button').last().click()
  })

  it('opened again before its receipt came, it goes on with the same answer, and gets the receipt when there is a network', async () => {
    await hand.page.reload()
    await hand.unlock()
    await hand.press('register')
    await hand.see('until')
    expect(await hand.shown()).toBe(code)
    await hand.context.setOffline(false)
    await hand.press('again')
    await hand.see('registered')
    expect(await hand.page.locator('#kept').innerText()).toBe('Name in Latin letters, Kind of document')
    await hand.press('finish')
    await hand.see('show')
  })

  it('says so where the desk cannot be reached and the answer does not fit one code', async () => {
    const asked = await reception.ask()
    await hand.context.setOffline(true)
    await openPage()
    await paste(asked)
    await hand.press('agree')
    await hand.see('away')
    expect(await main()).toContain('does not fit one code')
    await hand.sound('en desk away')
    await hand.context.setOffline(false)
    await hand.press('again')
    await hand.see('registered')
    await hand.press('finish')
    await reception.shows(RESIDENT.name)
    await reception.page.locator('#lines button').last().click()
  })

  it('asks whose pass it is; a child with an identity card alone is registered at a hotel in Macao, and shows no number', async () => {
    const macao = await bay.desk('specimen-hotel-macao')
    await hand.addChild(CHILD, bay.other)
    const clerk = await Clerk.open(browser, macao)
    const asked = await clerk.ask()
    await openPage()
    expect(await hand.page.locator('#whose-0').innerText()).toContain(CHILD.name)
    expect(await hand.page.locator('#whose-1').innerText()).toContain(RESIDENT.name)
    await hand.sound('en register for a child')
    await hand.press('whose-1')
    await hand.page.locator('#whose-0', { hasText: RESIDENT.name }).waitFor()
    await hand.press('whose-1')
    await hand.page.locator('#whose-0', { hasText: CHILD.name }).waitFor()
    await paste(asked)
    await hand.press('claim-document_number')
    await hand.press('claim-nationality')
    await hand.sound('en consent hotel in Macao')
    expect(await main()).toMatch(/Required\s+Region where you live\s+Hong Kong/)
    await hand.press('agree')
    await hand.see('registered')
    const line = await clerk.shows(CHILD.name)
    for (const said of ['HKG', '2012-03-04', 'Hong Kong identity card']) expect(line).toContain(said)
    expect(line).not.toContain('B765432')
    await hand.press('finish')
  })

  it('lists registrations in the history, and under “Who got my data” what a desk keeps and until when', async () => {
    await hand.press('person-before')
    await hand.page.locator('.pass-name', { hasText: RESIDENT.name }).waitFor()
    await hand.press('history')
    for (const said of ['A visit to a building', 'specimen-tower-shenzhen', 'A hotel check-in', 'specimen-hotel-zhuhai']) await hand.page.getByText(said).first().waitFor()
    await hand.sound('en history with desks')
    await hand.press('back')
    await hand.press('receipts')
    const text = await main()
    expect(text).toContain('Shown: Kind of document\n')
    expect(text).toMatch(/The desk keeps: Kind of document; deleted by \d+ \w+ 20\d\d/)
    expect(text).toContain('New device keys, for what a desk is shown')
    expect(text).toContain('Public trust lists and approvals; nothing of yours was sent')
    expect(text).not.toContain(CHILD.name)
    await hand.sound('en receipts with desks')
    await hand.press('back')
    await hand.see('show')
  })

  it('stores nothing of it in clear, and called nobody but its own server, the authorities and the desks', async () => {
    const stored = await hand.stored()
    for (const secret of [RESIDENT.name, CHILD.name, 'CANARY', 'H12345678', 'specimen-hotel', 'SPECIMEN-HOTEL', code.slice(0, 40)]) expect(stored.includes(secret), secret).toBe(false)
    for (const host of hand.hosts) expect(host).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
  })

  it('believes a desk no more once its approval is withdrawn, which it hears by itself; and no request that has ended', async () => {
    const sign = `BR1:${toBase45(new Uint8Array(await (await fetch(`${tower.wallets}/v1/request`)).arrayBuffer()))}`
    const asked = await reception.ask()
    bay.run('approval', 'withdraw', '--id', 'SPECIMEN-BUILDING-SHENZHEN')
    // What was fetched a moment ago still counts; after a quarter of an hour it is fetched anew.
    await hand.page.clock.install({ time: Date.now() + 16 * 60_000 })
    await openPage()
    for (const [text, sentence] of [[sign, 'was withdrawn'], [asked, 'This request has ended']] as const) {
      await paste(text)
      await hand.see('why')
      expect(await hand.page.locator('#why').last().innerText()).toContain(sentence)
      await hand.press('another')
    }
  })
})
