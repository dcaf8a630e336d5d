/** Mdocs in the hand of their holder: mdocs of another library, what is refused, and what a response shows and signs. */
import { existsSync, readFileSync } from 'node:fs'
import { X509Certificate, randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { skip } from '../../core/test/skip.js'
import { fromHex, join as bytes, toHex } from '../../core/bytes.js'
import { type Cbor, CborMap, CborTag, decode, decodeOfOthers, encode } from '../../core/cbor.js'
import { coordinates, newSoftwareKey, sha256, verify } from '../../core/keys.js'
import { compressed } from '../jws.js'
import { elementOf, openMdoc, presentMdoc, receiveMdoc, redirectTranscript } from '../mdoc.js'
import { NOW, USES, certify, newRoot } from './certificates.js'
import { fault } from './fault.js'
import { type MdocWanted, issueMdoc } from './issuer.js'

const root = newRoot()
const signer = certify({ name: 'Signer', uses: [USES.signer] }, root)
const device = newSoftwareKey((length) => randomBytes(length))
const SPACE = 'org.iso.23220.1'
const ELEMENTS = [[SPACE, 'family_name', 'CHAN'], [SPACE, 'birth_date', new CborTag(1004, '1990-02-03')], [SPACE, 'age_over_18', true], ['org.iso.23220.photoID.1', 'person_id', 'HKG-7']] as const
const issue = (more: Partial<MdocWanted> = {}) => issueMdoc({ signer, device: device.publicKey, elements: ELEMENTS, ...more })

const code = (whole: Uint8Array, at = NOW): string => fault(() => receiveMdoc(whole, [root.der], device.publicKey, at), 'taken')

const shared = join(process.env['BAYPASS_SHARED'] ?? fileURLToPath(new URL('../../../../shared', import.meta.url)), 'vectors/mdoc')
const skipped = skip('published mdocs', existsSync(shared) ? undefined : 'no shared folder (BAYPASS_SHARED)')
const published = (name: string) => JSON.parse(readFileSync(join(shared, name), 'utf8')) as Record<string, string>

describe.skipIf(skipped)('mdocs that another library made', () => {
  const key = () => {
    const spki = new X509Certificate(readFileSync(join(shared, 'auth0-mdl/issuer.pem'))).publicKey.export({ format: 'der', type: 'spki' })
    return compressed(new Uint8Array(spki.subarray(-65)))
  }
  /** The issuer's part of a published response. */
  const part = (name: string) => {
    const response = decodeOfOthers(fromHex(published(`auth0-mdl/${name}`)['deviceResponse_hex']!)) as CborMap
    const [document] = response.get('documents') as readonly CborMap[]
    return encode(document!.get('issuerSigned')!)
  }

  it.each([['example1.json', 'holds'], ['example3.json', 'mdoc_digest'], ['example4.json', 'holds'], ['issuer-signed-only.json', 'holds']])('%s: %s, over the bytes as they came', (name, expected) => {
    expect(fault(() => openMdoc(part(name), key), 'holds')).toBe(expected)
  })

  it('say what is in them', () => {
    const { held } = openMdoc(part('example1.json'), key)
    expect(held.kind).toBe('org.iso.18013.5.1.mDL')
    expect(elementOf(held, 'org.iso.18013.5.1', 'family_name')).toBe('Smith')
  })

  it('the transcript of OpenID4VP is the published one, byte for byte', () => {
    const { redirect, jwk_sha256_thumbprint_hex: thumbprint } = published('openid4vp-handover.json') as unknown as { redirect: Record<string, string>; jwk_sha256_thumbprint_hex: string }
    const made = redirectTranscript(redirect['client_id']!, redirect['nonce']!, fromHex(thumbprint), redirect['response_uri']!)
    expect(toHex(encode(made))).toBe(redirect['SessionTranscript_hex'])
  })
})

describe('an mdoc that its issuer sends', () => {
  it('is taken with its elements and the certificate under which it counts', () => {
    const { held, issuer } = receiveMdoc(issue(), [root.der], device.publicKey, NOW)
    expect([held.kind, held.expires, issuer.anchor]).toEqual(['org.iso.23220.photoID.1', NOW + 3600, root.der])
    expect(elementOf(held, SPACE, 'family_name')).toBe('CHAN')
    expect(elementOf(held, SPACE, 'person_id')).toBeUndefined()
  })

  it('is taken with lengths that are longer than needed, which are hashed as they came', () => {
    // An item whose text has a length of two bytes, and whose wrapper has one too.
    const inner = encode(new CborMap([['digestID', 0], ['random', new Uint8Array(16)], ['elementIdentifier', 'x'], ['elementValue', 'CHAN']]))
    const long = fromHex(toHex(inner).replace('644348414e', '7900044348414e'))
    const item = bytes(fromHex('d8185900'), Uint8Array.of(long.length), long)
    const whole = issue({ elements: [[SPACE, 'x', 'CHAN']], object: { valueDigests: new CborMap([[SPACE, new CborMap([[0, sha256(item)]])]]) } })
    const made = decodeOfOthers(whole) as CborMap
    const auth = made.get('issuerAuth')!
    const changed = bytes(fromHex('b900026a69737375657241757468'), encode(auth), fromHex('6a6e616d65537061636573a1'), encode(SPACE), fromHex('81'), item)
    expect(code(changed)).toBe('taken')
    const short = new CborMap([['nameSpaces', new CborMap([[SPACE, [new CborTag(24, inner)]]])], ['issuerAuth', auth]])
    expect(code(encode(short))).toBe('mdoc_digest')
  })

  it('is refused for the first thing wrong with it', () => {
    const good = decodeOfOthers(issue()) as CborMap
    const twice = [[SPACE, 'family_name', 'CHAN'], [SPACE, 'family_name', 'LEE']] as const
    const unsigned = new CborMap([['nameSpaces', new CborMap([['other', (good.get('nameSpaces') as CborMap).get(SPACE)!]])], ['issuerAuth', good.get('issuerAuth')!]])
    const time = (at: number) => new CborTag(0, new Date(at * 1000).toISOString().replace('.000', ''))
    const validity = (signed: number, from: number, until: number) => ({ validityInfo: new CborMap([['signed', time(signed)], ['validFrom', time(from)], ['validUntil', time(until)]]) })
    const stranger = newSoftwareKey((length) => randomBytes(length))
    for (const [whole, expected] of [
      [new Uint8Array(0), 'mdoc_form'], [Uint8Array.of(0xa0), 'mdoc_form'], [new Uint8Array((1 << 20) + 1), 'mdoc_form'],
      [bytes(issue(), Uint8Array.of(0)), 'mdoc_form'],
      [fromHex('a2616101616102'), 'mdoc_form'],
      [issue({ header: [[1, -35]] }), 'mdoc_algorithm'], [issue({ header: [[1, -7], [2, [1]]] }), 'mdoc_header'], [issue({ header: [[1, -9]] }), 'taken'],
      [issue({ signer: certify({ name: 'Reader', uses: [USES.reader] }, root) }), 'certificate_use'],
      [issue({ signer: certify({ name: 'Signer' }, newRoot('Other')) }), 'certificate_unknown'],
      [issue({ signer: { ...signer, key: certify({ name: 'Who' }, root).key } }), 'mdoc_signature'],
      [issue({ object: { version: '2.0' } }), 'mdoc_version'], [issue({ object: { digestAlgorithm: 'MD5' } }), 'mdoc_digest_algorithm'],
      [issue({ object: { valueDigests: new CborMap([]) } }), 'mdoc_element_not_signed'], [encode(unsigned), 'mdoc_element_not_signed'],
      [issue({ object: { valueDigests: new CborMap([[SPACE, new CborMap([[0, new Uint8Array(32)], [1, new Uint8Array(32)], [2, new Uint8Array(32)]])]]) } }), 'mdoc_digest'],
      [issue({ elements: twice }), 'mdoc_element_repeated'],
      [issue({ object: validity(NOW, NOW - 1, NOW + 1) }), 'mdoc_times'], [issue({ object: validity(NOW - 9, NOW - 8, NOW - 1) }), 'credential_expired'], [issue({ object: validity(NOW, NOW + 1, NOW + 2) }), 'credential_not_yet_valid'],
      [issue({ object: { validityInfo: new CborMap([['signed', '2027-01-01']]) } }), 'mdoc_form'],
      [issue({ device: stranger.publicKey }), 'mdoc_other_key'],
      [issue({ object: { deviceKeyInfo: new CborMap([['deviceKey', new CborMap([[1, 2], [-1, 1], [-2, new Uint8Array(32)], [-3, new Uint8Array(32)]])]]) } }), 'mdoc_device_key'],
    ] as const) expect(code(whole), expected).toBe(expected)
  })

  it('with any one byte changed is never taken as another', () => {
    const whole = issue()
    const same = toHex(encode(['CHAN']))
    for (let place = 0; place < whole.length; place += 1) {
      const changed = whole.slice()
      changed[place]! ^= 1
      if (code(changed) !== 'taken') continue
      // What nobody signed may differ: nothing of it is believed.
      const { held } = receiveMdoc(changed, [root.der], device.publicKey, NOW)
      expect(toHex(encode([elementOf(held, SPACE, 'family_name') ?? null])), `${place}`).toBe(same)
    }
  })
})

describe('a response', () => {
  it('shows what is chosen alone, signed by the device over the transcript', async () => {
    const { held } = receiveMdoc(issue(), [root.der], device.publicKey, NOW)
    const transcript = redirectTranscript('x509_hash:a', 'nonce', new Uint8Array(32), 'https://desk.example/r')
    const response = decode(await presentMdoc(held, (space, name) => space === SPACE && name === 'age_over_18', transcript, device)) as CborMap
    expect([response.get('version'), response.get('status')]).toEqual(['1.0', 0])
    const [document] = response.get('documents') as readonly CborMap[]
    const spaces = (document!.get('issuerSigned') as CborMap).get('nameSpaces') as CborMap
    expect(spaces.pairs.map(([name]) => name)).toEqual([SPACE])
    const items = (spaces.get(SPACE) as readonly CborTag[]).map((item) => decode(item.item as Uint8Array) as CborMap)
    expect(items.map((item) => item.get('elementIdentifier'))).toEqual(['age_over_18'])
    const signed = document!.get('deviceSigned') as CborMap
    const [header, , payload, signature] = (signed.get('deviceAuth') as CborMap).get('deviceSignature') as readonly Cbor[]
    expect(payload).toBeNull()
    const authentication = encode(new CborTag(24, encode(['DeviceAuthentication', transcript, held.kind, signed.get('nameSpaces')!])))
    const structure = encode(['Signature1', header!, new Uint8Array(0), authentication])
    expect(verify(device.publicKey, structure, signature as Uint8Array)).toBe(true)
    expect(coordinates(device.publicKey).x).toHaveLength(32)
  })
})
