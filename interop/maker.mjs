// A maker of wallets: a root, a signer, and the attestations that it signs for its wallets and their keys.
import { SignJWT } from 'jose'
import { root } from './certificates.mjs'

export const CLIENT = 'specimen-wallet'

export async function maker() {
  const own = await root('Specimen maker of wallets')
  const { privateKey, der } = await own.certify('Specimen wallet signer')
  const x5c = [der.toString('base64')]
  const signed = (typ, claims) =>
    new SignJWT(claims).setProtectedHeader({ alg: 'ES256', typ, x5c }).setIssuedAt().setExpirationTime('5m').sign(privateKey)
  return {
    pem: own.pem,
    attestWallet: (jwk) => signed('oauth-client-attestation+jwt', { iss: 'https://maker.example', sub: CLIENT, cnf: { jwk } }),
    attestKeys: (jwks, nonce) => signed('key-attestation+jwt', { attested_keys: jwks, key_storage: ['iso_18045_high'], user_authentication: ['iso_18045_high'], ...(nonce ? { nonce } : {}) }),
  }
}
