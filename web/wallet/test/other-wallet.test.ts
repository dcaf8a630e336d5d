/** Another wallet in place of typed numbers, from this wallet's side: what is sent, what is kept, and what each refusal leaves. */
import { readFileSync } from 'node:fs'
import { beforeEach, describe, expect, it, vi } from 'vitest'

const world = vi.hoisted(() => ({ sent: [] as [string, string, unknown][], answers: new Map<string, unknown>(), stored: new Map<string, string>() }))
vi.mock('../src/platform.js', async () => {
  const { newSoftwareKey, openSoftwareKey } = await import('../../core/keys.js')
  const random = (length: number) => crypto.getRandomValues(new Uint8Array(length))
  return {
    load: (name: string) => world.stored.get(name), save: (name: string, text: string) => void world.stored.set(name, text),
    forget: (name: string) => void world.stored.delete(name), onChangedElsewhere: () => undefined, prepareRandomness: () => Promise.resolve(), random,
    makeKey: () => {
      const key = newSoftwareKey(random)
      return Promise.resolve({ key, stored: { kind: 'software', secret: Buffer.from(key.secret).toString('base64url') } })
    },
    openKey: ({ secret }: { secret: string }) => Promise.resolve(openSoftwareKey(Buffer.from(secret, 'base64url'), random)),
    dropKey: () => Promise.resolve(), dropAllKeys: () => Promise.resolve(), systemLanguage: () => 'en', announceLanguage: () => undefined,
  }
})
vi.mock('../src/client.js', async (original) => {
  const client = await original<typeof import('../src/client.js')>()
  const answer = (door: string) => {
    const found = world.answers.get(door)
    if (typeof found === 'string') throw new client.Refusal(found as never)
    return found ?? {}
  }
  return {
    ...client,
    call: (authority: string, door: string, { body, id }: { body?: unknown; id?: string }) => Promise.resolve().then(() => {
      world.sent.push([door, authority, body ?? id])
      return answer(door)
    }),
    read: (authority: string, path: string) => Promise.resolve().then(() => {
      world.sent.push(['read', authority, path])
      return answer(path)
    }),
  }
})
const wallet = await import('../src/wallet.js')
const identity = await import('../src/identity.js')
const { WORDS } = await import('../src/words.js')
const { problemWord } = await import('../src/problems.js')

const LINK = 'openid4vp://?client_id=x509_hash%3Aabc&request_uri=https%3A%2F%2Fhkg.example%2Fopenid%2Frequest%2F01'
const ASKED = { id: '01', link: LINK, expires: '2035-01-01T00:05:00Z' }
const BEGUN = { id: 'e', capture: 'picture', prompt: 'look_straight' }
const PERMIT = { kind: 'home_return_permit', number: 'H12345678' } as const
const content = () => wallet.state.content!
const code = (work: Promise<unknown>) => work.then(() => 'none', (error: unknown) => (error as Error).message)
const source = { picture: () => Promise.resolve(Uint8Array.of(1)), frame: undefined, ask: () => undefined }
const asks = (door: string) => world.sent.filter(([sent]) => sent === door)

beforeEach(async () => {
  world.stored = new Map()
  await wallet.begin('HKG', '274951')
  Object.assign(world, { sent: [], answers: new Map<string, unknown>([['ask_identity', ASKED], ['identity_state', { state: 'waiting' }], ['enrol', BEGUN], ['frames', { secret: 'c2VjcmV0', authority: 'HKG', home: true }]]) })
})

describe('another wallet that shows who the holder is', () => {
  it('is asked by the home authority, and its link is one that no browser runs', async () => {
    await identity.askIdentity()
    expect(content().identity).toEqual({ request: '01', link: LINK, ends: Date.parse(ASKED.expires) / 1000, left: 3 })
    expect(content().receipts.map(({ to, what }) => [to, what])).toEqual([['HKG', 'ask_identity']])
    for (const link of ['javascript:alert(1)', 'https://hkg.example', 'openid4vp://a b', 'openid4vp://\nx', '']) {
      world.answers.set('ask_identity', { ...ASKED, link })
      expect(await code(identity.askIdentity()), link).toBe('answer')
      expect(content().identity).toBeUndefined()
    }
  })

  it('is looked for until it has answered, and noted once', async () => {
    await identity.askIdentity()
    expect(await identity.lookForAnswer()).toBeUndefined()
    world.answers.set('identity_state', { state: 'waiting', refused: 'identity_type' })
    expect(await identity.lookForAnswer()).toBe('identityKind')
    world.answers.set('identity_state', { state: 'shown' })
    expect(await identity.lookForAnswer()).toBeUndefined()
    expect(content().identity?.shown).toBe(true)
    await identity.lookForAnswer()
    expect(asks('identity_state')).toHaveLength(3)
    expect(content().receipts.filter(({ what }) => what === 'identity_state')).toHaveLength(1)
  })

  it('stands in the place of what is typed, once its digits are right: number, name and birth date are not sent', async () => {
    content().cards.HKG = { kind: 'hkid', number: 'A1234563' }
    await identity.askIdentity()
    await identity.proveNumber('417902')
    expect(content().cards.HKG).toBeUndefined()
    content().invitation = 'H7K2-0000-0000-0000'
    await wallet.enrol(source)
    expect(asks('enrol').map(([, to, body]) => [to, body])).toEqual([
      ['HKG', { identity: { request: '01', number: '417902' } }],
      ['HKG', { identity: { request: '01', number: '417902' } }],
    ])
    expect(content()).toMatchObject({ step: 'done', sessions: { HKG: 'c2VjcmV0' } })
    expect(content().identity).toBeUndefined()
    expect(content().receipts.map(({ what }) => what)).toEqual(['identity', 'identity_number', 'ask_identity'])
  })

  it('leaves a permit of the other authority typed, with name and birth date', async () => {
    await identity.askIdentity()
    await identity.proveNumber('417902')
    expect(wallet.hasPermit(content())).toBe(false)
    Object.assign(content(), { name: 'SPECIMEN', birth: '1990-05-06', cards: { CHN: PERMIT } })
    expect(wallet.hasPermit(content())).toBe(true)
    world.sent = []
    await wallet.enrol(source)
    expect(asks('enrol').map(([, to, body]) => [to, body])).toEqual([
      ['CHN', { document: PERMIT, name: 'SPECIMEN', birth: '1990-05-06' }],
      ['HKG', { identity: { request: '01', number: '417902' } }],
    ])
  })

  it('of a mainland resident stands in the place of their only card', async () => {
    await wallet.moveHome('CHN')
    await identity.askIdentity()
    await identity.proveNumber('417902')
    expect(wallet.hasPermit(content())).toBe(false)
  })

  it('that has not answered enrols nobody', async () => {
    await identity.askIdentity()
    expect(await code(wallet.enrol(source))).toBe('identity_waits')
    expect(asks('enrol')).toEqual([])
  })

  it('tells how many tries of the digits are left, and is forgotten with the last one', async () => {
    await identity.askIdentity()
    content().identity = { ...content().identity!, shown: true }
    world.answers.set('enrol', 'identity_number')
    for (const left of [2, 1]) {
      expect(await code(identity.proveNumber('000000'))).toBe('identity_number')
      expect(content().identity).toMatchObject({ left, shown: true })
      expect(content().identity?.number).toBeUndefined()
    }
    expect(await code(identity.proveNumber('000000'))).toBe('identity_number')
    expect(content().identity).toBeUndefined()
    expect(await code(identity.proveNumber('000000'))).toBe('identity_request_unknown')
  })

  it.each([
    ['identity_request_unknown', undefined], ['identity_not_taken', undefined],
    ['identity_waits', { request: '01', left: 3 }], ['network', { request: '01', shown: true, left: 3 }], ['unknown_person', { request: '01', shown: true, left: 3 }],
  ] as const)('after %s at the picture is what it is at the authority', async (refusal, left) => {
    await identity.askIdentity()
    await identity.proveNumber('417902')
    world.answers.set('enrol', refusal)
    expect(await code(identity.settling(content(), () => wallet.enrol(source)))).toBe(refusal)
    if (left === undefined) expect(content().identity).toBeUndefined()
    else expect(content().identity).toMatchObject(left)
    if (refusal === 'identity_waits') expect(content().identity?.shown).toBeUndefined()
  })

  it('is asked anew after a restart only where the request is over', async () => {
    await identity.askIdentity()
    wallet.lock()
    expect((await wallet.unlock('274951')).outcome).toBe('open')
    expect(content().identity).toMatchObject({ request: '01', link: LINK })
    world.answers.set('identity_state', 'identity_request_unknown')
    expect(await code(identity.lookForAnswer())).toBe('identity_request_unknown')
    expect(content().identity).toBeUndefined()
  })

  it('belongs to the home that asked: another home, or a registration that is given up, forgets it', async () => {
    await identity.askIdentity()
    await wallet.moveHome('MAC')
    expect(content().identity).toBeUndefined()
    Object.assign(content(), { home: 'HKG', sessions: { HKG: 'x' }, step: 'done' })
    await wallet.renew()
    await identity.askIdentity()
    await wallet.giveUp()
    expect(content()).toMatchObject({ step: 'done' })
    expect(content().identity).toBeUndefined()
  })
})

describe('whether an authority takes it', () => {
  it('is no where its lists cannot be read, or say nothing of it', async () => {
    world.answers.set('/v1/trust-lists', 'network')
    expect(await identity.takesIdentity(content())).toBe(false)
    expect(content().receipts).toEqual([])
    world.answers.set('/v1/trust-lists', { lists: [{ authority: 'HKG', list: 'AAAA' }] })
    world.answers.set('/v1/approvals', { approvals: ['!', 'AAAA'] })
    expect(await identity.takesIdentity(content())).toBe(false)
    expect(content().receipts.map(({ what }) => what)).toEqual(['lists'])
  })
})

describe('the refusals of docs/enrolment.md', () => {
  const page = readFileSync(new URL('../../../docs/enrolment.md', import.meta.url), 'utf8')
  const section = page.slice(page.indexOf('## Identities of others')).split('\n## ')[0]!
  const codes = section.split('\n').filter((line) => line.startsWith('| `')).flatMap((line) => [...line.split('|')[1]!.matchAll(/`(\w+)`/g)].map(([, name]) => name!))

  it('have a sentence each, which says what to do next', async () => {
    expect(codes.length).toBeGreaterThan(10)
    const { Refusal } = await import('../src/client.js')
    const words = codes.map((name) => identity.REFUSED[name] ?? problemWord(new Refusal(name as never)))
    expect(words).not.toContain('problemOther')
    expect(new Set(words).size).toBe(codes.length)
    for (const word of [...words, ...Object.values(identity.REFUSED), identity.refusedWord('something_new')]) expect(WORDS[word][2], word).toMatch(/\b(Show|show|Type|type|Renew|Ask|Begin|Scan)\b/)
  })
})
