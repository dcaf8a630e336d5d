/** A small Bay for the tests: three authorities, the gates of one port, one resident; and the wallet's own server. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Browser, chromium } from 'playwright-core'
// @ts-expect-error: plain JavaScript, run by Node as it is
import { walletServer } from '../serve.mjs'

export const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const MODELS = join(ROOT, 'models')
const SAMPLE = join(MODELS, 'node_modules/@vladmandic/face-api/demo/sample1.jpg')

export const CHROMIUM = [process.env['BAYPASS_CHROMIUM'], '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) => path !== undefined && existsSync(path))

/** Why the tests that need a running Bay cannot be run here; `undefined` where they can. */
export function missing(): string | undefined {
  if (!CHROMIUM) return 'no Chromium on this machine (Debian: apt-get install chromium)'
  if (!existsSync(SAMPLE)) return 'no face models here (make models)'
  if (!process.env['BAYPASS_BIN'] && spawnSync('cargo', ['--version']).status !== 0) return 'neither BAYPASS_BIN nor cargo'
  return undefined
}

function program(): string {
  const given = process.env['BAYPASS_BIN']
  if (given) return given
  const told = execFileSync('cargo', ['build', '-q', '-p', 'baypass', '--bin', 'baypass', '--message-format=json'], { cwd: ROOT, maxBuffer: 1 << 28 })
  const built = told.toString().trim().split('\n').map((line) => JSON.parse(line) as { executable?: string; target?: { name: string } })
  const found = built.find((line) => line.executable && line.target?.name === 'baypass')?.executable
  if (!found) throw new Error('cargo built no baypass')
  return found
}

export const launch = (): Promise<Browser> => chromium.launch({ executablePath: CHROMIUM!, args: ['--no-sandbox', '--disable-gpu', '--font-render-hinting=none'] })

/** A head out of the sample photograph, as JPEG; `shift` makes it another picture of the same head. */
async function head(browser: Browser, shift: number): Promise<Buffer> {
  const page = await browser.newPage()
  const data = readFileSync(SAMPLE).toString('base64')
  const url = await page.evaluate(async ({ data, shift }) => {
    const picture = new Image()
    picture.src = `data:image/jpeg;base64,${data}`
    await picture.decode()
    const canvas = document.createElement('canvas')
    canvas.width = canvas.height = 640
    canvas.getContext('2d')!.drawImage(picture, 290 + shift, 210 + shift, 460, 460, 0, 0, 640, 640)
    return canvas.toDataURL('image/jpeg', 0.95)
  }, { data, shift })
  await page.close()
  return Buffer.from(url.split(',')[1]!, 'base64')
}

export const RESIDENT = { name: 'SPECIMEN CANARY MUI', birth: '1990-05-06', id: 'A123456(3)', permit: 'H12345678' }

export interface Bay {
  readonly authorities: Readonly<Record<string, string>>
  readonly gate: string
  readonly wallet: string
  /** Whether the page talks to the authorities itself, which its origin must be allowed for. */
  readonly direct: boolean
  readonly selfie: string
  readonly face: Buffer
  stop(): Promise<void>
}

export async function openBay(browser: Browser): Promise<Bay> {
  const baypass = program()
  const work = mkdtempSync(join(tmpdir(), 'baypass-wallet-'))
  const [dir, portrait, selfie] = ['bay', 'portrait.jpg', 'selfie.jpg'].map((name) => join(work, name)) as [string, string, string]
  writeFileSync(portrait, await head(browser, 0))
  writeFileSync(selfie, await head(browser, 12))
  const env = { ...process.env, BAYPASS_MODELS: MODELS }
  execFileSync(baypass, ['init', dir], { env })
  const settings = join(dir, 'baypass.toml')
  const text = readFileSync(settings, 'utf8')
  writeFileSync(settings, /simulated_camera/.test(text) ? text.replace(/simulated_camera\s*=\s*\w+/, 'simulated_camera = true') : `simulated_camera = true\n${text}`)
  execFileSync(baypass, ['resident', 'add', '--dir', dir, '--home', 'HKG', '--name', RESIDENT.name, '--birth', RESIDENT.birth, '--id', RESIDENT.id, '--permit', RESIDENT.permit, '--permit-expires', '2035-01-01', '--photo', portrait], { env })

  const children: ChildProcess[] = []
  const serve = (args: string[]): Promise<string> => new Promise((resolve, reject) => {
    const child = spawn(baypass, [...args, '--dir', dir], { env, stdio: ['ignore', 'pipe', 'pipe'] })
    children.push(child)
    let out = ''
    const heard = (data: Buffer) => {
      out += data.toString()
      const found = /http:\/\/127\.0\.0\.1:\d+/.exec(out)
      if (found) resolve(found[0])
    }
    child.stdout.on('data', heard)
    child.stderr.on('data', heard)
    child.once('exit', (code) => reject(new Error(`${args.join(' ')} ended (${code}): ${out}`)))
  })
  // The wallet's address is needed before its authorities': they must be told whom to let in.
  const authorities: Record<string, string> = {}
  const folder = join(ROOT, 'web/wallet/dist/build/h5')
  let server = walletServer({ folder, authorities, relay: true })
  const listen = (port: number) => new Promise<number>((resolve) => server.listen(port, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)))
  const port = await listen(0)
  const wallet = `http://127.0.0.1:${port}`
  const allows = /--origin/.test(execFileSync(baypass, ['authority', 'serve', '--help']).toString())
  for (const code of ['CHN', 'HKG', 'MAC']) {
    authorities[code] = await serve(['authority', 'serve', '--authority', code, ...(allows ? ['--origin', wallet] : [])])
  }
  if (allows) {
    await new Promise((resolve) => server.close(resolve))
    server = walletServer({ folder, authorities, relay: false })
    await listen(port)
  }
  // Where everybody is: the gates fetch the newest lists there.
  writeFileSync(join(dir, 'public/addresses.json'), JSON.stringify({ authorities, gates: {} }))
  const gate = await serve(['gate', 'serve', '--port', 'shenzhen-bay'])
  for (let i = 0; i < 60; i += 1) {
    const health = await fetch(`${gate}/health`).catch(() => undefined)
    if (health?.ok) break
    if (i === 59) throw new Error(`the gate is not well: ${await health?.text()}`)
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
  return {
    authorities, gate, wallet, direct: allows, selfie, face: readFileSync(selfie),
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
