/** A clerk at a desk: on the counter's page, and by its API where no page is needed. */
import type { Browser, Page } from 'playwright-core'
import type { DeskServed } from './bay.js'

export class Clerk {
  private constructor(readonly page: Page) {}

  static async open(browser: Browser, desk: DeskServed): Promise<Clerk> {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, locale: 'en-GB' })
    const clerk = new Clerk(await context.newPage())
    const { page } = clerk
    page.setDefaultTimeout(20_000)
    await page.goto(desk.counter)
    await page.locator('#sign-in').waitFor()
    await page.locator('#name').fill('specimen-clerk')
    await page.locator('#secret').fill(desk.secret)
    await page.locator('#sign-in-form button').click()
    await page.locator('#new-request').waitFor()
    return clerk
  }

  /** Makes a request with F2; the text that its code has. */
  async ask(): Promise<string> {
    const made = this.page.waitForResponse((response) => response.url().endsWith('/api/requests') && response.request().method() === 'POST')
    await this.page.keyboard.press('F2')
    const { text } = (await (await made).json()) as { text: string }
    await this.page.locator('#code').waitFor()
    return text
  }

  /** What stands in the lines of guests or the visitor, once a text is there. */
  async shows(text: string): Promise<string> {
    await this.page.locator('#lines', { hasText: text }).waitFor()
    return this.page.locator('#lines').innerText()
  }

  /** What a hand scanner does: it types the text, and Enter. */
  async scan(text: string): Promise<void> {
    await this.page.locator('#scan').focus()
    await this.page.keyboard.insertText(text)
    await this.page.keyboard.press('Enter')
  }

  /** Waits until the house's book has a row with these words. */
  async lists(text: string): Promise<string> {
    const row = this.page.locator('#book-rows tr', { hasText: text })
    await row.first().waitFor()
    return row.first().innerText()
  }
}

/** The counter's API, signed in. */
export async function counterOf(desk: DeskServed) {
  const json = { 'content-type': 'application/json' }
  const post = (path: string, body: object, cookie = '') => fetch(`${desk.counter}${path}`, { method: 'POST', headers: { ...json, cookie }, body: JSON.stringify(body) })
  const session = await post('/api/session', { name: 'specimen-clerk', secret: desk.secret })
  const cookie = (session.headers.get('set-cookie') ?? '').split(';')[0]!
  return {
    ask: async () => (await (await post('/api/requests', {}, cookie)).json()) as { readonly id: string; readonly text: string },
    /** Asks a wallet of others, in these forms. */
    askOthers: async (forms: string) => (await (await post('/api/openid/requests', { forms }, cookie)).json()) as { readonly id: string; readonly link: string },
    scan: async (text: string) => (await (await post('/api/answers', { text }, cookie)).json()) as { readonly id?: string; readonly code?: string },
    answer: async (id: string) => (await (await fetch(`${desk.counter}/api/requests/${id}`, { headers: { cookie } })).json()) as { readonly state: string; readonly claims?: Record<string, string> },
  }
}
