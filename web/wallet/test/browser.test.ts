/** The life of a pass on the web wallet, in a real browser, against a running Bay. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import jsqr from 'jsqr'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readCode, readToken, tokenId } from '../../core/border.js'
import { toHex } from '../../core/bytes.js'
import { type Bay, RESIDENT, ROOT, launch, missing, openBay } from './bay.js'
import { LANGUAGES } from './languages.js'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const decode = (jsqr as unknown as { default?: typeof jsqr }).default ?? jsqr
const why = missing()
if (why) console.error(`SKIPPED: the wallet in a browser: ${why}`)
const screens = process.env['BAYPASS_SCREENS']
const PIN = '274951'

describe.skipIf(why !== undefined)('the wallet in a browser', () => {
  let browser: Browser
  let bay: Bay
  let context: BrowserContext
  let page: Page
  const wrong: string[] = []
  const hosts = new Set<string>()

  beforeAll(async () => {
    browser = await launch()
    bay = await openBay(browser)
    context = await browser.newContext({ viewport: { width: 320, height: 640 }, locale: 'en-GB', deviceScaleFactor: 2 })
    page = await context.newPage()
    page.setDefaultTimeout(15_000)
    // axe itself runs outside the page's policy: only it may.
    page.on('console', (message) => { if (message.type() === 'error') wrong.push(message.text()) })
    page.on('requestfailed', (request) => wrong.push(`${request.failure()?.errorText} ${request.url()}`))
    page.on('pageerror', (error) => wrong.push(String(error)))
    page.on('request', (request) => { if (/^https?:/.test(request.url())) hosts.add(new URL(request.url()).origin) })
  })
  afterAll(async () => {
    await browser?.close()
    await bay?.stop()
  })

  const press = (id: string) => page.locator(`#${id}`).last().click()
  const title = () => page.locator('[role=heading]').last().innerText()
  const fill = async (id: string, text: string) => page.locator(`#${id}`).last().fill(text)
  const unlock = async () => {
    await fill('pin', PIN)
    await press('unlock')
    await page.locator('#show').waitFor()
  }
  const settled = () => page.waitForTimeout(400)

  /** The text in the drawn symbol. */
  async function shown(): Promise<string> {
    for (let i = 0; i < 40; i += 1) {
      const found = await page.evaluate(() => {
        const canvas = document.querySelector<HTMLCanvasElement>('canvas#qr')
        if (!canvas || canvas.width < 100) return undefined
        const { data, width } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height)
        const dark = (x: number, y: number) => data[(y * width + x) * 4]! < 128
        // The quiet zone has four modules: it tells their size. Each is taken once, in its middle, and sent as one sign.
        let first = 0
        while (first < width && !dark(first, first)) first += 1
        const size = first / 4
        let row = ''
        for (let y = 0; y < width / size; y += 1) for (let x = 0; x < width / size; x += 1) row += dark(Math.floor((x + 0.5) * size), Math.floor((y + 0.5) * size)) ? '1' : '0'
        return { side: Math.round(width / size), row }
      })
      if (found) {
        const width = found.side * 4
        const rgba = new Uint8ClampedArray(width * width * 4).fill(255)
        for (let i = 0; i < width * width; i += 1) {
          if (found.row[Math.floor(Math.floor(i / width) / 4) * found.side + Math.floor((i % width) / 4)] === '1') rgba.fill(0, i * 4, i * 4 + 3)
        }
        const read = decode(rgba, width, width, { inversionAttempts: 'dontInvert' })
        if (read) return read.data
      }
      await page.waitForTimeout(250)
    }
    throw new Error(`no symbol on the screen: ${await page.locator('[role=main]').last().innerText()}`)
  }

  async function scan(code: string, lane: string) {
    const answer = await fetch(`${bay.gate}/v1/scans`, {
      method: 'POST', headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ lane: `shenzhen-bay/${lane}`, code, faces: [bay.face.toString('base64url')] }),
    })
    return (await answer.json()) as { passage: number | string; code: string | null; verdicts: { answer: string }[] }
  }

  async function picture(name: string) {
    if (!screens) return
    mkdirSync(join(ROOT, 'docs/screens'), { recursive: true })
    writeFileSync(join(ROOT, 'docs/screens', `${name}.png`), await page.screenshot({ scale: 'css' }))
  }

  /** Nothing wider than the screen, nothing that axe finds, nothing too small to touch. */
  async function sound(name: string) {
    await settled()
    const found = await page.evaluate(() => {
      const visible = [...document.querySelectorAll<HTMLElement>('[role=button], input')].filter((e) => e.offsetParent !== null && e.getBoundingClientRect().width > 0)
      return {
        wide: document.documentElement.scrollWidth - window.innerWidth,
        cut: [...document.querySelectorAll<HTMLElement>('uni-text, uni-view')].filter((e) => e.offsetParent !== null && e.getBoundingClientRect().right > window.innerWidth + 1).map((e) => e.className),
        small: visible.filter((e) => { const box = e.getBoundingClientRect(); return Math.min(box.width, box.height) < 44 }).map((e) => e.outerHTML.slice(0, 120)),
      }
    })
    expect(found, name).toEqual({ wide: 0, cut: [], small: [] })
    await page.evaluate(axe)
    const violations = await page.evaluate(async () => {
      const run = (window as unknown as { axe: { run(options: object): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> } }).axe.run
      return (await run({ resultTypes: ['violations'] })).violations.map(({ id, nodes }) => `${id}: ${nodes.map((n) => n.html.slice(0, 160)).join(' | ')}`)
    })
    expect(violations, name).toEqual([])
  }

  it('enrols: one question a screen, a wrong number named while it is typed', async () => {
    await page.goto(bay.wallet)
    await page.locator('#language-en').waitFor()
    await sound('language')
    await picture('en-language')
    await press('language-en')
    await sound('where')
    await press('home-HKG')
    await fill('pin', '111111')
    await press('next')
    expect(await page.locator('.fault').last().innerText()).toContain('easy to guess')
    await fill('pin', PIN)
    await press('next')
    await fill('pin', PIN)
    await press('next')
    await page.locator('#number').waitFor()
    await fill('number', 'A123456(4)')
    expect(await page.locator('.fault').last().innerText()).toContain('check digit')
    await sound('number')
    await picture('en-number')
    await fill('number', RESIDENT.id)
    expect(await page.locator('.fault').count()).toBe(0)
    await press('next')
    await page.getByText('Number of your Home Return Permit').waitFor()
    await fill('number', RESIDENT.permit)
    await press('next')
    await page.locator('#name').waitFor()
  })

  it('goes on where it was stopped, after the PIN; a wrong PIN is counted', async () => {
    await page.reload()
    await page.locator('#unlock').waitFor()
    await fill('pin', '000001')
    await press('unlock')
    await page.locator('.fault').waitFor()
    expect(await page.locator('.fault').innerText()).toContain('4 more tries')
    await sound('unlock')
    await fill('pin', PIN)
    await press('unlock')
    await page.locator('#name').waitFor()
    await fill('name', RESIDENT.name)
    await press('next')
    await fill('birth', '1990-02-30')
    await press('next')
    expect(await page.locator('.fault').last().innerText()).toContain('no such day')
    await fill('birth', RESIDENT.birth)
    await press('next')
    await page.locator('#selfie').waitFor()
    await sound('selfie')
    await picture('en-selfie')
  })

  it('takes a picture, registers at both authorities and fetches a batch', async () => {
    const [chooser] = await Promise.all([page.waitForEvent('filechooser'), press('selfie')])
    await chooser.setFiles(bay.selfie)
    await page.locator('#show').waitFor({ timeout: 60_000 })
    await page.getByText('8 codes ready').waitFor({ timeout: 60_000 })
    await sound('home')
    await picture('en-home')
  })

  it('stores nothing of the traveller in clear', async () => {
    const stored = await page.evaluate(async () => {
      let text = JSON.stringify({ ...localStorage }) + document.cookie
      for (const { name } of await indexedDB.databases()) {
        const opened = await new Promise<IDBDatabase>((resolve) => { const r = indexedDB.open(name!); r.onsuccess = () => resolve(r.result) })
        for (const store of opened.objectStoreNames) {
          const all = await new Promise<unknown[]>((resolve) => { const r = opened.transaction(store).objectStore(store).getAll(); r.onsuccess = () => resolve(r.result) })
          text += all.map((item) => item instanceof CryptoKey ? `key, extractable: ${item.extractable}` : JSON.stringify(item)).join()
        }
        opened.close()
      }
      return text
    })
    expect(stored).toContain('baypass.vault')
    expect(stored).toContain('extractable: false')
    for (const secret of [RESIDENT.name, 'CANARY', RESIDENT.birth, 'A1234563', RESIDENT.id, RESIDENT.permit, PIN, '"HKG"']) {
      for (const form of [secret, Buffer.from(secret).toString('base64').replace(/=+$/, '').slice(0, -1), Buffer.from(secret).toString('hex')]) {
        if (form.length > 3 || form === secret) expect(stored.includes(form), `${secret} as ${form}`).toBe(false)
      }
    }
  })

  let first = ''
  it('shows a code in one tap and a place, and the gate lets its holder out of Hong Kong', async () => {
    await press('show')
    await page.locator('#from-HKG').waitFor()
    await press('from-HKG')
    await press('to-CHN')
    await sound('port')
    await picture('en-port')
    await press('port-shenzhen-bay')
    await press('side-exit')
    first = await shown()
    expect(first).toMatch(/^BP1:/)
    await sound('code')
    await picture('en-code')
    expect(await scan(first, 'HKG-CHN/exit')).toMatchObject({ code: null, verdicts: [{ answer: 'admit' }] })
  })

  it('shows a new code after fifteen seconds, of the same token', async () => {
    let next = first
    for (let i = 0; i < 90 && next === first; i += 1) {
      await page.waitForTimeout(250)
      next = await shown()
    }
    const [a, b] = [readCode(first), readCode(next)]
    if (a.form !== 'full' || b.form !== 'full') throw new Error('short codes')
    expect(toHex(a.token)).toBe(toHex(b.token))
    expect(toHex(a.proof)).not.toBe(toHex(b.proof))
    expect(next).toHaveLength(first.length)
  })

  it('hides the code while it is in the background', async () => {
    const see = (state: string) => page.evaluate((state) => {
      Object.defineProperty(document, 'visibilityState', { value: state, configurable: true })
      document.dispatchEvent(new Event('visibilitychange'))
    }, state)
    await see('hidden')
    await settled()
    const width = await page.evaluate(() => document.querySelector<HTMLCanvasElement>('canvas#qr')!.width)
    // A canvas of one module, white: nothing of the symbol is left.
    const dark = await page.evaluate(() => {
      const canvas = document.querySelector<HTMLCanvasElement>('canvas#qr')!
      return canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height).data.some((value) => value < 255)
    })
    expect({ width, dark }).toEqual({ width, dark: false })
    await see('visible')
    expect(await shown()).toMatch(/^BP1:/)
  })

  it('opens, and shows a code of a fresh token that counts, without a network after the first load', async () => {
    await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined))
    await context.setOffline(true)
    let code = ''
    try {
      await page.goto(`${bay.wallet}/`)
      await page.locator('#unlock').waitFor()
      await unlock()
      await press('show')
      // The port is remembered.
      await press('side-entry')
      code = await shown()
    } finally {
      await context.setOffline(false)
    }
    const ids = [first, code].map((text) => { const read = readCode(text); return read.form === 'full' ? toHex(tokenId(readToken(read.token).deviceKey)) : '' })
    expect(ids[0]).not.toBe(ids[1])
    expect(await scan(code, 'HKG-CHN/entry')).toMatchObject({ code: null, verdicts: [{ answer: 'admit' }] })
  })

  it('a code for another lane is refused there', async () => {
    expect((await scan(first, 'HKG-CHN/exit/2')).code).not.toBeNull()
    expect((await scan(first, 'CHN-HKG/exit')).code).not.toBeNull()
  })

  it('tells the holder where he was, as his own authorities recorded it', async () => {
    await page.goto(`${bay.wallet}/`)
    await page.locator('#unlock').waitFor()
    await unlock()
    await press('history')
    await press('ask')
    await page.getByText('recorded by').first().waitFor()
    await sound('history')
    await picture('en-history')
    await press('back')
  })

  it.each([...LANGUAGES])('speaks %s on every screen, within 320 pixels, also in large text', async (language) => {
    await page.locator('#more').last().click()
    await press(`language-${language}`)
    await sound(`${language} more`)
    await picture(`${language}-more`)
    expect(await page.evaluate(() => document.documentElement.lang)).toBe(language)
    await press('large')
    await sound(`${language} more, large`)
    await press('back')
    await sound(`${language} home, large`)
    await picture(`${language}-home-large`)
    await press('show')
    await sound(`${language} port, large`)
    await press('port-shenzhen-bay')
    await sound(`${language} side, large`)
    await press('side-exit')
    await shown()
    await sound(`${language} code, large`)
    await picture(`${language}-code`)
    for (const _ of [0, 1, 2]) await press('back')
    await page.locator('#more').last().click()
    await press('large')
    await press('back')
    await sound(`${language} home`)
    await picture(`${language}-home`)
  })

  it('is readable in the dark', async () => {
    await page.emulateMedia({ colorScheme: 'dark' })
    await sound('home, dark')
    await picture('dark-home')
    await press('more')
    await sound('more, dark')
    await press('back')
    await page.emulateMedia({ colorScheme: 'light' })
  })

  it('ends the pass everywhere, and forgets it', async () => {
    await press('more')
    await press('language-en')
    await press('end')
    await press('end-yes')
    await page.locator('#home-CHN').waitFor()
    expect(await page.evaluate(() => localStorage.getItem('baypass.vault'))).toBeNull()
    expect(await title()).toContain('identity card')
  })

  it('has asked nobody but its own server and the authorities, and logged no error', () => {
    const allowed = new Set([bay.wallet, ...(bay.direct ? Object.values(bay.authorities) : [])])
    expect([...hosts].filter((host) => !allowed.has(host))).toEqual([])
    expect(wrong).toEqual([])
    if (!bay.direct) console.error('NOTE: these authorities let no page in (no --origin): the wallet reached them through its own server')
  })
})
