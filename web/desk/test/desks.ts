/** Desks of an installation's specimen venues as processes, a register that refuses, and a clerk at the counter's page. */
import { type ChildProcess, spawn } from 'node:child_process'
import { appendFileSync, readFileSync } from 'node:fs'
import { type Server, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { MODELS, openPage, openPort, program, until } from '../../kiosk/test/bay'

export const VENUES = ['specimen-tower-shenzhen', 'specimen-hotel-zhuhai', 'specimen-hotel-hong-kong', 'specimen-hotel-macao'] as const
export type Venue = (typeof VENUES)[number]

/** The police's register of docs/desk.md in as much as a test needs: it refuses a guest of this name, and takes every other. */
export const REFUSED = 'SPECIMEN, REFUSED'

function register(): Promise<Server> {
  let receipts = 0
  const server = createServer((request, response) => {
    let text = ''
    request.on('data', (data: Buffer) => { text += data.toString() })
    request.on('end', () => {
      const judge = (stay: { guest?: { name?: string } }) => stay.guest?.name === REFUSED
        ? { status: 422, faults: [{ field: 'name', code: 'name_unknown', text: 'no such person' }] }
        : { status: 201, receipt: `R-${receipts += 1}` }
      const body = JSON.parse(text) as { stays?: { key: string; stay: { guest?: { name?: string } } }[]; guest?: { name?: string } }
      const answer = body.stays
        ? { status: 200, answers: body.stays.map(({ key, stay }) => ({ key, ...judge(stay) })) }
        : judge(body)
      response.writeHead(answer.status, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
    })
  })
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)))
}

export interface Desks<Venue extends string> {
  /** Where a desk's counter is. */
  address(venue: Venue): string
  /** A page on which a clerk has signed in, and what went wrong on it. */
  signIn(browser: Browser, venue: Venue, options?: BrowserContextOptions): Promise<{ page: Page; faults: string[] }>
  secret(venue: Venue): string
  end(venue: Venue): Promise<void>
  start(venue: Venue): Promise<void>
  stop(): Promise<void>
}

export async function openDesks(folder: string): Promise<Desks<Venue>> {
  const police = await register()
  const { port } = police.address() as AddressInfo
  appendFileSync(join(folder, 'venues/specimen-hotel-zhuhai/venue.toml'), `\n[police]\naddress = "http://127.0.0.1:${port}"\n`)
  // A door whose board nobody reaches; it closes a floor of its own.
  appendFileSync(join(folder, 'venues/specimen-tower-shenzhen/venue.toml'), `\n[[door]]\nname = "goods lift"\nway = "entry"\nzone = "B1"\naddress = "127.0.0.1:${await openPort()}"\ncoil = 0\nsensor = 0\npulse_millis = 500\n`)
  const desks = await serveDesks(folder, VENUES)
  return {
    ...desks,
    async stop() {
      await desks.stop()
      await new Promise((resolve) => police.close(resolve))
    },
  }
}

/** Serves the desks of these venues, each as a process, until their lists are there. */
export async function serveDesks<Venue extends string>(folder: string, venues: readonly Venue[]): Promise<Desks<Venue>> {
  const baypass = program()
  const running = new Map<Venue, ChildProcess>()
  const ports = new Map<Venue, number>()
  for (const venue of venues) ports.set(venue, await openPort())
  const address = (venue: Venue) => `http://127.0.0.1:${ports.get(venue)}`
  const start = (venue: Venue) => new Promise<void>((resolve, reject) => {
    const child = spawn(baypass, ['desk', 'serve', '--dir', folder, '--venue', venue, '--listen-counter', `127.0.0.1:${ports.get(venue)}`], { env: { ...process.env, BAYPASS_MODELS: MODELS }, stdio: ['ignore', 'pipe', 'pipe'] })
    running.set(venue, child)
    let log = ''
    child.stdout.on('data', (data: Buffer) => { if (data.toString().includes('Clerks sign in')) resolve() })
    child.stderr.on('data', (data: Buffer) => { log = (log + data.toString()).slice(-4000) })
    child.once('exit', (code) => reject(new Error(`the desk of ${venue} ended (${code}): ${log}`)))
  })
  const end = (venue: Venue) => new Promise<void>((resolve) => {
    const child = running.get(venue)
    running.delete(venue)
    if (!child || child.exitCode !== null) return resolve()
    child.removeAllListeners('exit')
    child.once('exit', () => resolve())
    child.kill('SIGTERM')
  })
  const secret = (venue: Venue) => readFileSync(join(folder, 'venues', venue, 'counter.secret'), 'utf8').trim()
  for (const venue of venues) await start(venue)
  // Lists come from the authorities soon after the start; from then on a desk works for a day by itself.
  for (const venue of venues) {
    const signed = await fetch(`${address(venue)}/api/session`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ name: 'clerk-0', secret: secret(venue) }) })
    const cookie = signed.headers.get('set-cookie')!.split(';')[0]!
    await until(`${venue} to be allowed`, async () => !(await (await fetch(`${address(venue)}/api/health`, { headers: { cookie } })).json() as { not_allowed?: string }).not_allowed)
  }
  return {
    address, start, end, secret,
    async signIn(browser, venue, options = {}) {
      const context = await browser.newContext({ viewport: { width: 1024, height: 768 }, locale: 'en-GB', acceptDownloads: true, ...options })
      const { page, faults } = await openPage(context, address(venue))
      await enter(page, secret(venue))
      return { page, faults }
    },
    async stop() {
      await Promise.all(venues.map(end))
    },
  }
}

/** Signs in by the keyboard alone. */
export async function enter(page: Page, secret: string): Promise<void> {
  await page.locator('#sign-in').waitFor()
  await page.focus('#name')
  await page.keyboard.type('clerk-1')
  await page.keyboard.press('Tab')
  await page.keyboard.type(secret)
  await page.keyboard.press('Enter')
  await page.locator('#sign-in').waitFor({ state: 'hidden' })
}
