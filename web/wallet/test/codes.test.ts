/** Which token is shown at which lane, what a glance costs, and what the wallet's own guesses cost. */
import { beforeEach, describe, expect, it, vi } from 'vitest'

const world = vi.hoisted(() => ({ at: 1_800_000_000 }))
vi.mock('../src/platform.js', () => ({
  load: () => undefined, save: () => undefined, forget: () => undefined, onChangedElsewhere: () => undefined, prepareRandomness: () => Promise.resolve(),
  random: (length: number) => new Uint8Array(length), openKey: () => Promise.resolve({}), dropKey: () => Promise.resolve(),
}))
vi.mock('../../core/border.js', async (original) => ({
  ...await original<typeof import('../../core/border.js')>(),
  crossingCode: ({ token }: { token: Uint8Array }) => Promise.resolve(Buffer.from(token).toString()),
}))
const wallet = await import('../src/wallet.js')
const codes = await import('../src/codes.js')

const lane = (side: 'exit' | 'entry', from: 'HKG' | 'CHN' = 'HKG', to: 'HKG' | 'CHN' = 'CHN') => ({ port: 'shenzhen-bay', from, to, side })
const later = (seconds: number) => { world.at += seconds }
/** The number of the token that is shown. */
const shown = async (audience: ReturnType<typeof lane>, chosen: 'choice' | 'guess', began = world.at) => {
  const made = await codes.show(audience, world.at, { began, chosen })
  return 'text' in made ? made.text : made.missing
}

describe('a token', () => {
  beforeEach(() => {
    world.at += 86_400
    vi.spyOn(Date, 'now').mockImplementation(() => world.at * 1000)
    const parts = { HKG: 'AA', CHN: 'AA' }
    const tokens = ['1', '2', '3'].map((name) => ({ key: { kind: 'software', secret: '' } as const, token: Buffer.from(name).toString('base64url'), parts, expires: world.at + 259_200 }))
    Object.assign(wallet.state, { others: [], told: [], content: {
      home: 'HKG', step: 'done', name: '', birth: '', cards: {}, sessions: {}, records: {}, tokens, pending: [], history: [], receipts: [], asked: 0, again: [], offset: 0,
    } satisfies import('../src/wallet.js').Content })
  })

  it('is one for each lane', async () => {
    expect([await shown(lane('exit'), 'choice'), await shown(lane('entry'), 'choice'), await shown(lane('exit'), 'choice')]).toEqual(['1', '2', '1'])
  })

  it('is given back after a glance, with what the history said of it, and not later', async () => {
    expect(await shown(lane('exit'), 'choice')).toBe('1')
    later(2)
    await codes.giveBack(lane('exit'))
    expect(wallet.state.content!.history).toEqual([])
    expect(await shown(lane('entry'), 'choice')).toBe('1')
    later(codes.GLANCE + 1)
    await codes.giveBack(lane('entry'))
    expect(await shown(lane('exit'), 'choice')).toBe('2')
    expect(codes.tokensLeft()).toBe(1)
  })

  it('that the wallet chose a lane for costs one token however often it is looked at, and says nothing of a crossing', async () => {
    for (let i = 0; i < 20; i += 1) {
      expect(await shown(lane('exit'), 'guess')).toBe('1')
      later(3600)
    }
    expect(wallet.state.content!.history).toEqual([])
    expect(codes.tokensLeft()).toBe(2)
  })

  it('is spent after half an hour where the traveller chose the lane, and after a code of the other direction', async () => {
    expect(await shown(lane('exit'), 'choice')).toBe('1')
    later(1801)
    expect(await shown(lane('exit'), 'choice')).toBe('2')
    later(60)
    expect(await shown(lane('exit', 'CHN', 'HKG'), 'choice')).toBe('3')
    expect(await shown(lane('exit'), 'choice')).toBe('token')
  })

  it('is spent once a passage is on record, also one that the wallet chose the lane for', async () => {
    expect(await shown(lane('exit'), 'guess')).toBe('1')
    later(60)
    wallet.state.content!.history.unshift({ at: world.at, port: 'shenzhen-bay', from: 'HKG', to: 'CHN', side: 'exit', by: 'HKG' })
    later(60)
    expect(codes.isReady(lane('exit'))).toBe(true)
    expect(await shown(lane('exit'), 'guess')).toBe('2')
    // Of a way back that is on record a code of the way there is spent as well.
    later(60)
    wallet.state.content!.history.unshift({ at: world.at, port: 'shenzhen-bay', from: 'CHN', to: 'HKG', side: 'entry', by: 'HKG' })
    later(60)
    expect(await shown(lane('exit'), 'guess')).toBe('3')
    expect(codes.isReady(lane('entry'))).toBe(false)
  })

  it('of a glance that began before keeps its lane: somebody may have seen it', async () => {
    expect(await shown(lane('exit'), 'guess')).toBe('1')
    later(600)
    expect(await shown(lane('exit'), 'choice')).toBe('1')
    later(1)
    await codes.giveBack(lane('exit'))
    expect(await shown(lane('entry'), 'choice')).toBe('2')
  })

  it('tells until when codes work without a network, by those that any lane may take', async () => {
    const { tokens } = wallet.state.content!
    tokens[0] = { ...tokens[0]!, expires: world.at + 100 }
    tokens[1] = { ...tokens[1]!, expires: world.at + 200, shown: { audience: 'x', at: world.at } }
    tokens.pop()
    expect(codes.offlineUntil()).toBe(world.at + 100)
    later(100)
    expect(codes.offlineUntil()).toBeUndefined()
  })
})
