/** Issuance: offers, what issuers publish, and what they answer, as a wallet in a browser reads them. */
import { existsSync, readFileSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { skip } from '../../core/test/skip.js'
import { Refused } from '../../core/bytes.js'
import { newSoftwareKey } from '../../core/keys.js'
import { host, isSafe } from '../address.js'
import { credentialRequest, keyProof, readAccess, readDelivered, readIssuer, readNonce, readOffer, readOfferLink, readRefusal, readServer, tokenForm, wellKnown } from '../issuance.js'
import { readJson, readObject } from '../json.js'
import { readJwk, readJws } from '../jws.js'

const fault = (run: () => unknown): string => {
  try {
    run()
    return 'read'
  } catch (error) {
    return error instanceof Refused ? error.code : (error as Error).name
  }
}

describe('JSON of others', () => {
  it('has no name twice, no lone surrogate, and is not nested too deeply', () => {
    expect(readObject('{"a":{"b":1},"b":[{"a":1},{"a":2}],"c":"\\"a\\":"}')).toEqual({ a: { b: 1 }, b: [{ a: 1 }, { a: 2 }], c: '"a":' })
    for (const text of ['', '{', '{"a":1,"a":2}', '{"a":1,"\\u0061":2}', '{"b":{"a":1 , "a" : 2}}', '["\\ud800"]', `${'['.repeat(33)}${']'.repeat(33)}`]) expect(fault(() => readJson(text)), text).toBe('FormError')
    expect(fault(() => readJson(`${'['.repeat(32)}${']'.repeat(32)}`))).toBe('read')
    expect(fault(() => readObject('[]'))).toBe('FormError')
  })
})

describe('an address', () => {
  it('is one where an answer travels over TLS, or within this machine, to the host that is shown', () => {
    for (const good of ['https://wallet.example/cb', 'https://wallet.example:8443/cb?a=b@c', 'http://localhost:5000/cb', 'http://127.0.0.1/', 'http://[::1]:5000/']) expect(isSafe(good), good).toBe(true)
    for (const bad of ['https://', 'https:///cb', 'https://wallet.example@evil.example/cb', 'https://evil.example\\.wallet.example/cb', 'http://localhost:1@evil.example/cb', 'http://localhost.evil.example/cb', 'http://wallet.example/cb', 'https://wallet.example/cb#part', 'https://wallet.example/c b', 'ftp://wallet.example/cb', 'javascript:alert(1)']) expect(isSafe(bad), bad).toBe(false)
    expect([host('https://a.example:1/b'), host('http://[::1]:5/'), host('https://a@b/')]).toEqual(['a.example', '[::1]', undefined])
  })
})

const shared = join(process.env['BAYPASS_SHARED'] ?? fileURLToPath(new URL('../../../../shared', import.meta.url)), 'vectors/openid4vc/openid4vci-1.0')
const skipped = skip('published offers and metadata', existsSync(shared) ? undefined : 'no shared folder (BAYPASS_SHARED)')

describe.skipIf(skipped)('the published examples', () => {
  it('of an issuer’s metadata is read, and none of its forms is one that a wallet in a browser takes', () => {
    const text = readFileSync(join(shared, 'credential_issuer_metadata_sd_jwt_long.json'), 'utf8')
    const issuer = String((JSON.parse(text) as { credential_issuer: string }).credential_issuer)
    expect(readIssuer(text, issuer).issuer).toBe(issuer)
    expect(fault(() => readIssuer(text, 'https://other.example'))).toBe('issuer_other')
  })
})

describe('an offer', () => {
  const offer = { credential_issuer: 'https://issuer.example', credential_configuration_ids: ['card'], grants: { 'urn:ietf:params:oauth:grant-type:pre-authorized_code': { 'pre-authorized_code': 'a b&c', tx_code: { input_mode: 'numeric', length: 6 } } } }
  const link = (value: object | string) => `openid-credential-offer://?credential_offer=${encodeURIComponent(typeof value === 'string' ? value : JSON.stringify(value))}`

  it('is read from its link, or fetched from where it lies', () => {
    expect(readOfferLink(link(offer))).toEqual({ offer: { issuer: 'https://issuer.example', configurations: ['card'], code: 'a b&c', number: { isDigits: true, length: 6 } } })
    expect(readOfferLink('openid-credential-offer://?credential_offer_uri=https%3A%2F%2Fissuer.example%2Fo%2F1')).toEqual({ at: 'https://issuer.example/o/1' })
    expect(readOffer(JSON.stringify({ ...offer, grants: { authorization_code: {} } }))).toMatchObject({ code: undefined, number: undefined })
  })

  it('that is none is refused for the first thing wrong with it', () => {
    for (const [text, expected] of [
      ['https://a.example/?credential_offer={}', 'offer_link'], ['openid-credential-offer://?a=b', 'offer_link'], [`${link(offer)}&credential_offer_uri=https://a.example`, 'offer_link'],
      ['openid-credential-offer://?credential_offer_uri=http://a.example', 'issuer_endpoint'], [link('[]'), 'issuer_form'], [link('{"a":1,"a":2}'), 'issuer_form'],
      [link({ ...offer, credential_configuration_ids: [] }), 'offer_link'], [link({ ...offer, credential_issuer: 'http://a.example' }), 'issuer_endpoint'], [link('x'.repeat(20_000)), 'offer_link'],
    ] as const) expect(fault(() => readOfferLink(text)), text.slice(0, 80)).toBe(expected)
  })
})

describe('an issuer', () => {
  const issuer = 'https://issuer.example/tenant'
  const configuration = (more: object = {}) => ({ format: 'dc+sd-jwt', vct: 'urn:card', proof_types_supported: { jwt: { proof_signing_alg_values_supported: ['ES256'] } }, credential_metadata: { display: [{ locale: 'en', name: 'Card' }, { name: 'Any' }] }, ...more })
  const document = (more: object = {}, ...configurations: object[]) => JSON.stringify({
    credential_issuer: issuer, credential_endpoint: `${issuer}/credential`, nonce_endpoint: `${issuer}/nonce`, batch_credential_issuance: { batch_size: 5 }, display: [{ name: 'Specimen Ministry' }],
    credential_configurations_supported: Object.fromEntries((configurations.length > 0 ? configurations : [configuration()]).map((one, i) => [`c${i}`, one])), ...more,
  })

  it('publishes where its documents lie and what it offers', () => {
    expect(wellKnown(issuer, 'openid-credential-issuer')).toBe('https://issuer.example/.well-known/openid-credential-issuer/tenant')
    expect(wellKnown('https://issuer.example/', 'x')).toBe('https://issuer.example/.well-known/x')
    const read = readIssuer(document(), issuer)
    expect(read).toMatchObject({ server: issuer, credential: `${issuer}/credential`, nonce: `${issuer}/nonce`, deferred: undefined, batch: 5, name: 'Specimen Ministry' })
    expect(read.offered('c0')).toEqual({ form: 'dc+sd-jwt', kind: 'urn:card', names: { en: 'Card', '': 'Any' } })
    expect(readIssuer(document({ batch_credential_issuance: { batch_size: 10_000 } }), issuer).batch).toBe(64)
    expect(readIssuer(document({ batch_credential_issuance: undefined }), issuer).batch).toBe(1)
  })

  it('is not asked where its documents say otherwise than they should', () => {
    for (const [text, expected] of [
      ['{', 'issuer_form'], [document({ credential_issuer: 'https://other.example' }), 'issuer_other'], [document({ credential_endpoint: 'http://issuer.example' }), 'issuer_endpoint'],
      [document({ credential_endpoint: undefined }), 'issuer_endpoint'], [document({ nonce_endpoint: 7 }), 'issuer_endpoint'], [document({ authorization_servers: ['http://a.example'] }), 'issuer_endpoint'],
      [document({ credential_configurations_supported: [] }), 'issuer_form'],
    ] as const) expect(fault(() => readIssuer(text, issuer)), text.slice(0, 60)).toBe(expected)
    const offered = (more: object) => fault(() => readIssuer(document({}, configuration(more)), issuer).offered('c0'))
    expect([offered({}), offered({ format: 'jwt_vc_json' }), offered({ vct: undefined }), offered({ proof_types_supported: undefined }), offered({ format: 'mso_mdoc', doctype: 'a.b' })]).toEqual(['read', 'issuer_configuration', 'issuer_configuration', 'issuer_attestation', 'read'])
    expect(offered({ proof_types_supported: { jwt: { proof_signing_alg_values_supported: ['ES256'], key_attestations_required: {} } } })).toBe('issuer_attestation')
    expect(fault(() => readIssuer(document(), issuer).offered('constructor'))).toBe('issuer_configuration')
    const server = (more: object = {}) => fault(() => readServer(JSON.stringify({ issuer, token_endpoint: `${issuer}/token`, ...more }), issuer))
    expect([server(), server({ issuer: 'https://a.example' }), server({ token_endpoint: 'http://a.example' }), server({ token_endpoint_auth_methods_supported: ['attest_jwt_client_auth'] })]).toEqual(['read', 'issuer_other', 'issuer_endpoint', 'issuer_attestation'])
    expect(server({ token_endpoint_auth_methods_supported: ['attest_jwt_client_auth'], 'pre-authorized_grant_anonymous_access_supported': true })).toBe('read')
  })

  it('answers with a token that is bound, credentials for the keys that were sent, or later', () => {
    const bound = { access_token: 't', token_type: 'DPoP', authorization_details: [{ credential_configuration_id: 'card', credential_identifiers: ['one'] }] }
    const access = readAccess(JSON.stringify(bound))
    expect(credentialRequest(access, 'card', ['p'])).toEqual({ credential_identifier: 'one', proofs: { jwt: ['p'] } })
    expect(credentialRequest(access, 'other', ['p'])).toEqual({ credential_configuration_id: 'other', proofs: { jwt: ['p'] } })
    expect(fault(() => readAccess(JSON.stringify({ ...bound, token_type: 'Bearer' })))).toBe('issuer_unbound')
    expect(fault(() => readAccess('{}'))).toBe('issuer_form')
    expect([readNonce('{"c_nonce":"n"}'), fault(() => readNonce('{}'))]).toEqual(['n', 'issuer_form'])
    expect(readDelivered('{"credentials":[{"credential":"a"},{"credential":"b"}],"notification_id":"i"}', 2)).toEqual({ credentials: ['a', 'b'], notification: 'i' })
    expect(readDelivered('{"transaction_id":"t","interval":2}', 1)).toEqual({ transaction: 't', seconds: 2 })
    for (const answer of ['{}', '{"credentials":[{"credential":"a"}]}', '{"credentials":[{"credential":1},{"credential":"b"}]}']) expect(fault(() => readDelivered(answer, 2)), answer).toBe('issuer_count')
    expect([readRefusal('{"error":"invalid_grant"}'), readRefusal('<html>'), readRefusal('{}')]).toEqual(['invalid_grant', undefined, undefined])
    expect(new URLSearchParams(tokenForm('a b&c', '123456')).get('pre-authorized_code')).toBe('a b&c')
    expect(tokenForm('c', undefined)).not.toContain('tx_code')
  })

  it('is told by each key that this wallet holds it', async () => {
    const key = newSoftwareKey((length) => randomBytes(length))
    const proof = readJws(await keyProof(key, issuer, 'n', 7))
    expect([proof.header, proof.payload]).toEqual([{ alg: 'ES256', typ: 'openid4vci-proof+jwt', jwk: proof.header['jwk'] }, { aud: issuer, iat: 7, nonce: 'n' }])
    expect(proof.isOf(readJwk(proof.header['jwk']))).toBe(true)
    expect(readJwk(proof.header['jwk'])).toEqual(key.publicKey)
  })
})
