/**
* Thousands of random cases: `core` writes the same bytes as the Rust crates, refuses what they refuse, and they accept what
 * it signs. The Rust side is `crates/baypass/examples/wallet_lines.rs`; without
 * Cargo these tests are skipped, loudly. `BAYPASS_SEED` repeats a run.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { randomBytes, webcrypto } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'
import { fromBase64Url as bytes, toBase64Url as b64, toHex } from '../bytes.js'
import { type Audience, type Authority, type Unlock, crossingCode, holderProof, possession, proofExternal, readCode, thumbprint, unlockBytes, writeCode } from '../border.js'
import { fromBase45, toBase45 } from '../base45.js'
import { type Cbor, CborMap, CborTag, decode, encode } from '../cbor.js'
import { open1, parse1, sign1 } from '../cose.js'
import { type DeviceKey, coordinates, newSoftwareKey, newWebKey, sha256 } from '../keys.js'
import { AUTHORITIES, SEALED_RECEIVERS, partDocuments, partMaker } from '../issuance.js'
import { judgeNumber } from '../numbers.js'
import { skip } from './skip.js'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const seed = process.env['BAYPASS_SEED'] ?? String(Date.now())
const COUNT = 3000
/** A built example in the place of Cargo's own run. */
const beside = join(process.env['CARGO_TARGET_DIR'] ?? join(root, 'target'), 'debug/examples/wallet_lines')
const built = process.env['BAYPASS_WALLET_LINES'] ?? (existsSync(beside) ? beside : undefined)
const cargo = built !== undefined || spawnSync('cargo', ['--version']).status === 0

type Line = Record<string, unknown> & { kind: string }
let lines: Line[] = []
const of = (kind: string) => lines.filter((line) => line.kind === kind)
const text = (line: Line, field: string) => String(line[field])
const random = (length: number) => new Uint8Array(randomBytes(length))

function example(...args: string[]): [string, string[]] {
  return built ? [built, args] : ['cargo', ['run', '-q', '-p', 'baypass', '--example', 'wallet_lines', '--', ...args]]
}

/** A value of the Rust side's description. */
function described(value: unknown): Cbor {
  const item = value as Record<string, unknown>
  if ('int' in item) {
    const n = BigInt(String(item['int']))
    return n >= BigInt(Number.MIN_SAFE_INTEGER) && n <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(n) : n
  }
  if ('bytes' in item) return bytes(String(item['bytes']))
  if ('text' in item) return String(item['text'])
  if ('null' in item) return null
  if ('bool' in item) return item['bool'] === true
  if ('array' in item) return (item['array'] as unknown[]).map(described)
  if ('tag' in item) return new CborTag(Number(item['tag']), described(item['item']))
  return new CborMap((item['map'] as [unknown, unknown][]).map(([key, value]) => [described(key), described(value)] as const))
}

const takes = (read: () => unknown) => {
  try {
    read()
    return true
  } catch {
    return false
  }
}

const skipped = skip('core against Rust', cargo ? undefined : 'no cargo on this machine')

describe.skipIf(skipped)(`the Rust crates and core agree (BAYPASS_SEED=${seed})`, () => {
  beforeAll(() => {
    const out = execFileSync(...example('write', seed, String(COUNT)), { cwd: root, maxBuffer: 1 << 30 })
    lines = out.toString().trim().split('\n').map((line) => JSON.parse(line) as Line)
  }, 900_000)

  it('on who makes which part for whom, and on which document', () => {
    const every = AUTHORITIES.flatMap((a) => AUTHORITIES.map((b) => [a, b] as const))
    const written = (kind: string) => of(kind).map(({ kind: _, ...fields }) => fields)
    expect(every.map(([issuer, receiver]) => ({ issuer, receiver, maker: partMaker(issuer, receiver) }))).toEqual(written('part'))
    expect(every.map(([maker, home]) => ({ maker, home, documents: partDocuments(maker, home) }))).toEqual(written('document'))
    for (const { maker, seals_for: sealsFor, vouches_for: vouchesFor } of written('maker')) {
      const authority = maker as Authority
      expect(SEALED_RECEIVERS[authority]).toEqual(sealsFor)
      const carried = new Set<string>(AUTHORITIES.flatMap((home) => partDocuments(authority, home)))
      expect([...carried].sort()).toEqual([...(vouchesFor as string[])].sort())
    }
    expect(of('maker')).toHaveLength(AUTHORITIES.length)
  })

  it('on the bytes of any value, whatever order its keys came in, and on what they say', () => {
    expect(of('cbor')).toHaveLength(COUNT)
    for (const line of of('cbor')) {
      const value = described(line['value'])
      expect(b64(encode(value))).toBe(line['bytes'])
      expect(b64(encode(decode(bytes(text(line, 'bytes')))))).toBe(line['bytes'])
    }
  })

  it('on what is no strict CBOR', () => {
    const read = of('strict').map((line) => takes(() => decode(bytes(text(line, 'bytes')), true)))
    of('strict').forEach((line, i) => expect(read[i], text(line, 'bytes')).toBe(line['read']))
    expect(read.filter((taken) => !taken).length).toBeGreaterThan(COUNT / 4)
    expect(read.filter((taken) => taken).length).toBeGreaterThan(COUNT / 20)
  })

  it('on Base45, both ways, and on what is none', () => {
    for (const line of of('base45')) expect(toBase45(bytes(text(line, 'bytes')))).toBe(line['text'])
    for (const line of of('unbase45')) {
      const taken = takes(() => fromBase45(text(line, 'text')))
      expect(taken, text(line, 'text')).toBe(line['bytes'] !== null)
      if (taken) expect(b64(fromBase45(text(line, 'text')))).toBe(line['bytes'])
    }
  })

  it('on proofs, their external data and payload, and on the text of codes', () => {
    for (const line of of('code')) {
      const named = line['audience'] as Record<string, string | null>
      const audience = { port: named['port'], from: named['from'], to: named['to'], ...(named['side'] ? { side: named['side'] } : {}) } as Audience
      const [token, proof, key] = [bytes(text(line, 'token')), bytes(text(line, 'proof')), bytes(text(line, 'key'))]
      const parts = (line['parts'] as string[]).map(bytes)
      expect(b64(thumbprint(key))).toBe(line['thumbprint'])
      const payload = open1(proof, key, proofExternal(audience, token, parts))
      const at = Number(line['now'])
      const told = line['unlock'] as { method: Unlock['method']; seconds: number } | null
      const unlock = told ? { method: told.method, at: at - told.seconds } : undefined
      expect(toHex(payload)).toBe(toHex(encode([at, unlockBytes(unlock, at)])))
      const code = () => writeCode({ form: 'full', token, proof, parts })
      if (line['text'] === null) expect(code).toThrow()
      else expect(code()).toBe(line['text'])
    }
  })

  it('on what is no code', () => {
    for (const line of of('uncode')) expect(takes(() => readCode(text(line, 'text'))), text(line, 'text')).toBe(line['read'])
  })

  it('on document numbers, and on the first thing wrong with one', () => {
    for (const line of of('number')) {
      const judged = judgeNumber(line['document'] as never, text(line, 'text'))
      const found = 'number' in judged ? judged : { ...judged }
      const wanted = line['fault'] === null
        ? { number: line['number'] }
        : { fault: line['fault'], ...(line['position'] === null ? {} : { position: line['position'] }) }
// Rust counts bytes, core counts characters: for a character that no number has, both must refuse it, or both must
      // take it for a blank around the number.
      if (/[^ -~]/.test(text(line, 'text'))) {
        if ('number' in found) expect(found, text(line, 'text')).toEqual(wanted)
        else expect(line['fault'], text(line, 'text')).not.toBeNull()
        continue
      }
      expect(found, `${text(line, 'document')} ${text(line, 'text')}`).toEqual(wanted)
    }
  })

  it('on what core signs: codes and proofs of possession, with both kinds of key', async () => {
    const issuer = newSoftwareKey(random)
    const wanted: boolean[] = []
    const cases: object[] = []
    const authorities: readonly Authority[] = ['CHN', 'HKG', 'MAC']
    for (let i = 0; i < 400; i += 1) {
      const key: DeviceKey = i % 2 === 0 ? newSoftwareKey(random) : await newWebKey(webcrypto.subtle as never)
      const [home, from, to] = [authorities[i % 3]!, authorities[(i + 1) % 3]!, authorities[(i + 2) % 3]!]
      const audience: Audience = { port: 'hengqin', from, to, ...(i % 4 === 0 ? {} : { side: i % 4 === 1 ? 'exit' as const : 'entry' as const }) }
      const token = await makeToken(issuer, key, home)
      const parts = new Map<Authority, Uint8Array>([[from, random(131)], [to, random(202)]])
      const unlock: Unlock | undefined = i % 3 === 0 ? undefined : { method: i % 3 === 1 ? 'pin' : 'platform', at: 1772416800 + i - (i % 61) }
      const made = await crossingCode({ key, token, parts }, audience, 1772416800 + i, unlock)
      // Every fifth is shown at another side than it was made for, or its proof is another key's.
      const spoiled = i % 5 === 0
      wanted.push(!spoiled)
      const forged = spoiled && made ? await forge(made, audience) : made
      const unlocked = spoiled || !unlock ? null : { method: unlock.method, seconds: i % 61 }
      cases.push({ key: b64(key.publicKey), issuer_key: b64(issuer.publicKey), ...audience, text: forged, unlocked })
      const session = random(32)
      const message = await possession(key, from, home, session, 1772416800)
      wanted.push(true)
      cases.push({ key: b64(key.publicKey), possession: b64(message), payload: b64(encode([from, home, 1772416800, sha256(session)])) })
    }
    const judged = spawnSync(...example('judge'), { cwd: root, input: cases.map((line) => JSON.stringify(line)).join('\n') })
    const verdicts = judged.stdout.toString().trim().split('\n').map((line) => (JSON.parse(line) as { counts: boolean }).counts)
    expect(verdicts).toEqual(wanted)
  })
})

async function makeToken(issuer: DeviceKey, key: DeviceKey, home: Authority): Promise<Uint8Array> {
  const { x, y } = coordinates(key.publicKey)
  const cose = new CborMap([[1, 2], [-1, 1], [-2, x], [-3, (y[31]! & 1) === 1]])
  const hashes = home === 'CHN' ? [random(16), random(16)] : [random(16)]
  const claims = new CborMap([[1, home], [4, 1772985600], [8, new CborMap([[1, cose]])], [-65537, [0, 3, 70000, ...hashes]]])
  const token = await sign1(issuer, ['bp1-token'], encode(claims), Uint8Array.of(7))
  return token
}

async function forge(code: string, audience: Audience): Promise<string> {
  const read = readCode(code)
  if (read.form !== 'full') throw new Error('a short code')
  const proof = await holderProof(newSoftwareKey(random), audience, read.token, read.parts, 1772416800)
  expect(parse1(proof).payload).toHaveLength(9)
  return writeCode({ ...read, proof })
}
