/** A live capture, told from the wallet's side: which frames are sent, what is asked, and a camera that goes away. */
import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { Frames } from '../src/api.js'
import { newVault, seal } from '../src/vault.js'
import type { Prompt, Source } from '../src/wallet.js'

/** What is stored, what the authority was sent, and how it answers. */
const world = vi.hoisted(() => ({ stored: new Map<string, string>(), sent: [] as unknown[], answers: [] as object[], slow: 0 }))

vi.mock('../src/platform.js', async () => {
  const { newSoftwareKey, openSoftwareKey } = await import('../../core/keys.js')
  const { fromBase64Url, toBase64Url } = await import('../../core/bytes.js')
  const random = (length: number) => crypto.getRandomValues(new Uint8Array(length))
  return {
    load: (name: string) => world.stored.get(name),
    save: (name: string, text: string) => void world.stored.set(name, text),
    forget: (name: string) => void world.stored.delete(name),
    onChangedElsewhere: () => undefined,
    prepareRandomness: () => Promise.resolve(),
    random,
    makeKey: () => {
      const key = newSoftwareKey(random)
      return Promise.resolve({ key, stored: { kind: 'software', secret: toBase64Url(key.secret) } })
    },
    openKey: ({ secret }: { secret: string }) => Promise.resolve(openSoftwareKey(fromBase64Url(secret), random)),
    dropKey: () => Promise.resolve(), dropAllKeys: () => Promise.resolve(),
  }
})
vi.mock('../src/client.js', async (original) => ({
  ...await original<typeof import('../src/client.js')>(),
  call: async (_: string, door: string, given: { body: object }) => {
    world.sent.push(given.body)
    if (door === 'enrol') return { id: 'e', capture: 'live', prompt: 'look_straight' }
    await new Promise((resolve) => { setTimeout(resolve, world.slow) })
    return world.answers.shift() ?? { prompt: 'turn_left' }
  },
}))

const PIN = '274951'
const wallet = await import('../src/wallet.js')
const { tokensLeft } = await import('../src/codes.js')

/** A camera that gives so many frames and then is gone; `asked` keeps what was asked of the traveller. */
function camera(frames: number): Source & { readonly asked: Prompt[] } {
  const asked: Prompt[] = []
  let taken = 0
  return {
    asked, ask: (prompt) => void asked.push(prompt), picture: () => Promise.resolve(undefined),
    frame: () => ++taken > frames ? Promise.reject(new Error('the track ended')) : Promise.resolve(Uint8Array.of(taken)),
  }
}

describe('a live capture', () => {
  beforeEach(async () => {
    Object.assign(world, { stored: new Map(), sent: [], answers: [], slow: 0 })
    await wallet.begin('HKG', PIN)
    Object.assign(wallet.state.content!, { name: 'SPECIMEN', birth: '1990-05-06', cards: { HKG: { kind: 'hkid', number: 'A1234563' } } })
  })

  it('sends frames as they are taken, passes on what is asked, and ends with the secret', async () => {
    world.answers = [{ prompt: 'turn_right' }, { prompt: 'come_closer' }, { secret: 's', waits_until: null }]
    const source = camera(Infinity)
    await wallet.enrol(source)
    expect(source.asked).toEqual(['look_straight', 'turn_right', 'come_closer'])
    expect(wallet.state.content).toMatchObject({ sessions: { HKG: 's' }, step: 'done' })
    const times = (world.sent.slice(1) as Frames[]).flatMap(({ frames }) => frames.map(({ at_ms }) => at_ms))
    expect(times).toEqual([...times].sort((a, b) => a - b))
  })

  it('sends eight frames at most in one request, the newest, however slow the authority is', async () => {
    world.slow = 1500
    world.answers = [{ prompt: 'turn_right' }, { secret: 's', waits_until: null }]
    await wallet.enrol(camera(Infinity))
    const [, first, second] = world.sent as [unknown, Frames, Frames]
    expect(first.frames).toHaveLength(1)
    expect(second.frames).toHaveLength(8)
    expect(second.frames[0]!.at_ms).toBeGreaterThan(first.frames[0]!.at_ms + 120)
  })

  it('says at once that the camera is gone, and nothing is registered', async () => {
    await expect(wallet.enrol(camera(2))).rejects.toMatchObject({ code: 'camera' })
    expect(wallet.state.content!.sessions).toEqual({})
    // Three frames would have taken the authority's word; nobody waited for the longest capture there is.
    expect(world.sent.length).toBeLessThanOrEqual(3)
  })
})

describe('a vault of the version before', () => {
  it('opens with the tokens that it holds', async () => {
    const token = { key: { kind: 'software', secret: 'x' }, token: 't', parts: {}, expires: 9_999_999_999 }
    const passes = [{ home: 'HKG', step: 'done', tickets: [token] }]
    world.stored.clear()
    await seal(await newVault(PIN), { passes })
    expect((await wallet.unlock(PIN)).outcome).toBe('open')
    expect(wallet.state.content!.tokens).toEqual([token])
    expect(wallet.state.content).not.toHaveProperty('tickets')
    expect(tokensLeft()).toBe(1)
    // Who stands there without a place gets the one of its order.
    expect(wallet.people().map(({ seat }) => seat)).toEqual([0])
  })

  it('in which the first pass had no place keeps the order of its cards, whichever is in use', async () => {
    const person = (name: string, seat?: number) => ({ home: 'HKG', step: 'done', name, tokens: [], ...(seat === undefined ? {} : { seat }) })
    for (const passes of [[person('second', 1), person('first'), person('third', 2)], [person('third', 2), person('second', 1), person('first')], [person('first'), person('third', 2), person('second', 1)]]) {
      world.stored.clear()
      await seal(await newVault(PIN), { passes })
      expect((await wallet.unlock(PIN)).outcome).toBe('open')
      expect(wallet.people().map(({ name }) => name)).toEqual(['first', 'second', 'third'])
    }
  })
})
