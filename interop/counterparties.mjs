// Issuers and verifiers of our wallet, each by the same form.
//
// An issuer: `offer(form)` gives a link and the number beside it; `types` are what it calls the two forms, `root` is a file, `pem` its text, `copies` as many
// as it gives at once, `needs` what our wallet must be told beside the root. A verifier: `asks` are the forms that it can ask for together;
// `ask(forms, from)` gives a link, its root, and `believed()`: the names that each credential disclosed, or why none counts.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DateOnly } from '@credo-ts/core'
import { OpenId4VcModule, OpenId4VciCredentialFormatProfile } from '@credo-ts/openid4vc'
import express from 'express'
import { wallet } from './agent.mjs'
import { USES, root as newRoot } from './certificates.mjs'
import { issuer as credoIssuer } from './identity.mjs'
import { CREDO, OPENID4VCI, OPENVC, POLARIS } from './places.mjs'
import { serve } from './servers.mjs'

const PORTS = { credo: 7464, openid4vci: 7465, openvc: 7467 }
const [VCT, DOCTYPE] = ['urn:specimen:pid:1', 'org.iso.23220.photoID.1']
const HOLDER = { family_name: 'SPECIMEN', given_name: 'INTEROP LAN' }
/** Whom Credo's SD-JWT VCs name as their issuer. */
const ISSUER_HOST = 'identities.example'

const [SD_JWT, MDOC] = ['SD-JWT VC', 'mdoc']
export const FORMS = [SD_JWT, MDOC]
const ALL = [[SD_JWT], [MDOC], FORMS]

/** What is asked of a credential in each form, of an issuer that calls its types so. */
const query = {
  [SD_JWT]: ({ vct }) => ({ id: 'in-json', format: 'dc+sd-jwt', meta: { vct_values: [vct] }, claims: [{ path: ['family_name'] }] }),
  [MDOC]: ({ doctype }) => ({ id: 'in-cbor', format: 'mso_mdoc', meta: { doctype_value: doctype }, claims: [{ path: ['org.iso.23220.1', 'family_name'] }] }),
}
const queries = (forms, { types }) => forms.map((form) => query[form](types))

/** Claims that stand open in every SD-JWT VC. */
const OPEN = ['iss', 'iat', 'exp', 'nbf', 'vct', 'cnf', 'status', '_sd_alg']

/** The names of what a presentation disclosed to Credo; an object whose members stayed hidden is empty. */
const disclosed = (one) => one.prettyClaims
  ? Object.entries(one.prettyClaims).filter(([name, value]) => !OPEN.includes(name) && Object.keys(value).length > 0).map(([name]) => name)
  : one.documents.flatMap((document) => Object.values(document.issuerSignedNamespaces).flatMap(Object.keys))

const file = (folder, name, text) => {
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}

/** A server in Python, one of the scripts beside this one. */
const python = (name, ...args) => serve(name, process.env.BAYPASS_PYTHON, [new URL(`${name}.py`, import.meta.url).pathname, ...args], { ...process.env, PYTHONUNBUFFERED: '1' }, (said) => /listens on|running on/i.test(said))

const get = async (url) => (await fetch(url)).json()

/** Credo: issuer and verifier behind one server. */
export async function credo(folder) {
  const app = express()
  // Wallets in a browser may ask, as an operator allows who wants them.
  app.use((asked, answer, next) => {
    answer.set({ 'access-control-allow-origin': '*', 'access-control-allow-headers': 'authorization, content-type, dpop', 'access-control-expose-headers': 'dpop-nonce' })
    if (asked.method === 'OPTIONS') answer.sendStatus(204)
    else next()
  })
  const base = `http://localhost:${PORTS.credo}`
  let leaf
  const mapper = ({ holderBinding, credentialConfiguration: { format, vct, doctype } }) => {
    const each = (credential) => holderBinding.keys.map(({ jwk }) => credential(jwk))
    const now = Date.now()
    return format === 'mso_mdoc'
      ? { type: 'credentials', format: OpenId4VciCredentialFormatProfile.MsoMdoc, credentials: each((holderKey) => ({ docType: doctype, holderKey, issuerCertificate: leaf, namespaces: { 'org.iso.23220.1': { ...HOLDER, birth_date: new DateOnly('1990-03-07') } }, validityInfo: { validUntil: new Date(now + 864e5) } })) }
      : { type: 'credentials', format: OpenId4VciCredentialFormatProfile.SdJwtDc, credentials: each((jwk) => ({ payload: { vct, ...HOLDER, birthdate: '1990-03-07', exp: Math.floor(now / 1000) + 864e3 }, disclosureFrame: { _sd: [...Object.keys(HOLDER), 'birthdate'] }, holder: { method: 'jwk', jwk }, issuer: { method: 'x5c', x5c: [leaf], issuer: `https://${ISSUER_HOST}` }, headerType: 'dc+sd-jwt' })) }
  }
  const agent = await wallet([], new OpenId4VcModule({ app, issuer: { baseUrl: `${base}/issuer`, credentialRequestToCredentialMapper: async (asked) => mapper(asked) }, verifier: { baseUrl: `${base}/verifier` } }))
  const made = await credoIssuer(agent)
  leaf = await made.certify('Specimen identities signer', {
    extendedKeyUsage: { usages: [USES.documentSigner], markAsCritical: true },
    subjectAlternativeName: { name: [{ type: 'dns', value: ISSUER_HOST }] },
  })
  const proofs = { jwt: { proof_signing_alg_values_supported: ['ES256'] } }
  await agent.openid4vc.issuer.createIssuer({
    issuerId: 'hk', batchCredentialIssuance: { batchSize: 3 }, dpopSigningAlgValuesSupported: ['ES256'],
    credentialConfigurationsSupported: {
      pid: { format: 'dc+sd-jwt', scope: 'pid', vct: VCT, cryptographic_binding_methods_supported: ['jwk'], proof_types_supported: proofs },
      photo: { format: 'mso_mdoc', scope: 'photo', doctype: DOCTYPE, cryptographic_binding_methods_supported: ['jwk'], proof_types_supported: proofs },
    },
  })
  await agent.openid4vc.verifier.createVerifier({ verifierId: 'shop' })
  const pem = made.root.toString('pem')
  const root = file(folder, 'credo-root.pem', pem)
  const server = app.listen(PORTS.credo, '127.0.0.1')
  return {
    issuer: {
      name: CREDO, types: { vct: VCT, doctype: DOCTYPE }, root, pem, copies: 3, needs: [],
      async offer(form) {
        const { credentialOffer, issuanceSession } = await agent.openid4vc.issuer.createCredentialOffer({
          issuerId: 'hk', credentialConfigurationIds: [form === SD_JWT ? 'pid' : 'photo'], version: 'v1', authorization: { requireDpop: true },
          preAuthorizedCodeFlowConfig: { txCode: { input_mode: 'numeric', length: 4 } },
        })
        return { link: credentialOffer, number: issuanceSession.userPin }
      },
    },
    /** The verifier, for issuers under these roots. */
    verifier(roots) {
      for (const one of roots) agent.x509.config.addTrustedCertificate(one)
      return {
        name: CREDO, asks: ALL,
        async ask(forms, from) {
          const { authorizationRequest, verificationSession } = await agent.openid4vc.verifier.createAuthorizationRequest({
            verifierId: 'shop', version: 'v1', requestSigner: { method: 'x5c', x5c: [made.leaf], clientIdPrefix: 'x509_hash' }, responseMode: 'direct_post.jwt',
            dcql: { query: { credentials: queries(forms, from) } },
          })
          return {
            link: authorizationRequest, root,
            async believed() {
              const believed = await agent.openid4vc.verifier.getVerifiedAuthorizationResponse(verificationSession.id)
              return Object.values(believed.dcql.presentations).map((all) => all.flatMap(disclosed))
            },
          }
        },
      }
    },
    async stop() {
      server.close()
      await agent.shutdown()
    },
  }
}

/** openid4vci: an issuer. `heard` gives what wallets told of what they took. */
export async function openid4vci(folder, tls) {
  const made = await newRoot('Specimen identities of openid4vci')
  const signer = await made.certify('Specimen signer of openid4vci', USES.documentSigner)
  const root = file(folder, 'openid4vci-root.pem', made.pem)
  const server = await python('openid4vci_issuer', String(PORTS.openid4vci), tls.certificate, tls.key, file(folder, 'openid4vci.pem', signer.pem), file(folder, 'openid4vci.key', signer.key))
  const base = `https://localhost:${PORTS.openid4vci}`
  return {
    issuer: {
      name: OPENID4VCI, types: { vct: VCT, doctype: DOCTYPE }, root, pem: made.pem, copies: 4, needs: ['--bearer'],
      offer: (form) => get(`${base}/offer?id=${form === SD_JWT ? 'pid' : 'photo'}`),
    },
    heard: () => get(`${base}/heard`),
    stop: server.stop,
  }
}

/** Hong Kong's authority of this installation, at its counter. `maker`: the folder of the maker of our wallet, whom it pins. */
export const authority = (bay, maker) => ({
  name: 'HKG', types: { vct: 'urn:baypass:identity-card:1', doctype: DOCTYPE }, root: bay.rootFiles.HKG, pem: bay.roots()[1], copies: 4, needs: ['--maker', maker],
  async offer(form) {
    const { offer, tx_code: number } = await bay.offer('HKG', [form === SD_JWT ? 'identity-card-sd-jwt' : 'photo-id-mdoc'])
    return { link: offer, number }
  },
})

/** polaris: a verifier of one SD-JWT VC. */
export const polarisVerifier = (verifier) => ({
  name: POLARIS, asks: [[SD_JWT]],
  async ask(_forms, { root, types }) {
    const asked = await verifier.ask({ root, vct: types.vct, claims: ['family_name'] })
    return {
      link: asked.link, root: verifier.anchor, stop: asked.stop,
      async believed() {
        const said = await asked.heard()
        const claims = said.match(/^200 authentic, claims (\[.*\])$/)?.[1]
        if (!claims) throw new Error(said)
        // It names the object of ages too, whose members were not asked for.
        return [JSON.parse(claims.replaceAll("'", '"')).filter((name) => ![...OPEN, 'age_equal_or_over'].includes(name))]
      },
    }
  },
})

/** openvc-core: a verifier, for issuers under these roots. `mdocs()` gives the responses in CBOR that it believed, and the session of each. */
export async function openvc(folder, tls, roots) {
  const made = await newRoot('Specimen verifiers')
  const reader = await made.certify('Specimen verifier', USES.reader)
  const root = file(folder, 'verifiers-root.pem', made.pem)
  const server = await python('openvc_verifier', String(PORTS.openvc), tls.certificate, tls.key, file(folder, 'verifier.pem', reader.pem), file(folder, 'verifier.key', reader.key), file(folder, 'issuers.pem', roots.join('\n')))
  const base = `https://localhost:${PORTS.openvc}`
  return {
    verifier: {
      name: OPENVC, asks: ALL,
      async ask(forms, from) {
        const asked = await (await fetch(`${base}/requests`, { method: 'POST', body: JSON.stringify(queries(forms, from)) })).json()
        const verdict = () => get(`${base}/verdicts/${asked.id}`)
        return {
          link: asked.link, root,
          async believed() {
            const { state, why, disclosed: names, taken_against: against } = await verdict()
            if (state !== 'believed') throw new Error(why ?? state)
            if (against.length > 0) throw new Error(`taken as well: ${against.join(', ')}`)
            return Object.values(names)
          },
          async mdocs() {
            const { mdocs = {}, client_id: clientId, nonce, thumbprint, response_uri: responseUri } = await verdict()
            return Object.values(mdocs).map((response) => ({ response: Buffer.from(response, 'base64url'), session: { clientId, nonce, thumbprint, responseUri } }))
          },
        }
      },
    },
    stop: server.stop,
  }
}
