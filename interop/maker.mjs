// A maker of wallets: a root, a signer, and the attestations that it signs for its wallets and their keys.
import { webcrypto } from 'node:crypto'
import * as x509 from '@peculiar/x509'
import { SignJWT } from 'jose'

x509.cryptoProvider.set(webcrypto)
const CURVE = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
export const CLIENT = 'specimen-wallet'

export async function maker() {
  const keys = () => webcrypto.subtle.generateKey(CURVE, true, ['sign', 'verify'])
  const [rootKeys, leafKeys] = [await keys(), await keys()]
  const [notBefore, notAfter] = [new Date(Date.now() - 864e5), new Date(Date.now() + 30 * 864e5)]
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'C=HK, CN=Specimen maker of wallets', notBefore, notAfter, keys: rootKeys, signingAlgorithm: CURVE,
    extensions: [new x509.BasicConstraintsExtension(true, 0, true), new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true)],
  })
  const leaf = await x509.X509CertificateGenerator.create({
    subject: 'C=HK, CN=Specimen wallet signer', issuer: root.subject, notBefore, notAfter, publicKey: leafKeys.publicKey,
    signingKey: rootKeys.privateKey, signingAlgorithm: CURVE,
    extensions: [new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true)],
  })
  const x5c = [Buffer.from(leaf.rawData).toString('base64')]
  const signed = (typ, claims) =>
    new SignJWT(claims).setProtectedHeader({ alg: 'ES256', typ, x5c }).setIssuedAt().setExpirationTime('5m').sign(leafKeys.privateKey)
  return {
    pem: root.toString('pem'),
    attestWallet: (jwk) => signed('oauth-client-attestation+jwt', { iss: 'https://maker.example', sub: CLIENT, cnf: { jwk } }),
    attestKeys: (jwks, nonce) => signed('key-attestation+jwt', { attested_keys: jwks, key_storage: ['iso_18045_high'], user_authentication: ['iso_18045_high'], ...(nonce ? { nonce } : {}) }),
  }
}
