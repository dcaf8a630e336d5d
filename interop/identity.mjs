// A resident whose identity lies in a wallet of another system: Credo issues it (as an issuer that is not ours), Credo holds it, and Hong Kong's
// authority enrols by it in place of typed numbers. The pass that comes of it is read back.
import { execFileSync } from 'node:child_process'
import { randomUUID, webcrypto } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { MdocRecord, SdJwtVcRecord, X509KeyUsage } from '@credo-ts/core'
import { SignJWT, exportJWK } from 'jose'
import { newKey, wallet } from './agent.mjs'
import { RESIDENTS } from './bay.mjs'
import { BIN, CREDO } from './places.mjs'
import { show } from './present.mjs'

const VCT = 'urn:specimen:hk-identity:1'
const DOCTYPE = 'org.iso.23220.photoID.1'
const WHOM = `${CREDO}, shows an identity of another system`

/** An issuer by Credo: its root, and a signer that the root certifies; `certify` gives another one, with these extensions. */
export async function issuer(agent) {
  const authorityKey = await newKey(agent)
  const validity = { notBefore: new Date(Date.now() - 864e5), notAfter: new Date(Date.now() + 30 * 864e5) }
  const name = (commonName) => ({ countryName: 'HK', commonName })
  const keyUsage = (...usages) => ({ usages, markAsCritical: true })
  const root = await agent.x509.createCertificate({
    authorityKey, issuer: name('Specimen identities root'), validity,
    extensions: { basicConstraints: { ca: true, pathLenConstraint: 0, markAsCritical: true }, keyUsage: keyUsage(X509KeyUsage.KeyCertSign) },
  })
  const certify = async (commonName, extensions = {}) => {
    const subjectPublicKey = await newKey(agent)
    const leaf = await agent.x509.createCertificate({
      authorityKey, subjectPublicKey, issuer: name('Specimen identities root'), subject: name(commonName), validity,
      extensions: { keyUsage: keyUsage(X509KeyUsage.DigitalSignature), ...extensions },
    })
    leaf.publicJwk.keyId = subjectPublicKey.keyId
    return leaf
  }
  return { root, leaf: await certify('Specimen identities'), certify }
}

/** A wallet of Credo's that trusts the issuer and the authority, and what puts each of the resident's two credentials alone into it. */
async function holder(folder, authority) {
  const agent = await wallet([authority])
  const { root, leaf } = await issuer(agent)
  agent.x509.config.addTrustedCertificate(root.toString('pem'))
  const { name, birth, card } = RESIDENTS.HKG
  const [family, given] = name.split(', ')
  const claims = { family_name: family, given_name: given, document_number: card.number, address: 'not asked for' }
  const key = await newKey(agent)
  const { compact } = await agent.sdJwtVc.sign({
    payload: { vct: VCT, birth_date: birth, ...claims, exp: Math.floor(Date.now() / 1000) + 864e3 },
    holder: { method: 'jwk', jwk: key }, issuer: { method: 'x5c', x5c: [leaf] },
    disclosureFrame: { _sd: ['birth_date', ...Object.keys(claims)] },
  })
  const sdJwt = new SdJwtVcRecord({ credentialInstances: [{ compactSdJwtVc: compact, kmsKeyId: key.keyId }] })
  const mdocKey = await newKey(agent)
  const mdoc = await agent.mdoc.sign({
    docType: DOCTYPE, namespaces: { 'org.iso.23220.1': { ...claims, birth_date: birth } }, issuerCertificate: leaf, holderKey: mdocKey,
    validityInfo: { validUntil: new Date(Date.now() + 864e6) },
  })
  const record = new MdocRecord({ credentialInstances: [{ issuerSignedBase64Url: mdoc.base64Url, kmsKeyId: mdocKey.keyId }] })
  const puts = {
    'SD-JWT VC': () => agent.sdJwtVc.store({ record: sdJwt }),
    mdoc: async () => {
      await agent.sdJwtVc.deleteById(sdJwt.id)
      await agent.mdoc.store({ record })
    },
  }
  return { agent, root, puts }
}

/** The wallet of this pass, as far as it enrols: a device key, and requests with its proof (RFC 9449). */
async function pass(base) {
  const { publicKey, privateKey } = await webcrypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign'])
  const jwk = await exportJWK(publicKey)
  let nonce
  return async function call(method, path, body, secret) {
    for (const again of [true, false]) {
      const hash = secret && Buffer.from(await webcrypto.subtle.digest('SHA-256', Buffer.from(secret))).toString('base64url')
      const claims = { jti: randomUUID(), htm: method, htu: base + path, ...(nonce ? { nonce } : {}), ...(hash ? { ath: hash } : {}) }
      const proof = await new SignJWT(claims).setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk }).setIssuedAt().sign(privateKey)
      const headers = { dpop: proof, ...(body ? { 'content-type': 'application/json' } : {}), ...(secret ? { authorization: `DPoP ${secret}` } : {}) }
      const answer = await fetch(base + path, { method, headers, body: body && JSON.stringify(body) })
      nonce = answer.headers.get('dpop-nonce') ?? nonce
      const said = await answer.json()
      if (said.code === 'use_dpop_nonce' && again) continue
      return { status: answer.status, said }
    }
  }
}

/** Enrols by each form in turn; each is a row of the report. */
export async function identity(folder, bay, note) {
  const { agent, root, puts } = await holder(folder, bay.roots()[1])
  const file = join(folder, 'issuer.json')
  const to = new Date(Date.now() + 30 * 864e5).toISOString().slice(0, 10)
  writeFileSync(file, JSON.stringify({ name: 'specimen-hk-identity', jurisdiction: 'HK', types: [`sd-jwt:${VCT}`, `mdoc:${DOCTYPE}`], documents: ['hkid'], to, certificate: root.toString('pem') }))
  const before = await (await pass(bay.issuers.HKG))('POST', '/v1/identity-requests')
  note(WHOM, 'HKG takes none before its list names the issuer', before.said.code === 'identity_not_taken', before.said.code)
  execFileSync(BIN, ['trust', 'add-issuer', '--dir', bay.dir, '--authority', 'HKG', '--file', file])
  for (const [what, put] of Object.entries(puts)) {
    try {
      await put()
      const call = await pass(bay.issuers.HKG)
      let asked
      // The authority reads its list anew in its rounds.
      for (let tries = 0; tries < 60; tries += 1) {
        asked = await call('POST', '/v1/identity-requests')
        if (asked.status === 201) break
        await new Promise((resolve) => { setTimeout(resolve, 1000) })
      }
      if (asked.status !== 201) throw new Error(`no request: ${asked.said.code}`)
      const { shown, redirectUri } = await show(agent, asked.said.link)
      const number = (await (await fetch(redirectUri)).text()).split('\n')[0]
      const wrong = await call('POST', '/v1/enrolments', { identity: { request: asked.said.id, number: number === '000000' ? '000001' : '000000' } })
      const begun = await call('POST', '/v1/enrolments', { identity: { request: asked.said.id, number } })
      if (begun.status !== 201) throw new Error(`no enrolment: ${begun.said.code}`)
      const frames = { frames: [{ at_ms: 0, picture: bay.selfie.toString('base64url') }] }
      const done = await call('POST', `/v1/enrolments/${begun.said.id}/frames`, frames)
      const waits = done.status === 202
      const own = waits ? undefined : await call('GET', '/v1/pass', undefined, done.said.secret)
      const right = wrong.said.code === 'identity_number' && done.said.authority === 'HKG' && done.said.home === true && (waits || own.status === 200)
      note(WHOM, `HKG enrols by an identity in ${what}`, right, `${shown.join(' and ')}; ${waits ? 'waits for the word of the first' : 'the pass is in force'}`)
    } catch (error) {
      note(WHOM, `HKG enrols by an identity in ${what}`, false, String(error?.cause?.message ?? error?.message ?? error))
    }
  }
}
