/**
 * Venues: what the Rust crates take and refuse at a desk (`vectors/venues.json`), `core` takes and refuses with the same codes, and
 * makes the same answers but for the signatures. Lists and approvals of the border's vectors are read too.
 */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { type Approval, Approvals, namesForeignIdentity, openApproval } from '../approval.js'
import { Refused, fromHex, toHex, toUtf8 } from '../bytes.js'
import { type Cbor, CborTag, decode, encode } from '../cbor.js'
import { sigStructure } from '../cose.js'
import { judgeRequest } from '../desk.js'
import type { Authority } from '../issuance.js'
import { openSoftwareKey, sha256, verify } from '../keys.js'
import { TrustStore, namesForeignIssuer, newRoot } from '../trust.js'
import {
  AnswerError, type Shown, type VenueRequest, answerCode, credentialSigner, makeAnswer, openReceipt, parseRequest, pseudonym,
  readRequestCode, receiptFits, receiveCredential,
} from '../venue.js'
import { type ClaimName, claimKind } from '../venue-claims.js'

type Case = Record<string, unknown> & { readonly name: string; readonly expect: string }
interface Pin {
  readonly threshold: number
  readonly keys: Record<string, string>
}
const file = (name: string) =>
  JSON.parse(readFileSync(new URL(`../../../vectors/${name}`, import.meta.url), 'utf8')) as Record<string, unknown>
const venues = file('venues.json')
const cases = (name: string) => venues[name] as readonly Case[]
const hex = (value: unknown) => fromHex(String(value))
const seconds = (time: unknown) => Date.parse(String(time)) / 1000
const now = seconds(venues['now'])

const pinned = (world: Record<string, unknown>) =>
  new TrustStore(new Map(Object.entries(world['roots'] as Record<Authority, Pin>).map(([code, { threshold, keys }]) => [
    code as Authority,
    newRoot(threshold, Object.entries(keys).map(([kid, key]) => ({ kid: toUtf8(kid), key: hex(key), compromised: false }))),
  ])))

function known(world: Record<string, unknown>): { trust: TrustStore; approvals: Approvals } {
  const [trust, approvals, when] = [pinned(world), new Approvals(), seconds(world['now'])]
  for (const chain of Object.values(world['trust'] as Record<string, string>)) trust.update(hex(chain), when)
  for (const bundle of world['approvals'] as readonly string[]) approvals.take(openApproval(hex(bundle), trust, when))
  return { trust, approvals }
}

const code = (judge: () => unknown): string => {
  try {
    judge()
    return 'ok'
  } catch (error) {
    if (error instanceof Refused) return error.code
    throw error
  }
}

/** Whether it is taken, whatever is thrown. */
const taken = (judge: () => unknown) => {
  try {
    judge()
    return 'ok'
  } catch {
    return 'refused'
  }
}

const secret = hex(venues['secret'])
const issuer = hex(venues['issuer'])
const device = (one: Case) => openSoftwareKey(hex(one['secret']))
const shown = (index: number): Shown => {
  const one = cases('credentials')[index]
  if (!one) throw new Error(`no credential ${index}`)
  return { credential: receiveCredential(hex(one['bytes']), issuer, device(one).publicKey), device: device(one) }
}
const asked = (text: unknown): VenueRequest => parseRequest(readRequestCode(String(text))).claimed

describe('a desk that asks', () => {
  it.each(cases('requests').map((one) => [one.name, one.expect, one] as const))('%s: %s', (_, expected, one) => {
    expect(code(() => judgeRequest(String(one['text']), known(venues), now))).toBe(expected)
    if (expected === 'ok') expect(toHex(asked(one['text']).id)).toBe(one['id'])
  })

  it('is not believed for a single changed byte of its request', () => {
    const world = known(venues)
    const good = readRequestCode(String(cases('requests').find((one) => one.expect === 'ok')?.['text']))
    for (let at = 0; at < good.length; at += 1) {
      const spoiled = good.slice()
      spoiled[at] = (spoiled[at] ?? 0) ^ 1
      const text = `BR1:${(answerCode(spoiled) ?? '').slice(4)}`
      expect(code(() => judgeRequest(text, world, now)), `byte ${at}`).not.toBe('ok')
    }
  })

  it('is no longer believed a day after the list that names its key has ended', () => {
    const world = known(venues)
    const sign = String(cases('requests').find((one) => one.name === 'a printed sign')?.['text'])
    const ends = now + 7 * 86_400
    const found = [now, ends + 86_400, ends + 86_401].map((at) => code(() => judgeRequest(sign, world, at)))
    expect(found).toEqual(['ok', 'ok', 'desk_list_too_old'])
    expect(world.trust.serves('HKG', now)).toBe(false)
  })
})

describe('lists of keys', () => {
  it.each(cases('chains').map((one) => [one.name, one.expect, one] as const))('%s: %s', (_, expected, one) => {
    expect(code(() => pinned(venues).update(hex(one['bytes']), now))).toBe(expected)
  })

  const world = file('world.json')
  it.each((file('trust-lists.json')['cases'] as readonly Case[]).map((one) => [one.name, one.expect, one] as const))(
    'of the border: %s: %s',
    (_, expected, one) => {
      const { trust } = known(world)
      expect(code(() => trust.update(hex(one['bytes']), seconds(one['now'] ?? world['now'])))).toBe(expected)
    },
  )

  it('are taken as a whole or not at all', () => {
    const { trust } = known(venues)
    const chain = hex((venues['trust'] as Record<string, string>)['CHN'])
    expect(trust.update(chain, now)).toBe('CHN')
    expect(code(() => trust.update(chain.slice(0, -1), now))).toBe('malformed')
    expect(trust.find('CHN', 'venue', Uint8Array.of(7), now).key).toEqual(issuer)
    const found = (role: 'desk' | 'gate', kid: string, at = now) => code(() => trust.find('CHN', role, toUtf8(kid), at))
    expect([
      found('desk', 'harbour-hotel'), found('gate', 'harbour-hotel'), found('desk', 'nobody'), found('desk', 'bad-hotel'),
      found('desk', 'later-hotel'), found('desk', 'later-hotel', now + 1), found('desk', 'ended-hotel'),
      found('desk', 'ended-hotel', now - 1),
    ]).toEqual(['ok', 'key_role', 'key_unknown', 'key_compromised', 'key_not_yet', 'ok', 'key_ended', 'ok'])
  })
})

describe('a list that a wallet kept', () => {
  const chain = (name: string) => hex(cases('chains').find((one) => one.name === name)?.['bytes'])
  const [announced, compromised] = [
    'a new root that was announced, then in force', 'two beside one whom the list names as compromised',
  ].map(chain) as [Uint8Array, Uint8Array]

  it('goes on after a start, with its root and without the list before', () => {
    const before = pinned(venues)
    before.update(announced, now)
    const after = pinned(venues)
    expect(after.resume(before.keep('CHN')!)).toBe('CHN')
    expect(after.find('CHN', 'venue', Uint8Array.of(7), now).key).toEqual(issuer)
    expect(after.keep('CHN')).toEqual(before.keep('CHN'))
    // The list again changes nothing, and one from before is not taken back.
    expect(after.update(announced, now)).toBe('CHN')
    expect(code(() => after.update(hex((venues['trust'] as Record<string, string>)['CHN']), now))).toBe('rolled_back')
  })

  it('keeps what it said of a compromised supervisor', () => {
    const before = pinned(venues)
    before.update(compromised, now)
    const after = pinned(venues)
    after.resume(before.keep('CHN')!)
    const text = toHex(after.keep('CHN')!)
    const supervisor = (venues['roots'] as Record<Authority, Pin>).CHN.keys['s2']!
    expect(text.slice(-70)).toContain(supervisor)
  })

  it('counts for nothing where it is damaged, beside another pinned root, or beside a list in use', () => {
    const { trust } = known(venues)
    const kept = trust.keep('CHN')!
    expect(trust.keep('HKG')).toBeUndefined()
    for (const at of [0, 5, 40, kept.length - 1]) {
      const spoiled = kept.slice()
      spoiled[at] = (spoiled[at] ?? 0) ^ 1
      expect(code(() => pinned(venues).resume(spoiled)), `byte ${at}`).toBe('malformed')
    }
    expect(code(() => pinned(file('world.json')).resume(kept))).toBe('other_root')
    expect(code(() => trust.resume(kept))).toBe('rolled_back')
  })
})

describe('approvals', () => {
  const world = file('world.json')
  it.each((file('approvals.json')['cases'] as readonly Case[]).map((one) => [one.name, one.expect, one] as const))(
    'of the border: %s: %s',
    (_, expected, one) => {
      const { trust, approvals } = known(world)
      const when = seconds(one['now'] ?? world['now'])
      expect(code(() => approvals.take(openApproval(hex(one['bytes']), trust, when)))).toBe(expected)
    },
  )

  it('of an older text are refused, and of the same text are not', () => {
    const { trust, approvals } = known(venues)
    const open = (at: number): Approval => openApproval(hex((venues['approvals'] as readonly string[])[at]), trust, now)
    const first = open(0)
    approvals.take(first)
    approvals.take({ ...first, number: 2, digest: new Uint8Array(32) })
    expect(code(() => approvals.take(first))).toBe('rolled_back')
    expect(code(() => approvals.take({ ...first, number: 2 }))).toBe('rolled_back')
    // A wallet that starts anew knows what it saw.
    const restarted = new Approvals(approvals.newest())
    expect(code(() => restarted.take(first))).toBe('rolled_back')
    restarted.take({ ...first, number: 3 })
  })
})

describe('a venue credential', () => {
  it.each(cases('credentials').map((one) => [one.name, one.expect, one] as const))('%s: %s', (_, expected, one) => {
    const receive = () => receiveCredential(hex(one['bytes']), issuer, device(one).publicKey)
    expect(taken(receive)).toBe(expected)
    if (expected !== 'ok') return
    const { kind, claims } = receive()
    expect(kind).toBe(one['kind'])
    const plain = [...claims].map(([claim, value]) => [claim, value instanceof Uint8Array ? toHex(value) : value])
    expect(Object.fromEntries(plain)).toEqual(one['claims'])
    expect(credentialSigner(hex(one['bytes'])).kid).toEqual(Uint8Array.of(7))
  })

  it('is refused for a single changed byte', () => {
    const one = cases('credentials')[1]!
    const good = hex(one['bytes'])
    for (let at = 0; at < good.length; at += 1) {
      const spoiled = good.slice()
      spoiled[at] = (spoiled[at] ?? 0) ^ 1
      expect(taken(() => receiveCredential(spoiled, issuer, device(one).publicKey)), `byte ${at}`).toBe('refused')
    }
  })
})

/** Header, payload and signature of each holder's token of an answer. */
function tokens(answer: Uint8Array): { header: Uint8Array; payload: Uint8Array; signature: Uint8Array }[] {
  return (decode(answer) as CborTag[]).map(({ item }) => {
    const [header, , payload, signature] = item as Uint8Array[]
    return { header: header!, payload: payload!, signature: signature! }
  })
}

describe('an answer to a desk', () => {
  it.each(cases('answers').map((one) => [one.name, one] as const))('has the bytes of the Rust crates: %s', async (_, one) => {
    const [request, chosen] = [asked(one['request']), one['chosen'] as readonly ClaimName[]]
    const owned = (one['credentials'] as readonly number[]).map(shown)
    // The traveller's order is not that of the answer.
    const made = await makeAnswer(request, [...chosen].reverse(), [...owned].reverse(), secret, seconds(one['made']))
    expect(toHex(pseudonym(secret, request.venue))).toBe(one['pseudonym'])
    const [ours, theirs] = [tokens(made), tokens(hex(one['bytes']))]
    expect(made).toHaveLength(hex(one['bytes']).length)
    expect(ours.map(({ header, payload }) => [toHex(header), toHex(payload)]))
      .toEqual(theirs.map(({ header, payload }) => [toHex(header), toHex(payload)]))
    for (const each of [ours, theirs]) {
      each.forEach(({ header, payload, signature }, i) => {
        const key = owned[i]!.device.publicKey
        expect(verify(key, sigStructure(header, new Uint8Array(0), payload), signature)).toBe(true)
      })
    }
  })

  it('is a code where it is short enough, and none with a portrait', async () => {
    const [first, , portrait] = cases('answers')
    expect(answerCode(hex(first!['bytes']))).toMatch(/^BV1:/)
    expect(answerCode(hex(portrait!['bytes']))).toBeUndefined()
  })

  it('is not made where the desk would refuse it', async () => {
    const request = asked(cases('answers')[0]!['request'])
    const [identity, age, residence] = [shown(0), shown(1), shown(2)]
    const required: readonly ClaimName[] = request.required
    const fault = (chosen: readonly ClaimName[], owned: readonly Shown[]) =>
      makeAnswer(request, chosen, owned, secret, now).then(() => undefined, (error: AnswerError) => [error.fault, error.of])
    expect(await fault(required, [identity])).toBeUndefined()
    expect(await fault([...required, 'city'], [identity, residence])).toEqual(['not_asked', 'city'])
    expect(await fault(['age_over_18'], [age])).toEqual(['required', 'document_number'])
    expect(await fault([...required, 'age_over_18'], [identity])).toEqual(['no_credential', 'age_over_18'])
    expect(await fault(required, [identity, age])).toEqual(['too_many', 'age'])
    expect(await fault(required, [identity, identity])).toEqual(['too_many', 'identity'])
    expect(required.map(claimKind)).toEqual(['identity', 'identity'])
  })

  it('is not made with another device key, nor outside of the time of the credential', async () => {
    const request = asked(cases('answers')[0]!['request'])
    const [identity, age] = [shown(0), shown(1)]
    const made = (device: Shown['device'], at: number) =>
      makeAnswer(request, request.required, [{ credential: identity.credential, device }], secret, at)
    await expect(made(age.device, now)).rejects.toThrow('token key')
    const { issued, expires } = identity.credential
    await expect(made(identity.device, issued - 1)).rejects.toThrow('token time')
    await expect(made(identity.device, expires)).rejects.toThrow('token time')
    await made(identity.device, expires - 1)
  })
})

describe('a receipt', () => {
  const desk = hex(venues['desk'])
  it.each(cases('receipts').map((one) => [one.name, one.expect, one] as const))('%s: %s', (_, expected, one) => {
    expect(code(() => openReceipt(hex(one['bytes']), desk))).toBe(expected)
  })

  it('fits the one answer for which it is, and keeps no more and no longer than was agreed', () => {
    const request = asked(cases('requests').find((one) => one.expect === 'ok')?.['text'])
    const receipt = openReceipt(hex(cases('receipts')[0]!['bytes']), desk)
    const answer = toUtf8('answer')
    const given = { request, answer, chosen: request.required, secret }
    expect(receipt.kept).toEqual(['document_number', 'name'])
    expect(sha256(answer)).toEqual(receipt.presentation)
    expect(receiptFits(receipt, given)).toBe(true)
    expect(receiptFits(receipt, { ...given, answer: toUtf8('another') })).toBe(false)
    expect(receiptFits(receipt, { ...given, chosen: ['name'] })).toBe(false)
    expect(receiptFits(receipt, { ...given, secret: new Uint8Array(32) })).toBe(false)
    expect(receiptFits({ ...receipt, until: receipt.at + 92 * 86_400 }, given)).toBe(false)
    expect(receiptFits({ ...receipt, request: new Uint8Array(32) }, given)).toBe(false)
  })
})

describe('what is published about identities of other systems', () => {
  const world = file('world.json')
  const at = seconds(world['now'])
  const fields = (item: Cbor | undefined) => item as readonly Cbor[]
  const bytes = (item: Cbor | undefined) => item as Uint8Array

  /** The list of Macao with one more key, unsigned: a screen asks nobody who signed it. */
  const listed = (entry: readonly Cbor[]) => {
    const link = bytes(fields(decode(hex((world['trust'] as Record<string, string>)['MAC'])))[0])
    const [header, unprotected, payload, signatures] = fields(decode(link))
    const list = [...fields(decode(bytes(payload)))]
    list[6] = [...fields(list[6]), entry]
    return encode([encode([header!, unprotected!, encode(list), signatures!])])
  }
  const key = hex((world['roots'] as Record<string, Pin>)['CHN']!.keys['l1'])
  const issuer = (from: number, to: number, compromised = false): readonly Cbor[] => [12, toUtf8('id'), key, from, to, compromised, ['MO', [[0, 'urn:x']], ['macao_bir'], toUtf8('x')]]

  it('is found in a list where an issuer of one counts today, and in no other', () => {
    const rows = [
      [listed(issuer(at, at + 1)), 'MAC', true],
      [listed(issuer(at, at + 1)), 'HKG', false],
      [listed(issuer(at + 1, at + 2)), 'MAC', false],
      [listed(issuer(at - 1, at)), 'MAC', false],
      [listed(issuer(at, at + 1, true)), 'MAC', false],
      [hex((world['trust'] as Record<string, string>)['MAC']), 'MAC', false],
    ] as const
    rows.forEach(([chain, authority, expected], row) => expect(namesForeignIssuer(chain, authority, at), `row ${row}`).toBe(expected))
    expect(code(() => namesForeignIssuer(encode([]), 'MAC', at))).toBe('malformed')
  })

  it('and what an issuer or a verifier is bound to has its form, or the whole list has none', () => {
    const [types, certificate] = [[[0, 'urn:x'], [1, 'a.b']] as const, toUtf8('x')]
    const entry = (role: number, binding: readonly Cbor[]): Uint8Array => listed([role, toUtf8('id'), key, at, at + 1, false, binding])
    const fault = (role: number, binding: readonly Cbor[]) => code(() => namesForeignIssuer(entry(role, binding), 'MAC', at))
    expect([fault(12, ['MO', types, ['macao_bir'], certificate]), fault(13, ['MO', types, certificate])]).toEqual(['ok', 'ok'])
    for (const binding of [
      [], ['MO', types], ['mo', types, certificate], ['MOP', types, certificate], [7, types, certificate], ['MO', [], certificate], ['MO', [[2, 'urn:x']], certificate], ['MO', [['urn:x']], certificate],
      ['MO', Array.from({ length: 9 }, (_, i) => [0, `urn:${i}`]), certificate], ['MO', types, 'x'], ['MO', types, new Uint8Array(2049)], ['MO', types, ['macao_bir'], certificate],
    ] as readonly (readonly Cbor[])[]) expect(fault(13, binding), JSON.stringify(binding).slice(0, 60)).toBe('malformed')
  })

  /** The first approval of the border with other fields, unsigned. */
  const allowed = (change: Readonly<Record<number, Cbor>>) => {
    const [authority, message] = fields(fields(decode(hex((world['approvals'] as readonly string[])[0])))[0])
    const [header, unprotected, payload, signature] = fields(decode(bytes(message)))
    const text = fields(decode(bytes(payload))).map((field, i) => change[i] ?? field)
    return encode([[authority!, encode([header!, unprotected!, encode(text), signature!])]])
  }
  it('is found in an approval of the border that is in force, concerns the authority and names it', () => {
    const claims = ['permit', 'foreign_identity']
    const rows = [
      [allowed({ 9: claims, 4: ['CHN', 'MAC'] }), 'MAC', '2026-03-02', true],
      [allowed({}), 'MAC', '2026-03-02', false],
      [allowed({ 9: claims, 2: true }), 'MAC', '2026-03-02', false],
      [allowed({ 9: claims, 4: ['CHN', 'MAC'] }), 'HKG', '2026-03-02', false],
      [allowed({ 9: claims }), 'MAC', '2020-01-01', false],
      [allowed({ 9: claims }), 'MAC', '2099-01-01', false],
    ] as const
    rows.forEach(([bundle, authority, day, expected], row) => expect(namesForeignIdentity(bundle, authority, day), `row ${row}`).toBe(expected))
    expect(code(() => namesForeignIdentity(encode([]), 'MAC', '2026-03-02'))).toBe('malformed')
  })
})
