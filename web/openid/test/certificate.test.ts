/** Certificates beside a signature: which chain counts, and each fault by its code. */
import { X509Certificate } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { toBase64Url } from '../../core/bytes.js'
import { type LeafUse, areUnder, readCertificate, verifyChain } from '../certificate.js'
import { type Certified, NOW, USES, certify, newRoot, tlv } from './certificates.js'
import { fault } from './fault.js'

const ders = (chain: readonly (Certified | Uint8Array)[]) => chain.map((one) => one instanceof Uint8Array ? one : one.der)
const code = (chain: readonly (Certified | Uint8Array)[], anchors: readonly Certified[], use: LeafUse = 'issuer', at = NOW): string =>
  fault(() => verifyChain(ders(chain), ders(anchors), use, at), 'counts')

const own = newRoot()
const other = newRoot('Another Root')
const signer = certify({ name: 'Signer', organization: 'Specimen Ministry', uses: [USES.signer], dns: ['issuer.example', 'more.example'] }, own)

describe('a chain of certificates', () => {
  it('counts by its anchor, its time and its use, and says whose it is', () => {
    const leaf = verifyChain([signer.der], [other.der, own.der], 'document-signer', NOW)
    expect(leaf.anchor).toEqual(own.der)
    expect(leaf.certificate).toMatchObject({ country: 'HK', organization: 'Specimen Ministry', commonName: 'Signer', dnsNames: ['issuer.example', 'more.example'], from: NOW - 86_400, until: NOW + 86_400 })
    const read = new X509Certificate(signer.der)
    expect(toBase64Url(leaf.key)).toBe(toBase64Url(new Uint8Array(read.publicKey.export({ format: 'der', type: 'spki' }).subarray(-65, -32)).map((byte, i) => i === 0 ? 2 + ((read.publicKey.export({ format: 'der', type: 'spki' }).at(-1) ?? 0) & 1) : byte)))
  })

  it('is refused for the first thing wrong with it', () => {
    const reader = certify({ name: 'Reader', uses: [USES.reader] }, own)
    const plain = certify({ name: 'Plain' }, own)
    for (const [chain, use, at, expected] of [
      [[], 'issuer', NOW, 'certificate_malformed'],
      [[new TextEncoder().encode('no certificate')], 'issuer', NOW, 'certificate_malformed'],
      [[new Uint8Array(8193)], 'issuer', NOW, 'certificate_malformed'],
      [[own], 'issuer', NOW, 'certificate_self_signed'],
      [[signer, own], 'issuer', NOW, 'certificate_anchor_sent'],
      [[certify({ name: 'Signer' }, other)], 'issuer', NOW, 'certificate_unknown'],
      [[signer], 'issuer', NOW + 86_401, 'certificate_validity'],
      [[signer], 'issuer', NOW - 86_401, 'certificate_validity'],
      [[signer], 'reader', NOW, 'certificate_use'],
      [[reader], 'document-signer', NOW, 'certificate_use'],
      [[reader], 'issuer', NOW, 'certificate_use'],
      [[plain], 'reader', NOW, 'counts'],
      [[reader], 'reader', NOW, 'counts'],
      [[signer], 'issuer', NOW + 86_400, 'counts'],
      [[certify({ name: 'Who may certify', mayCertify: true }, own)], 'issuer', NOW, 'certificate_use'],
      [[certify({ name: 'Not for signatures', keyUsage: 0x08 }, own)], 'issuer', NOW, 'certificate_use'],
      [[certify({ name: 'Another curve', curve: 'P-384' }, own)], 'issuer', NOW, 'certificate_key'],
      [[certify({ name: 'Critical', more: [['551d1e', true, tlv(0x30)]] }, own)], 'issuer', NOW, 'certificate_malformed'],
      [[certify({ name: 'Not critical', more: [['551d1e', false, tlv(0x30)]] }, own)], 'issuer', NOW, 'counts'],
      [[certify({ name: 'Twice', dns: ['a.example'], more: [['551d11', false, tlv(0x30)]] }, own)], 'issuer', NOW, 'certificate_malformed'],
    ] as const) expect(code(chain, [own], use, at), `${expected}`).toBe(expected)
    expect(code([signer], [])).toBe('certificate_unknown')
  })

  it('goes over others only as far as each of them may certify', () => {
    const middle = certify({ name: 'Middle', mayCertify: true, below: 0 }, own)
    const lower = certify({ name: 'Lower', mayCertify: true }, middle)
    const leaf = certify({ name: 'Leaf' }, middle)
    expect(code([leaf, middle], [own])).toBe('counts')
    expect(code([leaf], [own])).toBe('certificate_unknown')
    expect(code([certify({ name: 'Too low' }, lower), lower, middle], [own])).toBe('certificate_unknown')
    const plain = certify({ name: 'No authority' }, own)
    expect(code([certify({ name: 'Below it' }, plain), plain], [own])).toBe('certificate_unknown')
    const late = certify({ name: 'Over', mayCertify: true, until: NOW - 1, from: NOW - 100 }, own)
    expect(code([certify({ name: 'Below one that is over' }, late), late], [own])).toBe('certificate_validity')
    const shallow = newRoot('Shallow', { below: 0 })
    const under = certify({ name: 'Under', mayCertify: true }, shallow)
    expect(code([certify({ name: 'Two below' }, under), under], [shallow])).toBe('certificate_unknown')
    expect(code([certify({ name: 'One below' }, shallow)], [shallow])).toBe('counts')
  })

  it('counts by the key above and not by the name above', () => {
    expect(code([certify({ name: 'Signer' }, newRoot())], [own])).toBe('certificate_unknown')
  })

  it('with any one byte changed counts for nothing', () => {
    for (let place = 0; place < signer.der.length; place += 1) {
      const changed = signer.der.slice()
      changed[place]! ^= 1
      expect(code([changed], [own], 'document-signer'), `${place}`).not.toBe('counts')
    }
  })

  it('cut anywhere, or with bytes behind it, is malformed', () => {
    for (let length = 0; length < signer.der.length; length += 1) expect(code([signer.der.slice(0, length)], [own])).toBe('certificate_malformed')
    expect(code([Uint8Array.from([...signer.der, 0])], [own])).toBe('certificate_malformed')
  })

  it('is found by the identifier of the key above', () => {
    expect(areUnder([signer.der], [own.keyId.toString('base64url')])).toBe(true)
    expect(areUnder([signer.der], [other.keyId.toString('base64url')])).toBe(false)
    expect(areUnder([own.der], [own.keyId.toString('base64url')])).toBe(false)
  })

  it('is read with times of either form', () => {
    const late = certify({ name: 'Late', until: 2_600_000_000 }, own)
    expect(readCertificate(late.der).until).toBe(2_600_000_000)
  })
})
