/** The descriptions of the APIs and the pages at the services' addresses, of services that run: two linters, examples, four languages. */
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { skip } from '../../core/test/skip'
import { MODELS, missing, program } from '../../kiosk/test/bay'

interface Operation {
  tags: string[]
  operationId: string
  security?: object[]
  servers?: { url: string }[]
  parameters?: { name: string; in: string; example?: unknown }[]
  requestBody?: { content: Record<string, { example?: unknown }> }
  responses: Record<string, { content?: Record<string, { example?: unknown }> }>
}
interface Description { paths: Record<string, Record<string, Operation>>; components: { schemas: Record<string, { example?: unknown }> } }

const HERE = fileURLToPath(new URL('.', import.meta.url))
const BIN = fileURLToPath(new URL('../../node_modules/.bin', import.meta.url))
const HOTEL = 'specimen-hotel-macao'
const without = skip('descriptions of the APIs', missing())

describe.skipIf(without)('what a service says of itself', () => {
  let work: string
  let dir: string
  const running: ChildProcess[] = []
  const at: Record<string, string> = {}

  /** Starts a party; gives the addresses that it prints. */
  function start(words: string[], addresses: number): Promise<string[]> {
    const child = spawn(program(), [...words, '--dir', dir], { env: { ...process.env, BAYPASS_MODELS: MODELS }, stdio: ['ignore', 'pipe', 'pipe'] })
    running.push(child)
    let [said, log] = ['', '']
    return new Promise((resolve, reject) => {
      child.stdout.on('data', (data: Buffer) => {
        said += data.toString()
        const found = [...said.matchAll(/ on (https?:\/\/\S+)/g)].map((match) => match[1]!)
        if (found.length >= addresses) resolve(found)
      })
      child.stderr.on('data', (data: Buffer) => { log = (log + data.toString()).slice(-2000) })
      child.once('exit', (code) => reject(new Error(`${words.join(' ')} ended (${code}): ${log}`)))
    })
  }

  beforeAll(async () => {
    work = mkdtempSync(join(tmpdir(), 'baypass-described-'))
    dir = join(work, 'bay')
    execFileSync(program(), ['init', dir], { env: { ...process.env, BAYPASS_MODELS: MODELS } })
    const [authority, gate, desk] = await Promise.all([
      start(['authority', 'serve', '--authority', 'HKG'], 3),
      start(['gate', 'serve', '--port', 'hengqin'], 2),
      start(['desk', 'serve', '--venue', HOTEL], 2),
    ])
    Object.assign(at, { authority: authority[0], operators: authority[2], gate: gate[0], lanes: gate[1], wallets: desk[0], desk: desk[1] })
  })

  afterAll(() => {
    for (const child of running) child.kill('SIGTERM')
    if (work) rmSync(work, { recursive: true, force: true })
  })

  const described = async (name: string) => await (await fetch(`${at[name]}/openapi.json`)).json() as Description
  /** A linter as a process beside this one: a connection that is over meanwhile is noticed. */
  const run = (file: string, args: readonly string[], options: object) => new Promise<{ status: number | string | null; stdout: string; stderr: string }>((resolve) => {
    execFile(join(BIN, file), args, { ...options, encoding: 'utf8', maxBuffer: 1 << 26 }, (error, stdout, stderr) => resolve({ status: error ? error.code ?? 'killed' : 0, stdout, stderr }))
  })

  it.each(['authority', 'gate', 'desk'])('two linters find nothing wrong with the description of the %s', async (name) => {
    const file = join(work, `${name}.json`)
    writeFileSync(file, JSON.stringify(await described(name), null, 1))
    const environment = { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' }
    const redocly = await run('redocly', ['lint', file, '--config', join(HERE, 'redocly.yaml')], { env: environment, cwd: work })
    expect(redocly.status, redocly.stdout + redocly.stderr).toBe(0)
    const spectral = await run('spectral', ['lint', file, '--ruleset', join(HERE, 'spectral.yaml'), '--fail-severity', 'warn'], {})
    expect(spectral.status, spectral.stdout + spectral.stderr).toBe(0)
  })

  it.each(['authority', 'gate', 'desk'])('every operation of the %s has listeners, what opens it, and examples', async (name) => {
    const { paths, components } = await described(name)
    const faults: string[] = []
    for (const [path, item] of Object.entries(paths)) {
      for (const [method, operation] of Object.entries(item)) {
        const where = `${method} ${path}`
        if (!operation.servers?.length) faults.push(`${where}: servers`)
        if (!operation.security) faults.push(`${where}: security`)
        for (const parameter of operation.parameters ?? []) if (parameter.example == null) faults.push(`${where}: parameter ${parameter.name}`)
        for (const [status, { content }] of [['body', operation.requestBody ?? {}] as const, ...Object.entries(operation.responses)]) {
          for (const [media, body] of Object.entries(content ?? {})) if (body.example === undefined) faults.push(`${where}: ${status} ${media}`)
        }
      }
    }
    for (const [schema, { example }] of Object.entries(components.schemas)) if (example == null) faults.push(`schema ${schema}`)
    expect(faults).toEqual([])
    expect(Object.keys(paths).length).toBeGreaterThan(5)
  })

  it('the desk and the gate take the examples of their bodies for what they are', async () => {
    const secret = readFileSync(join(dir, 'venues', HOTEL, 'counter.secret'), 'utf8').trim()
    const signed = await fetch(`${at['desk']}/api/session`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ name: 'clerk', secret }) })
    const cookie = signed.headers.get('set-cookie')!.split(';')[0]!
    const refused: string[] = []
    let sent = 0
    for (const [name, tags] of [['desk', ['counter', 'hotel']], ['gate', ['trial']]] as const) {
      for (const [path, item] of Object.entries((await described(name)).paths)) {
        for (const [method, operation] of Object.entries(item)) {
          const body = operation.requestBody?.content['application/json']
          if (!body || !(tags as readonly string[]).includes(operation.tags[0]!) || path === '/api/session') continue
          const address = at[name] + path.replace(/\{(\w+)\}/g, (_, parameter: string) => encodeURIComponent(String(operation.parameters?.find((one) => one.name === parameter)?.example)))
          const answer = await fetch(address, { method: method.toUpperCase(), headers: { 'content-type': 'application/json', cookie }, body: JSON.stringify(body.example) })
          const problem = answer.status < 400 ? '' : (await answer.json() as { code: string }).code
          sent += 1
          if (answer.status === 401 || /malformed|wrong_field|body/.test(problem)) refused.push(`${method} ${path}: ${answer.status} ${problem}`)
        }
      }
    }
    expect(refused).toEqual([])
    expect(sent).toBeGreaterThan(8)
  })

  it.each(['authority', 'operators', 'gate', 'lanes', 'wallets'])('the address of %s shows in the language of the browser what it is and where to go', async (name) => {
    const titles = new Set<string>()
    for (const [wanted, language] of [['zh-CN,zh;q=0.9', 'zh-Hans'], ['zh-HK', 'zh-Hant'], ['pt-PT', 'pt'], ['de', 'en']] as const) {
      const answer = await fetch(`${at[name]}/`, { headers: { 'accept-language': wanted } })
      const page = await answer.text()
      expect(answer.status).toBe(200)
      expect(answer.headers.get('content-language')).toBe(language)
      expect(page).toContain(`<html lang="${language}">`)
      expect(page).not.toContain('<script')
      titles.add(/<title>(.*?)<\/title>/.exec(page)![1]!)
      for (const [, path] of page.matchAll(/href="(.*?)"/g)) expect((await fetch(at[name] + path!)).status, path).toBeLessThan(504)
      for (const [, path] of page.matchAll(/href="(.*?)"/g)) expect((await fetch(at[name] + path!)).status, path).not.toBe(404)
    }
    expect(titles.size).toBe(4)
  })

  it('every tab has a title of its own', async () => {
    const titles = await Promise.all(['authority/', 'authority/docs', 'gate/', 'gate/docs', 'wallets/', 'desk/docs'].map(async (page) => {
      const [name, path] = page.split('/')
      return /<title>(.*?)<\/title>/.exec(await (await fetch(`${at[name!]}/${path}`)).text())![1]!
    }))
    expect(new Set(titles).size).toBe(titles.length)
  })
})
