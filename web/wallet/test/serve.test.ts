/** The wallet's own server, as somebody types it. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'

const PROGRAM = fileURLToPath(new URL('../serve.mjs', import.meta.url))
const ADDRESSES = 'CHN=http://127.0.0.1:7101,HKG=http://127.0.0.1:7102/,MAC=http://127.0.0.1:7103'

describe('the wallet\'s server', () => {
  let folder: string
  let running: ChildProcess[] = []
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'baypass-serve-'))
    writeFileSync(join(folder, 'index.html'), '<title>built</title>')
  })
  afterEach(() => {
    running.forEach((child) => child.kill())
    running = []
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  function serve(...args: string[]): Promise<{ child: ChildProcess; address: string; line: string }> {
    const child = spawn(process.execPath, [PROGRAM, '--listen', '127.0.0.1:0', '--folder', folder, ...args], { stdio: ['pipe', 'pipe', 'inherit'] })
    running.push(child)
    return new Promise((resolve, reject) => {
      child.stdout!.once('data', (data: Buffer) => {
        const line = data.toString().split('\n')[0] ?? ''
        resolve({ child, line, address: line.split(' ').at(-1) ?? '' })
      })
      child.once('exit', (code) => reject(new Error(`ended: ${code}`)))
    })
  }

  const typed = (...args: string[]) => {
    const { status, stderr } = spawnSync(process.execPath, [PROGRAM, ...args], { encoding: 'utf8', timeout: 20_000 })
    return { status, stderr }
  }

  it('is the same program by another name for it', () => {
    const link = join(folder, 'wallet-server.mjs')
    symlinkSync(PROGRAM, link)
    const { status, stderr } = spawnSync(process.execPath, [link, '--listen', 'nowhere'], { encoding: 'utf8', timeout: 20_000 })
    expect([status, stderr]).toEqual(Object.values(typed('--listen', 'nowhere')))
    expect(status).not.toBe(0)
  })

  it('says first where it listens, names the authorities, and allows the page desks beside them', async () => {
    const { line, address } = await serve('--authorities', ADDRESSES)
    expect(line).toMatch(/^wallet listens on http:\/\/127\.0\.0\.1:\d+$/)
    expect(await (await fetch(`${address}/authorities.json`)).json()).toEqual({ CHN: 'http://127.0.0.1:7101', HKG: 'http://127.0.0.1:7102', MAC: 'http://127.0.0.1:7103' })
    const page = await fetch(address)
    expect(await page.text()).toContain('built')
    const policy = page.headers.get('content-security-policy') ?? ''
    expect(policy).toContain("connect-src 'self' http://127.0.0.1:7101 http://127.0.0.1:7102 http://127.0.0.1:7103 https: http://127.0.0.1:* http://localhost:*;")
    expect(policy).toContain("default-src 'self';")
    expect(policy).not.toMatch(/unsafe| \*/)
    expect(page.headers.get('permissions-policy')).toBe('camera=(self), microphone=(), geolocation=(), publickey-credentials-create=(self), publickey-credentials-get=(self)')
  })

  it('lets a page that is reached by another name call desks over HTTPS alone', async () => {
    const { address } = await serve('--authorities', 'https://a.example,https://b.example,https://c.example')
    const { port } = new URL(address)
    const policy = await new Promise<string>((resolve, reject) => {
      request({ port, path: '/', headers: { host: 'wallet.example' } }, (reply) => { reply.resume(); resolve(String(reply.headers['content-security-policy'])) }).on('error', reject).end()
    })
    expect(policy).toContain("connect-src 'self' https://a.example https://b.example https://c.example https:;")
    expect(policy).not.toMatch(/127\.0\.0\.1|localhost/)
  })

  it('tells the pinned roots: of the file that is named, or beside the addresses; and none of another form', async () => {
    const root = { threshold: 1, keys: { 'CHN-1': `02${'0'.repeat(64)}` } }
    const place = mkdtempSync(join(folder, 'installation-'))
    const [addresses, roots] = [join(place, 'addresses.json'), join(place, 'roots.json')]
    writeFileSync(addresses, JSON.stringify({ authorities: { CHN: 'https://a', HKG: 'https://b', MAC: 'https://c' } }))
    writeFileSync(roots, JSON.stringify({ CHN: root }))
    for (const given of [['--authorities', addresses], ['--authorities', ADDRESSES, '--roots', roots]]) {
      const { address } = await serve(...given)
      expect(await (await fetch(`${address}/roots.json`)).json(), given.join(' ')).toEqual({ CHN: root })
    }
    writeFileSync(roots, JSON.stringify({ CHN: `02${'0'.repeat(64)}` }))
    expect(typed('--folder', folder, '--authorities', addresses)).toMatchObject({ status: 2, stderr: expect.stringContaining('is no file of roots') })
    expect(typed('--folder', folder, '--authorities', ADDRESSES, '--roots', join(place, 'nowhere'))).toMatchObject({ status: 2, stderr: expect.stringContaining('--roots') })
  })

  it('speaks plain HTTP on the loopback alone, and to authorities there alone', () => {
    const built = ['--folder', folder]
    for (const address of ['http://chn.example', 'http://192.0.2.7:7101', 'http://127.0.0.1.example', 'http://0.0.0.0:7101']) {
      const { status, stderr } = typed(...built, '--authorities', `${address},https://b,https://c`)
      expect([status, stderr], address).toEqual([2, expect.stringContaining('plain HTTP to another machine')])
    }
    const { status, stderr } = typed(...built, '--authorities', ADDRESSES, '--listen', '0.0.0.0:0')
    expect([status, stderr]).toEqual([2, expect.stringContaining('--tls-cert and --tls-key')])
  })

  it('reads the addresses of an installation, and addresses in the order of the codes', async () => {
    const file = join(folder, 'addresses.json')
    writeFileSync(file, JSON.stringify({ authorities: { CHN: 'https://a', HKG: 'https://b', MAC: 'https://c' }, gates: {} }))
    for (const given of [file, 'https://a,https://b,https://c', '{"CHN":"https://a","HKG":"https://b","MAC":"https://c"}']) {
      const { address } = await serve('--authorities', given)
      expect(await (await fetch(`${address}/authorities.json`)).json(), given).toEqual({ CHN: 'https://a', HKG: 'https://b', MAC: 'https://c' })
    }
  })

  it('ends when its standard input closes, if it was told to', async () => {
    const { child } = await serve('--authorities', ADDRESSES, '--with-parent')
    child.removeAllListeners('exit')
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.stdin!.end()
    expect(await ended).toBe(0)
  })

  it('gives nothing out of other folders, and lives on after any address', async () => {
    const { address } = await serve('--authorities', ADDRESSES)
    const { port } = new URL(address)
    const status = (path: string, method = 'GET') => new Promise<number>((resolve, reject) => {
      request({ port, path, method }, (reply) => { reply.resume(); resolve(reply.statusCode ?? 0) }).on('error', reject).end()
    })
    for (const path of ['/../serve.mjs', '/..%2fserve.mjs', '/%2e%2e/%2e%2e/etc/passwd', '/%00', '/%E0%A4%A', '//', '/authority/HKG/v1/pass', '/authority/__proto__/v1/pass']) {
      expect(await status(path), path).toBe(404)
    }
    expect(await status('/', 'POST')).toBe(405)
    expect(await status('/')).toBe(200)
  })

  it('passes on the doors of a wallet and no other, where it is told to relay', async () => {
    const { address } = await serve('--relay', '--authorities', 'http://127.0.0.1:9,http://127.0.0.1:9,http://127.0.0.1:9')
    expect(await (await fetch(`${address}/authorities.json`)).json()).toMatchObject({ HKG: `${address}/authority/HKG` })
    expect((await fetch(`${address}/authority/HKG/v1/pass`)).status).toBe(502)
    expect((await fetch(`${address}/authority/HKG/v1/officer`)).status).toBe(404)
    const doors = [...readFileSync(new URL('../src/api.ts', import.meta.url), 'utf8').matchAll(/path: '(\/v1\/[^']+)'/g)].map(([, path]) => path!)
    expect(doors.length).toBeGreaterThan(15)
    const filled = (path: string) => path.replace('{id}', path.includes('enrolments') ? 'A'.repeat(22) : '0'.repeat(32)).replace('{reference}', '0'.repeat(32))
    for (const door of [...doors, '/v1/trust-lists', '/v1/approvals']) expect((await fetch(`${address}/authority/HKG${filled(door)}`)).status, door).toBe(502)
    expect((await fetch(`${address}/authority/XXX/v1/pass`)).status).toBe(404)
  })

  it('says what is missing and what to do', () => {
    expect(typed('--folder', join(folder, 'nowhere'))).toMatchObject({ status: 2, stderr: expect.stringContaining('run `npm run build` in web') })
    expect(typed('--folder', folder, '--authorities', 'HKG=http://b')).toMatchObject({ status: 2, stderr: expect.stringContaining('no address of CHN') })
    expect(typed('--folder', folder, '--authorities', '{')).toMatchObject({ status: 2, stderr: expect.stringContaining('--authorities') })
    expect(typed('--folder', folder, '--listen', 'here')).toMatchObject({ status: 2, stderr: expect.stringContaining('127.0.0.1:7121') })
    expect(typed('--wrong')).toMatchObject({ status: 2, stderr: expect.stringContaining('usage:') })
  })
})
