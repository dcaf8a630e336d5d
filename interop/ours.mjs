// Our wallet as a client of others: Credo issues by OpenID4VCI and asks by OpenID4VP, and the wallet on the command line takes, shows and is believed.
import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { DateOnly } from '@credo-ts/core'
import { OpenId4VcModule, OpenId4VciCredentialFormatProfile } from '@credo-ts/openid4vc'
import express from 'express'
import { newKey, wallet } from './agent.mjs'
import { issuer } from './identity.mjs'
import { BIN, CREDO } from './places.mjs'

const PORT = 7464
const BASE = `http://localhost:${PORT}`
const [VCT, DOCTYPE] = ['urn:specimen:pid:1', 'org.iso.23220.photoID.1']
const HOLDER = { family_name: 'SPECIMEN', given_name: 'INTEROP LAN' }
const ISSUES = `${CREDO}, issuer for our wallet`
const ASKS = `${CREDO}, verifier of our wallet`

/** Issuer and verifier by Credo, behind one server. */
async function credo(app) {
  let leaf
  const mapper = ({ holderBinding, credentialConfiguration: { format, vct, doctype } }) => {
    const each = (credential) => holderBinding.keys.map(({ jwk }) => credential(jwk))
    const now = Date.now()
    return format === 'mso_mdoc'
      ? { type: 'credentials', format: OpenId4VciCredentialFormatProfile.MsoMdoc, credentials: each((holderKey) => ({ docType: doctype, holderKey, issuerCertificate: leaf, namespaces: { 'org.iso.23220.1': { ...HOLDER, birth_date: new DateOnly('1990-03-07') } }, validityInfo: { validUntil: new Date(now + 864e5) } })) }
      : { type: 'credentials', format: OpenId4VciCredentialFormatProfile.SdJwtDc, credentials: each((jwk) => ({ payload: { vct, ...HOLDER, birthdate: '1990-03-07', exp: Math.floor(now / 1000) + 864e3 }, disclosureFrame: { _sd: [...Object.keys(HOLDER), 'birthdate'] }, holder: { method: 'jwk', jwk }, issuer: { method: 'x5c', x5c: [leaf] }, headerType: 'dc+sd-jwt' })) }
  }
  const agent = await wallet([], new OpenId4VcModule({ app, issuer: { baseUrl: `${BASE}/issuer`, credentialRequestToCredentialMapper: async (asked) => mapper(asked) }, verifier: { baseUrl: `${BASE}/verifier` } }))
  const made = await issuer(agent)
  leaf = made.leaf
  agent.x509.config.addTrustedCertificate(made.root.toString('pem'))
  const proofs = { jwt: { proof_signing_alg_values_supported: ['ES256'] } }
  await agent.openid4vc.issuer.createIssuer({
    issuerId: 'hk', batchCredentialIssuance: { batchSize: 3 }, dpopSigningAlgValuesSupported: ['ES256'],
    credentialConfigurationsSupported: {
      pid: { format: 'dc+sd-jwt', scope: 'pid', vct: VCT, cryptographic_binding_methods_supported: ['jwk'], proof_types_supported: proofs },
      photo: { format: 'mso_mdoc', scope: 'photo', doctype: DOCTYPE, cryptographic_binding_methods_supported: ['jwk'], proof_types_supported: proofs },
    },
  })
  await agent.openid4vc.verifier.createVerifier({ verifierId: 'shop' })
  return { agent, leaf, root: made.root.toString('pem') }
}

const QUERIES = {
  pid: { id: 'pid', format: 'dc+sd-jwt', meta: { vct_values: [VCT] }, claims: [{ path: ['family_name'] }] },
  photo: { id: 'photo', format: 'mso_mdoc', meta: { doctype_value: DOCTYPE }, claims: [{ path: ['org.iso.23220.1', 'family_name'] }] },
}

/** The names of what a presentation disclosed. */
const disclosed = (one) => one.prettyClaims ? Object.keys(one.prettyClaims).filter((name) => name in HOLDER || name === 'birthdate') : one.documents.flatMap((document) => Object.values(document.issuerSignedNamespaces).flatMap(Object.keys))

/** Takes both forms of a credential, and shows each alone and both together; each is a row of the report. */
export async function ours(folder, bay, note) {
  const app = express()
  const { agent, leaf, root } = await credo(app)
  const server = app.listen(PORT, '127.0.0.1')
  const file = join(folder, 'credo-root.pem')
  writeFileSync(file, root)
  // Not waited for in place: this process serves what the command asks.
  const run = async (command, link, ...more) => JSON.parse((await promisify(execFile)(BIN, ['wallet', command, '--dir', bay.dir, '--resident', '1', link, '--json', ...more])).stdout)
  const why = (error) => String(error?.stderr || error?.message || error).trim()
  /** Takes this credential by a new offer of the counter. */
  const taken = async (id, ...more) => {
    const { credentialOffer, issuanceSession } = await agent.openid4vc.issuer.createCredentialOffer({ issuerId: 'hk', credentialConfigurationIds: [id], preAuthorizedCodeFlowConfig: { txCode: { input_mode: 'numeric', length: 4 } }, authorization: { requireDpop: true }, version: 'v1' })
    return run('receive', credentialOffer, '--tx-code', issuanceSession.userPin, '--copies', '3', ...more)
  }
  try {
    for (const id of ['pid', 'photo']) {
      const refused = await taken(id).catch(why)
      note(ISSUES, `${id}: a root that nobody named is refused`, String(refused).includes('does not count'), refused)
      const got = await taken(id, '--root', file).catch(why)
      note(ISSUES, `${id} by a counter's offer`, got.copies === 3, got.copies ? `${got.copies} copies` : got)
    }
    for (const ids of [['pid'], ['photo'], ['pid', 'photo']]) {
      const { authorizationRequest, verificationSession } = await agent.openid4vc.verifier.createAuthorizationRequest({
        verifierId: 'shop', version: 'v1', requestSigner: { method: 'x5c', x5c: [leaf], clientIdPrefix: 'x509_hash' }, responseMode: 'direct_post.jwt',
        dcql: { query: { credentials: ids.map((id) => QUERIES[id]) } },
      })
      const shown = await run('present', authorizationRequest, '--root', file).catch(why)
      const believed = await agent.openid4vc.verifier.getVerifiedAuthorizationResponse(verificationSession.id).catch(() => undefined)
      const names = Object.values(believed?.dcql?.presentations ?? {}).map((all) => all.flatMap(disclosed).join())
      note(ASKS, ids.join(' and '), names.length === ids.length && names.every((name) => name === 'family_name'), names.length > 0 ? `disclosed: ${names.join('; ')}` : JSON.stringify(shown))
    }
  } finally {
    server.close()
    await agent.shutdown()
  }
}
