// Certificates of others: a root, and whom it certifies.
import { webcrypto } from 'node:crypto'
import * as x509 from '@peculiar/x509'

x509.cryptoProvider.set(webcrypto)
const CURVE = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const keys = () => webcrypto.subtle.generateKey(CURVE, true, ['sign', 'verify'])

/** Uses of a certificate beside its signatures. */
export const USES = { documentSigner: '1.0.18013.5.1.2', reader: '1.0.18013.5.1.6', server: '1.3.6.1.5.5.7.3.1' }

/** A root on P-256 for 30 days; `certify` makes a certificate under it, for one use and the host `localhost`. Names have no comma. */
export async function root(name) {
  const [own, notBefore, notAfter] = [await keys(), new Date(Date.now() - 864e5), new Date(Date.now() + 30 * 864e5)]
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: `C=HK, CN=${name}`, notBefore, notAfter, keys: own, signingAlgorithm: CURVE,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true), new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(own.publicKey),
    ],
  })
  return {
    pem: certificate.toString('pem'),
    async certify(subject, use) {
      const { publicKey, privateKey } = await keys()
      const leaf = await x509.X509CertificateGenerator.create({
        subject: `C=HK, CN=${subject}`, issuer: certificate.subject, notBefore, notAfter, publicKey, signingKey: own.privateKey, signingAlgorithm: CURVE,
        extensions: [
          new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true), ...(use ? [new x509.ExtendedKeyUsageExtension([use], use !== USES.server)] : []),
          new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: 'localhost' }]),
          await x509.SubjectKeyIdentifierExtension.create(publicKey), await x509.AuthorityKeyIdentifierExtension.create(own.publicKey),
        ],
      })
      const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', privateKey)
      return { privateKey, der: Buffer.from(leaf.rawData), pem: leaf.toString('pem'), key: x509.PemConverter.encode(pkcs8, 'PRIVATE KEY') }
    },
  }
}
