// What @auth0/mdl says of a response with one mdoc: chain, signature, digests, and the device's signature over a session.
import { createHash } from 'node:crypto'
import auth0 from '@auth0/mdl'
import { Kms, Mdoc, MdocDeviceResponse } from '@credo-ts/core'
import { AUTH0 } from './places.mjs'

const WHOM = `${AUTH0}, verifier`

const head = (major, length) => Buffer.from(length < 24 ? [(major << 5) | length] : length < 256 ? [(major << 5) | 24, length] : [(major << 5) | 25, length >> 8, length & 255])
const bytes = (value) => Buffer.concat([head(2, value.length), value])
const text = (value) => Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)])
const array = (...items) => Buffer.concat([head(4, items.length), ...items])
const nothing = Buffer.from([0xf6])

/** The transcript of a session by direct_post.jwt (OpenID4VP 1.0, B.2.6.1) as bytes of CBOR in tag 24, which is how this library takes it. */
export function transcript({ clientId, nonce, thumbprint, responseUri }) {
  const info = array(text(clientId), text(nonce), thumbprint ? bytes(Buffer.from(thumbprint, 'base64url')) : nothing, text(responseUri))
  const whole = array(nothing, nothing, array(text('OpenID4VPHandover'), bytes(createHash('sha256').update(info).digest())))
  return Buffer.concat([head(6, 24), bytes(whole)])
}

/** Judges a response; gives the type of its document, or throws what does not hold. */
export async function judge(response, roots, session) {
  const read = await new auth0.Verifier(roots).verify(response, { encodedSessionTranscript: transcript(session) })
  if (read.documents.length !== 1) throw new Error(`${read.documents.length} documents`)
  return read.documents[0].docType
}

const fault = (error) => String(error?.message ?? error)

/** Every copy of every mdoc that Credo took, shown by Credo with all its elements; of each first copy also that a wrong session, a wrong root and an
 * altered element are refused. */
export async function mdocs(agent, kept, roots, note) {
  const request = { clientId: 'x509_hash:specimen', nonce: 'a-nonce-of-an-mdoc-verifier', responseUri: 'https://verifier.example/response' }
  for (const { code, id, record } of kept) {
    for (const [place, { issuerSignedBase64Url, kmsKeyId }] of record.credentialInstances.entries()) {
      const what = `${code} ${id} copy ${place}`
      try {
        const mdoc = Mdoc.fromBase64Url(issuerSignedBase64Url)
        mdoc.deviceKeyId = kmsKeyId
        const { publicJwk } = await agent.kms.createKey({ type: { kty: 'EC', crv: 'P-256' } })
        const encryptionJwk = Kms.PublicJwk.fromPublicJwk(publicJwk)
        const session = { ...request, thumbprint: Buffer.from(encryptionJwk.getJwkThumbprint('sha-256')).toString('base64url') }
        const all = Object.entries(mdoc.issuerSignedNamespaces).map(([space, elements]) => [space, Object.fromEntries(Object.keys(elements).map((name) => [name, false]))])
        const response = Buffer.from(await MdocDeviceResponse.createDeviceResponse(agent.context, {
          mdocs: [mdoc], documentRequests: [{ docType: mdoc.docType, nameSpaces: Object.fromEntries(all) }],
          sessionTranscriptOptions: { type: 'openId4Vp', clientId: request.clientId, verifierGeneratedNonce: request.nonce, responseUri: request.responseUri, encryptionJwk },
        }))
        note(WHOM, what, (await judge(response, roots, session)) === mdoc.docType, `${all.flatMap(([, names]) => Object.keys(names)).length} elements`)
        if (place > 0) continue
        const altered = Buffer.from(response)
        altered[altered.indexOf('SPECIMEN')] ^= 1
        for (const [how, one, under, over] of [
          ['over another session', response, roots, { ...session, nonce: 'another-nonce' }],
          ['under the roots of others', response, roots.filter((root) => root !== roots[['CHN', 'HKG', 'MAC'].indexOf(code)]), session],
          ['with a family name that was altered', altered, roots, session],
        ]) {
          const refused = await judge(one, under, over).then(() => undefined, fault)
          note(WHOM, `${what} is refused ${how}`, refused !== undefined, refused ?? 'taken')
        }
      } catch (error) {
        note(WHOM, what, false, fault(error))
      }
    }
  }
}
