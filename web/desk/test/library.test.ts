/**
 * A library's self-service desk in a real browser: readers with the pass and with the library's card, a library's system that loses answers
 * and goes away, a screen that ends by itself and leaves nothing; and what staff see of it at the counter.
 */
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { skip } from '../../core/test/skip'
import { type Opened, type Resident, MODELS, accessible, launch, missing, openBay, openPage, picture, program, until } from '../../kiosk/test/bay'
import { type Desks, serveDesks } from './desks'
import { type StandIn, openStandIn } from './stand-in'

const skipped = skip("a library's self-service desk in a browser", missing())

const VENUE = 'specimen-library-shenzhen'
type Library = typeof VENUE
const PASSWORD = '1234'
const LANGUAGES = ['zh-Hans', 'zh-Hant', 'pt', 'en'] as const
const SIZES = [{ width: 1080, height: 1920 }, { width: 1024, height: 768 }]

/** What stands on the shelves: specimens, as everything here. */
const BOOKS = {
  L1001: 'The Water Margin (specimen)',
  L1002: 'Dream of the Red Chamber (specimen)',
  L1003: 'Journey to the West (specimen)',
  L1004: 'Peregrinação (espécime)',
  L1005: '鏡花緣（樣本）',
  L1006: 'The Scholars (specimen)',
  L1007: 'Tales of the Strange (specimen)',
}

/** Nothing is cut off, nothing is wider than the screen, nothing is too small for a finger or for eyes of eighty. */
async function fits(page: Page, where: string): Promise<void> {
  const found = await page.evaluate(() => {
    const seen = (one: HTMLElement) => one.offsetParent !== null
    const all = [...document.querySelectorAll<HTMLElement>('body *')].filter(seen)
    const name = (one: HTMLElement) => `${one.tagName}#${one.id} ${(one.textContent ?? '').slice(0, 40)}`
    const words = all.filter((one) => [...one.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.textContent!.trim() !== ''))
    return {
      wide: document.documentElement.scrollWidth - window.innerWidth,
      low: all.filter((one) => one.matches('button, input') && one.getBoundingClientRect().height < 48).map(name),
      small: words.filter((one) => parseFloat(getComputedStyle(one).fontSize) < 20).map(name),
      cut: words.filter((one) => one.scrollWidth > one.clientWidth + 1 && getComputedStyle(one).display !== 'inline').map(name),
      untold: words.filter((one) => /^[a-z_]+\.[a-z_]+$/.test(one.textContent ?? '') || /\{\w+\}/.test(one.textContent ?? '')).map(name),
    }
  })
  expect(found, where).toEqual({ wide: expect.toSatisfy((wide: number) => wide <= 0), low: [], small: [], cut: [], untold: [] })
}

/** The screens of which the documentation has a picture. */
const PICTURES = ['welcome', 'borrowed', 'account', 'card', 'ended', 'away']

/** Shows a screen in each language and at both sizes, and holds each to that and to axe-core. */
async function screens(page: Page, name: string): Promise<void> {
  for (const size of SIZES) {
    await page.setViewportSize(size)
    for (const language of LANGUAGES) {
      await page.click(`#languages button[lang="${language}"]`)
      await page.waitForFunction((one) => document.documentElement.lang === one, language)
      await fits(page, `${name} ${language} ${size.width}`)
      await accessible(page)
    }
    if (PICTURES.includes(name) && size.width === 1024) await picture(page, `library-${name}`)
    if (name === 'welcome' && size.width === 1080) await picture(page, 'library-welcome-tall')
  }
}

const onScreen = (page: Page, name: string) => page.locator(`body[data-screen="${name}"]`).waitFor({ timeout: 20_000 })
const press = (page: Page, key: string) => page.locator('#choices button', { hasText: key }).click()
/** What a hand scanner does: it types wherever the cursor stands, and Enter. */
async function scan(page: Page, text: string): Promise<void> {
  await page.keyboard.type(text)
  await page.keyboard.press('Enter')
}
const row = (page: Page, text: string) => page.locator('main > section:not([hidden]) .rows > li', { hasText: text })
const state = (page: Page, text: string, of: string) => page.locator(`main > section:not([hidden]) .rows > li.${of}`, { hasText: text }).waitFor({ timeout: 30_000 })

/** Nothing of these texts is left: not in the document, not in a field, not in what the browser keeps. */
async function isForgotten(page: Page, texts: readonly string[]): Promise<void> {
  const kept = await page.evaluate(async () => {
    const fields = [...document.querySelectorAll('input')].map((one) => one.value)
    const stored = [localStorage, sessionStorage].map((one) => JSON.stringify({ ...one }))
    const databases = (await indexedDB.databases()).map(({ name }) => name)
    const caches = await window.caches.keys()
    return JSON.stringify({ document: document.documentElement.outerHTML, fields, stored, databases, caches, address: location.href, entries: history.length, state: history.state, cookie: document.cookie })
  })
  for (const text of texts) expect(kept, `still there: ${text}`).not.toContain(text)
}

describe.skipIf(skipped)("a library's self-service desk", () => {
  let browser: Browser
  let opened: Opened
  let library: StandIn
  let desks: Desks<Library>
  beforeAll(async () => {
    browser = await launch()
    opened = await openBay(browser, 2)
    library = await openStandIn(join(opened.bay.folder, 'venues', VENUE))
    for (const [item, title] of Object.entries(BOOKS)) await library.say(`item ${item} ${title}`)
    desks = await serveDesks(opened.bay.folder, [VENUE])
    await opened.bay.endAuthorities()
  })
  afterAll(async () => {
    await desks?.stop()
    await library?.stop()
    await opened?.bay.stop()
    await browser?.close()
  })

  /** A desk that staff have opened for readers, with a clock that the test moves. */
  async function openDesk(): Promise<{ page: Page; unexpected(): string[] }> {
    const context = await browser.newContext({ viewport: { width: 1024, height: 768 }, locale: 'en-GB' })
    await context.clock.install()
    const { page, faults } = await openPage(context, `${desks.address(VENUE)}/self-service`)
    page.setDefaultTimeout(20_000)
    await onScreen(page, 'sign-in')
    await page.fill('#name', 'desk-1')
    await page.fill('#secret', desks.secret(VENUE))
    await page.keyboard.press('Enter')
    await onScreen(page, 'welcome')
    return { page, unexpected: () => faults.filter((fault) => !/status of [45]\d\d/.test(fault)) }
  }

  /** The reader's phone answers the request that a press brings to the screen. */
  async function byPass(page: Page, choice: string, resident: Resident): Promise<void> {
    const [asked] = await Promise.all([page.waitForResponse((one) => one.url().endsWith('/api/requests') && one.request().method() === 'POST'), press(page, choice)])
    const { text } = await asked.json() as { text: string }
    await onScreen(page, 'ask')
    answer(resident, text)
  }

  const answer = (resident: Resident, request: string) => void execFileSync(program(), ['wallet', 'register', '--dir', opened.bay.folder, '--resident', resident.number, '--request', request, '--yes'], { env: { ...process.env, BAYPASS_MODELS: MODELS } })

  /** The number of a card that the library issued; its readers have one password here. */
  const card = () => library.say('patron')

  async function byCard(page: Page, card: string, password = PASSWORD): Promise<void> {
    await press(page, 'Library card')
    await onScreen(page, 'card')
    await scan(page, card)
    await page.keyboard.type(password)
    await page.keyboard.press('Enter')
  }

  test('staff open it once, and it welcomes in four languages', async () => {
    const context = await browser.newContext({ viewport: { width: 1024, height: 768 }, locale: 'pt-PT' })
    const { page, faults } = await openPage(context, `${desks.address(VENUE)}/self-service`)
    await onScreen(page, 'sign-in')
    expect(await page.locator('html').getAttribute('lang')).toBe('pt')
    await screens(page, 'sign-in')
    await page.fill('#name', 'desk-1')
    await page.fill('#secret', 'guessed')
    await page.keyboard.press('Enter')
    await page.locator('#message', { hasText: 'Sign in again' }).waitFor()
    await page.fill('#secret', desks.secret(VENUE))
    await page.keyboard.press('Enter')
    await onScreen(page, 'welcome')
    await screens(page, 'welcome')
    await page.emulateMedia({ colorScheme: 'dark' })
    await accessible(page)
    await picture(page, 'library-welcome-dark')
    // A book before anything was chosen: it is nobody's act.
    await scan(page, 'L1001')
    await page.locator('#message', { hasText: 'Please press “Borrow” or “Return” first' }).waitFor()
    // The browser is left to readers: whatever they type into its address, staff's work is not there.
    const refused = await page.evaluate(async (reader) => {
      const ask = async (method: string, path: string, body?: object) => {
        const response = await fetch(path, { method, headers: { 'content-type': 'application/json' }, ...(body ? { body: JSON.stringify(body) } : {}) })
        return `${response.status} ${((await response.json()) as { code: string }).code}`
      }
      return [
        await ask('GET', '/api/unsettled'), await ask('DELETE', `/api/unsettled/${reader}`), await ask('GET', '/api/health'), await ask('GET', '/api/answers'),
        await ask('POST', `/api/readers/${reader}/payments`, { id: reader, amount: '1.00', currency: 'MOP', how: 'cash' }),
      ]
    }, '0'.repeat(32))
    expect(refused).toEqual(Array(5).fill('403 self_service'))
    await page.goto(desks.address(VENUE))
    await page.locator('#sign-in').waitFor()
    expect(await page.locator('#views').isHidden()).toBe(true)
    await page.goto(`${desks.address(VENUE)}/self-service`)
    await onScreen(page, 'welcome')
    expect(faults.filter((fault) => !/status of 40[13]/.test(fault))).toEqual([])
    await context.close()
  })

  test('a first visit by pass opens an account; two books are borrowed, one renewed, fees shown, and a receipt names nobody', async () => {
    const { page, unexpected } = await openDesk()
    await page.evaluate(() => { window.print = () => { document.title = 'printed' } })
    const [asked] = await Promise.all([page.waitForResponse((one) => one.url().endsWith('/api/requests') && one.request().method() === 'POST'), press(page, 'Borrow')])
    const { text } = await asked.json() as { text: string }
    await onScreen(page, 'ask')
    await screens(page, 'ask')
    answer(opened.residents[0]!, text)
    await onScreen(page, 'borrow')
    await page.locator('#borrow', { hasText: 'Your account at this library is open' }).waitFor()
    await scan(page, 'L1001')
    await state(page, BOOKS.L1001, 'done')
    expect(await row(page, BOOKS.L1001).innerText()).toMatch(/Due back: \d+ \w+ \d{4}[^]*Lent to you\. Please take it\./)
    // Typed by hand, where a barcode is worn.
    await page.fill('#item', 'L1002')
    await page.keyboard.press('Enter')
    await state(page, BOOKS.L1002, 'done')
    await scan(page, 'L1001')
    await page.locator('#borrowed li', { hasText: 'You have this book already' }).waitFor()
    await screens(page, 'borrowed')
    const lent = JSON.parse(await library.say('loans')) as Record<string, string>
    expect(lent).toEqual({ L1001: 'R00001', L1002: 'R00001' })

    await library.say('fine R00001 250')
    await page.click('#to-loans')
    await onScreen(page, 'loans')
    await page.locator('#charged', { hasText: '2.50' }).waitFor()
    expect(await page.locator('#charged').innerText()).toContain('2 in all')
    await page.getByRole('button', { name: `Renew: ${BOOKS.L1001}` }).click()
    await page.locator('#charged li.done', { hasText: BOOKS.L1001 }).waitFor()
    await screens(page, 'account')
    await page.click('#renew-all')
    await until('both to be renewed', async () => await page.locator('#charged li.done').count() === 2, 20)

    await page.click('#to-receipt')
    await onScreen(page, 'receipt')
    const receipt = await page.locator('#receipt').innerText()
    for (const title of [BOOKS.L1001, BOOKS.L1002]) expect(receipt).toContain(title)
    expect(receipt).toMatch(/Due back: \d+ \w+ \d{4}/)
    for (const secret of ['R00001', 'LEONG', 'SPECIMEN']) expect(receipt).not.toContain(secret)
    await screens(page, 'receipt')
    await page.click('#receipt-print')
    expect(await page.title()).toBe('printed')
    await page.emulateMedia({ media: 'print' })
    expect(await page.locator('footer').isVisible()).toBe(false)
    expect(await page.locator('#receipt').isVisible()).toBe(true)
    await page.setViewportSize({ width: 320, height: 600 })
    await picture(page, 'library-receipt-print', true)
    await page.emulateMedia({ media: null })
    await page.click('#finish')
    await onScreen(page, 'ended')
    await screens(page, 'ended')
    await isForgotten(page, ['R00001', 'LEONG', 'Water Margin', 'Red Chamber', 'L1001', 'L1002'])
    await page.clock.fastForward(11_000)
    await onScreen(page, 'welcome')
    expect(unexpected()).toEqual([])
    await page.context().close()
  })

  test('the same wallet is the same account, sees what is overdue, and what the desk keeps; the desk forgets who asks for it', async () => {
    const { page, unexpected } = await openDesk()
    const long = new Date(Date.now() - 9 * 86_400_000).toISOString().slice(0, 10)
    await library.say(`lend L1003 R00001 ${long}`)
    await byPass(page, 'My loans', opened.residents[0]!)
    await onScreen(page, 'loans')
    expect(await page.locator('#loans').innerText()).not.toContain('Your account at this library is open')
    expect(await page.locator('#charged li').count()).toBe(3)
    expect(await row(page, BOOKS.L1003).innerText()).toContain('overdue')
    expect(await row(page, BOOKS.L1001).innerText()).not.toContain('overdue')
    expect(await page.locator('#charged').innerText()).toContain('Overdue: 1.')
    await screens(page, 'overdue')
    await page.click('#to-rights')
    await onScreen(page, 'rights')
    expect(await page.locator('#record').innerText()).toMatch(/R00001[^]*desk-1[^]*gave a copy/)
    await screens(page, 'rights')
    await page.click('#to-forget')
    await onScreen(page, 'forget')
    await screens(page, 'forget')
    await page.click('#forget-no')
    await onScreen(page, 'loans')
    await page.click('#to-rights')
    await page.click('#to-forget')
    await page.click('#forget-yes')
    await onScreen(page, 'ended')
    await page.locator('#ended-why', { hasText: 'keeps nothing about you' }).waitFor()
    await isForgotten(page, ['R00001', 'Water Margin', 'L1003'])
    await page.click('#ended .to-welcome')
    await onScreen(page, 'welcome')
    expect(unexpected()).toEqual([])
    await page.context().close()
  })

  test('anybody brings books back, without a pass', async () => {
    const { page, unexpected } = await openDesk()
    await press(page, 'Return')
    await onScreen(page, 'give-back')
    await scan(page, 'L1001')
    await state(page, BOOKS.L1001, 'done')
    await scan(page, 'NOBODYS')
    await state(page, 'NOBODYS', 'staff')
    expect(await row(page, 'NOBODYS').innerText()).toMatch(/library's staff[^]*“Unknown item”/)
    await screens(page, 'returned')
    await page.click('#to-receipt')
    await page.locator('#receipt', { hasText: BOOKS.L1001 }).waitFor()
    expect(await page.locator('#receipt').innerText()).not.toContain('NOBODYS')
    await page.click('#finish')
    await onScreen(page, 'ended')
    await isForgotten(page, ['Water Margin', 'L1001'])
    expect(JSON.parse(await library.say('loans'))).not.toHaveProperty('L1001')
    expect(unexpected()).toEqual([])
    await page.context().close()
  })

  test('without a phone: the library card and its password, with keys on the screen; a book of somebody else, one that costs, a desk that says why not', async () => {
    const { page, unexpected } = await openDesk()
    const patron = await card()
    await library.say('fee L1004 150')
    await byCard(page, patron, 'wrong')
    await page.locator('#card-state', { hasText: 'Number and password did not fit together' }).waitFor()
    expect(await page.inputValue('#card-password')).toBe('')
    await screens(page, 'card')
    await page.focus('#card-password')
    const key = (name: string) => page.locator('#keys').getByRole('button', { name, exact: true }).click()
    for (const one of ['Letters', 'a', 'Capitals', 'B']) await key(one)
    expect(await page.inputValue('#card-password')).toBe('aB')
    for (const one of ['Delete', 'Delete', 'Digits', ...PASSWORD]) await key(one)
    expect(await page.inputValue('#card-password')).toBe(PASSWORD)
    await page.locator('#card-form button[type="submit"]').click()
    await onScreen(page, 'loans')
    await page.click('#to-borrow')
    await onScreen(page, 'borrow')
    await scan(page, 'L1002')
    await state(page, BOOKS.L1002, 'refused')
    expect(await row(page, BOOKS.L1002).innerText()).toContain('with another reader')
    await scan(page, 'L1004')
    await state(page, BOOKS.L1004, 'fee')
    expect(await row(page, BOOKS.L1004).innerText()).toMatch(/costs .*1\.50/)
    await screens(page, 'fee')
    const [first] = await Promise.all([page.waitForRequest('**/loans'), page.getByRole('button', { name: /^I agree/ }).click()])
    expect(first.postDataJSON()).toMatchObject({ item: 'L1004', fee_agreed: true })
    await state(page, BOOKS.L1004, 'done')
    await library.say(`deny ${patron} YY`)
    await page.click('#to-loans')
    await page.locator('#loans', { hasText: 'Borrowing is paused on your account' }).waitFor()
    await screens(page, 'denied')
    await page.click('#to-borrow')
    await scan(page, 'L1005')
    await state(page, BOOKS.L1005, 'refused')
    // Whoever comes next waits for the end.
    await scan(page, 'BV1:1234 5678')
    await page.locator('#message', { hasText: 'The reader before has not finished' }).waitFor()
    await page.click('#finish')
    await onScreen(page, 'ended')
    await isForgotten(page, [patron, PASSWORD, 'Peregrina', 'L1004'])
    expect(unexpected()).toEqual([])
    await page.context().close()
  })

  test('the code of a pass is read by the hand scanner and by the camera, and what cannot be read is said', async () => {
    const { page, unexpected } = await openDesk()
    await scan(page, 'BV1:NOT A CODE')
    await onScreen(page, 'trouble')
    await page.locator('#trouble-why', { hasText: 'The pass could not be taken this time' }).waitFor()
    await screens(page, 'trouble')
    const [asked] = await Promise.all([page.waitForResponse((one) => one.url().endsWith('/api/requests') && one.request().method() === 'POST'), page.click('#trouble-again')])
    const { id, text } = await asked.json() as { id: string; text: string }
    // What stands in the code is the answer; here it has come on another way.
    await page.route('**/api/requests/*', (route) => route.fulfill({ json: { id, state: 'waiting' } }))
    answer(opened.residents[1]!, text)
    await page.route('**/api/answers', (route) => route.fulfill({ json: { id } }))
    await scan(page, 'BV1:6BF %X0-')
    await onScreen(page, 'borrow')
    await page.click('#finish')
    await page.context().close()

    // A browser that reads codes by itself shows a camera; others show none.
    const context = await browser.newContext({ viewport: { width: 1024, height: 768 }, locale: 'en-GB', permissions: ['camera'] })
    await context.addInitScript(() => {
      Object.assign(window, { BarcodeDetector: class {
        static getSupportedFormats = () => Promise.resolve(['qr_code', 'code_128'])
        detect = () => Promise.resolve([{ rawValue: 'L1006' }])
      } })
    })
    const seeing = await openPage(context, `${desks.address(VENUE)}/self-service`)
    await seeing.page.fill('#name', 'desk-2')
    await seeing.page.fill('#secret', desks.secret(VENUE))
    await seeing.page.keyboard.press('Enter')
    await onScreen(seeing.page, 'welcome')
    await press(seeing.page, 'Return')
    await seeing.page.locator('#give-back .camera-on').click()
    await state(seeing.page, BOOKS.L1006, 'done')
    await screens(seeing.page, 'camera')
    await seeing.page.click('#camera-off')
    expect(await seeing.page.locator('#camera').isVisible()).toBe(false)
    expect(await seeing.page.evaluate(() => (document.getElementById('camera-picture') as HTMLVideoElement).srcObject)).toBeNull()
    expect([...unexpected(), ...seeing.faults]).toEqual([])
    await context.close()
  })

  test('a loan whose answer is lost ends well: the same loan is asked after, and the book is lent once', async () => {
    const { page, unexpected } = await openDesk()
    const patron = await card()
    await byCard(page, patron)
    await onScreen(page, 'loans')
    await library.say('loses 12')
    await scan(page, 'L1006')
    await onScreen(page, 'borrow')
    await state(page, BOOKS.L1006, 'done')
    await library.say('open')
    expect(JSON.parse(await library.say('loans'))).toMatchObject({ L1006: patron })
    expect(await row(page, BOOKS.L1006).innerText()).toContain('Lent to you')
    await page.click('#finish')
    expect(unexpected()).toEqual([])
    await page.context().close()
  })

  test('a loan of which nobody knows stays at the desk; staff see it, and settle it', async () => {
    const { page, unexpected } = await openDesk()
    const patron = await card()
    await byCard(page, patron)
    await onScreen(page, 'loans')
    await page.click('#to-borrow')
    await library.say('loses-from 12')
    const ids = new Set<string>()
    page.on('request', (request) => { if (request.url().endsWith('/loans')) ids.add((request.postDataJSON() as { id: string }).id) })
    await scan(page, 'L1007')
    await state(page, 'L1007', 'open')
    expect(await row(page, 'L1007').innerText()).toContain('Please leave the book here. We are asking the library\'s system.')
    await accessible(page)
    await page.clock.fastForward(3500)
    await until('the same loan to be asked after', async () => ids.size === 1, 5)
    await page.clock.fastForward(70_000)
    await state(page, 'L1007', 'staff')
    await screens(page, 'open')
    expect(ids.size, 'one loan, one id').toBe(1)
    await page.click('#finish')
    await onScreen(page, 'ended')
    await page.locator('#ended-why', { hasText: 'One book is not settled yet' }).waitFor()
    await isForgotten(page, [patron, 'L1007'])
    await library.say('open')

    const staff = await desks.signIn(browser, VENUE)
    await staff.page.locator('#library').waitFor()
    for (const id of ['#by-card', '#party', '#book', '#to-counter', '#to-person', '#to-invitations', '#to-queues', '#evacuation']) expect(await staff.page.locator(id).isVisible(), id).toBe(false)
    await until('the desk to have asked', async () => {
      await staff.page.click('#library-refresh')
      await staff.page.waitForTimeout(500)
      return staff.page.locator('#unsettled-rows tr', { hasText: 'who was not told' }).isVisible()
    }, 90)
    const untold = staff.page.locator('#unsettled-rows tr', { hasText: patron })
    expect(await untold.innerText()).toContain(`${BOOKS.L1007} (L1007)`)
    expect(await staff.page.locator('#health').innerText()).toContain('to look at: 1')
    for (const language of LANGUAGES) {
      await staff.page.selectOption('#language', language)
      await staff.page.locator('#unsettled-rows tr', { hasText: patron }).waitFor()
      await staff.page.waitForTimeout(300)
      await accessible(staff.page)
    }
    await picture(staff.page, 'library-staff', true)
    await untold.getByRole('button', { name: /^Settled/ }).click()
    await staff.page.locator('#message', { hasText: 'Noted as settled' }).waitFor()
    await staff.page.locator('#unsettled-rows', { hasText: 'Nothing has to be looked at' }).waitFor()
    expect(await staff.page.locator('#health').innerText()).toBe('')
    expect([...unexpected(), ...staff.faults]).toEqual([])
    await staff.page.context().close()
    await page.context().close()
  })

  test('a reader pays at the counter, by card and by pass', async () => {
    const patron = await card()
    await library.say(`fine ${patron} 400`)
    const { page, faults } = await desks.signIn(browser, VENUE)
    await page.fill('#reader-card', patron)
    await page.fill('#reader-password', 'no')
    await page.keyboard.press('Enter')
    await page.locator('#message', { hasText: 'do not fit together' }).waitFor()
    await page.fill('#reader-password', PASSWORD)
    await page.keyboard.press('Enter')
    await page.locator('#reader-account', { hasText: '4.00 MOP' }).waitFor()
    expect(await page.inputValue('#pay-amount')).toBe('4.00')
    await page.fill('#pay-amount', 'much')
    await page.keyboard.press('Enter')
    await page.locator('#message', { hasText: 'Amount: cannot be read' }).waitFor()
    await page.fill('#pay-amount', '9.00')
    await page.keyboard.press('Enter')
    await page.locator('#message', { hasText: "The library's system says no" }).waitFor()
    await page.fill('#pay-amount', '1.50')
    await page.selectOption('#pay-how', 'cash')
    await accessible(page)
    await page.keyboard.press('Tab')
    await page.locator('#pay-form button[type="submit"]').click()
    await page.locator('#message', { hasText: 'has taken the payment: 1.50 MOP' }).waitFor()
    await page.locator('#reader-account', { hasText: '2.50 MOP' }).waitFor()
    expect(await library.say(`fines ${patron}`)).toBe('250')
    await picture(page, 'library-payment')
    await page.click('#reader-gone')
    await page.locator('#pay-form').waitFor({ state: 'hidden' })
    const [asked] = await Promise.all([page.waitForResponse((one) => one.url().endsWith('/api/requests') && one.request().method() === 'POST'), page.keyboard.press('F2')])
    answer(opened.residents[0]!, (await asked.json() as { text: string }).text)
    await page.locator('#reader-account', { hasText: '2.50 MOP' }).waitFor()
    expect(faults.filter((fault) => !/status of 4\d\d/.test(fault))).toEqual([])
    await page.context().close()
  })

  test('a screen that nobody touches ends by itself after 30 seconds, with a countdown that anybody stops, and leaves nothing', async () => {
    const { page, unexpected } = await openDesk()
    const patron = await card()
    await library.say(`lend L1005 ${patron} 2030-01-01`)
    await byCard(page, patron)
    await onScreen(page, 'loans')
    await row(page, BOOKS.L1005).waitFor()
    await page.click('#languages button[lang="zh-Hant"]')
    expect(await page.locator('#countdown').isVisible()).toBe(false)
    await page.clock.fastForward(22_000)
    await page.locator('#countdown').waitFor()
    expect(await page.locator('#countdown').innerText()).toMatch(/您還在嗎[^]*[5-9] 秒/)
    await fits(page, 'countdown')
    await accessible(page)
    await picture(page, 'library-countdown')
    await page.click('#still-here')
    await page.locator('#countdown').waitFor({ state: 'hidden' })
    await page.clock.fastForward(15_000)
    expect(await page.locator('body').getAttribute('data-screen')).toBe('loans')
    await page.clock.fastForward(16_000)
    await onScreen(page, 'ended')
    await page.locator('#ended-why', { hasText: '已自動結束' }).waitFor()
    await isForgotten(page, [patron, PASSWORD, '鏡花緣', 'L1005'])
    await page.clock.fastForward(11_000)
    await onScreen(page, 'welcome')
    // The next reader finds the desk's own language.
    expect(await page.locator('html').getAttribute('lang')).toBe('en')
    await isForgotten(page, [patron, '鏡花緣', 'L1005'])
    expect(unexpected()).toEqual([])
    await page.context().close()
  })

  test("where the library's system is away the welcome says so, loans and returns are off, and on again by themselves", async () => {
    const { page, unexpected } = await openDesk()
    const patron = await card()
    await byCard(page, patron)
    await onScreen(page, 'loans')
    await page.click('#to-borrow')
    await library.say('away')
    await scan(page, 'L1001')
    await until('the desk to say so', async () => /cannot be reached|gave no answer/.test(await row(page, 'L1001').innerText()), 30)
    await page.click('#finish')
    await page.click('#ended .to-welcome')
    await onScreen(page, 'welcome')
    await page.clock.fastForward(6000)
    await page.locator('#away', { hasText: "The library's system cannot be reached at the moment" }).waitFor()
    expect(await page.locator('#choices button:not([disabled])').count()).toBe(0)
    await screens(page, 'away')
    const staff = await desks.signIn(browser, VENUE)
    await staff.page.locator('#health', { hasText: "The library's system: " }).waitFor()
    await staff.page.context().close()
    await library.say('open')
    await until('the desk to be back by itself', async () => {
      await page.clock.fastForward(6000)
      return await page.locator('#choices button:not([disabled])').count() === 4
    }, 90)
    expect(await page.locator('#away').isVisible()).toBe(false)
    expect(unexpected()).toEqual([])
    await page.context().close()
  })
})
