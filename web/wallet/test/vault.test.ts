/** A PIN that is changed: what is stored after each step, and what a second window does. */
import { beforeEach, describe, expect, it, vi } from 'vitest'

/** What is stored, by all windows together; each write of the sealed vault may be made to fail. */
const world = vi.hoisted(() => ({ stored: new Map<string, string>(), full: false, told: [] as (() => void)[], after: [] as Map<string, string>[] }))

vi.mock('../src/platform.js', () => ({
  load: (name: string) => world.stored.get(name),
  save: (name: string, text: string) => {
    if (world.full && name === 'baypass.vault') throw new Error('storage')
    world.stored.set(name, text)
    world.after.push(new Map(world.stored))
  },
  forget: (name: string) => {
    world.stored.delete(name)
    world.after.push(new Map(world.stored))
  },
  onChangedElsewhere: (_: string, told: () => void) => void world.told.push(told),
  prepareRandomness: () => Promise.resolve(),
  random: (length: number) => crypto.getRandomValues(new Uint8Array(length)),
  dropKey: () => Promise.resolve(), dropAllKeys: () => Promise.resolve(),
}))

type Window = typeof import('../src/wallet.js')
const [OLD, NEW, WRONG] = ['274951', '904172', '831664']

/** One more window of the same browser. */
async function open(): Promise<Window> {
  vi.resetModules()
  return import('../src/wallet.js')
}
async function prove(window: Window, pin = OLD) {
  const opened = await window.provePin(pin)
  if (opened.outcome !== 'open') throw new Error(opened.outcome)
  return opened.vault
}
const opens = async (pin: string) => (await (await open()).unlock(pin)).outcome
/** What a new window says to both, on what is stored. */
async function both(stored: Map<string, string>) {
  const before = world.stored
  const found = []
  for (const pin of [OLD, NEW]) {
    world.stored = new Map(stored)
    world.stored.delete('baypass.tries')
    found.push(await opens(pin))
  }
  world.stored = before
  return found
}

describe('the change of a PIN', () => {
  let here: Window

  beforeEach(async () => {
    Object.assign(world, { stored: new Map(), full: false, told: [], after: [] })
    here = await open()
    await here.begin('HKG', OLD)
    here.state.content!.name = 'SPECIMEN'
    await here.keep()
  })

  it('leaves the new one alone, and everything behind it', async () => {
    await here.changePin(await prove(here), NEW)
    expect(await both(world.stored)).toEqual(['wrong', 'open'])
    const later = await open()
    await later.unlock(NEW)
    expect(later.state.content?.name).toBe('SPECIMEN')
    // What this window stores afterwards is behind the new one too.
    here.state.content!.name = 'SPECIMEN TWO'
    await here.keep()
    expect(await both(world.stored)).toEqual(['wrong', 'open'])
  })

  it('interrupted after any step, leaves exactly one that opens', async () => {
    world.after = []
    await here.changePin(await prove(here), NEW)
    const steps = world.after
    world.after = []
    const found = []
    for (const stored of steps) found.push((await both(stored)).filter((outcome) => outcome === 'open').length)
    expect(found.length).toBeGreaterThanOrEqual(3)
    expect(new Set(found)).toEqual(new Set([1]))
    expect((await both(steps[0]!))[0]).toBe('open')
  })

  it('that finds the storage full changes nothing, and the wallet goes on', async () => {
    world.full = true
    await expect(here.changePin(await prove(here), NEW)).rejects.toThrow('storage')
    world.full = false
    await here.keep()
    expect(await both(world.stored)).toEqual(['open', 'wrong'])
  })

  it('counts wrong tries with those of the opening, and waits as long', async () => {
    expect(await here.provePin(WRONG)).toEqual({ outcome: 'wrong', left: 4 })
    expect(await (await open()).unlock(WRONG)).toEqual({ outcome: 'wrong', left: 3 })
    for (const left of [2, 1]) expect(await here.provePin(WRONG)).toEqual({ outcome: 'wrong', left })
    expect(await here.provePin(WRONG)).toMatchObject({ outcome: 'wait' })
    expect(await here.provePin(OLD)).toMatchObject({ outcome: 'wait' })
    expect(await opens(OLD)).toBe('wait')
  })

  it('locks another window, which writes nothing with the old key, told or not', async () => {
    for (const told of [true, false]) {
      const other = await open()
      const toldOther = world.told.at(-1)!
      const [from, to] = told ? [OLD, NEW] : [NEW, OLD]
      await other.unlock(from)
      await here.changePin(await prove(here, from), to)
      const stored = world.stored.get('baypass.vault')
      if (told) toldOther()
      if (told) await other.keep()
      else await expect(other.keep()).rejects.toThrow()
      expect(other.state.content).toBeUndefined()
      expect(world.stored.get('baypass.vault')).toBe(stored)
      expect(await opens(to)).toBe('open')
    }
  })

  it('claims nothing where the wallet was locked, or changed elsewhere, since the present one was proven', async () => {
    const proven = await prove(here)
    const other = await open()
    await other.unlock(OLD)
    await other.changePin(await prove(other), NEW)
    await expect(here.changePin(proven, WRONG)).rejects.toThrow()
    expect(here.state.content).toBeUndefined()
    expect(await both(world.stored)).toEqual(['wrong', 'open'])
    const again = await prove(other, NEW)
    other.lock()
    await expect(other.changePin(again, WRONG)).rejects.toThrow()
    expect(await both(world.stored)).toEqual(['wrong', 'open'])
  })
})
