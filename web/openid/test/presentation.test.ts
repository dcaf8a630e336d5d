/** Presentations: links, requests that count and those that do not, and the encrypted answer, opened by another library. */
import { randomBytes } from 'node:crypto'
import { compactDecrypt, exportJWK, generateKeyPair } from 'jose'
import { describe, expect, it } from 'vitest'
import { fromBase64Url, toHex } from '../../core/bytes.js'
import { newSoftwareKey } from '../../core/keys.js'
import { deriveKey } from '../jwe.js'
import { choose, readRedirect, readRequest, readRequestLink, respond } from '../presentation.js'
import { receiveSdJwt } from '../sd-jwt.js'
import { NOW, USES, certify, newRoot } from './certificates.js'
import { fault } from './fault.js'
import { base64url, issueSdJwt, jws, sha256, x5c } from './issuer.js'

const random = (length: number) => new Uint8Array(randomBytes(length))

describe('a link', () => {
  it('names who asks and where the request lies', () => {
    expect(readRequestLink('openid4vp://?client_id=x509_hash%3Aabc&request_uri=https%3A%2F%2Fhotel.example%2Fr%2F1&request_uri_method=post')).toEqual({ clientId: 'x509_hash:abc', requestUri: 'https://hotel.example/r/1', byPost: true })
    expect(readRequestLink('haip-vp:?client_id=a&request_uri=http://localhost:1/r').byPost).toBe(false)
  })
  it('without either, with one twice, or without TLS is not followed', () => {
    for (const [link, expected] of [
      ['openid4vp://', 'request_link'], ['openid4vp://?client_id=a', 'request_link'], ['openid4vp://?request=x&client_id=a', 'request_link'], ['https://a.example/?client_id=a&request_uri=https://a.example', 'request_link'],
      ['javascript:?client_id=a&request_uri=https://a.example', 'request_link'], ['openid4vp://?client_id=a&client_id=b&request_uri=https://a.example', 'request_link'],
      ['openid4vp://?client_id=a&request_uri=http://a.example', 'request_address'], ['openid4vp://?client_id=a&request_uri=file:///etc/passwd', 'request_address'], ['openid4vp://?client_id=a&request_uri=https://a.example@b.example/', 'request_address'],
      ['openid4vp://?client_id=a&request_uri=https://evil.example%5C.wallet.example/', 'request_address'],
    ]) expect(fault(() => readRequestLink(link!)), link).toBe(expected)
  })
})

const root = newRoot('Readers')
const reader = certify({ name: 'hotel', organization: 'Specimen Hotel', uses: [USES.reader], dns: ['hotel.example'] }, root)
const clientId = `x509_hash:${base64url(sha256(reader.der))}`
const link = { clientId, requestUri: 'https://hotel.example/r/1', byPost: false }
const pair = await generateKeyPair('ECDH-ES', { crv: 'P-256', extractable: true })
const encryptionKey = { ...(await exportJWK(pair.publicKey)), alg: 'ECDH-ES', use: 'enc', kid: 'key-1' }
const metadata = { jwks: { keys: [encryptionKey] }, encrypted_response_enc_values_supported: ['A256GCM', 'A128GCM'], vp_formats_supported: { 'dc+sd-jwt': {} } }
const query = { credentials: [{ id: 'card', format: 'dc+sd-jwt', meta: { vct_values: ['urn:specimen:identity:1'] }, claims: [{ path: ['family_name'] }] }] }
const claims = {
  response_type: 'vp_token', response_mode: 'direct_post.jwt', response_uri: 'https://hotel.example/answer', client_id: clientId, aud: 'https://self-issued.me/v2',
  nonce: 'n-0123456789abcdef', state: 's', exp: NOW + 60, dcql_query: query, client_metadata: metadata,
}
const object = (more: object = {}, header: object = {}, signer = reader) => jws(signer.key, { typ: 'oauth-authz-req+jwt', x5c: x5c(signer), ...header }, { ...claims, ...more })
const read = (text: string, more: Partial<Parameters<typeof readRequest>[1]> = {}) => readRequest(text, { anchors: [root.der], link, walletNonce: undefined, now: NOW, ...more })

describe('a request', () => {
  it('says who asks and what, proven by a certificate that counts', () => {
    const asked = read(object())
    expect([asked.clientId, asked.nonce, asked.state, asked.responseUri, asked.enc, asked.kid]).toEqual([clientId, claims.nonce, 's', claims.response_uri, 'A128GCM', 'key-1'])
    expect([asked.verifier.certificate.organization, asked.verifier.anchor]).toEqual(['Specimen Hotel', root.der])
  })

  it('is refused for the first thing wrong with it', () => {
    const dns = (name: string, more: object = {}) => fault(() => read(object({ client_id: `x509_san_dns:${name}`, ...more }), { link: { ...link, clientId: `x509_san_dns:${name}` } }))
    expect(dns('hotel.example')).toBe('read')
    expect(dns('other.example')).toBe('request_client_id')
    expect(dns('hotel.example', { response_uri: 'https://other.example/answer' })).toBe('request_address')
    for (const [prefixed, expected] of [['origin:https://hotel.example', 'request_client_id_prefix'], ['hotel.example', 'request_client_id_prefix'], ['x509_hash:short', 'request_client_id_prefix']] as const) {
      expect(fault(() => read(object({ client_id: prefixed }), { link: { ...link, clientId: prefixed } }))).toBe(expected)
    }
    const twice = base64url(JSON.stringify(claims).replace('"state":"s"', '"state":"s","state":"t"'))
    for (const [text, expected] of [
      ['', 'request_form'], ['a.b.c', 'request_form'], ['a'.repeat(65 * 1024), 'request_form'], [object({}, { typ: 'JWT' }), 'request_form'], [object({}, { alg: 'none' }), 'request_form'],
      [object().replace(/\.[^.]+\./, `.${twice}.`), 'request_form'],
      [object({}, { x5c: undefined }), 'request_no_certificate'],
      [object({}, {}, certify({ name: 'Unknown', uses: [USES.reader] }, newRoot('Other'))), 'certificate_unknown'],
      [object({}, {}, certify({ name: 'Signer', uses: [USES.signer] }, root)), 'certificate_use'],
      [object({}, { x5c: x5c(certify({ name: 'Who', uses: [USES.reader] }, root)) }), 'request_signature'],
      [object({ client_id: `x509_hash:${base64url(sha256('x'))}` }), 'request_client_id'],
      [object({ aud: 'https://other.example' }), 'request_audience'], [object({ aud: undefined }), 'request_audience'], [object({ aud: link.requestUri }), 'read'],
      [object({ exp: NOW - 11 }), 'request_expired'], [object({ exp: NOW - 10 }), 'read'], [object({ exp: 'soon' }), 'request_parameter'],
      [object({ response_type: 'code' }), 'request_parameter'], [object({ response_mode: 'direct_post' }), 'request_parameter'], [object({ response_mode: 'dc_api.jwt' }), 'request_parameter'],
      [object({ transaction_data: [] }), 'request_transaction_data'], [object({ scope: 'a' }), 'request_parameter'], [object({ redirect_uri: 'https://hotel.example' }), 'request_parameter'],
      [object({ nonce: 'short' }), 'request_parameter'], [object({ nonce: 'n 0123456789abcdef' }), 'request_parameter'], [object({ state: 7 }), 'request_parameter'],
      [object({ response_uri: 'http://hotel.example/answer' }), 'request_address'], [object({ response_uri: undefined }), 'request_parameter'],
      [object({ dcql_query: undefined }), 'dcql_member'], [object({ client_metadata: undefined }), 'request_parameter'],
      [object({ client_metadata: { ...metadata, vp_formats_supported: { jwt_vc_json: {} } } }), 'request_formats'],
      [object({ client_metadata: { ...metadata, jwks: undefined } }), 'request_encryption'], [object({ client_metadata: { ...metadata, jwks: { keys: [{ ...encryptionKey, alg: 'RSA-OAEP' }] } } }), 'request_encryption'],
      [object({ client_metadata: { ...metadata, jwks: { keys: [{ ...encryptionKey, x: encryptionKey.y }] } } }), 'request_encryption'],
      [object({ client_metadata: { ...metadata, encrypted_response_enc_values_supported: ['A128CBC-HS256'] } }), 'request_encryption'],
    ] as const) expect(fault(() => read(text)), `${expected} ${text.slice(0, 30)}`).toBe(expected)
    expect(fault(() => read(object(), { walletNonce: 'w' }))).toBe('request_wallet_nonce')
    expect(fault(() => read(object({ wallet_nonce: 'w' }), { walletNonce: 'w' }))).toBe('read')
  })
})

describe('an answer', () => {
  const device = newSoftwareKey((length) => randomBytes(length))
  const signer = certify({ name: 'Signer' }, root)
  const { held } = receiveSdJwt(issueSdJwt({ signer, device: device.publicKey, hidden: { family_name: 'CHAN', given_name: 'TAI MAN' } }), [root.der], device.publicKey, NOW)

  it.each(['A128GCM', 'A256GCM'] as const)('is opened by the verifier’s key alone, with what was asked for and no more (%s)', async (enc) => {
    const asked = read(object({ client_metadata: { ...metadata, encrypted_response_enc_values_supported: [enc] } }))
    const chosen = choose(asked, [held], false)!
    expect(chosen.map(({ query: id, names }) => [id, names])).toEqual([['card', ['family_name']]])
    const answer = await respond(asked, [{ held, key: device }], chosen, NOW, random)
    const { plaintext, protectedHeader } = await compactDecrypt(answer, pair.privateKey)
    expect(protectedHeader).toMatchObject({ alg: 'ECDH-ES', enc, kid: 'key-1' })
    const { vp_token: token, state } = JSON.parse(Buffer.from(plaintext).toString()) as { vp_token: Record<string, string[]>; state: string }
    expect(state).toBe('s')
    const [presented] = token['card']!
    const parts = presented!.split('~')
    expect(parts).toHaveLength(3)
    expect(Buffer.from(parts[1]!, 'base64url').toString()).toContain('CHAN')
    expect(presented).not.toContain(Buffer.from('TAI MAN').toString('base64url'))
    expect(JSON.parse(Buffer.from(parts[2]!.split('.')[1]!, 'base64url').toString())).toMatchObject({ aud: clientId, nonce: claims.nonce })
    const other = await generateKeyPair('ECDH-ES', { crv: 'P-256' })
    await expect(compactDecrypt(answer, other.privateKey)).rejects.toThrow()
  })

  it('goes on only at an address that is one to go to', () => {
    expect(readRedirect({ redirect_uri: 'https://hotel.example/done' })).toBe('https://hotel.example/done')
    for (const answer of [{}, [], null, { redirect_uri: 'javascript:alert(1)' }, { redirect_uri: 'http://hotel.example' }, { redirect_uri: 7 }]) expect(readRedirect(answer)).toBeUndefined()
  })

  it('is encrypted under the key that the RFC derives (RFC 7518, appendix C)', () => {
    const agreed = Uint8Array.from([158, 86, 217, 29, 129, 113, 53, 211, 114, 131, 66, 131, 191, 132, 38, 156, 251, 49, 110, 163, 218, 128, 106, 72, 246, 218, 167, 121, 140, 254, 144, 196])
    const key = deriveKey(agreed, 'A128GCM', new TextEncoder().encode('Alice'), new TextEncoder().encode('Bob'))
    expect(toHex(key)).toBe(toHex(fromBase64Url('VqqN6vgjbSBcIijNcacQGg')))
  })
})
