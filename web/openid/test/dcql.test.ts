/** DCQL: the published queries, every malformed one with its code, and what a wallet answers. */
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { skip } from '../../core/test/skip.js'
import { CborTag } from '../../core/cbor.js'
import { newSoftwareKey } from '../../core/keys.js'
import { type Held, readQuery, select } from '../dcql.js'
import { type Json, readJson } from '../json.js'
import { receiveMdoc } from '../mdoc.js'
import { disclosureNames, receiveSdJwt } from '../sd-jwt.js'
import { NOW, USES, certify, newRoot } from './certificates.js'
import { fault } from './fault.js'
import { issueMdoc, issueSdJwt } from './issuer.js'

const shared = join(process.env['BAYPASS_SHARED'] ?? fileURLToPath(new URL('../../../../shared', import.meta.url)), 'vectors/openid4vc')
const skipped = skip('published queries', existsSync(shared) ? undefined : 'no shared folder (BAYPASS_SHARED)')

describe.skipIf(skipped)('the published queries', () => {
  const files = skipped ? [] : ['openid4vp-1.0/query_lang', 'eudi-dcql'].flatMap((folder) => readdirSync(join(shared, folder)).map((name) => join(shared, folder, name)))
  it('are all read', () => {
    for (const file of files) {
      const text = readFileSync(file, 'utf8')
      // One published example breaks off before its last brace.
      const query = (() => { try { return readJson(text) } catch { return readJson(`${text}}`) } })()
      expect(readQuery(query).credentials.length, file).toBeGreaterThan(0)
    }
    expect(files.length).toBe(7)
  })
})

const code = (query: unknown): string => fault(() => readQuery(query as Json))

const good = { id: 'a', format: 'dc+sd-jwt', meta: { vct_values: ['urn:specimen:identity:1'] }, claims: [{ path: ['x'] }] }
const mdoc = { id: 'm', format: 'mso_mdoc', meta: { doctype_value: 'org.iso.23220.photoID.1' } }

describe('a query', () => {
  it('that is malformed is refused for the first thing wrong with it', () => {
    const with_ = (more: object) => ({ credentials: [{ ...good, ...more }] })
    const claims = (...several: unknown[]) => with_({ claims: several })
    const sets = (...several: unknown[]) => ({ credentials: [good], credential_sets: several })
    const { claims: _, ...bare } = good
    for (const [query, expected] of [
      [[], 'dcql_member'], [{}, 'dcql_member'], [{ credentials: [] }, 'dcql_member'], [{ credentials: ['a'] }, 'dcql_member'], [{ credentials: Array(65).fill(good) }, 'dcql_member'],
      [with_({ format: null }), 'dcql_member'], [with_({ meta: null }), 'dcql_member'], [with_({ meta: {} }), 'dcql_member'], [with_({ meta: { vct_values: [] } }), 'dcql_member'],
      [with_({ multiple: 'yes' }), 'dcql_member'], [with_({ require_cryptographic_holder_binding: 0 }), 'dcql_member'], [with_({ trusted_authorities: [] }), 'dcql_member'],
      [claims(), 'dcql_member'], [claims({}), 'dcql_path'], [claims({ path: ['x'], values: [] }), 'dcql_member'], [claims({ path: ['x'], values: [1.5] }), 'dcql_member'], [claims({ path: ['x'], values: [null] }), 'dcql_member'],
      [claims({ path: [] }), 'dcql_path'], [claims({ path: [-1] }), 'dcql_path'], [claims({ path: [true] }), 'dcql_path'], [claims({ path: Array(33).fill('a') }), 'dcql_path'],
      [{ credentials: [{ ...mdoc, claims: [{ path: ['x'] }] }] }, 'dcql_path'], [{ credentials: [{ ...mdoc, claims: [{ path: ['a', null] }] }] }, 'dcql_path'], [{ credentials: [{ ...mdoc, meta: {} }] }, 'dcql_member'],
      [with_({ id: '' }), 'dcql_id'], [with_({ id: 'a.b' }), 'dcql_id'], [with_({ id: 7 }), 'dcql_id'], [claims({ id: 'a b', path: ['x'] }), 'dcql_id'],
      [{ credentials: [good, good] }, 'dcql_id_repeated'], [claims({ id: 'a', path: ['x'] }, { id: 'a', path: ['y'] }), 'dcql_id_repeated'],
      [with_({ claim_sets: [['a']] }), 'dcql_unknown_id'], [sets({ options: [['b']] }), 'dcql_unknown_id'], [sets({ options: [] }), 'dcql_member'], [sets({ options: [['a']], required: 'no' }), 'dcql_member'],
      [{ credentials: [{ ...bare, claim_sets: [['a']] }] }, 'dcql_sets_without_claims'],
      [{ credentials: [good], unknown: 1 }, 'read'], [{ credentials: [{ id: 'o', format: 'jwt_vc_json', meta: {} }] }, 'read'],
    ] as const) expect(code(query), `${expected} ${JSON.stringify(query).slice(0, 100)}`).toBe(expected)
  })
})

describe('an answer', () => {
  const root = newRoot()
  const device = newSoftwareKey((length) => randomBytes(length))
  const signer = certify({ name: 'Signer', uses: [USES.signer] }, root)
  const json = receiveSdJwt(issueSdJwt({ signer, device: device.publicKey, open: { nationalities: ['CN', 'PT'], aka_vcts: ['urn:also'] }, hidden: { family_name: 'CHAN', given_name: 'TAI MAN', age: 41 } }), [root.der], device.publicKey, NOW).held
  const cbor = receiveMdoc(issueMdoc({ signer, device: device.publicKey, elements: [['s', 'family_name', 'CHAN'], ['s', 'birth_date', new CborTag(1004, '1990-02-03')]] }), [root.der], device.publicKey, NOW).held
  const held: readonly Held[] = [json, cbor]
  const answers = (query: object, optional = false, candidates = held) => select(readQuery(query as Json), candidates, optional)
    ?.map(([place, matches]) => [place, matches.map(({ candidate, shown }) => [candidate, 'elements' in shown ? shown.elements : disclosureNames(json, shown.disclosures)])])
  const asks = (claims: object[], more: object = {}) => ({ credentials: [{ ...good, claims, ...more }] })

  it('shows what is asked for and no more, by either format', () => {
    expect(answers(asks([{ path: ['family_name'] }]))).toEqual([[0, [[0, ['family_name']]]]])
    expect(answers({ credentials: [{ ...mdoc, claims: [{ path: ['s', 'birth_date'], values: ['1990-02-03'] }] }] })).toEqual([[0, [[1, [['s', 'birth_date']]]]]])
    expect(answers({ credentials: [{ ...good, claims: undefined }] })).toEqual([[0, [[0, []]]]])
    expect(answers({ credentials: [{ ...good, meta: { vct_values: ['urn:also'] }, claims: [{ path: ['nationalities', null], values: ['PT'] }] }] })).toEqual([[0, [[0, []]]]])
  })

  it('is none where a claim, its value, its type or its authority is another', () => {
    for (const query of [
      asks([{ path: ['email'] }]), asks([{ path: ['family_name'], values: ['LEE'] }]), asks([{ path: ['age'], values: ['41'] }]), asks([{ path: ['nationalities', 2] }]), asks([{ path: ['family_name', 'x'] }]),
      asks([{ path: [null] }]), asks([{ path: ['constructor'] }]),
      asks([{ path: ['family_name'] }], { meta: { vct_values: ['urn:other'] } }), asks([{ path: ['family_name'] }], { trusted_authorities: [{ type: 'aki', values: ['AAAA'] }] }),
      asks([{ path: ['family_name'] }], { trusted_authorities: [{ type: 'etsi_tl', values: ['https://list.example'] }] }),
      { credentials: [{ ...mdoc, claims: [{ path: ['t', 'family_name'] }] }] }, { credentials: [{ id: 'o', format: 'jwt_vc_json', meta: {} }] },
    ]) expect(answers(query), JSON.stringify(query)).toBeUndefined()
    expect(answers(asks([{ path: ['age'], values: [41] }], { trusted_authorities: [{ type: 'aki', values: [root.keyId.toString('base64url')] }] }))).toEqual([[0, [[0, ['age']]]]])
  })

  it('takes the first set of claims that it can, and of sets of credentials the first option, optional ones only where they are wanted', () => {
    const claims = [{ id: 'e', path: ['email'] }, { id: 'f', path: ['family_name'] }, { id: 'g', path: ['given_name'] }]
    expect(answers(asks(claims, { claim_sets: [['e', 'f'], ['f'], ['g']] }))).toEqual([[0, [[0, ['family_name']]]]])
    const [email, name, paper] = [{ ...good, id: 'e', claims: [{ path: ['email'] }] }, { ...good, id: 'n', claims: [{ path: ['family_name'] }] }, { ...mdoc, claims: [{ path: ['s', 'family_name'] }] }]
    const query = (...credential_sets: object[]) => ({ credentials: [email, name, paper], credential_sets })
    expect(answers(query({ options: [['e'], ['n']] }))).toEqual([[1, [[0, ['family_name']]]]])
    expect(answers(query({ options: [['n']] }, { options: [['m']], required: false }))).toHaveLength(1)
    expect(answers(query({ options: [['n']] }, { options: [['m']], required: false }), true)).toHaveLength(2)
    expect(answers(query({ options: [['n']] }, { options: [['e']], required: false }), true)).toHaveLength(1)
    expect(answers(query({ options: [['e']] }, { options: [['n']] }))).toBeUndefined()
    expect(answers({ credentials: [email, name] })).toBeUndefined()
  })

  it('is one credential, or all that answer where several are asked for', () => {
    const two = [json, json, cbor]
    expect(answers(asks([{ path: ['age'] }]), false, two)).toEqual([[0, [[0, ['age']]]]])
    expect(answers(asks([{ path: ['age'] }], { multiple: true }), false, two)).toEqual([[0, [[0, ['age']], [1, ['age']]]]])
  })
})
