/**
 * The counter's page of `baypass desk serve` in a real browser, at the desks of a building and of three hotels: keyboard first, four
 * languages, guests and visitors with and without a phone.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import jsqr from 'jsqr'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { skip } from '../../core/test/skip'
import { type Opened, MODELS, accessible, launch, missing, openBay, picture, program, until } from '../../kiosk/test/bay'
import { type Desks, REFUSED, type Venue, enter, openDesks } from './desks'

const skipped = skip("the counter's page in a browser", missing())
const decode = (jsqr as unknown as { default?: typeof jsqr }).default ?? jsqr

const LANGUAGES = ['zh-Hans', 'zh-Hant', 'pt', 'en']

/** A number of the resident identity card with its check digit; it belongs to nobody. */
function identity(n: number, birth = '19900307'): string {
  const digits = `110101${birth}${String(n).padStart(3, '0')}`
  const sum = [...digits].reduce((all, digit, i) => all + Number(digit) * [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2][i]!, 0)
  return digits + '10X98765432'[sum % 11]
}

/** ICAO 9303-4, appendix B: the specimen of Utopia. */
const PASSPORT = ['P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<', 'L898902C36UTO7408122F1204159ZE184226B<<<<<10']

/** Tabs until the cursor stands in the field of this id: nothing that a mouse alone can reach. */
async function tabTo(page: Page, id: string): Promise<void> {
  for (let i = 0; i < 60; i += 1) {
    if (await page.evaluate(() => document.activeElement?.id) === id) return
    await page.keyboard.press('Tab')
  }
  throw new Error(`the keyboard does not reach ${id}`)
}

const said = (page: Page, text: string | RegExp) => page.locator('#message', { hasText: text }).waitFor({ timeout: 15_000 })
const row = (page: Page, text: string) => page.locator('#book-rows tr', { hasText: text })

/** Nothing is wider than the screen, and every button, link and field is large enough for a finger. */
async function fits(page: Page): Promise<void> {
  const [wide, small] = await page.evaluate(() => {
    const seen = [...document.querySelectorAll<HTMLElement>('button, a, select, input, textarea, summary')].filter((one) => one.offsetParent && !one.matches('.skip'))
    const target = (one: HTMLElement) => (one.matches('input[type="checkbox"]') ? one.parentElement! : one).getBoundingClientRect()
    return [document.documentElement.scrollWidth - window.innerWidth, seen.filter((one) => target(one).height < 44).map((one) => one.outerHTML.slice(0, 120))] as const
  })
  expect(wide, 'wider than the screen').toBeLessThanOrEqual(0)
  expect(small).toEqual([])
}

/** Shows a screen in each language, holds it to axe-core, and keeps a picture of the last. */
async function screens(page: Page, name: string, whole = true): Promise<void> {
  for (const language of LANGUAGES) {
    await page.selectOption('#language', language)
    await page.waitForFunction((one) => document.documentElement.lang === one, language)
    await page.waitForTimeout(300)
    const untranslated = await page.evaluate(() => [...document.querySelectorAll('body *')].filter((one) => one.children.length === 0 && /^[a-z_]+\.[a-z_]+$/.test(one.textContent ?? '')).map((one) => one.textContent))
    expect(untranslated, language).toEqual([])
    await accessible(page)
    await fits(page)
  }
  await picture(page, `desk-${name}`, whole)
}

async function byCard(page: Page, line: number, fields: Record<string, string>): Promise<void> {
  await page.keyboard.press('F4')
  await page.locator(`#line-${line}-mrz`).waitFor()
  for (const [field, text] of Object.entries(fields)) {
    const element = page.locator(`#line-${line}-${field}`)
    if (await element.evaluate((one) => one.tagName === 'SELECT')) await element.selectOption(text)
    else await element.fill(text)
  }
}

/** A request to a wallet of others, as the counter's API gives it. */
interface OpenIdRequest { readonly id: string; readonly link: string; readonly svg: string }

/** The text of the code on the counter's screen, or in another picture, given as a `data:` address. */
async function symbol(page: Page, picture?: string): Promise<string | undefined> {
  const side = 800
  const address = picture ?? await page.locator('#qr').evaluate((image: HTMLImageElement) => image.src)
  const grey = await page.evaluate(async ({ address, side }) => {
    const image = Object.assign(new Image(), { src: address })
    await image.decode()
    const canvas = document.createElement('canvas')
    canvas.width = canvas.height = side
    const pen = canvas.getContext('2d')!
    pen.fillStyle = '#ffffff'
    pen.fillRect(0, 0, side, side)
    pen.drawImage(image, 20, 20, side - 40, side - 40)
    const { data } = pen.getImageData(0, 0, side, side)
    return Array.from({ length: side * side }, (_, i) => data[i * 4]! < 128 ? '1' : '0').join('')
  }, { address, side })
  const rgba = new Uint8ClampedArray(side * side * 4).fill(255)
  for (let i = 0; i < side * side; i += 1) if (grey[i] === '1') rgba.fill(0, i * 4, i * 4 + 3)
  return decode(rgba, side, side, { inversionAttempts: 'dontInvert' })?.data
}

const registerAll = (page: Page) => page.keyboard.press('Control+Enter')
const confirm = (page: Page) => page.locator('#dialog-confirm').click()
const closed = (page: Page) => page.locator('#dialog').waitFor({ state: 'hidden' })

describe.skipIf(skipped)("the counter's page", () => {
  let browser: Browser
  let opened: Opened
  let desks: Desks<Venue>
  beforeAll(async () => {
    browser = await launch()
    opened = await openBay(browser, 1)
    desks = await openDesks(opened.bay.folder)
    await opened.bay.endAuthorities()
  })
  afterAll(async () => {
    await desks?.stop()
    await opened?.bay.stop()
    await browser?.close()
  })
  const counter = async (venue: Venue) => {
    const { page, faults } = await desks.signIn(browser, venue)
    // A refusal that a test brings about shows on the console too.
    return { page, unexpected: () => faults.filter((fault) => !/status of 4\d\d/.test(fault)) }
  }

  test('signs a clerk in by the keyboard, and says what is wrong with a name or secret', async () => {
    const context = await browser.newContext({ viewport: { width: 1024, height: 768 }, locale: 'zh-HK' })
    const page = await context.newPage()
    await page.goto(desks.address('specimen-hotel-hong-kong'))
    await page.locator('#sign-in').waitFor()
    expect(await page.locator('html').getAttribute('lang')).toBe('zh-Hant')
    await screens(page, 'sign-in')
    await page.fill('#name', 'clerk-1')
    await page.fill('#secret', 'guessed')
    await page.keyboard.press('Enter')
    await said(page, 'Sign in again')
    await page.fill('#name', 'a name with blanks')
    await page.fill('#secret', desks.secret('specimen-hotel-hong-kong'))
    await page.keyboard.press('Enter')
    await said(page, 'cannot be read; correct it')
    await page.fill('#name', '')
    await enter(page, desks.secret('specimen-hotel-hong-kong'))
    await page.click('#sign-out')
    await page.locator('#sign-in').waitFor()
    expect(await page.locator('#views').isHidden()).toBe(true)
    await context.close()
  })

  test('asks a wallet of others by a code of its own, which a new request ends, and says that a wallet declined', async () => {
    const { page, unexpected } = await counter('specimen-hotel-hong-kong')
    /** Presses the button; the request, whose link the code on the screen says. */
    const ask = async (): Promise<OpenIdRequest> => {
      const [made] = await Promise.all([page.waitForResponse('**/api/openid/requests'), page.click('#new-openid')])
      expect(made.status()).toBe(201)
      const request = await made.json() as OpenIdRequest
      await page.waitForFunction((svg) => document.querySelector<HTMLImageElement>('#qr')?.src.endsWith(encodeURIComponent(svg)), request.svg)
      expect(await symbol(page)).toBe(request.link)
      return request
    }
    const asked: string[] = []
    page.on('request', (request) => { if (/\/api\/requests\/[^/]+$/.test(request.url())) asked.push(request.url().split('/').at(-1)!) })
    const first = await ask()
    expect(first.link).toMatch(/^openid4vp:\/\/\?client_id=x509_hash%3A/)
    expect(await page.locator('#code-ends').innerText()).toMatch(/\d\d:\d\d/)
    // A hand scanner may type at once.
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('scan')
    await until('the page to look for an answer', () => Promise.resolve(asked.includes(first.id)))
    await screens(page, 'openid')
    // A request for the pass takes its place: nobody looks for an answer to it any more.
    await page.keyboard.press('F2')
    await page.waitForFunction((svg) => !document.querySelector<HTMLImageElement>('#qr')?.src.endsWith(encodeURIComponent(svg)), first.svg)
    asked.length = 0
    await until('the page to look again', () => Promise.resolve(asked.length > 1))
    expect(asked).not.toContain(first.id)
    // Anew, by the keyboard: another code.
    await tabTo(page, 'new-openid')
    const second = await ask()
    expect(second.link).not.toBe(first.link)
    // The wallet's user says no: OpenID4VP 1.0, 8.5.
    const object = await (await fetch(new URL(second.link).searchParams.get('request_uri')!)).text()
    const { response_uri, state } = JSON.parse(Buffer.from(object.split('.')[1]!, 'base64url').toString()) as { response_uri: string; state: string }
    expect((await fetch(response_uri, { method: 'POST', body: new URLSearchParams({ error: 'access_denied', state }) })).status).toBe(200)
    await said(page, 'The wallet did not answer. Ask the traveller, or take the document.')
    await screens(page, 'openid-declined')
    // It stays on the screen for another try, and goes with whoever signs out.
    expect(await page.locator('#code').isVisible()).toBe(true)
    await page.click('#sign-out')
    await page.locator('#sign-in').waitFor()
    expect(await page.locator('#code').isVisible()).toBe(false)
    await enter(page, desks.secret('specimen-hotel-hong-kong'))
    expect(await page.locator('#code').isVisible()).toBe(false)
    await ask()
    expect(unexpected()).toEqual([])
    await page.context().close()
  })

  test('a guest with the pass answers the code on the screen, and a guest without a phone is as quick by card', async () => {
    const { page, unexpected } = await counter('specimen-hotel-zhuhai')
    const [asked] = await Promise.all([page.waitForResponse('**/api/requests'), page.keyboard.press('F2')])
    await page.locator('#qr').waitFor()
    await screens(page, 'request')
    const { text } = await asked.json() as { text: string }
    execFileSync(program(), ['wallet', 'register', '--dir', opened.bay.folder, '--resident', opened.residents[0]!.number, '--request', text, '--yes'], { env: { ...process.env, BAYPASS_MODELS: MODELS } })
    await page.locator('#line-1-room').waitFor({ timeout: 15_000 })
    expect(await page.locator('#lines').innerText()).toContain('SPECIMEN LEONG MEI')
    await page.fill('#line-1-room', '1201')

    // By card, with the keyboard alone: a hand scanner reads the zone.
    await page.keyboard.press('F4')
    await page.locator('#line-2-mrz').waitFor()
    await tabTo(page, 'line-2-mrz')
    await page.keyboard.type(PASSPORT.join('\n'))
    await tabTo(page, 'line-2-room')
    await page.keyboard.type('1202')
    await registerAll(page)
    await said(page, 'Registered: 2')
    await row(page, 'ERIKSSON').waitFor()
    await row(page, '1201').waitFor()
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('new-request')
    expect(unexpected()).toEqual([])
    await page.context().close()
  })

  test('a wrong number is named in a sentence, and a minor is registered once the duties are noted', async () => {
    const { page, unexpected } = await counter('specimen-hotel-zhuhai')
    const child = identity(7, '20150101')
    await byCard(page, 1, { name: 'SPECIMEN, CHILD', document: 'cn-id', document_number: `${child.slice(0, 17)}${child[17] === '1' ? '2' : '1'}`, room: '1301' })
    await registerAll(page)
    await said(page, 'Lines to correct: 1')
    expect(await page.locator('#lines .result').innerText()).toContain('Document number: cannot be read; correct it.')
    await page.fill('#line-1-document_number', child)
    await registerAll(page)
    await page.locator('#line-1-parents_contact').waitFor()
    expect(await page.locator('#lines .result').innerText()).toMatch(/The guest may be a minor\. Do and note first: .*Relation of those who share the room/)
    await screens(page, 'minor')
    for (const duty of ['identity', 'visitors', 'suspicion']) await page.check(`#line-1-${duty}`)
    await page.fill('#line-1-parents_contact', '13800000000')
    await page.fill('#line-1-relation', 'daughter')
    await registerAll(page)
    await said(page, 'Registered: 1')
    await page.fill('#scan', 'not a code')
    await page.keyboard.press('Enter')
    await said(page, "no code of a Bay Pass")
    await page.fill('#scan', 'BR1:BB8')
    await page.keyboard.press('Enter')
    await said(page, 'a request, not an answer')
    expect(unexpected()).toEqual([])
    await page.context().close()
  })

  test('a rooming list of 40 registers 39 at once, and the bad one is mended in place', async () => {
    const { page, unexpected } = await counter('specimen-hotel-zhuhai')
    const rows = Array.from({ length: 40 }, (_, n) => `${2001 + n},"SPECIMEN, GUEST ${n}",cn-id,${n === 17 ? '110105194912310021' : identity(100 + n)},x`)
    await page.locator('#rooming summary').focus()
    await page.keyboard.press('Enter')
    await page.fill('#rooming-text', 'no heading\n1,2\n')
    await page.click('#rooming-read')
    await said(page, 'must name the columns room and name')
    await page.setInputFiles('#rooming-file', { name: 'group.csv', mimeType: 'text/csv', buffer: Buffer.from(`room,name,document_kind,document number,agency\n${rows.join('\n')}\n`) })
    await said(page, 'Columns that are not used: agency')
    expect(await page.locator('#lines fieldset').count()).toBe(40)
    expect(await page.locator('#totals').innerText()).toContain('On the list 40')
    await registerAll(page)
    await said(page, 'Lines to correct: 1')
    expect(await page.locator('#totals').innerText()).toBe('On the list 40 · registered 39 · to correct 1 · not registered yet 0')
    await page.locator('#line-18-document_number').waitFor()
    await screens(page, 'rooming', false)
    await page.fill('#line-18-document_number', identity(17))
    await registerAll(page)
    await said(page, 'Registered: 40')
    await page.fill('#find-stay', 'guest 17')
    await until('the guest to be the only one shown', async () => await page.locator('#book-rows tr').count() === 1, 20)
    await page.fill('#find-stay', '')
    expect(await page.locator('#book-rows tr').count()).toBeGreaterThanOrEqual(40)
    expect(unexpected()).toEqual([])
    await page.context().close()
  })

  test('what the register refuses is shown with its field in words, and a correction sends it anew', async () => {
    const { page, unexpected } = await counter('specimen-hotel-zhuhai')
    await byCard(page, 1, { name: REFUSED, document: 'cn-id', document_number: identity(300), room: '1401' })
    await registerAll(page)
    await said(page, 'Registered: 1')
    await page.keyboard.press('F9')
    await page.locator('#queues').waitFor()
    await until('the refusal', async () => {
      await page.click('#queues-refresh')
      await page.waitForTimeout(400)
      return page.locator('#queues-rows', { hasText: 'Name: “no such person” (name_unknown)' }).isVisible()
    }, 40)
    await until('the header to say so', async () => (await page.locator('#health').innerText()).includes('Police register: to correct: 1'), 10)
    await screens(page, 'queues')
    await page.locator('#queues-rows tr', { hasText: 'no such person' }).getByRole('button', { name: /^Correct/ }).click()
    await page.locator('#dialog-name').waitFor()
    await confirm(page)
    await page.locator('#dialog-message', { hasText: 'Nothing differs' }).waitFor()
    await page.fill('#dialog-name', 'SPECIMEN, MENDED')
    await accessible(page)
    await picture(page, 'desk-correct')
    await page.keyboard.press('Enter')
    await closed(page)
    await until('the report to be taken', async () => {
      await page.click('#queues-refresh')
      await page.waitForTimeout(400)
      return page.locator('#queues-rows', { hasText: 'Nothing waits' }).isVisible()
    }, 40)
    expect(unexpected()).toEqual([])
    await page.context().close()
  })

  test('a guest moves, is found again, takes consent back, leaves, gets a copy, and is erased', async () => {
    const { page, unexpected } = await counter('specimen-hotel-zhuhai')
    await byCard(page, 1, { name: 'SPECIMEN, RIGHTS', name_zh: '样本权利', document: 'cn-id', document_number: identity(400), room: '1501' })
    await registerAll(page)
    await said(page, 'Registered: 1')
    await row(page, 'RIGHTS').getByRole('button', { name: /^Change room/ }).click()
    await page.fill('#dialog-room', '1501')
    await page.keyboard.press('Enter')
    await page.locator('#dialog-message', { hasText: 'in this room already' }).waitFor()
    await page.fill('#dialog-room', '15 02')
    await page.keyboard.press('Enter')
    await page.locator('#dialog-message', { hasText: 'Room: cannot be read' }).waitFor()
    await page.fill('#dialog-room', '1502')
    await page.keyboard.press('Enter')
    await closed(page)
    await row(page, '1502').waitFor()
    // The rows are new ones, and the keyboard goes on from there.
    await until('the cursor to be back', () => page.evaluate(() => document.activeElement?.id === 'refresh'), 10)

    await page.keyboard.press('F8')
    await page.keyboard.press('Enter')
    await said(page, 'Write the name')
    await page.keyboard.type('nobody')
    await page.keyboard.press('Enter')
    await said(page, 'Nobody was found')
    await page.fill('#find-name', 'rights specimen')
    await page.keyboard.press('Enter')
    await said(page, 'This look is written down')
    const record = page.locator('#found article')
    await record.locator('summary').click()
    expect(await record.innerText()).toMatch(/searched/)
    await screens(page, 'person')
    await page.locator('#found article summary').click()
    await page.getByRole('button', { name: /^Erase/ }).click()
    await confirm(page)
    await page.locator('#dialog-message', { hasText: 'Check out first' }).waitFor()
    await page.click('#dialog-cancel')
    await page.getByRole('button', { name: /^Take consent back/ }).click()
    await confirm(page)
    await page.locator('#dialog-message', { hasText: 'Choose one' }).waitFor()
    await page.check('#dialog-name_zh')
    await confirm(page)
    await closed(page)
    await said(page, 'Forgotten')
    await until('the name to be gone', async () => !(await record.innerText()).includes('样本权利'), 10)
    await page.getByRole('button', { name: /^Check out/ }).click()
    await confirm(page)
    await closed(page)
    await said(page, 'Checked out')
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: /^Give a copy/ }).click()])
    const copy = JSON.parse(readFileSync((await download.path())!, 'utf8')) as { about: string; fields: Record<string, { name: string; value: string }>; looks: { act: string }[]; reports: unknown[] }
    expect(copy.about).toContain('Everything that this desk keeps')
    expect(copy.fields['document_number']).toMatchObject({ name: 'Document number', value: identity(400), source: 'typed' })
    expect(copy.looks.map(({ act }) => act)).toEqual(expect.arrayContaining(['register', 'move', 'search', 'withdraw', 'check_out', 'export']))
    // While a report is open nothing is erased; once the register has answered, everything is.
    await until('the reports to be told', async () => {
      await page.getByRole('button', { name: /^Erase/ }).click()
      await confirm(page)
      await page.waitForTimeout(500)
      if (await page.locator('#dialog').isHidden()) return true
      expect(await page.locator('#dialog-message').innerText()).toContain('not answered yet')
      await page.click('#dialog-cancel')
      return false
    }, 60)
    await said(page, 'Nothing is left')
    expect(await record.count()).toBe(0)
    await page.fill('#find-number', identity(400))
    await page.selectOption('#find-document', 'cn-id')
    await page.click('#find')
    await said(page, 'Nobody was found')
    expect(await page.locator('#retention-report').innerText()).toContain('Persons erased')
    expect(unexpected()).toEqual([])
    await page.context().close()
  })

  test('Hong Kong asks a foreigner where to on leaving, and keeps the register by law', async () => {
    const { page, unexpected } = await counter('specimen-hotel-hong-kong')
    await byCard(page, 1, { name: 'SPECIMEN, FOREIGN', nationality: 'PRT', birth_date: '1980-01-01', room: '801' })
    expect(await page.locator('#line-1-document_number').count(), 'no number where the law asks for none').toBe(0)
    await registerAll(page)
    await page.locator('#line-1-arrived_on').waitFor()
    await page.fill('#line-1-arrived_on', '2020-01-01')
    await page.fill('#line-1-arrived_by', 'TP 1')
    await page.fill('#line-1-occupation', 'cook')
    await registerAll(page)
    await said(page, 'Registered: 1')
    await row(page, 'FOREIGN').getByRole('button', { name: /^Check out/ }).click()
    await page.locator('#dialog-next_place').waitFor()
    await accessible(page)
    await picture(page, 'desk-check-out')
    await page.fill('#dialog-next_place', 'Macao')
    await page.fill('#dialog-leaves_by', 'ferry')
    await page.keyboard.press('Enter')
    await closed(page)
    await page.keyboard.press('F8')
    await page.fill('#find-name', 'foreign specimen')
    await page.keyboard.press('Enter')
    await page.locator('#found article').waitFor()
    expect(await page.locator('#found').innerText()).toContain('Macao')
    await page.getByRole('button', { name: /^Erase/ }).click()
    await confirm(page)
    await page.locator('#dialog-message', { hasText: /The law asks to keep this register.*\d{4}/ }).waitFor()
    await accessible(page)
    await picture(page, 'desk-kept-by-law')
    await page.keyboard.press('Escape')
    await closed(page)
    expect(unexpected()).toEqual([])
    await page.context().close()
  })

  test('Macao writes of a resident that they are one, and nothing more', async () => {
    const { page, unexpected } = await counter('specimen-hotel-macao')
    await page.selectOption('#language', 'pt')
    await byCard(page, 1, { region: 'MAC', name: 'SPECIMEN, LEI', room: '9' })
    await registerAll(page)
    await page.locator('#lines .result', { hasText: 'Nome: não se pede a este hóspede' }).waitFor()
    await registerAll(page)
    await said(page, 'Registados: 1')
    await row(page, 'MAC').getByRole('link', { name: /^Ficha/ }).click()
    await page.locator('#found article').waitFor()
    expect(await page.locator('#found table').first().innerText()).not.toContain('LEI')
    await picture(page, 'desk-macao-resident')
    expect(unexpected()).toEqual([])
    await page.context().close()
  })

  test('a visitor is let in by hand where the door\'s board is away, and the page says which door it is', async () => {
    const { page, unexpected } = await counter('specimen-tower-shenzhen')
    await byCard(page, 1, { name: 'Specimen Porter', document: 'hkid' })
    await page.fill('#plan-host', 'Stores')
    await page.fill('#plan-zones', 'B1')
    await registerAll(page)
    await row(page, 'Specimen Porter').getByRole('button', { name: /^Expected/ }).click()
    await row(page, 'Specimen Porter').getByRole('button', { name: 'Let in: B1, Specimen Porter' }).click()
    await said(page, "The door's board cannot be reached")
    expect(await row(page, 'Specimen Porter').innerText()).toContain('Outside')
    const byHand = row(page, 'Specimen Porter').getByRole('button', { name: 'Let in by hand: B1, Specimen Porter' })
    await byHand.waitFor()
    expect(await page.locator('#health').innerText()).toContain("goods lift: The door's board cannot be reached")
    await screens(page, 'door-away')
    await byHand.click()
    await row(page, 'Specimen Porter').filter({ hasText: 'Inside' }).waitFor()
    await row(page, 'Specimen Porter').getByRole('button', { name: /^Let out/ }).click()
    await row(page, 'Specimen Porter').filter({ hasText: 'Outside' }).waitFor()
    expect(unexpected().filter((fault) => !/status of 503/.test(fault))).toEqual([])
  })

  test('a host invites, the visitor without a phone arrives by card, wears a badge, goes in and out', async () => {
    const { page, unexpected } = await counter('specimen-tower-shenzhen')
    await page.click('#to-invitations')
    await page.fill('#invite-host', 'Lab West')
    await page.fill('#invite-zones', '12F, Lab_West')
    await page.click('#invite-now')
    await said(page, /cannot be read/)
    await page.fill('#invite-zones', '12F，13F')
    await page.fill('#invite-name', 'Specimen Visitor')
    // From an hour ago, so that they may arrive now.
    const local = (hours: number) => new Date(Date.now() + (8 + hours) * 3_600_000).toISOString().slice(0, 16)
    await page.fill('#invite-from', local(-1))
    await page.fill('#invite-ends', local(-2))
    await page.click('#invite-now')
    await said(page, 'ends after it begins')
    await page.fill('#invite-ends', local(3))
    await page.click('#invite-now')
    await page.locator('#invited').waitFor()
    const code = await page.locator('#invited-code').innerText()
    expect(code).toMatch(/^[0-9A-F]{4}-[0-9A-F]{4}$/)
    for (const [language, word] of [['zh-Hans', '邀请您'], ['zh-Hant', '邀請您'], ['pt', 'convida-o'], ['en', 'invites you']] as const) {
      await page.selectOption('#invited-language', language)
      const mail = await page.locator('#invited-mail').inputValue()
      expect(mail).toContain(word)
      expect(mail).toContain(code)
      expect(mail).not.toMatch(/\{\w+\}/)
      // Whoever got it opens the link on their phone: the code stands there as a symbol, in the e-mail's language, and nobody's name.
      const visitor = await page.context().browser()!.newPage({ viewport: { width: 390, height: 844 } })
      const opened = await visitor.goto(/http\S+\/invitations\/\S+/.exec(mail)![0])
      expect([opened!.status(), await visitor.locator('html').getAttribute('lang')]).toEqual([200, language])
      const shown = await visitor.locator('body').innerText()
      expect(shown).toContain(code)
      expect(shown).not.toMatch(/Specimen Visitor|Lab West/)
      await accessible(visitor)
      if (language === 'en') {
        await picture(visitor, 'desk-invited')
        const shot = await visitor.locator('figure svg').screenshot({ scale: 'css' })
        expect(await symbol(page, `data:image/png;base64,${shot.toString('base64')}`)).toBe(code)
      }
      await visitor.close()
    }
    await screens(page, 'invitation')
    // One who comes again and again.
    await page.fill('#invite-host', 'Cleaning')
    await page.fill('#invite-name', 'Specimen Recurring')
    await page.fill('#invite-zones', '1F')
    await page.fill('#invite-from', local(-1))
    await page.fill('#invite-ends', local(24 * 90))
    await page.check('#invite-recurring')
    await page.click('#invite-now')
    await page.waitForFunction((old) => document.querySelector('#invited-code')!.textContent !== old, code)

    await page.click('#to-counter')
    await page.fill('#find-visit', code)
    await row(page, 'Specimen Visitor').waitFor()
    expect(await page.locator('#book-rows tr').count()).toBe(1)
    await byCard(page, 1, { name: 'Specimen Visitor', document: 'hkid' })
    await page.check('#line-1-help')
    await page.click('#refresh')
    await row(page, 'Specimen Visitor').getByRole('button', { name: /^Has arrived/ }).click()
    await said(page, /Badge \d{6}/)
    await row(page, 'Specimen Visitor').getByRole('button', { name: /^Badge: / }).click()
    await page.locator('#badge-dialog').waitFor()
    const badge = await page.locator('.badge').innerText()
    expect(badge).toMatch(/\d{6}/)
    expect(badge).toContain('Lab West')
    expect(badge).toContain('12F, 13F')
    await accessible(page)
    await picture(page, 'desk-badge')
    await page.emulateMedia({ media: 'print' })
    expect(await page.locator('main').isVisible()).toBe(false)
    await picture(page, 'desk-badge-print')
    await page.emulateMedia({ media: null })
    await page.keyboard.press('Escape')
    await row(page, 'Specimen Visitor').getByRole('link', { name: /^Record/ }).click()
    await page.getByRole('button', { name: /^Correct/ }).click()
    await page.fill('#dialog-name', 'Specimen Guest')
    await page.keyboard.press('Enter')
    await closed(page)
    await page.locator('#found h3', { hasText: 'Specimen Guest' }).waitFor()
    await page.click('#to-counter')
    await page.fill('#find-visit', '')
    await row(page, 'Specimen Guest').getByRole('button', { name: /^Let in: 12F/ }).click()
    await row(page, 'Inside · 12F').waitFor()

    // Somebody whom nobody expects hears no reason.
    await byCard(page, 1, { name: 'Specimen Stranger', document: 'hkid' })
    await page.fill('#plan-host', 'Nobody')
    await page.fill('#plan-zones', '9F')
    await registerAll(page)
    await said(page, 'Ask the host')
    await row(page, 'Specimen Stranger').getByRole('button', { name: /^Not expected/ }).click()
    await said(page, 'Not expected; please ask at reception.')
    await until('the register of open visits', async () => await row(page, 'Specimen Stranger').count() === 0, 10)
    await page.check('#show-ended')
    await row(page, 'Specimen Stranger').waitFor()
    await screens(page, 'visitors')
    expect(unexpected()).toEqual([])
    await page.context().close()
  })

  test('the evacuation list stays when the desk is away, keeps marks, and sends them when it is back', async () => {
    const venue = 'specimen-tower-shenzhen'
    const phone = await desks.signIn(browser, venue, { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 })
    const { page } = phone
    await page.click('#evacuation')
    await page.locator('.zone li').waitFor()
    expect(await page.locator('.zone').innerText()).toContain('Needs help on stairs')
    expect(await page.locator('#evacuation-figures').innerText()).toBe('Inside 1 · safe 0 · missing 0 · not accounted for 1 · need help 1')
    await screens(page, 'evacuation-phone')
    await desks.end(venue)
    await page.getByRole('button', { name: 'Safe: Specimen Guest' }).tap()
    await page.locator('#evacuation-away', { hasText: 'The desk\'s program cannot be reached. This is the list of' }).waitFor()
    expect(await page.locator('#evacuation-waiting').innerText()).toBe('Marks that wait to be sent: 1')
    expect(await page.locator('#evacuation-figures').innerText()).toContain('safe 1')
    await screens(page, 'evacuation-away')
    // The program starts anew, and so does every session: the list stays on the screen while the warden signs in again.
    await desks.start(venue)
    await page.locator('#sign-in').waitFor({ timeout: 20_000 })
    expect(await page.locator('.zone li').isVisible()).toBe(true)
    await enter(page, desks.secret(venue))
    await page.locator('#evacuation-waiting').waitFor({ state: 'hidden' })
    const other = await desks.signIn(browser, venue)
    await other.page.keyboard.press('F9')
    await other.page.locator('.zone .state', { hasText: 'Safe' }).waitFor()
    await other.page.check('#exercise')
    await screens(other.page, 'evacuation')
    await other.page.emulateMedia({ media: 'print' })
    expect(await other.page.locator('.box').first().innerText()).toBe('☑')
    expect(await other.page.locator('#evacuation-title').innerText()).toContain('EXERCISE')
    expect(await other.page.locator('.zone').innerText()).toContain('Staff, counted by hand')
    await picture(other.page, 'desk-evacuation-print', true)
    await other.page.emulateMedia({ media: null })
    // Out, and erased at the visitor's wish; who is inside is not.
    await other.page.keyboard.press('F8')
    await other.page.fill('#find-name', 'Specimen Guest')
    await other.page.keyboard.press('Enter')
    await other.page.locator('#found article').waitFor()
    await other.page.getByRole('button', { name: /^Erase/ }).click()
    await confirm(other.page)
    await other.page.locator('#dialog-message', { hasText: 'Let them out first' }).waitFor()
    await other.page.click('#dialog-cancel')
    await other.page.click('#to-counter')
    await row(other.page, 'Specimen Guest').getByRole('button', { name: /^Let out/ }).click()
    await row(other.page, 'Outside').first().waitFor()
    await row(other.page, 'Specimen Guest').getByRole('link', { name: /^Record/ }).click()
    await other.page.getByRole('button', { name: /^Erase/ }).click()
    await confirm(other.page)
    await said(other.page, 'Nothing is left')
    // A mark on somebody who has left is dropped, and that is said.
    await page.getByRole('button', { name: 'Missing: Specimen Guest' }).tap()
    await said(page, 'no longer on the list')
    await page.locator('#evacuation-zones', { hasText: 'No visitor is inside' }).waitFor()
    await page.context().close()
    await other.page.context().close()
  })
})
