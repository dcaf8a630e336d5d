/** SD-JWT VC in the hand of its holder: the published examples, what is refused, and what a presentation shows. */
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { skip } from '../../core/test/skip.js'
import { fromBase64Url, fromUtf8 } from '../../core/bytes.js'
import { newSoftwareKey, verify } from '../../core/keys.js'
import { readJwk, readJws, toJwk } from '../jws.js'
import { disclosureNames, placeDisclosures, presentSdJwt, receiveSdJwt, selectDisclosures } from '../sd-jwt.js'
import { NOW, USES, certify, newRoot } from './certificates.js'
import { fault } from './fault.js'
import { type SdJwtWanted, base64url, digest, disclosure, issueSdJwt, jws, sha256, x5c } from './issuer.js'

const root = newRoot()
const signer = certify({ name: 'Signer' }, root)
const device = newSoftwareKey((length) => randomBytes(length))
const wanted = (more: Partial<SdJwtWanted> = {}): SdJwtWanted => ({ signer, device: device.publicKey, ...more })

const code = (compact: string, at = NOW): string => fault(() => receiveSdJwt(compact, [root.der], device.publicKey, at), 'taken')
const take = (compact: string) => receiveSdJwt(compact, [root.der], device.publicKey, NOW).held

const shared = join(process.env['BAYPASS_SHARED'] ?? fileURLToPath(new URL('../../../../shared', import.meta.url)), 'vectors/sd-jwt')
const skipped = skip('published SD-JWTs', existsSync(shared) ? undefined : 'no shared folder (BAYPASS_SHARED)')

describe.skipIf(skipped)('the published examples', () => {
  const examples = skipped ? [] : readdirSync(shared).filter((name) => /^(rfc-[5A]|vc-).*\.json$/.test(name))
  it.each(examples)('%s gives the claims that it says', (name) => {
    const { sd_jwt: compact, issuer_jwk: jwk, expected } = JSON.parse(readFileSync(join(shared, name), 'utf8')) as { sd_jwt: string; issuer_jwk: never; expected: { processed_payload: object; kb_payload?: { sd_hash: string } } }
    const [issuer, ...rest] = compact.split('~')
    expect(readJws(issuer!).isOf(readJwk(jwk))).toBe(true)
    const claims = placeDisclosures(`${[issuer, ...rest.slice(0, -1), ''].join('~')}`).claims
    expect(JSON.parse(JSON.stringify(claims))).toEqual(expected.processed_payload)
    const { kb_payload: binding } = expected
    if (binding) expect(base64url(sha256(compact.slice(0, compact.lastIndexOf('~') + 1)))).toBe(binding.sd_hash)
  })
  it('are eight', () => expect(examples.length).toBe(8))
})

describe('a credential that its issuer sends', () => {
  it('is taken with what it says, and the certificate under which it counts', () => {
    const compact = issueSdJwt(wanted({ open: { exp: NOW + 60, nationalities: ['CN'] }, hidden: { family_name: 'CHAN', age_over_18: true } }))
    const { held, issuer } = receiveSdJwt(compact, [root.der], device.publicKey, NOW)
    expect(JSON.parse(JSON.stringify(held.claims))).toMatchObject({ family_name: 'CHAN', age_over_18: true, nationalities: ['CN'] })
    expect([held.kind, held.expires, issuer.anchor]).toEqual(['urn:specimen:identity:1', NOW + 60, root.der])
  })

  it('is refused for the first thing wrong with it', () => {
    const stranger = newSoftwareKey((length) => randomBytes(length))
    const [a, b] = [disclosure('given_name', 'MUI'), disclosure('DE')]
    const signed = (claims: object, header: object = {}, ...more: string[]) => [jws(signer.key, { typ: 'dc+sd-jwt', x5c: x5c(signer), ...header }, { vct: 'urn:a', cnf: { jwk: toJwk(device.publicKey) }, ...claims }), ...more, ''].join('~')
    const good = issueSdJwt(wanted({ hidden: { a: 1 } }))
    const lone = base64url(JSON.stringify({ vct: 'urn:a' }).replace('}', ',"vct":"urn:b"}'))
    let deep: unknown = 1
    for (let i = 0; i < 30; i += 1) deep = { a: deep }
    for (const [compact, expected] of [
      ['', 'sd_jwt_form'], ['a.b.c', 'sd_jwt_form'], ['a.b.c~', 'sd_jwt_form'],
      ['~'.repeat(1 << 20) + '~', 'sd_jwt_too_long'], [`${good.split('~')[0]}~${`${a}~`.repeat(4097)}`, 'sd_jwt_too_long'],
      [`${good}x.y.z`, 'key_binding_unexpected'],
      [`${jws(signer.key, { typ: 'dc+sd-jwt' }, {}).split('.')[0]}.${lone}.${'A'.repeat(86)}~`, 'sd_jwt_form'],
      [signed({}, { typ: 'vc+sd-jwt' }), 'sd_jwt_type'],
      [signed({}, { alg: 'none' }), 'sd_jwt_form'], [signed({}, { crit: ['b64'] }), 'sd_jwt_form'],
      [signed({}, { x5c: undefined }), 'sd_jwt_no_certificate'], [signed({}, { x5c: [] }), 'sd_jwt_form'],
      [issueSdJwt(wanted({ signer: certify({ name: 'Unknown' }, newRoot('Other')) })), 'certificate_unknown'],
      [issueSdJwt(wanted({ signer: certify({ name: 'Reader', uses: [USES.reader] }, root) })), 'certificate_use'],
      [[jws(certify({ name: 'Who' }, root).key, { typ: 'dc+sd-jwt', x5c: x5c(signer) }, { vct: 'urn:a' }), ''].join('~'), 'sd_jwt_signature'],
      [signed({ _sd_alg: 'sha-512' }), 'sd_jwt_hash_algorithm'],
      [signed({}, {}, '!!'), 'sd_jwt_disclosure_form'], [signed({}, {}, base64url(['a'])), 'sd_jwt_disclosure_form'], [signed({}, {}, base64url([1, 'a', 2])), 'sd_jwt_disclosure_form'],
      [signed({}, {}, base64url('["salt","a",{"b":1,"b":2}]')), 'sd_jwt_disclosure_form'],
      [signed({ _sd: 'a' }), 'sd_jwt_digest_form'], [signed({ _sd: [1] }), 'sd_jwt_digest_form'], [signed({ c: [{ '...': 1 }] }), 'sd_jwt_digest_form'],
      [signed({ c: [{ '...': digest(a) }] }, {}, a), 'sd_jwt_disclosure_place'], [signed({ _sd: [digest(b)] }, {}, b), 'sd_jwt_disclosure_place'],
      [signed({ c: { '...': 1 } }), 'sd_jwt_forbidden_name'], [signed({ ['a'.repeat(256)]: 1 }), 'sd_jwt_forbidden_name'],
      ...['_sd', '...', '_sd_alg'].map((name) => { const one = disclosure(name, 1); return [signed({ _sd: [digest(one)] }, {}, one), 'sd_jwt_forbidden_name'] as const }),
      [signed({ _sd: [digest(a)], given_name: 'LAN' }, {}, a), 'sd_jwt_name_taken'],
      [signed({ _sd: [digest(a), digest(a)] }, {}, a), 'sd_jwt_digest_repeated'], [signed({ _sd: [digest(a)] }, {}, a, a), 'sd_jwt_digest_repeated'],
      [signed({}, {}, a), 'sd_jwt_disclosure_unreferenced'],
      [signed({ deep }), 'taken'], [signed({ deep: { deep: { deep } } }), 'sd_jwt_form'],
      ...['iss', 'exp', 'vct', 'status'].map((name) => { const one = disclosure(name, 1); return [[jws(signer.key, { typ: 'dc+sd-jwt', x5c: x5c(signer) }, { ...(name === 'vct' ? {} : { vct: 'urn:a' }), cnf: { jwk: toJwk(device.publicKey) }, _sd: [digest(one)] }), one, ''].join('~'), 'sd_jwt_not_disclosable'] as const }),
      [signed({ vct: '' }), 'sd_jwt_claim'], [signed({ exp: 1.5 }), 'sd_jwt_claim'], [signed({ exp: 'soon' }), 'sd_jwt_claim'], [signed({ aka_vcts: ['urn:a'] }), 'sd_jwt_claim'],
      [signed({ exp: NOW }), 'credential_expired'], [signed({ nbf: NOW + 1 }), 'credential_not_yet_valid'], [signed({ exp: NOW + 1, nbf: NOW }), 'taken'],
      [signed({ cnf: undefined }), 'sd_jwt_claim'], [signed({ cnf: { jwk: toJwk(stranger.publicKey) } }), 'sd_jwt_claim'], [signed({ cnf: { jwk: { kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA' } } }), 'sd_jwt_claim'],
    ] as const) expect(code(compact), `${expected}: ${compact.slice(0, 60)}`).toBe(expected)
  })

  it('never gives a claim that every object inherits', () => {
    const one = disclosure('__proto__', { polluted: true })
    const held = take([jws(signer.key, { typ: 'dc+sd-jwt', x5c: x5c(signer) }, { vct: 'urn:a', cnf: { jwk: toJwk(device.publicKey) }, _sd: [digest(one)] }), one, ''].join('~'))
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
    expect(Object.keys(held.claims)).toContain('__proto__')
  })

  it('full of digests that nobody knows is read to its end', () => {
    expect(code([jws(signer.key, { typ: 'dc+sd-jwt', x5c: x5c(signer) }, { vct: 'urn:a', cnf: { jwk: toJwk(device.publicKey) }, _sd: Array.from({ length: 15_000 }, (_, i) => digest(`${i}`)) }), ''].join('~'))).toBe('taken')
  })
})

describe('a presentation', () => {
  const street = disclosure('street', 'Nathan Road')
  const address = disclosure('address', { country: 'HK', _sd: [digest(street)] })
  const place = disclosure('CN')
  const compact = [jws(signer.key, { typ: 'dc+sd-jwt', x5c: x5c(signer) }, { vct: 'urn:a', cnf: { jwk: toJwk(device.publicKey) }, _sd: [digest(address)], nationalities: [{ '...': digest(place) }, 'MO'] }), address, street, place, ''].join('~')
  const held = take(compact)
  const shown = (text: string) => text.slice(0, text.lastIndexOf('~')).split('~').slice(1)

  it('shows what is chosen with what stands around it, and nothing else', async () => {
    expect(selectDisclosures(held, [['address', 'street']])).toEqual([0, 1])
    expect(selectDisclosures(held, [['address', 'country']])).toEqual([0])
    expect(selectDisclosures(held, [['nationalities', 0]])).toEqual([2])
    expect(selectDisclosures(held, [['vct']])).toEqual([])
    expect(disclosureNames(held, [1, 2])).toEqual(['address.street', 'nationalities.0'])
    expect(shown(await presentSdJwt(held, [1], undefined))).toEqual([address, street])
    expect(shown(await presentSdJwt(held, [], undefined))).toEqual([])
  })

  it('is signed by the device for one verifier, one request and these disclosures', async () => {
    const text = await presentSdJwt(held, [2], { audience: 'x509_hash:a', nonce: 'n-0123456789abcdef', at: NOW, key: device })
    const [before, binding] = [text.slice(0, text.lastIndexOf('~') + 1), text.slice(text.lastIndexOf('~') + 1)]
    const [header, payload, signature] = binding.split('.')
    expect(JSON.parse(fromUtf8(fromBase64Url(header!)))).toEqual({ alg: 'ES256', typ: 'kb+jwt' })
    expect(JSON.parse(fromUtf8(fromBase64Url(payload!)))).toEqual({ iat: NOW, aud: 'x509_hash:a', nonce: 'n-0123456789abcdef', sd_hash: base64url(sha256(before)) })
    expect(verify(device.publicKey, Buffer.from(`${header}.${payload}`), fromBase64Url(signature!))).toBe(true)
  })
})
