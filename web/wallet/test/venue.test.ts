/**
 * What a pass has for desks, by the vectors of venues: lists that are fetched and kept, requests that are held to them, and an answer
 * that is written down before anybody has it.
 */
import { readFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Refused, fromHex, toBase64Url } from '../../core/bytes.js'
import { type DeviceKey, openSoftwareKey } from '../../core/keys.js'

type Case = Readonly<Record<string, unknown>> & { readonly name: string; readonly expect: string }
const vectors = JSON.parse(readFileSync(new URL('../../../vectors/venues.json', import.meta.url), 'utf8')) as Record<string, unknown>
const rows = (table: string) => vectors[table] as readonly Case[]
const text = (hex: unknown) => toBase64Url(fromHex(String(hex)))
const NOW = Date.parse(String(vectors['now']))

/** The phone: its store, whether it is full, its network, and what was asked there. */
const world = vi.hoisted(() => ({ stored: new Map<string, string>(), full: false, online: true, roots: {} as unknown, asked: [] as string[], published: {} as Record<string, object> }))

vi.mock('../src/platform.js', () => ({
  REACHES_DESKS: true,
  load: (name: string) => world.stored.get(name),
  save: (name: string, stored: string) => {
    if (world.full) throw new Error('storage')
    world.stored.set(name, stored)
  },
  forget: (name: string) => void world.stored.delete(name),
  onChangedElsewhere: () => undefined,
  prepareRandomness: () => Promise.resolve(),
  random: (length: number) => crypto.getRandomValues(new Uint8Array(length)),
  openKey: ({ secret }: { secret: string }): Promise<DeviceKey> => Promise.resolve(openSoftwareKey(fromHex(secret))),
  dropKey: () => Promise.resolve(),
  authorities: () => Promise.resolve({ CHN: 'https://chn', HKG: 'https://hkg', MAC: 'https://mac' }),
  pinnedRoots: () => world.online ? Promise.resolve(world.roots) : Promise.reject(new Error('network')),
  ask: (_: string, url: string, proof?: string) => {
    world.asked.push(`${url}${proof ? ' with a proof' : ''}`)
    if (!world.online) return Promise.reject(new Error('network'))
    return Promise.resolve({ status: 200, body: world.published[new URL(url).pathname] })
  },
}))

const PIN = '274951'
/** A window that starts: everything is read from what is stored. */
async function start() {
  vi.resetModules()
  const [wallet, venue] = [await import('../src/wallet.js'), await import('../src/venue.js')]
  if (world.stored.size > 0) await wallet.unlock(PIN)
  return { wallet, venue }
}
type Window = Awaited<ReturnType<typeof start>>

const code = async (work: () => Promise<unknown>): Promise<string> => {
  try {
    await work()
    return 'ok'
  } catch (error) {
    // Each window has the class of its own.
    if (error instanceof Error && 'code' in error) return String((error as Refused).code)
    throw error
  }
}

describe('a pass at desks', () => {
  let one: Window
  beforeEach(async () => {
    vi.useFakeTimers({ now: NOW, toFake: ['Date'] })
    Object.assign(world, {
      stored: new Map(), full: false, online: true, roots: vectors['roots'], asked: [],
      published: {
        '/v1/trust-lists': { lists: [{ authority: 'CHN', list: '!' }, ...Object.entries(vectors['trust'] as object).map(([authority, list]) => ({ authority, list: text(list) }))] },
        '/v1/approvals': { approvals: ['', ...(vectors['approvals'] as readonly string[]).map(text)] },
      },
    })
    one = await start()
    await one.wallet.begin('CHN', PIN)
  })
  afterEach(() => void vi.useRealTimers())

  it('holds each request to lists that it fetched and kept: every vector has its code, without a network too', async () => {
    await one.venue.fetchLists()
    expect(world.asked).toHaveLength(6)
    expect(world.asked.filter((line) => line.includes('proof'))).toEqual([])
    world.online = false
    one = await start()
    for (const { name, expect: expected, text: asked } of rows('requests')) expect(await code(() => one.venue.readRequest(String(asked))), name).toBe(expected)
  })

  it('fetches by itself what it lacks, and says what is missing where there is no network', async () => {
    const sign = String(rows('requests').find(({ name }) => name === 'a printed sign')?.['text'])
    world.online = false
    expect(await code(() => one.venue.readRequest(sign))).toBe('lists_missing')
    world.online = true
    expect(await code(() => one.venue.readRequest(sign))).toBe('ok')
    // A day later they still serve, and no second longer.
    world.online = false
    for (const [later, expected] of [[86_400, 'ok'], [86_401, 'desk_list_too_old']] as const) {
      vi.setSystemTime(NOW + later * 1000)
      expect(await code(() => one.venue.readRequest(sign))).toBe(expected)
    }
  })

  it('asks nobody without pinned roots, and believes no list under other ones', async () => {
    world.roots = {}
    await one.venue.fetchLists()
    expect(world.asked).toEqual([])
    const sign = String(rows('requests').find(({ name }) => name === 'a printed sign')?.['text'])
    const { CHN, MAC } = vectors['roots'] as Record<string, object>
    world.roots = { CHN: MAC, MAC: CHN }
    expect(await code(() => one.venue.readRequest(sign))).toBe('lists_missing')
    world.roots = vectors['roots']
    expect(await code(() => one.venue.readRequest(sign))).toBe('ok')
    // What came down from the roots before counts no more when others are pinned.
    world.roots = { CHN: MAC }
    await one.venue.fetchLists()
    expect(await code(() => one.venue.readRequest(sign))).toBe('lists_missing')
  })

  /** Puts the credentials of the vectors into the pass, as an authority gave them. */
  function stock() {
    const content = one.wallet.held()
    const documents = [{ kind: 'mainland_id', last4: '0000', status: 'valid', endorsements: [] }]
    content.sessions = { CHN: 'c2VjcmV0' }
    content.records = { CHN: { home: 'CHN', documents, tokens_left: 0 } as never }
    const credentials = rows('credentials').filter(({ expect: expected }) => expected === 'ok').map((row) => {
      const kind = String(row['kind'])
      return {
        source: { issuer: 'CHN' as const, kind: kind as 'identity', ...(kind === 'identity' ? { document: 'mainland_id' } : {}) },
        key: { kind: 'software' as const, secret: String(row['secret']) }, credential: text(row['bytes']), issued: 0, expires: NOW / 1000 + 3600,
      }
    })
    content.venues = { credentials, pending: [], registrations: [] }
  }

  it('writes an answer down as shown before anybody has it; where it cannot be written down, nobody has it', async () => {
    await one.venue.fetchLists()
    stock()
    await one.wallet.keep()
    const asked = String(rows('requests').find(({ name }) => name === 'a request with a nonce')?.['text'])
    const prepared = await one.venue.prepare(await one.venue.readRequest(asked))
    const before = one.wallet.storedCredentials()
    world.full = true
    const chosen = prepared.request.required
    await expect(one.venue.answer(prepared, chosen)).rejects.toThrow('storage')
    world.full = false
    expect(one.wallet.storedCredentials()).toEqual(before)
    expect(one.wallet.state.content?.venues).toMatchObject({ registrations: [], credentials: before.map((credential) => ({ credential })) })
    one = await start()
    const again = await one.venue.prepare(await one.venue.readRequest(asked))
    const registration = await one.venue.answer(again, chosen)
    expect(one.venue.codeOf(registration)).toMatch(/^BV1:/)
    // One is used; the other would show nothing and stays.
    expect(again.credentials).toHaveLength(2)
    expect(one.wallet.storedCredentials()).toEqual(before.filter((credential) => credential !== again.credentials[0]))
    expect(await code(() => one.venue.answer(again, chosen))).toBe('shown_meanwhile')
    one = await start()
    expect(one.venue.unfinished()?.presentation).toBe(registration.presentation)
    expect(one.wallet.state.content?.venues?.registrations).toHaveLength(1)
  })

  it('makes no answer to a request that ended while the traveller read it', async () => {
    await one.venue.fetchLists()
    stock()
    await one.wallet.keep()
    const asked = String(rows('requests').find(({ name }) => name === 'a request with a nonce')?.['text'])
    const prepared = await one.venue.prepare(await one.venue.readRequest(asked))
    vi.setSystemTime(NOW + 301_000)
    expect(await code(() => one.venue.answer(prepared, prepared.request.required))).toBe('request_ended')
    expect(one.wallet.storedCredentials()).toHaveLength(4)
  })
})
