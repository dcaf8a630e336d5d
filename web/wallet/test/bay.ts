/** A small Bay for the tests: three authorities, the gates of one port, one resident; and the wallet's own server. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Browser, chromium } from 'playwright-core'
// @ts-expect-error: plain JavaScript, run by Node as it is
import { readRoots, walletServer } from '../serve.mjs'

export const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const MODELS = process.env['BAYPASS_MODELS'] ?? join(ROOT, 'models')
const SAMPLES = join(MODELS, 'node_modules/@vladmandic/face-api/demo')

export const CHROMIUM = [process.env['BAYPASS_CHROMIUM'], '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) => path !== undefined && existsSync(path))

/** What Cargo has built: of `BAYPASS_BIN`, else where Cargo puts it. */
const BUILT = process.env['BAYPASS_BIN'] ?? join(process.env['CARGO_TARGET_DIR'] ?? join(ROOT, 'target'), 'debug/baypass')

/** Why the tests that need a running Bay cannot be run here; `undefined` where they can. */
export function missing(): string | undefined {
  if (!CHROMIUM) return 'no Chromium on this machine (Debian: apt-get install chromium)'
  if (!existsSync(join(SAMPLES, 'sample1.jpg'))) return 'no face models here (make models)'
  if (!existsSync(join(ROOT, 'web/wallet/dist/build/h5/index.html'))) return 'nothing is built (npm run build)'
  if (process.env['BAYPASS_BIN'] && !existsSync(BUILT)) return `no program ${BUILT} (BAYPASS_BIN)`
  if (!existsSync(BUILT) && spawnSync('cargo', ['--version']).status !== 0) return `neither ${BUILT} nor cargo`
  return undefined
}

/** The program, built where it is not there. */
export function program(): string {
  if (existsSync(BUILT)) return BUILT
  const told = execFileSync('cargo', ['build', '-q', '-p', 'baypass', '--bin', 'baypass', '--message-format=json'], { cwd: ROOT, maxBuffer: 1 << 28 })
  const built = told.toString().trim().split('\n').map((line) => JSON.parse(line) as { executable?: string; target?: { name: string } })
  const found = built.find((line) => line.executable && line.target?.name === 'baypass')?.executable
  if (!found) throw new Error('cargo built no baypass')
  return found
}

export const launch = (): Promise<Browser> => chromium.launch({ executablePath: CHROMIUM!, args: ['--no-sandbox', '--disable-gpu', '--font-render-hinting=none'] })

/** A browser whose front camera shows one picture, in the middle of a grey wall with a red post at its left, for pages that may use it. */
export async function launchWithCamera(browser: Browser, picture: string, work: string): Promise<Browser> {
  const page = await browser.newPage()
  const url = await page.evaluate(async (data) => {
    const picture = new Image()
    picture.src = data
    await picture.decode()
    const canvas = document.createElement('canvas')
    ;[canvas.width, canvas.height] = [1280, 960]
    const pen = canvas.getContext('2d')!
    pen.fillStyle = '#8a9096'
    pen.fillRect(0, 0, 1280, 960)
    pen.fillStyle = '#d01010'
    pen.fillRect(0, 0, 120, 960)
    pen.drawImage(picture, 200, 80, 880, 880)
    return canvas.toDataURL('image/jpeg', 0.95)
  }, picture)
  await page.close()
  return launchFilming(Buffer.from(url.split(',')[1]!, 'base64'), work)
}

/** A browser whose camera shows this JPEG, for pages that may use it. */
export function launchFilming(frame: Buffer, work: string): Promise<Browser> {
  const file = join(mkdtempSync(join(work, 'camera-')), 'camera.mjpeg')
  writeFileSync(file, Buffer.concat([frame, frame, frame]))
  const args = ['--no-sandbox', '--disable-gpu', '--font-render-hinting=none', '--use-fake-device-for-media-stream', `--use-file-for-fake-video-capture=${file}`]
  return chromium.launch({ executablePath: CHROMIUM!, args })
}

/** A square of a sample photograph, as JPEG. */
async function square(browser: Browser, name: string, left: number, top: number, side: number): Promise<Buffer> {
  const page = await browser.newPage()
  const data = readFileSync(join(SAMPLES, name)).toString('base64')
  const url = await page.evaluate(async ({ data, left, top, side }) => {
    const picture = new Image()
    picture.src = `data:image/jpeg;base64,${data}`
    await picture.decode()
    const canvas = document.createElement('canvas')
    canvas.width = canvas.height = 640
    canvas.getContext('2d')!.drawImage(picture, left, top, side, side, 0, 0, 640, 640)
    return canvas.toDataURL('image/jpeg', 0.95)
  }, { data, left, top, side })
  await page.close()
  return Buffer.from(url.split(',')[1]!, 'base64')
}

/** A code that no office made. */
export function guessed(authority: string): string {
  const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
  const body = authority[0] + Array.from({ length: 14 }, () => alphabet[Math.floor(Math.random() * 32)]).join('')
  let p = 32
  for (const character of body) p = (((p + alphabet.indexOf(character)) % 32 || 32) * 2) % 33
  return body + alphabet[(33 - p) % 32]
}

/** A child of the same family, without a permit. */
export const CHILD = { name: 'SPECIMEN CANARY JUNIOR', birth: '2012-03-04', id: 'B765432(A)' }
/** A parent of theirs, with an identity card alone; in a Bay that is opened with `family`. */
export const PARENT = { name: 'SPECIMEN CANARY PO', birth: '1950-01-02', id: 'C192837(4)' }
/** A mainland resident, with an endorsement for Hong Kong in force. */
export const TRAVELLER = { name: 'SPECIMEN CANARY LAN', birth: '1990-03-07', id: '110101199003071233', permit: 'CA1234567' }
export const RESIDENT = { name: 'SPECIMEN CANARY MUI', birth: '1990-05-06', id: 'A123456(3)', permit: 'H12345678' }

/** The desk of one venue as a process: its counter's page, its door for wallets, and the secret of its clerks. */
export interface DeskServed {
  readonly counter: string
  readonly wallets: string
  readonly secret: string
}

export interface Bay {
  /** The installation's folder. */
  readonly dir: string
  readonly authorities: Readonly<Record<string, string>>
  readonly gate: string
  readonly wallet: string
  /** Whether the page talks to the authorities itself, which its origin must be allowed for. */
  readonly direct: boolean
  readonly selfie: string
  /** Pictures of somebody else, and of nobody. */
  readonly other: string
  readonly nobody: string
  readonly face: Buffer
  /** One-time codes of the offices for these numbers, both in one text; an earlier wallet of the same person ends when they are used. */
  invite(who: { readonly id: string; readonly permit?: string }): Promise<string>
  /** What an officer of Hong Kong's enrolment counter posts there. */
  counter(path: string, body: object): Promise<{ readonly status: number; readonly answer: Record<string, unknown> }>
  /** Serves the desk of a venue; pages of the wallet may send it answers. */
  desk(venue: string): Promise<DeskServed>
  /** Runs a command of the program on this installation. */
  run(...args: string[]): string
  stop(): Promise<void>
}

/**
 * `roots`: the wallet's server names the installation's roots, without which no desk is believed and nothing fetched for one. `host`: the
 * name by which browsers ask for the wallet; a credential of the phone's lock belongs to a name, never to an address in numbers.
 * `family`: a resident more, whom nobody looks after yet. `makers`: certificates (PEM) of makers whose wallets Hong Kong issues credentials to.
 */
export async function openBay(browser: Browser, { roots = false, host = '127.0.0.1', family = false, makers }: { readonly roots?: boolean; readonly host?: '127.0.0.1' | 'localhost'; readonly family?: boolean; readonly makers?: string } = {}): Promise<Bay> {
  const baypass = program()
  const work = mkdtempSync(join(tmpdir(), 'baypass-wallet-'))
  const at = (name: string) => join(work, name)
  const [dir, portrait, selfie, other, nobody] = [at('bay'), at('portrait.jpg'), at('selfie.jpg'), at('other.jpg'), at('nobody.jpg')]
  writeFileSync(portrait, await square(browser, 'sample1.jpg', 290, 210, 460))
  // Another picture of the same head.
  writeFileSync(selfie, await square(browser, 'sample1.jpg', 302, 222, 460))
  writeFileSync(other, await square(browser, 'sample6.jpg', 600, 150, 460))
  writeFileSync(nobody, await square(browser, 'sample3.jpg', 0, 1000, 300))
  const env = { ...process.env, BAYPASS_MODELS: MODELS }
  execFileSync(baypass, ['init', dir], { env })
  const settings = join(dir, 'baypass.toml')
  const text = readFileSync(settings, 'utf8')
  writeFileSync(settings, /simulated_camera/.test(text) ? text.replace(/simulated_camera\s*=\s*\w+/, 'simulated_camera = true') : `simulated_camera = true\n${text}`)
  execFileSync(baypass, ['resident', 'add', '--dir', dir, '--home', 'HKG', '--name', RESIDENT.name, '--birth', RESIDENT.birth, '--id', RESIDENT.id, '--permit', RESIDENT.permit, '--permit-expires', '2035-01-01', '--photo', portrait], { env })
  execFileSync(baypass, ['resident', 'add', '--dir', dir, '--home', 'HKG', '--name', CHILD.name, '--birth', CHILD.birth, '--id', CHILD.id, '--photo', other], { env })
  execFileSync(baypass, ['resident', 'carer', 'add', '--dir', dir, '--resident', CHILD.id, '--carer', RESIDENT.id, '--ground', 'parent'], { env })
  if (family) execFileSync(baypass, ['resident', 'add', '--dir', dir, '--home', 'HKG', '--name', PARENT.name, '--birth', PARENT.birth, '--id', PARENT.id, '--photo', other], { env })
  if (makers) {
    mkdirSync(join(dir, 'authorities/HKG/openid'), { recursive: true })
    writeFileSync(join(dir, 'authorities/HKG/openid/wallet-makers.pem'), makers)
  }
  const days = (from: number) => new Date(Date.now() + 28_800_000 + from * 86_400_000).toISOString().slice(0, 10)
  execFileSync(baypass, ['resident', 'add', '--dir', dir, '--home', 'CHN', '--name', TRAVELLER.name, '--birth', TRAVELLER.birth, '--id', TRAVELLER.id, '--permit', TRAVELLER.permit, '--permit-expires', days(900), '--endorsement', `G:HKG:${days(-30)}:${days(60)}:2`, '--photo', portrait], { env })

  const children: ChildProcess[] = []
  const parties: Record<string, string> = {}
  const serve = (args: string[]): Promise<string> => new Promise((resolve, reject) => {
    const child = spawn(baypass, [...args, '--dir', dir], { env, stdio: ['ignore', 'pipe', 'pipe'] })
    children.push(child)
    let out = ''
    const heard = (data: Buffer) => {
      out += data.toString()
      const found = /http:\/\/127\.0\.0\.1:\d+/.exec(out)
      const among = /(\w+) listens for parties on (\S+)\n/.exec(out)
      if (among) parties[among[1]!] = among[2]!
      if (found && /for operators on \S+\n|Clerks sign in/.test(out)) resolve(out)
    }
    child.stdout.on('data', heard)
    child.stderr.on('data', heard)
    child.once('exit', (code) => reject(new Error(`${args.join(' ')} ended (${code}): ${out}`)))
  })
  // The wallet's address is needed before its authorities': they must be told whom to let in.
  const authorities: Record<string, string> = {}
  const folder = join(ROOT, 'web/wallet/dist/build/h5')
  const pinned = roots ? readRoots(join(dir, 'public/roots.json')) : undefined
  const address = async (args: string[]) => /http:\/\/127\.0\.0\.1:\d+/.exec(await serve(args))![0]
  let server = walletServer({ folder, authorities, roots: pinned, relay: true })
  const listen = (port: number) => new Promise<number>((resolve) => server.listen(port, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)))
  const port = await listen(0)
  const wallet = `http://${host}:${port}`
  const allows = /--origin/.test(execFileSync(baypass, ['authority', 'serve', '--help']).toString())
  for (const code of ['CHN', 'HKG', 'MAC']) {
    authorities[code] = await address(['authority', 'serve', '--authority', code, ...(allows ? ['--origin', wallet] : [])])
  }
  if (allows) {
    await new Promise((resolve) => server.close(resolve))
    server = walletServer({ folder, authorities, roots: pinned, relay: false })
    await listen(port)
  }
  // Where everybody is: the gates fetch the newest lists there.
  writeFileSync(join(dir, 'public/addresses.json'), JSON.stringify({ authorities, parties, gates: {} }))
  // Open day and night: the tests run at any hour.
  const gate = await address(['gate', 'serve', '--port', 'hzmb-hkg-zhu'])
  for (let i = 0; i < 60; i += 1) {
    const health = await fetch(`${gate}/health`).catch(() => undefined)
    if (health?.ok) break
    if (i === 59) throw new Error(`the gate is not well: ${await health?.text()}`)
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
  // A test account of an enrolment officer at each office.
  const sessions = new Map<string, string>()
  const officer = async (authority: string): Promise<string> => {
    const known = sessions.get(authority)
    if (known) return known
    const file = join(work, `officer-${authority}`)
    execFileSync(baypass, ['officer', 'add', '--dir', dir, '--authority', authority, '--role', 'enrolment-officer', '--name', 'Specimen Officer', '--code-file', file, '--test'], { env })
    const answer = await fetch(`${authorities[authority]}/v1/officers/sessions`, {
      method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ code: readFileSync(file, 'utf8').trim() }),
    })
    const { session } = (await answer.json()) as { session: string }
    sessions.set(authority, session)
    return session
  }
  const run = (...args: string[]) => execFileSync(baypass, [...args, '--dir', dir], { env }).toString()
  return {
    dir, run, authorities, gate, wallet, direct: allows, selfie, other, nobody, face: readFileSync(selfie),
    async invite({ id, permit }) {
      const home = /^\d{18}$|^\d{17}X$/.test(id) ? [] : [['HKG', 'hkid', id]]
      const asked = [...home, ...(permit ? [['CHN', home.length > 0 ? 'home_return_permit' : 'exit_entry_permit', permit]] : [])]
      const codes: string[] = []
      for (const [authority, kind, number] of asked) {
        const secret = await officer(authority!)
        const answer = await fetch(`${authorities[authority!]}/v1/residents/invite`, {
          method: 'POST', headers: { 'content-type': 'application/json', authorization: `Bearer ${secret}` },
          body: JSON.stringify({ document: { kind, number }, replaces: true }),
        })
        // Of a number that nobody has there is no code: a well-formed one stands for it.
        codes.push(answer.ok ? ((await answer.json()) as { invitation: string }).invitation : guessed(authority!))
      }
      return codes.join(' ')
    },
    async counter(path, body) {
      const answer = await fetch(`${authorities['HKG']}${path}`, {
        method: 'POST', headers: { 'content-type': 'application/json', authorization: `Bearer ${await officer('HKG')}` }, body: JSON.stringify(body),
      })
      const text = await answer.text()
      return { status: answer.status, answer: text ? (JSON.parse(text) as Record<string, unknown>) : {} }
    },
    async desk(venue) {
      const told = await serve(['desk', 'serve', '--venue', venue, '--origin', wallet])
      const named = (whom: string) => new RegExp(`listens${whom} on (\\S+)`).exec(told)![1]!
      return { wallets: named(''), counter: named(' for the counter'), secret: readFileSync(join(dir, 'venues', venue, 'counter.secret'), 'utf8').trim() }
    },
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await Promise.all(children.map((child) => new Promise<void>((resolve) => {
        child.removeAllListeners('exit')
        child.once('exit', () => resolve())
        child.kill('SIGTERM')
        setTimeout(() => { child.kill('SIGKILL'); resolve() }, 5000)
      })))
      rmSync(work, { recursive: true, force: true })
    },
  }
}

/** Has Hong Kong's supervisors change their list, and waits until the authority gives the new one out. */
export async function changeList(bay: Bay, change: () => unknown): Promise<void> {
  const lists = async () => (await fetch(`${bay.authorities['HKG']}/v1/trust-lists`)).text()
  const before = await lists()
  change()
  for (let i = 0; await lists() === before; i += 1) {
    if (i === 120) throw new Error('Hong Kong gives out no new list')
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
}
