/** The phone's own lock and the vault: what is stored, what opens it, and what a change of PIN leaves. */
import { beforeEach, describe, expect, it, vi } from 'vitest'

/** Of the modules that this window has loaded. */
const refuse = async (code: 'refused' | 'unable' | 'lost') => { throw new (await import('../src/lock-fault.js')).LockFault(code) }

const world = vi.hoisted(() => ({
  stored: new Map<string, string>(),
  /** What the lock of this phone wrapped, by the text that stands in its place. */
  wrapped: new Map<string, { readonly secret: Uint8Array; readonly about: string }>(),
  finger: true,
}))

vi.mock('../src/platform.js', () => ({
  load: (name: string) => world.stored.get(name),
  save: (name: string, text: string) => void world.stored.set(name, text),
  forget: (name: string) => void world.stored.delete(name),
  onChangedElsewhere: () => undefined,
  prepareRandomness: () => Promise.resolve(),
  random: (length: number) => crypto.getRandomValues(new Uint8Array(length)),
  dropKey: () => Promise.resolve(), dropAllKeys: () => Promise.resolve(),
}))
vi.mock('../src/phone-lock.js', () => ({
  ability: () => Promise.resolve('opens'),
  confirm: () => refuse('unable'),
  wrap: (secret: Uint8Array, about: string) => {
    const text = `wrapped ${world.wrapped.size}`
    world.wrapped.set(text, { secret: secret.slice(), about })
    return world.finger ? Promise.resolve({ credential: 'AA', salt: 'AA', nonce: 'AA', text }) : refuse('refused')
  },
  unwrap: ({ text }: { text: string }, about: string) => {
    const found = world.wrapped.get(text)
    if (!world.finger) return refuse('refused')
    return found?.about === about ? Promise.resolve(found.secret.slice()) : refuse('lost')
  },
}))

type Window = typeof import('../src/wallet.js')
const [OLD, NEW] = ['274951', '904172']

async function open(): Promise<Window> {
  vi.resetModules()
  return import('../src/wallet.js')
}
const fault = (work: Promise<unknown>) => work.then(() => 'none', (error: unknown) => error instanceof Error ? error.message : String(error))

describe('a wallet that the phone\'s lock opens', () => {
  let here: Window

  beforeEach(async () => {
    world.stored.clear()
    world.wrapped.clear()
    world.finger = true
    here = await open()
    await here.begin('HKG', OLD)
    here.state.content!.name = 'SPECIMEN'
    await here.keep()
    await here.switchLockOn()
  })

  it('opens by it as by the PIN, in another window too', async () => {
    const later = await open()
    expect((await later.unlockByPhone()).outcome).toBe('open')
    expect(later.state.content?.name).toBe('SPECIMEN')
    await later.keep()
    expect((await (await open()).unlock(OLD)).outcome).toBe('open')
  })

  it('stays locked for another finger, and goes on with the PIN', async () => {
    world.finger = false
    const later = await open()
    expect(await fault(later.unlockByPhone())).toBe('refused')
    expect(later.state.content).toBeUndefined()
    expect(world.stored.has('baypass.lock')).toBe(true)
    expect((await later.unlock(OLD)).outcome).toBe('open')
  })

  it('neither counts nor forgets a try of the PIN', async () => {
    await (await open()).unlock('831664')
    await (await open()).unlockByPhone()
    expect(await (await open()).unlock('831664')).toEqual({ outcome: 'wrong', left: 3 })
  })

  it('takes it for nothing after a change of PIN, also where the old wrapped key was put back', async () => {
    const old = world.stored.get('baypass.lock')!
    const opened = await here.provePin(OLD)
    if (opened.outcome !== 'open') throw new Error(opened.outcome)
    await here.changePin(opened.vault, NEW)
    expect(world.stored.has('baypass.lock')).toBe(false)
    world.stored.set('baypass.lock', old)
    expect(await fault((await open()).unlockByPhone())).toBe('lost')
    expect(world.stored.has('baypass.lock')).toBe(false)
  })

  it('stores no key in clear, and forgets everything with the last pass', async () => {
    const [{ secret }] = [...world.wrapped.values()] as [{ secret: Uint8Array }]
    const all = JSON.stringify([...world.stored])
    for (const form of ['hex', 'base64', 'base64url'] as const) expect(all).not.toContain(Buffer.from(secret).toString(form))
    await here.forgetAll()
    expect([...world.stored.keys()]).toEqual([])
  })

  it('is not switched on for a finger that the phone does not know', async () => {
    world.stored.delete('baypass.lock')
    world.finger = false
    expect(await fault(here.switchLockOn())).toBe('refused')
    expect(world.stored.has('baypass.lock')).toBe(false)
  })
})
