// Credo takes every credential of every authority by the HAIP flow: 18 combinations, batches of 5, both types of proof; then one by a
// counter's offer. What it got goes into a file for the verifiers of others.
import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { MdocRecord } from '@credo-ts/core'
import { newKey, wallet } from './agent.mjs'
import { mdocs } from './auth0.mjs'
import { CODES, openBay } from './bay.mjs'
import { identity } from './identity.mjs'
import { CLIENT, maker } from './maker.mjs'
import { ours } from './ours.mjs'
import { BIN, CREDO, OPENVC, PYMDOCCBOR } from './places.mjs'
import { onPages } from './page.mjs'
import { kinds, polaris } from './polaris.mjs'
import { DESKS, present } from './present.mjs'

const SORTS = ['identity-card', 'photo-id', 'travel-permit']
const FORMS = ['sd-jwt', 'mdoc']
const BATCH = 5
const REDIRECT = 'https://wallet.example/cb'

const folder = process.argv[2]
const attester = await maker()
const ourMaker = join(folder, 'our-maker')
execFileSync(BIN, ['wallet', 'maker', '--out', ourMaker])
const bay = await openBay(folder, `${attester.pem}\n${readFileSync(join(ourMaker, 'maker-root.pem'), 'utf8')}`)
const results = []
const credentials = []
const kept = { 'sd-jwt': [], mdoc: [] }
const tls = { root: join(folder, 'tls-root.pem'), certificate: join(folder, 'tls.pem'), key: join(folder, 'tls.key') }
let failed = 0

const note = (whom, what, ok, detail = '') => {
  results.push({ with: whom, what, ok, detail })
  if (!ok) failed += 1
  console.log(`${ok ? 'ok  ' : 'FAIL'} ${what}${detail ? `: ${detail}` : ''}`)
}

const compact = (record) => record.credentialInstances.map((one) => one.compactSdJwtVc ?? one.issuerSignedBase64Url)

async function bindings(agent, proof, { cNonce, issuerMaxBatchSize }) {
  const keys = await Promise.all(Array.from({ length: Math.min(BATCH, issuerMaxBatchSize) }, () => newKey(agent)))
  if (proof === 'keys') return { method: 'jwk', keys }
  return { method: 'attestation', keyAttestationJwt: await attester.attestKeys(keys.map((key) => key.toJson()), proof === 'attestation' ? cNonce : undefined) }
}

const attested = async (agent) => attester.attestWallet((await newKey(agent)).toJson())

const collect = (agent, resolved, token, proof) => agent.openid4vc.holder.requestCredentials({
  resolvedCredentialOffer: resolved, ...token, clientId: CLIENT, credentialBindingResolver: (options) => bindings(agent, proof, options),
})

async function take(agent, code, id, proof) {
  const issuer = bay.issuers[code]
  const holder = agent.openid4vc.holder
  const offer = { credential_issuer: issuer, credential_configuration_ids: [id], grants: { authorization_code: {} } }
  const resolved = await holder.resolveCredentialOffer(`openid-credential-offer://?credential_offer=${encodeURIComponent(JSON.stringify(offer))}`)
  const walletAttestationJwt = await attested(agent)
  const asked = await holder.resolveOpenId4VciAuthorizationRequest(resolved, { clientId: CLIENT, redirectUri: REDIRECT, scope: [id], walletAttestationJwt })
  const back = await bay.signIn(code, asked.authorizationRequestUrl)
  const { authorizationCode } = holder.parseAuthorizationCodeFromAuthorizationResponse({ authorizationResponseRedirectUrl: back, resolvedCredentialOffer: resolved })
  const token = await holder.requestToken({ resolvedCredentialOffer: resolved, code: authorizationCode, clientId: CLIENT, codeVerifier: asked.codeVerifier, redirectUri: REDIRECT, dpop: asked.dpop, walletAttestationJwt })
  const got = await collect(agent, resolved, token, proof)
  await holder.sendNotification({ metadata: resolved.metadata, notificationId: got.credentials[0].notificationId, accessToken: token.accessToken, notificationEvent: 'credential_accepted', dpop: token.dpop })
  return got.credentials[0].record
}

/** What verifiers of others, in Python, say of every copy. */
function verifiers(args) {
  const script = new URL('verify.py', import.meta.url).pathname
  const run = spawnSync(process.env.BAYPASS_PYTHON, [script, folder, process.env.NODE_EXTRA_CA_CERTS, ...args], { encoding: 'utf8' })
  const rows = run.stdout.trim().split('\n').filter(Boolean).map((line) => JSON.parse(line))
  for (const { what, ok, detail } of rows) note(`${what.includes('pymdoccbor') ? PYMDOCCBOR : OPENVC}, verifier`, what, ok, detail)
  if (rows.length === 0 || (run.status !== 0 && rows.every(({ ok }) => ok))) note(`${OPENVC}, verifier`, 'it came to an end', false, run.stderr.slice(-400))
}

async function verified(agent, record) {
  if (record instanceof MdocRecord) return (await record.firstCredential.verify(agent.context, {})).isValid
  return (await agent.sdJwtVc.verify({ compactSdJwtVc: record.credentialInstances[0].compactSdJwtVc })).isValid
}

try {
  const desks = {}
  for (const venue of DESKS) desks[venue] = await bay.desk(venue)
  const agent = await wallet([...bay.roots(), ...DESKS.map((venue) => bay.deskRoot(venue))])
  for (const code of CODES) {
    for (const sort of SORTS) {
      for (const [index, form] of FORMS.entries()) {
        const id = `${sort}-${form}`
        const proof = ['attestation', 'jwt', 'keys'][(SORTS.indexOf(sort) + index) % 3]
        try {
          const record = await take(agent, code, id, proof)
          await (record instanceof MdocRecord ? agent.mdoc : agent.sdJwtVc).store({ record })
          const copies = compact(record)
          note(`${CREDO}, wallet`, `${code} ${id} by ${proof}`, copies.length === BATCH && (await verified(agent, record)), `${copies.length} copies`)
          credentials.push({ code, id, form, copies })
          kept[form].push({ code, id, record })
        } catch (error) {
          note(`${CREDO}, wallet`, `${code} ${id} by ${proof}`, false, String(error?.cause?.message ?? error?.message ?? error))
        }
      }
    }
  }
  await present(agent, desks, note)
  await onPages(folder, agent, desks, note)
  await mdocs(agent, kept.mdoc, bay.roots(), note)
  const verifier = polaris(folder, tls)
  await kinds(verifier, agent, kept['sd-jwt'], bay.rootFiles, note)
  await identity(folder, bay, note)
  await ours(folder, bay, verifier, ourMaker, tls, note)
  // A counter's offer, with the number that the officer tells.
  const { offer, tx_code: txCode } = await bay.offer('HKG', ['photo-id-mdoc'])
  const holder = agent.openid4vc.holder
  const resolved = await holder.resolveCredentialOffer(offer)
  const walletAttestationJwt = await attested(agent)
  const wrong = await holder.requestToken({ resolvedCredentialOffer: resolved, txCode: txCode === '000000' ? '000001' : '000000', clientId: CLIENT, walletAttestationJwt }).then(() => 'taken', () => 'refused')
  note(`${CREDO}, wallet`, 'HKG a counter\'s offer with a wrong number', wrong === 'refused', wrong)
  const token = await holder.requestToken({ resolvedCredentialOffer: resolved, txCode, clientId: CLIENT, walletAttestationJwt })
  const got = await collect(agent, resolved, token, 'keys')
  note(`${CREDO}, wallet`, 'HKG photo-id-mdoc by a counter\'s offer', compact(got.credentials[0].record).length === BATCH)
  writeFileSync(join(folder, 'credentials.json'), JSON.stringify({ roots: bay.roots(), issuers: bay.issuers, credentials }))
  verifiers([])
  await bay.lose('HKG')
  verifiers(['--revoked', 'HKG'])
} catch (error) {
  note('the run', 'it came to an end', false, String(error?.stack ?? error))
} finally {
  writeFileSync(join(folder, 'results.json'), JSON.stringify(results))
  bay.stop()
}
process.exit(failed === 0 ? 0 : 1)
