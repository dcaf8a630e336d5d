/** A small Bay for the kiosk's tests: three authorities and the gates of one port as processes, residents, wallets, a camera. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Browser, type BrowserContext, type Page, chromium } from 'playwright-core'
import { expect } from 'vitest'

export const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
/** The documentation's pictures are made anew where it is asked for; else they only prove that they can be made. */
const SCREENS = process.env['BAYPASS_SCREENS'] ? join(ROOT, 'docs/screens') : join(tmpdir(), 'baypass-screens')
export const MODELS = process.env['BAYPASS_MODELS'] ?? join(ROOT, 'models')
const SAMPLE = join(MODELS, 'node_modules/@vladmandic/face-api/demo/sample1.jpg')
const OTHER = join(MODELS, 'node_modules/@vladmandic/face-api/demo/sample2.jpg')

export const CHROMIUM = [process.env['BAYPASS_CHROMIUM'], '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) => path !== undefined && existsSync(path))

/** Why these tests cannot be run here; `undefined` where they can. */
export function missing(): string | undefined {
  if (!CHROMIUM) return 'no Chromium on this machine (Debian: apt-get install chromium)'
  if (!existsSync(SAMPLE)) return 'no face models here (make models)'
  if (!existsSync(join(ROOT, 'web/kiosk/dist/kiosk.html'))) return 'the kiosk is not built (npm run build:kiosk)'
  if (!existsSync(binary()) && spawnSync('cargo', ['--version']).status !== 0) return 'neither BAYPASS_BIN nor cargo'
  return undefined
}

function binary(): string {
  return process.env['BAYPASS_BIN'] ?? join(process.env['CARGO_TARGET_DIR'] ?? join(ROOT, 'target'), 'debug/baypass')
}

export function program(): string {
  if (process.env['BAYPASS_BIN']) return process.env['BAYPASS_BIN']
  execFileSync('cargo', ['build', '-q', '-p', 'baypass', '--bin', 'baypass'], { cwd: ROOT, stdio: ['ignore', 'ignore', 'inherit'] })
  return binary()
}

const FLAGS = ['--no-sandbox', '--disable-gpu', '--font-render-hinting=none', '--autoplay-policy=no-user-gesture-required', '--use-fake-ui-for-media-stream', '--use-fake-device-for-media-stream']

/** A browser whose camera shows the frames of a file, over and over; without one its camera shows a test picture. */
export function launch(frames?: string, flags: readonly string[] = []): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM!, args: [...FLAGS, ...flags, ...(frames ? [`--use-file-for-fake-video-capture=${frames}`] : [])] })
}

export interface Resident { readonly number: string; readonly home: string; readonly face: string }

export interface Bay {
  readonly gate: string
  /** Where each authority answers. */
  readonly authorities: Readonly<Record<string, string>>
  readonly folder: string
  readonly work: string
  /** The address of a page; a kiosk's with a one-time code that pairs the browser which opens it. */
  address(page: 'kiosk' | 'officer', lane: string, authority?: string): string
  /** A new account's one-time code: at the gate for one side, or at an authority. A test account needs no passkey. */
  account(where: { side: string } | { authority: string }, role: string, test?: boolean): string
  /** A code of this moment, or of so many seconds ago: its text, and the file with its picture. */
  code(resident: Resident, from: string, to: string, ago?: number): { text: string; png: string }
  /** A code of this moment, and the next one of the same token, which says that the wallet was unlocked again. */
  unlocked(resident: Resident, from: string, to: string): { first: string; again: string }
  /** Ends the gate at once, as a crash does; and starts it again where it was. */
  killGate(): Promise<void>
  startGate(): Promise<void>
  /** Stops the gate's process where it stands, as sleep does; and lets it go on. */
  freezeGate(frozen: boolean): void
  /** Moves every process's clock on. */
  advance(seconds: number): void
  delivered(): Promise<void>
  /** Ends the authorities, whose folders a command can open then. */
  endAuthorities(): Promise<void>
  stop(): Promise<void>
}

/** A head out of a sample photograph as JPEG. */
async function head(browser: Browser, file: string, crop: readonly [number, number, number], shift: number): Promise<Buffer> {
  const page = await browser.newPage()
  const url = await page.evaluate(async ({ data, crop, shift }) => {
    const picture = new Image()
    picture.src = `data:image/jpeg;base64,${data}`
    await picture.decode()
    const canvas = document.createElement('canvas')
    canvas.width = canvas.height = 640
    canvas.getContext('2d')!.drawImage(picture, crop[0]! + shift, crop[1]! + shift, crop[2]!, crop[2]!, 0, 0, 640, 640)
    return canvas.toDataURL('image/jpeg', 0.95)
  }, { data: readFileSync(file).toString('base64'), crop, shift })
  await page.close()
  return Buffer.from(url.split(',')[1]!, 'base64')
}

/** Frames of a camera before which somebody holds up a phone: the face on one side, the code on the other. */
export async function frames(browser: Browser, to: string, face: string | undefined, qr: string | undefined): Promise<string> {
  const page = await browser.newPage()
  const url = await page.evaluate(async ({ face, qr }) => {
    const canvas = document.createElement('canvas')
    canvas.width = 1280
    canvas.height = 720
    const pen = canvas.getContext('2d')!
    pen.fillStyle = '#8a9096'
    pen.fillRect(0, 0, 1280, 720)
    const draw = async (data: string, x: number, y: number, side: number) => {
      const picture = new Image()
      picture.src = data
      await picture.decode()
      pen.drawImage(picture, x, y, side, side)
    }
    if (face) await draw(`data:image/jpeg;base64,${face}`, 0, 40, 640)
    if (qr) await draw(`data:image/png;base64,${qr}`, 660, 60, 600)
    return canvas.toDataURL('image/jpeg', 0.92)
  }, { face: face && readFileSync(face).toString('base64'), qr: qr && readFileSync(qr).toString('base64') })
  await page.close()
  const frame = Buffer.from(url.split(',')[1]!, 'base64')
  writeFileSync(to, Buffer.concat([frame, frame, frame]))
  return to
}

const number = (index: number) => `${1234567 + index}(${(8 + index) % 10})`

export async function openPort(): Promise<number> {
  const { createServer } = await import('node:net')
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
}

export interface Opened { bay: Bay; residents: Resident[]; stranger: string }

interface Setting {
  /** The last day of each resident's permit. */
  readonly expires?: readonly string[]
  /** Files of risk rules by authority, in force from the start. */
  readonly rules?: Readonly<Record<string, string>>
  /** The name by which a gate that listens beyond the loopback, hence over TLS, is found. */
  readonly host?: string
}

/** `count` residents of Macao with a Home Return Permit, all with one face: specimens. */
export async function openBay(browser: Browser, count = 2, { expires = [], rules = {}, host }: Setting = {}): Promise<Opened> {
  const baypass = program()
  const work = mkdtempSync(join(tmpdir(), 'baypass-kiosk-'))
  const [dir, portrait, selfie, stranger] = ['bay', 'portrait.jpg', 'selfie.jpg', 'stranger.jpg'].map((name) => join(work, name)) as [string, string, string, string]
  writeFileSync(portrait, await head(browser, SAMPLE, [290, 210, 460], 0))
  writeFileSync(selfie, await head(browser, SAMPLE, [290, 210, 460], 12))
  writeFileSync(stranger, await head(browser, OTHER, [0, 0, 640], 0))
  const env = { ...process.env, BAYPASS_MODELS: MODELS }
  const run = (...args: string[]) => execFileSync(baypass, args, { env })
  run('init', dir)
  if (host) run('tls', 'renew', '--dir', dir, '--port', 'hengqin', '--host', host, '--lead', '0')
  for (const [authority, file] of Object.entries(rules)) run('risk', 'activate', '--dir', dir, '--authority', authority, '--rules', file, '--stage', 'full')
  const residents: Resident[] = []
  for (let index = 0; index < count; index += 1) {
    const resident = { number: number(index), home: 'MAC', face: selfie }
    run('resident', 'add', '--dir', dir, '--home', 'MAC', '--name', 'SPECIMEN LEONG MEI', '--birth', '1990-05-06', '--id', resident.number, '--permit', `M8765432${index}`, '--permit-expires', expires[index] ?? '2035-01-01', '--photo', portrait)
    const made = JSON.parse(run('resident', 'invite', '--dir', dir, '--resident', resident.number, '--json').toString()) as { invitations: { invitation: string }[] }
    run('wallet', 'enrol', '--dir', dir, '--resident', resident.number, '--selfie', selfie, ...made.invitations.flatMap(({ invitation }) => ['--invitation', invitation]))
    residents.push(resident)
  }

  const running = new Map<string, ChildProcess>()
  const parties: Record<string, string> = {}
  const serve = (name: string, args: string[]): Promise<string> => new Promise((resolve, reject) => {
    const child = spawn(baypass, [...args, '--dir', dir], { env, stdio: ['ignore', 'pipe', 'pipe'] })
    running.set(name, child)
    let out = ''
    let log = ''
    child.stdout.on('data', (data: Buffer) => {
      out += data.toString()
      const found = /http:\/\/127\.0\.0\.1:\d+/.exec(out)
      const among = /(\w+) listens for parties on (\S+)\n/.exec(out)
      if (among) parties[among[1]!] = among[2]!
      if (found && /for operators on \S+\n/.test(out)) resolve(found[0])
    })
    child.stderr.on('data', (data: Buffer) => { log = (log + data.toString()).slice(-4000) })
    child.once('exit', (code) => reject(new Error(`${name} ended (${code}): ${log}`)))
  })
  const end = (name: string, signal: NodeJS.Signals) => new Promise<void>((resolve) => {
    const child = running.get(name)
    running.delete(name)
    if (!child || child.exitCode !== null) return resolve()
    child.removeAllListeners('exit')
    child.once('exit', () => resolve())
    child.kill(signal)
  })
  const ports = new Map<string, number>()
  const authority = async (code: string) => {
    const stays = async (name: string) => {
      ports.set(name, ports.get(name) ?? await openPort())
      return `127.0.0.1:${ports.get(name)}`
    }
    return serve(code, ['authority', 'serve', '--authority', code, '--listen', await stays(code), '--listen-parties', await stays(`${code} parties`)])
  }
  const authorities: Record<string, string> = {}
  for (const code of ['CHN', 'HKG', 'MAC']) authorities[code] = await authority(code)
  const [port, operatorsPort] = [await openPort(), await openPort()]
  const [gate, operators] = [host ? `https://${host}:${port}` : `http://127.0.0.1:${port}`, `http://127.0.0.1:${operatorsPort}`]
  writeFileSync(join(dir, 'public/addresses.json'), JSON.stringify({ authorities, parties, gates: { hengqin: gate } }))
  const startGate = async () => {
    await serve('gate', ['gate', 'serve', '--port', 'hengqin', '--listen', `${host ? '0.0.0.0' : '127.0.0.1'}:${port}`, '--listen-operators', `127.0.0.1:${operatorsPort}`, '--kiosk', join(ROOT, 'web/kiosk/dist')])
    await until('the gate to be well', async () => (await fetch(`${host ? operators : gate}/health`).catch(() => undefined))?.ok === true)
  }
  await startGate()
  let shift = 0
  let accounts = 0
  const bay: Bay = {
    gate, authorities, folder: dir, work, startGate,
    address: (page, lane, authority) => page === 'kiosk' ? paired(baypass, dir, lane) : pageOf(dir, page, lane, authority),
    account(where, role, test = true) {
      const file = join(work, `code-${accounts += 1}`)
      const whose = 'side' in where ? ['--port', 'hengqin', '--side', where.side] : ['--authority', where.authority]
      run('officer', 'add', '--dir', dir, ...whose, '--role', role, '--name', `Specimen ${accounts}`, '--code-file', file, ...(test ? ['--test'] : []))
      return readFileSync(file, 'utf8').trim()
    },
    code(resident, from, to, ago = 0) {
      const png = join(work, 'code.png')
      const at = new Date(Date.now() + (shift - ago) * 1000).toISOString().replace(/\.\d+Z/, 'Z')
      const told = JSON.parse(run('wallet', 'show', '--json', '--dir', dir, '--resident', resident.number, '--port', 'hengqin', '--from', from, '--to', to, '--out', png, '--at', at).toString()) as { codes: { code: string }[] }
      const text = told.codes[0]!.code
      return { text, png }
    },
    unlocked(resident, from, to) {
      const at = new Date(Date.now() + shift * 1000).toISOString().replace(/\.\d+Z/, 'Z')
      const told = JSON.parse(run('wallet', 'show', '--json', '--unlocked', '--dir', dir, '--resident', resident.number, '--port', 'hengqin', '--from', from, '--to', to, '--at', at).toString()) as { codes: { code: string }[] }
      return { first: told.codes[0]!.code, again: told.codes[1]!.code }
    },
    killGate: () => end('gate', 'SIGKILL'),
    freezeGate: (frozen) => void running.get('gate')!.kill(frozen ? 'SIGSTOP' : 'SIGCONT'),
    advance(seconds) {
      shift += seconds
      writeFileSync(join(dir, 'public/clock'), String(shift))
    },
    delivered: () => delivered(operators),
    endAuthorities: async () => void await Promise.all(['CHN', 'HKG', 'MAC'].map((code) => end(code, 'SIGTERM'))),
    async stop() {
      await Promise.all([...running.keys()].map((name) => end(name, 'SIGTERM')))
      rmSync(work, { recursive: true, force: true })
    },
  }
  return { bay, residents, stranger }
}

export async function until(what: string, so: () => Promise<boolean>, seconds = 60): Promise<void> {
  const end = Date.now() + seconds * 1000
  while (!(await so())) {
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** Waits until a gate's authorities know of everything that happened there, as its operators see: nobody is back at a port before. */
export const delivered = (operators: string) => until('the events to be delivered', async () => {
  const health = await (await fetch(new URL('/health/details', operators))).json() as { store: { waiting: Record<string, number> } }
  return Object.values(health.store.waiting).every((count) => count === 0)
})

/** The address of a page of a lane at Hengqin, as the installation in `dir` wrote it down. */
export function pageOf(dir: string, page: 'kiosk' | 'officer', lane: string, authority?: string): string {
  const lines = readFileSync(join(dir, 'gates/hengqin/kiosk.txt'), 'utf8').split('\n').map((line) => line.trim().split(/\s+/))
  const found = lines.find((line) => line[0] === page && line[1] === lane && (authority === undefined || line[2] === authority))
  if (!found) throw new Error(`no ${page} of ${lane}`)
  return found.at(-1)!
}

let pairings = 0
/** The address that pairs a browser with a lane's kiosk, once. */
export function paired(baypass: string, dir: string, lane: string): string {
  const file = join(mkdtempSync(join(tmpdir(), 'baypass-pair-')), `${pairings += 1}`)
  execFileSync(baypass, ['gate', 'pair', '--dir', dir, '--port', 'hengqin', '--lane', lane, '--code-file', file])
  const address = readFileSync(file, 'utf8').trim()
  rmSync(dirname(file), { recursive: true })
  return address
}

/** The value that so large a share of all do not pass. */
export const quantile = (values: readonly number[], share: number): number => [...values].sort((a, b) => a - b)[Math.ceil(share * values.length) - 1]!

/** A page whose console errors and policy violations are kept; `expected` are those that a test brings about. */
export async function openPage(context: BrowserContext, address: string): Promise<{ page: Page; faults: string[] }> {
  const page = await context.newPage()
  page.setDefaultTimeout(70_000)
  const faults: string[] = []
  // A page asks first whether anybody is signed in: nobody is no fault.
  page.on('console', (message) => { if (message.type() === 'error' && !message.location().url.endsWith('/session')) faults.push(message.text()) })
  page.on('pageerror', (error) => faults.push(String(error)))
  await page.addInitScript(() => document.addEventListener('securitypolicyviolation', (event) => console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`)))
  await page.goto(address)
  return { page, faults }
}

/** Signs in on an officer's page with a one-time code, unless this browser is signed in already; shows it in English. */
export async function signIn(page: Page, code: () => string): Promise<void> {
  await page.waitForSelector('body[data-signed]')
  await page.selectOption('#language', 'en')
  if (await page.getAttribute('body', 'data-signed') === 'signed_out') {
    await page.fill('#code-text', code())
    await page.click('#use-code')
  }
  await page.waitForSelector('body[data-link="on"]')
}

/** Opens an officer's page of Macao's lane towards the mainland, signed in at the gate and at the own authority. */
export async function openOfficer(context: BrowserContext, bay: Bay, authority: string): Promise<{ page: Page; faults: string[] }> {
  const opened = await openPage(context, bay.address('officer', 'MAC-CHN', authority))
  await signIn(opened.page, () => bay.account({ side: authority }, 'lane-officer'))
  await opened.page.fill('#secret-text', bay.account({ authority }, 'lane-officer'))
  await opened.page.press('#secret-text', 'Enter')
  await opened.page.locator('#secret').waitFor({ state: 'hidden' })
  return opened
}

/**
 * Waits for a state of the screen: longer than anything that a lane waits for by itself, so that what one test left open
 * fails no other. Says what was there instead.
 */
export async function state(page: Page, wanted: string, timeout = 70_000): Promise<void> {
  try {
    await page.waitForSelector(`body[data-state="${wanted}"]`, { timeout })
  } catch (error) {
    const there = await page.evaluate(() => `${document.body.dataset['state']}: ${document.getElementById('sentence')?.textContent}`).catch(() => 'no page')
    throw new Error(`waited in vain for "${wanted}", there is "${there}"`, { cause: error })
  }
}

/** Stands in the documentation for a face: that of a sample is nobody's who asked to be there. */
const SILHOUETTE = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 300 400" width="300" height="400"><rect width="300" height="400" fill="#c3cdd6"/>
<ellipse cx="150" cy="165" rx="72" ry="92" fill="#6c7f91"/><path d="M20 400c4-96 54-132 130-132s126 36 130 132z" fill="#6c7f91"/></svg>`

/** A picture of a page for the documentation, with a drawn silhouette in place of every face. */
export async function picture(page: Page, name: string, fullPage = false): Promise<void> {
  mkdirSync(SCREENS, { recursive: true })
  await page.evaluate(async (drawn) => {
    for (const face of document.querySelectorAll<HTMLImageElement>('#faces img')) {
      face.dataset['seen'] = face.src
      face.src = URL.createObjectURL(new Blob([drawn], { type: 'image/svg+xml' }))
      await face.decode()
    }
  }, SILHOUETTE)
  await page.screenshot({ path: join(SCREENS, `${name}.png`), animations: 'disabled', fullPage })
  await page.evaluate(() => {
    for (const face of document.querySelectorAll<HTMLImageElement>('#faces img[data-seen]')) {
      URL.revokeObjectURL(face.src)
      face.src = face.dataset['seen']!
      delete face.dataset['seen']
    }
  })
}

/** A picture of a kiosk's or an officer's page, from its top. */
export async function screen(page: Page, name: string): Promise<void> {
  await page.evaluate(() => window.scrollTo(0, 0))
  await picture(page, `kiosk-${name}`)
}

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core'), 'utf8')
interface AxeResult { violations: { id: string; nodes: { html: string }[] }[] }

/** Nothing that axe-core objects to. */
export async function accessible(page: Page): Promise<void> {
  await page.evaluate(AXE)
  const found = await page.evaluate(() => (window as unknown as { axe: { run(): Promise<unknown> } }).axe.run()) as AxeResult
  expect(found.violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.html).join(' ')}`)).toEqual([])
}
