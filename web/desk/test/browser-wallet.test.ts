/**
 * The counter's page asks a wallet of others through the browser (Digital Credentials API): a wallet with a real credential stands behind
 * `navigator.credentials.get`, once in the place of the browser's own, and once behind it.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { skip } from '../../core/test/skip'
import { type Opened, ROOT, accessible, launch, missing, openBay, picture, program } from '../../kiosk/test/bay'
import { type Desks, enter, serveDesks } from './desks'

const skipped = skip("the counter's page and the browser's wallet", missing())

const HOTEL = 'specimen-hotel-hong-kong'
const OPENID = 'openid4vp-v1-signed'
const ISO = 'org-iso-mdoc'
const LANGUAGES = ['zh-Hans', 'zh-Hant', 'pt', 'en']

interface Way { readonly protocol: string; readonly data: unknown }

/** `crates/baypass/examples/page_wallet.rs`: an identity card in both forms, of an issuer of its own. */
class PageWallet {
  private readonly lines: AsyncIterator<string>
  private readonly child: ChildProcess

  constructor(readers: string) {
    const path = join(dirname(program()), 'examples/page_wallet')
    if (!existsSync(path)) execFileSync('cargo', ['build', '-q', '--workspace', '--bin', 'baypass', '--example', 'page_wallet'], { cwd: ROOT, stdio: ['ignore', 'ignore', 'inherit'] })
    this.child = spawn(path, [readers], { stdio: ['pipe', 'pipe', 'inherit'] })
    this.lines = createInterface({ input: this.child.stdout! })[Symbol.asyncIterator]()
  }

  private async line<T>(): Promise<T> {
    const next = await this.lines.next()
    if (next.done) throw new Error('the wallet ended')
    return JSON.parse(next.value) as T
  }

  /** The root of its issuer, in PEM. */
  issuer = async () => (await this.line<{ readonly certificate: string }>()).certificate

  /** What it gives to the page of this origin that hands this over. */
  async answer(way: Way, origin: string): Promise<Way> {
    this.child.stdin!.write(`${JSON.stringify({ ...way, origin })}\n`)
    const said = await this.line<Way & { readonly refused?: string }>()
    if (said.refused) throw new Error(`the wallet refuses: ${said.refused}`)
    return said
  }

  end(): void {
    this.child.stdin!.end()
  }
}

const said = (page: Page, text: string | RegExp) => page.locator('#message', { hasText: text }).waitFor({ timeout: 15_000 })

describe.skipIf(skipped)("the counter's page and the browser's wallet", () => {
  let browser: Browser
  let opened: Opened
  let desks: Desks<typeof HOTEL>
  let wallet: PageWallet
  beforeAll(async () => {
    browser = await launch()
    opened = await openBay(browser, 0)
    const { folder } = opened.bay
    wallet = new PageWallet(join(folder, `public/openid-reader-${HOTEL}.pem`))
    mkdirSync(join(folder, 'venues', HOTEL, 'openid'), { recursive: true })
    writeFileSync(join(folder, 'venues', HOTEL, 'openid/issuers.pem'), await wallet.issuer())
    desks = await serveDesks(folder, [HOTEL])
  })
  afterAll(async () => {
    wallet?.end()
    await desks?.stop()
    await opened?.bay.stop()
    await browser?.close()
  })

  /** A clerk's page whose browser has a wallet in the place of its own; `answers` says what that does. */
  async function counter(answers: (ways: Way[], origin: string) => Promise<Way>, options: BrowserContextOptions = {}) {
    const context = await browser.newContext({ viewport: { width: 1024, height: 768 }, locale: 'en-GB', ...options })
    await context.exposeFunction('walletAnswers', async (ways: Way[], origin: string) => {
      try {
        return await answers(ways, origin)
      } catch (error) {
        return { thrown: (error as Error).name, message: (error as Error).message }
      }
    })
    await context.addInitScript(() => {
      const asks = (window as unknown as { walletAnswers(ways: unknown, origin: string): Promise<{ thrown?: string; message: string }> }).walletAnswers
      class DigitalCredential {
        static userAgentAllowsProtocol = () => true
      }
      Object.assign(window, { DigitalCredential })
      navigator.credentials.get = async (options) => {
        const { requests } = (options as { digital: { requests: unknown } }).digital
        const answer = await asks(requests, location.origin)
        if (answer.thrown) throw new DOMException(answer.message, answer.thrown)
        return answer as unknown as Credential
      }
    })
    const page = await context.newPage()
    await page.goto(desks.address(HOTEL))
    await enter(page, desks.secret(HOTEL))
    return page
  }

  const throwing = (name: string) => () => Promise.reject(Object.assign(new Error('no'), { name }))

  /** Opens the request on the screen, and asks through the browser. */
  async function ask(page: Page): Promise<void> {
    await page.click('#new-openid')
    await page.locator('#qr').waitFor()
    await page.click('#by-browser')
  }

  /** Checks in the one guest on the screen: an answer that is used waits for no other page. */
  async function register(page: Page): Promise<void> {
    await page.locator('#line-1-room').waitFor({ timeout: 15_000 })
    expect(await page.locator('#lines').innerText()).toContain('SPECIMEN, PAGE WONG')
    // The code has gone with it, and nobody is there twice.
    expect(await page.locator('#code').isVisible()).toBe(false)
    expect(await page.locator('#line-2-room').count()).toBe(0)
    await page.fill('#line-1-room', '101')
    await page.keyboard.press('Control+Enter')
    await said(page, 'Registered: 1')
  }

  test.each([OPENID, ISO])('a guest whose wallet answers by %s stands on the screen with what it showed', async (protocol) => {
    const offered: string[][] = []
    const page = await counter(async (ways, origin) => {
      offered.push(ways.map((way) => way.protocol))
      return wallet.answer(ways.find((way) => way.protocol === protocol)!, origin)
    })
    await ask(page)
    await register(page)
    expect(offered).toEqual([[OPENID, ISO]])
    await page.context().close()
  })

  test('stays with the code and says in four languages what to do where the browser brings no answer', async () => {
    for (const [name, sentence] of [['NotAllowedError', 'The wallet was closed without an answer.'], ['NotSupportedError', 'The browser found no wallet.']] as const) {
      const page = await counter(throwing(name))
      await ask(page)
      await said(page, sentence)
      expect(await page.locator('#code').isVisible()).toBe(true)
      expect(await page.locator('#by-browser').isEnabled()).toBe(true)
      for (const language of LANGUAGES) {
        await page.selectOption('#language', language)
        await page.waitForFunction((one) => document.documentElement.lang === one, language)
        const words = await page.locator('#by-browser, #by-browser-help').allInnerTexts()
        expect(words.every((text) => text && !text.includes('by_browser')), language).toBe(true)
        await accessible(page)
      }
      await picture(page, 'desk-browser-wallet', true)
      await page.context().close()
    }
  })

  test('says why the desk refuses what came, and takes a right answer after it', async () => {
    let cheats = true
    const page = await counter(async (ways, origin) => {
      const answer = await wallet.answer(ways[0]!, origin)
      return cheats ? { ...answer, protocol: 'openid4vp-v1-unsigned' } : answer
    })
    await ask(page)
    await said(page, 'This answer of a wallet cannot be taken.')
    expect(await page.locator('#line-1-room').count()).toBe(0)
    cheats = false
    await page.click('#by-browser')
    await register(page)
    await page.context().close()
  })

  test('a request for the pass takes the place of what the browser asks, and an answer that still comes waits for the clerk', async () => {
    let answered!: () => void
    const waits = new Promise<void>((resolve) => { answered = resolve })
    const page = await counter(async (ways, origin) => {
      await waits
      return wallet.answer(ways[0]!, origin)
    })
    await ask(page)
    await page.keyboard.press('F2')
    await page.locator('#browser-wallet').waitFor({ state: 'hidden' })
    const given = page.waitForResponse('**/api/openid/page-requests/*')
    answered()
    expect((await given).status()).toBe(200)
    expect(await page.locator('#message').innerText()).toBe('')
    expect(await page.locator('#code').isVisible()).toBe(true)
    await page.context().close()
    const next = await counter(throwing('NotAllowedError'))
    await register(next)
    await next.context().close()
  })

  test('offers nothing where the browser has no such API, or opened the page under another name', async () => {
    const plain = await browser.newContext({ locale: 'en-GB' })
    await plain.addInitScript(() => { delete (window as { DigitalCredential?: unknown }).DigitalCredential })
    for (const [context, address] of [[plain, desks.address(HOTEL)], [await browser.newContext({ locale: 'en-GB' }), desks.address(HOTEL).replace('127.0.0.1', 'localhost')]] as const) {
      const page = await context.newPage()
      await page.goto(address)
      await enter(page, desks.secret(HOTEL))
      await page.click('#new-openid')
      await page.locator('#qr').waitFor()
      await page.waitForLoadState('networkidle')
      expect(await page.locator('#by-browser').isVisible(), address).toBe(false)
      await context.close()
    }
  })

  test.each([OPENID, ISO])("the browser's own API brings an answer by %s where it has a virtual wallet", async (protocol) => {
    const page = await browser.newPage({ locale: 'en-GB' })
    const cdp = await page.context().newCDPSession(page)
    await page.goto(desks.address(HOTEL))
    const takes = await page.evaluate((one) => (globalThis as unknown as { DigitalCredential?: { userAgentAllowsProtocol?(protocol: string): boolean } }).DigitalCredential?.userAgentAllowsProtocol?.(one), protocol)
    const virtual = (parameters: object) => (cdp as unknown as { send(method: string, parameters: object): Promise<void> }).send('DigitalCredentials.setVirtualWalletBehavior', parameters)
    // Chromium has the API since 141 or so, and a virtual wallet behind it later (156 has one, 148 has none): without it nothing can answer here.
    const answers = await virtual({ action: 'decline' }).then(() => true, () => false)
    if (takes === undefined || !answers) {
      console.log(`Chromium ${browser.version()} has ${takes === undefined ? 'no Digital Credentials API' : 'no virtual wallet'}: the page ${takes === undefined ? 'offers nothing of it' : 'offers its button, and nobody answers'}`)
      await enter(page, desks.secret(HOTEL))
      await page.click('#new-openid')
      await page.locator('#qr').waitFor()
      await page.waitForLoadState('networkidle')
      expect(await page.locator('#by-browser').isVisible()).toBe(takes !== undefined)
      await page.context().close()
      return
    }
    expect(takes, protocol).toBe(true)
    // The virtual wallet has its answer before the page asks.
    await page.route('**/api/openid/page-requests', async (route) => {
      const response = await route.fetch()
      const { requests } = await response.json() as { requests: Way[] }
      const { data } = await wallet.answer(requests.find((way) => way.protocol === protocol)!, new URL(page.url()).origin)
      await virtual({ action: 'respond', protocol, response: data })
      await route.fulfill({ response })
    })
    await enter(page, desks.secret(HOTEL))
    await ask(page)
    await register(page)
    await page.context().close()
  })
})
