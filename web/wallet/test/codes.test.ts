/** Which token is shown at which lane, what a glance and a guess cost; what the wallet asks by itself; the end of a pass on a carer's phone. */
import { beforeEach, describe, expect, it, vi } from 'vitest'

const world = vi.hoisted(() => ({ at: 1_800_000_000, asked: [] as string[], refusals: new Map<string, string>() }))
vi.mock('../src/platform.js', () => ({
  load: () => undefined, save: () => undefined, forget: () => undefined, onChangedElsewhere: () => undefined, prepareRandomness: () => Promise.resolve(),
  random: (length: number) => new Uint8Array(length), openKey: () => Promise.resolve({}), dropKey: () => Promise.resolve(),
}))
vi.mock('../../core/border.js', async (original) => ({
  ...await original<typeof import('../../core/border.js')>(),
  crossingCode: ({ token }: { token: Uint8Array }) => Promise.resolve(Buffer.from(token).toString()),
}))
vi.mock('../src/client.js', async (original) => {
  const client = await original<typeof import('../src/client.js')>()
  return {
    ...client,
    call: (authority: string, door: string) => {
      world.asked.push(`${door} ${authority}`)
      const refusal = world.refusals.get(authority)
      if (refusal) throw new client.Refusal(refusal as never)
      return Promise.resolve(door === 'passages' ? { passages: [] } : {})
    },
  }
})
const wallet = await import('../src/wallet.js')
const { askForPassages } = await import('../src/questions.js')
const { endCarer } = await import('../src/ending.js')
const codes = await import('../src/codes.js')

const lane = (side: 'exit' | 'entry', from: 'HKG' | 'CHN' = 'HKG', to: 'HKG' | 'CHN' = 'CHN') => ({ port: 'shenzhen-bay', from, to, side })
const later = (seconds: number) => { world.at += seconds }
/** The number of the token that is shown. */
const shown = async (audience: ReturnType<typeof lane>, chosen: 'choice' | 'guess', began = world.at) => {
  const made = await codes.show(audience, world.at, { began, chosen })
  return 'text' in made ? made.text : made.missing
}
/** A pass with nothing in it. */
const empty = (): import('../src/wallet.js').Content => ({
  home: 'HKG', step: 'done', name: '', birth: '', cards: {}, sessions: {}, records: {}, tokens: [], pending: [], history: [], receipts: [], asked: 0, again: [], offset: 0,
})
const device = { kind: 'software', secret: '' } as const
const sessions = { CHN: 'c', HKG: 'h' }

describe('a token', () => {
  beforeEach(() => {
    world.at += 86_400
    vi.spyOn(Date, 'now').mockImplementation(() => world.at * 1000)
    const parts = { HKG: 'AA', CHN: 'AA' }
    const tokens = ['1', '2', '3'].map((name) => ({ key: { kind: 'software', secret: '' } as const, token: Buffer.from(name).toString('base64url'), parts, expires: world.at + 259_200 }))
    Object.assign(wallet.state, { others: [], told: [], content: { ...empty(), tokens } })
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

describe('the passages of a pass', () => {
  const pass = (at: number): import('../src/wallet.js').Content => ({
    ...empty(), device, sessions, history: [{ at, port: 'shenzhen-bay', from: 'HKG', to: 'CHN', by: 'phone' }],
  })
  beforeEach(() => {
    world.at += 86_400
    vi.spyOn(Date, 'now').mockImplementation(() => world.at * 1000)
    Object.assign(world, { asked: [], refusals: new Map() })
    Object.assign(wallet.state, { others: [], told: [], content: pass(world.at - 60) })
  })
  const asks = async () => {
    world.asked = []
    await askForPassages().catch(() => undefined)
    return world.asked.length
  }
  /** Locked and opened again: what was sealed is read anew. */
  const reopen = () => { wallet.state.content = JSON.parse(JSON.stringify(wallet.state.content)) as import('../src/wallet.js').Content }

  it('are asked for by the wallet itself every ten minutes at most, also where it was opened again or nobody answered', async () => {
    world.refusals.set('CHN', 'network')
    expect(await asks()).toBe(1)
    world.refusals.clear()
    reopen()
    later(599)
    expect(await asks()).toBe(0)
    later(1)
    reopen()
    expect(await asks()).toBe(2)
    // Another pass has a time of its own.
    wallet.state.content = pass(world.at - 60)
    expect(await asks()).toBe(2)
  })

  it('are asked for again where the clock was set back, and not where no code was shown', async () => {
    expect(await asks()).toBe(2)
    world.at -= 86_400
    expect(await asks()).toBe(2)
    wallet.state.content = { ...pass(0), history: [] }
    expect(await asks()).toBe(0)
  })
})

describe("the end of a pass on a carer's phone", () => {
  const record = (id: string) => ({ home: 'HKG', documents: [], tokens_left: 0, carer: { id, ground: 'parent', first: '2020-01-01', last: '2035-01-01' } })
  beforeEach(() => {
    Object.assign(world, { asked: [], refusals: new Map() })
    Object.assign(wallet.state, { others: [], told: [], content: { ...empty(), carried: true, device, sessions: { ...sessions }, records: { CHN: record('1'), HKG: record('2') } } })
  })
  const fault = () => endCarer().then(() => 'none', (error: unknown) => (error as Error).message)
  const left = () => [Object.keys(wallet.state.content!.sessions), wallet.state.content!.over]

  it('is told to every authority, and noted', async () => {
    expect(await fault()).toBe('none')
    expect(world.asked).toEqual(['withdraw_carer CHN', 'withdraw_carer HKG'])
    expect(left()).toEqual([[], 'carer_withdrawn'])
  })

  it('that a counter wrote before is noted as that', async () => {
    for (const [code, over] of [['unknown_carer', 'carer_ended'], ['carer_of_age', 'carer_of_age'], ['carer_ended', 'carer_ended']] as const) {
      wallet.state.content!.sessions = { HKG: 'h' }
      wallet.state.content!.records = { HKG: record('2') } as never
      world.refusals.set('HKG', code)
      expect(await fault()).toBe('none')
      expect(left()).toEqual([[], over])
    }
  })

  it('is told to the next authority where one cannot be reached, or knows no pass, and that is said', async () => {
    for (const code of ['network', 'no_pass']) {
      wallet.state.content!.sessions = { ...sessions }
      wallet.state.content!.records = { CHN: record('1'), HKG: record('2') } as never
      world.refusals.set('CHN', code)
      expect(await fault()).toBe(code)
      expect(left()).toEqual([['CHN'], 'carer_withdrawn'])
    }
  })
})
