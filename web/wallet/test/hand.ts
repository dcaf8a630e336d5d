/** A hand on the wallet: what a traveller does on its screens, and what the tests look at. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import jsqr from 'jsqr'
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core'
import { expect } from 'vitest'
import { type Bay, RESIDENT, ROOT } from './bay.js'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const decode = (jsqr as unknown as { default?: typeof jsqr }).default ?? jsqr
/** Pictures of every main screen in every language: kept by the CI, never committed. */
const ARTEFACTS = join(ROOT, 'web/wallet/dist/screens')
/** Those that stand in the documentation: written anew with `BAYPASS_SCREENS=keep`. */
const KEPT = new Set([
  'en-language', 'en-where', 'en-pin', 'en-number', 'en-reading', 'en-read', 'en-selfie', 'en-home', 'en-port', 'en-code', 'en-review', 'en-family', 'en-lock-offer', 'en-unlock-by-the-phone', 'en-home-screen', 'en-cross', 'en-history', 'en-receipts', 'en-more', 'en-clock-wrong',
  'zh-Hans-home-of-a-mainland-resident', 'zh-Hans-may-not-cross', 'zh-Hant-home-normal', 'zh-Hant-code-large', 'pt-home-normal', 'pt-code-normal', 'en-register', 'en-consent-building', 'en-registered', 'en-refused', 'en-desk-code', 'en-desk-away', 'zh-Hant-consent-hotel', 'en-history-with-desks', 'en-receipts-with-desks', 'en-other-cards-list', 'en-other-card-consent', 'dark-home', 'dark-code',
])
export const PIN = '274951'

export interface Scan {
  readonly passage: number | string
  readonly code: string | null
  readonly verdicts: readonly { readonly answer: string }[]
}

/** What a gate answers to a text that its scanner read. */
export async function scan(bay: Bay, code: string, lane: string): Promise<Scan> {
  const answer = await fetch(`${bay.gate}/v1/scans`, {
    method: 'POST', headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ lane: `hzmb-hkg-zhu/${lane}`, code, faces: [bay.face.toString('base64url')] }),
  })
  return (await answer.json()) as Scan
}

/** The text of a symbol, given as its modules with their quiet zone: `1` dark, `0` light, row after row. */
export function symbolText(row: string, side: number): string | undefined {
  const width = side * 4
  const rgba = new Uint8ClampedArray(width * width * 4).fill(255)
  for (let i = 0; i < width * width; i += 1) {
    if (row[Math.floor(Math.floor(i / width) / 4) * side + Math.floor((i % width) / 4)] === '1') rgba.fill(0, i * 4, i * 4 + 3)
  }
  return decode(rgba, width, width, { inversionAttempts: 'dontInvert' })?.data
}

export class Hand {
  /** What no run may leave behind: errors of the page and of its policy, requests that failed. */
  readonly wrong: string[] = []
  readonly hosts = new Set<string>()

  private constructor(readonly bay: Bay, readonly context: BrowserContext, readonly page: Page) {}

  static async open(browser: Browser, bay: Bay, options: BrowserContextOptions = {}): Promise<Hand> {
    const context = await browser.newContext({ viewport: { width: 320, height: 640 }, locale: 'en-GB', deviceScaleFactor: 2, ...options })
    return Hand.window(bay, context)
  }

  /** One more window of the same browser profile. */
  static async window(bay: Bay, context: BrowserContext): Promise<Hand> {
    const hand = new Hand(bay, context, await context.newPage())
    const { page, wrong, hosts } = hand
    page.setDefaultTimeout(15_000)
    page.on('console', (message) => { if (message.type() === 'error') wrong.push(message.text()) })
    // A page that is left, or loaded anew, ends what it was asking for: that is no fault of it.
    let leaving = false
    page.on('request', (request) => {
      if (request.isNavigationRequest() && request.frame() === page.mainFrame()) leaving = true
      if (/^https?:/.test(request.url())) hosts.add(new URL(request.url()).origin)
    })
    page.on('domcontentloaded', () => { leaving = false })
    page.on('requestfailed', (request) => {
      const fault = request.failure()?.errorText
      if (!(leaving && fault === 'net::ERR_ABORTED')) wrong.push(`${fault} ${request.url()}`)
    })
    page.on('pageerror', (error) => wrong.push(String(error)))
    return hand
  }

  press(id: string) { return this.page.locator(`#${id}`).last().click() }
  fill(id: string, text: string) { return this.page.locator(`#${id}`).last().fill(text) }
  see(id: string) { return this.page.locator(`#${id}`).last().waitFor() }
  title() { return this.page.locator('[role=heading]').last().innerText() }
  fault() { return this.page.locator('.fault, .notice.bad').last().innerText() }

  async start() {
    await this.page.goto(`${this.bay.wallet}/`)
  }

  async unlock(pin = PIN) {
    await this.fill('pin', pin)
    await this.press('unlock')
    await this.home()
  }

  /** To the pass, from wherever: after unlocking the code of the likely crossing may stand before it. */
  async home() {
    for (let i = 0; i < 4; i += 1) {
      await this.page.locator('#show, #back').filter({ visible: true }).last().waitFor()
      if (await this.page.locator('#show').last().isVisible()) return
      await this.press('back')
      await this.page.waitForTimeout(100)
    }
    await this.see('show')
  }

  async pin(pin = PIN) {
    await this.fill('pin', pin)
    await this.press('next')
    await this.page.waitForFunction(() => document.querySelector<HTMLInputElement>('#pin')?.value === '')
    await this.fill('pin', pin)
    await this.press('next')
    await this.see('number')
  }

  /** From the first number to the picture. */
  async documents(who = RESIDENT) {
    await this.see('number')
    await this.fill('number', who.id)
    await this.press('next')
    await this.see('skip')
    await this.fill('number', who.permit)
    await this.press('next')
    await this.see('name')
    await this.fill('name', who.name)
    await this.press('next')
    await this.see('birth')
    await this.fill('birth', who.birth)
    await this.press('next')
    await this.code(who)
    await this.see('selfie')
  }

  /** The codes of the offices. */
  async code(who: { readonly id: string; readonly permit?: string } = RESIDENT) {
    await this.see('invitation')
    await this.fill('invitation', await this.bay.invite(who))
    await this.press('next')
    await this.reviewed()
  }

  /** Everything was looked through once more. */
  async reviewed() {
    await this.see('review')
    await this.press('next')
  }

  async selfie(picture = this.bay.selfie) {
    const [chooser] = await Promise.all([this.page.waitForEvent('filechooser'), this.press('selfie-file')])
    await chooser.setFiles(picture)
  }

  /** The whole enrolment, up to a full batch. */
  async enrol() {
    await this.start()
    await this.press('language-en')
    await this.press('home-HKG')
    await this.pin()
    await this.documents()
    await this.selfie()
    await this.codes(8)
  }

  /** From the pass to that of a child with an identity card alone, up to a full batch or what comes of it. */
  async addChild(child: { readonly id: string; readonly name: string; readonly birth: string }, picture: string, codes = 8) {
    await this.press('more')
    await this.press('add')
    await this.press('home-HKG')
    await this.see('number')
    await this.fill('number', child.id)
    await this.press('next')
    await this.press('skip')
    for (const step of ['name', 'birth'] as const) {
      await this.see(step)
      await this.fill(step, child[step])
      await this.press('next')
    }
    await this.code(child)
    await this.see('selfie')
    await this.selfie(picture)
    await this.codes(codes)
  }

  /**
   * Waits for so many codes on the pass. Each of `glances` may have cost one: a code that stood there by itself after unlocking is given back
   * within three seconds, and a busy machine may take longer to leave it.
   */
  async codes(count: number, glances = 0) {
    const some = Array.from({ length: glances + 1 }, (_, less) => `#left[data-codes="${count - less}"]`)
    await this.page.locator(some.join()).last().waitFor()
  }

  /** From the pass to a code at a lane of the Hong Kong-Zhuhai Bridge, from Hong Kong to the mainland. */
  async lane(side: 'exit' | 'entry') {
    await this.press('show')
    await this.page.locator('#from-HKG, #other').filter({ visible: true }).last().waitFor()
    if (await this.page.locator('#from-HKG').filter({ visible: true }).count() > 0) {
      await this.press('from-HKG')
      await this.press('to-CHN')
      await this.press('port-hzmb-hkg-zhu')
    } else if ((await this.page.locator('.way').last().innerText()).startsWith('Mainland')) {
      await this.press('swap')
      await this.page.locator('.way', { hasText: /^Hong Kong/ }).last().waitFor()
    }
    await this.see('other')
    const turn = this.page.locator(`#side-${side}`).filter({ visible: true })
    if (await turn.count() > 0) {
      await turn.click()
      await turn.waitFor({ state: 'detached' })
    }
  }

  /** The text in the drawn symbol. */
  async shown(): Promise<string> {
    for (let i = 0; i < 40; i += 1) {
      const found = await this.page.evaluate(() => {
        const canvas = document.querySelector<HTMLCanvasElement>('canvas#qr')
        if (!canvas || canvas.width < 100) return undefined
        const { data, width } = canvas.getContext('2d', { willReadFrequently: true })!.getImageData(0, 0, canvas.width, canvas.height)
        const dark = (x: number, y: number) => data[(y * width + x) * 4]! < 128
        // The quiet zone has four modules: it tells their size. Each is taken once, in its middle, and sent as one sign.
        let first = 0
        while (first < width && !dark(first, first)) first += 1
        const size = first / 4
        let row = ''
        for (let y = 0; y < width / size; y += 1) for (let x = 0; x < width / size; x += 1) row += dark(Math.floor((x + 0.5) * size), Math.floor((y + 0.5) * size)) ? '1' : '0'
        return { side: Math.round(width / size), row }
      })
      const text = found && symbolText(found.row, found.side)
      if (text) return text
      await this.page.waitForTimeout(250)
    }
    throw new Error(`no symbol on the screen: ${await this.page.locator('[role=main]').last().innerText()}`)
  }

  /** Everything that this browser keeps for the wallet, as text. */
  stored(): Promise<string> {
    return this.page.evaluate(async () => {
      let text = JSON.stringify({ ...localStorage }) + JSON.stringify({ ...sessionStorage }) + document.cookie
      for (const { name } of await indexedDB.databases()) {
        const opened = await new Promise<IDBDatabase>((resolve) => { const r = indexedDB.open(name!); r.onsuccess = () => resolve(r.result) })
        for (const store of opened.objectStoreNames) {
          const all = await new Promise<unknown[]>((resolve) => { const r = opened.transaction(store).objectStore(store).getAll(); r.onsuccess = () => resolve(r.result) })
          text += all.map((item) => item instanceof CryptoKey ? `key, extractable: ${item.extractable}` : JSON.stringify(item)).join()
        }
        opened.close()
      }
      for (const name of await caches.keys()) for (const request of await (await caches.open(name)).keys()) text += ` ${name} ${request.url}`
      return text
    })
  }

  async picture(name: string) {
    mkdirSync(ARTEFACTS, { recursive: true })
    const kept = process.env['BAYPASS_SCREENS'] === 'keep' && KEPT.has(name)
    await this.page.evaluate((kept) => {
      window.scrollTo(0, 0)
      // The face of a sample is nobody's who asked to stand in the documentation.
      if (kept) document.querySelectorAll<HTMLElement>('#portrait').forEach((face) => { face.style.visibility = 'hidden' })
    }, kept)
    const png = await this.page.screenshot({ scale: 'css' })
    await this.page.evaluate(() => document.querySelectorAll<HTMLElement>('#portrait').forEach((face) => { face.style.visibility = '' }))
    writeFileSync(join(ARTEFACTS, `${name}.png`), png)
    if (kept) writeFileSync(join(ROOT, 'docs/screens', `wallet-${name}.png`), png)
  }

  /** Nothing wider than the screen, nothing cut or laid over something else, nothing too small to touch, nothing that axe finds. */
  async sound(name: string) {
    await this.page.waitForTimeout(150)
    const found = await this.page.evaluate(() => {
      const seen = (e: HTMLElement) => e.offsetParent !== null && e.getBoundingClientRect().width > 1
      const touched = [...document.querySelectorAll<HTMLElement>('[role=button], input')].filter(seen)
      const texts = [...document.querySelectorAll<HTMLElement>('uni-text:not(.unseen), [role=heading]')].filter(seen)
      const cross = (a: DOMRect, b: DOMRect) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 1
      const over: string[] = []
      // A full-width bracket at the end of a line hangs out by the blank half of its square: that is no text cut off.
      texts.forEach((a, i) => texts.slice(i + 1).forEach((b) => { if (!a.contains(b) && !b.contains(a) && cross(a.getBoundingClientRect(), b.getBoundingClientRect())) over.push(`${a.innerText} / ${b.innerText}`) }))
      return {
        wide: document.documentElement.scrollWidth - window.innerWidth,
        cut: [...document.querySelectorAll<HTMLElement>('uni-text, uni-view')].filter((e) => seen(e) && (e.getBoundingClientRect().right > window.innerWidth + 1 || e.scrollWidth > e.clientWidth + 10 && e.matches('uni-text'))).map((e) => `${e.className}: ${e.innerText}`),
        small: touched.filter((e) => { const box = e.getBoundingClientRect(); return Math.min(box.width, box.height) < 44 }).map((e) => e.outerHTML.slice(0, 120)),
        tiny: texts.filter((e) => parseFloat(getComputedStyle(e).fontSize) < (e.matches('.tick') ? 13 : 14)).map((e) => e.innerText),
        over,
      }
    })
    expect(found, name).toEqual({ wide: 0, cut: [], small: [], tiny: [], over: [] })
    await this.page.evaluate(axe)
    const violations = await this.page.evaluate(async () => {
      const run = (window as unknown as { axe: { run(options: object): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> } }).axe.run
      return (await run({ resultTypes: ['violations'] })).violations.map(({ id, nodes }) => `${id}: ${nodes.map((n) => n.html.slice(0, 160)).join(' | ')}`)
    })
    expect(violations, name).toEqual([])
    await this.picture(name.replace(/[^\w-]+/g, '-'))
  }
}

/** Keeps what a page asks of its camera (`wanted`) and is given of it (`streams`). */
export const watchCamera = (one: Hand) => one.page.addInitScript(() => {
  const kept = Object.assign(window, { streams: [] as MediaStream[], wanted: undefined as unknown })
  // Where the page is not served securely there are none.
  const devices = navigator.mediaDevices as MediaDevices | undefined
  const open = devices?.getUserMedia.bind(devices)
  if (devices && open) devices.getUserMedia = async (wanted) => { const stream = await open(wanted); kept.streams.push(stream); kept.wanted = wanted; return stream }
})

/** How each track of these streams stands. */
export const trackStates = (one: Hand) => one.page.evaluate(() => (window as unknown as { streams: MediaStream[] }).streams.flatMap((stream) => stream.getTracks().map((track) => track.readyState)))
