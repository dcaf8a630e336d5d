/** The worked example of `docs/formats.md`, made again by `core`. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { fromHex, toHex, toUtf8 } from '../bytes.js'
import { audienceName, belongs, crossingCode, possession, proofExternal, readCode, readToken, thumbprint, tokenId, unlockBytes, writeCode } from '../border.js'
import { encode } from '../cbor.js'
import { open1, parse1, sigStructure } from '../cose.js'
import { openSoftwareKey, sha256, verify } from '../keys.js'

const page = readFileSync(new URL('../../../docs/formats.md', import.meta.url), 'utf8')

function block(language: string, name: string): string {
  const found = page.split(`\`\`\`${language} ${name}\n`)[1]?.split('```')[0]
  if (found === undefined) throw new Error(`docs/formats.md has no block ${name}`)
  return found
}

const hex = (name: string) =>
  fromHex(block('hex', name).split('\n').map((line) => line.split('#')[0]?.trim() ?? '').join(''))
const text = (name: string) => block('text', name).split('\n').join('')

const keys = new Map<string, { secret: string; publicKey: string }>(
  page.split('```keys\n')[1]?.split('```')[0]?.trim().split('\n').map((line) => {
    const [publicKey, secret, ...name] = line.trim().split(/\s+/).reverse()
    return [name.reverse().join(' '), { secret: secret ?? '', publicKey: publicKey ?? '' }]
  }),
)
const key = (name: string) => {
  const found = keys.get(name)
  if (!found) throw new Error(`no key ${name}`)
  return found
}
const device = openSoftwareKey(fromHex(key('device').secret))
const audience = { port: 'shenzhen-bay', from: 'CHN', to: 'HKG' } as const
const parts = [hex('own-part'), hex('sealed-part')]

describe('the worked example of docs/formats.md', () => {
  it('has this device key, thumbprint and token id', () => {
    expect(toHex(device.publicKey)).toBe(key('device').publicKey)
    expect(toHex(sha256(hex('thumbprint-input')))).toBe(toHex(hex('thumbprint')))
    expect(toHex(thumbprint(device.publicKey))).toBe(toHex(hex('thumbprint')))
    expect(toHex(tokenId(device.publicKey))).toBe('02921d473db196075d6b754da7cc26f8')
  })

  it('has a token that is read, and signed by its issuer', () => {
    const token = readToken(hex('token'))
    expect(token).toMatchObject({ issuer: 'CHN', expires: 1772985600, keyClass: 'hardware' })
    expect(toHex(token.deviceKey)).toBe(toHex(device.publicKey))
    const message = parse1(hex('token'))
    expect(toHex(sigStructure(message.header, encode(['bp1-token']), message.payload))).toBe(toHex(hex('token-to-be-signed')))
    const issuer = fromHex(key('issuer CHN token').publicKey)
    expect(() => open1(hex('token'), issuer, ['bp1-token'])).not.toThrow()
    expect(() => open1(hex('token'), issuer, ['bp1-proof'])).toThrow('signature')
    expect(() => open1(hex('token'), device.publicKey, ['bp1-token'])).toThrow('signature')
  })

  it('has a sealed part that the token names, and no other', () => {
    const token = readToken(hex('token'))
    expect(belongs(token, device, new Map([['HKG', hex('sealed-part')]]))).toBe(true)
    expect(belongs(token, device, new Map([['HKG', hex('own-part')]]))).toBe(false)
    expect(belongs(token, device, new Map([['MAC', hex('sealed-part')]]))).toBe(false)
    expect(belongs(token, openSoftwareKey(fromHex(key('gate').secret)), new Map())).toBe(false)
  })

  it('has a proof over this external data', () => {
    const external = proofExternal(audience, hex('token'), parts)
    expect(toHex(encode(external))).toBe(toHex(hex('proof-external')))
    expect(toHex(open1(hex('proof'), device.publicKey, external))).toBe('821a69a4ef20420000')
    expect(toHex(open1(hex('proof-unlocked'), device.publicKey, external))).toBe('821a69a4ef3e420108')
    const elsewhere = proofExternal({ ...audience, side: 'exit' }, hex('token'), parts)
    expect(() => open1(hex('proof'), device.publicKey, elsewhere)).toThrow('signature')
  })

  it('has these codes, letter by letter', () => {
    const [token, proof] = [hex('token'), hex('proof')]
    expect(writeCode({ form: 'full', token, proof, parts })).toBe(text('code'))
    expect(writeCode({ form: 'short', tokenId: tokenId(device.publicKey), proof })).toBe(text('short-code').replace(/\n$/, ''))
    expect(readCode(text('code'))).toEqual({ form: 'full', token, proof, parts })
  })

  it('has a code that core makes again but for the signature, in the same length', async () => {
    const made = await crossingCode({ key: device, token: hex('token'), parts: new Map([['CHN', parts[0]!], ['HKG', parts[1]!]]) }, audience, 1772416800)
    const read = readCode(made ?? '')
    expect(made).toHaveLength(937)
    expect(toHex(read.proof).slice(0, 32)).toBe(toHex(hex('proof')).slice(0, 32))
    expect(() => open1(read.proof, device.publicKey, proofExternal(audience, hex('token'), parts))).not.toThrow()
  })

  it('has an own unlock of two bytes, for a minute, and in codes of one length', async () => {
    const at = 1772416830
    const held = { key: device, token: hex('token'), parts: new Map([['CHN', parts[0]!], ['HKG', parts[1]!]] as const) }
    for (const [unlock, told] of [
      [undefined, '0000'], [{ method: 'pin', at: at - 8 }, '0108'], [{ method: 'platform', at }, '0200'], [{ method: 'pin', at: at - 60 }, '013c'],
      [{ method: 'pin', at: at - 61 }, '0000'], [{ method: 'pin', at: at + 1 }, '0000'],
    ] as const) {
      expect(toHex(unlockBytes(unlock, at))).toBe(told)
      const made = await crossingCode(held, audience, at, unlock)
      expect(made).toHaveLength(937)
      const payload = open1(readCode(made ?? '').proof, device.publicKey, proofExternal(audience, hex('token'), parts))
      expect(toHex(payload)).toBe(`821a69a4ef3e42${told}`)
    }
  })

  it('has a proof of possession that core makes again but for the signature', async () => {
    const session = hex('possession')
    const made = await possession(device, 'CHN', 'CHN', session, 1772416800)
    const [ours, theirs] = [parse1(made), parse1(hex('possession'))]
    expect(toHex(ours.header)).toBe(toHex(theirs.header))
    // The session's secret is not on the page, only its hash, which ends the payload.
    expect(toHex(ours.payload).slice(0, -64)).toBe(toHex(theirs.payload).slice(0, -64))
    expect(() => open1(hex('possession'), device.publicKey, ['bp1-possession'])).not.toThrow()
  })

  it('names its lane as the page does', () => {
    expect(audienceName({ port: 'gongbei', from: 'CHN', to: 'MAC', side: 'exit' })).toBe('urn:baypass:port:gongbei:CHN-MAC:exit')
    expect(() => audienceName({ port: 'Gongbei', from: 'CHN', to: 'MAC' })).toThrow()
    expect(() => audienceName({ port: 'gongbei', from: 'MAC', to: 'MAC' })).toThrow()
  })

  it('is signed with both forms of a signature', () => {
    const n = BigInt('0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551')
    const message = parse1(hex('proof'))
    const signed = sigStructure(message.header, encode(proofExternal(audience, hex('token'), parts)), message.payload)
    const s = BigInt(`0x${toHex(message.signature.slice(32))}`)
    const mirrored = fromHex(toHex(message.signature.slice(0, 32)) + (n - s).toString(16).padStart(64, '0'))
    expect(verify(device.publicKey, signed, message.signature)).toBe(true)
    expect(verify(device.publicKey, signed, mirrored)).toBe(true)
    expect(verify(device.publicKey, toUtf8('another message'), mirrored)).toBe(false)
  })
})

describe('ES256 with the nonces of RFC 6979, A.2.5', () => {
  const secret = fromHex('c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721')
  it.each([
    ['sample', 'efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8'],
    ['test', 'f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083'],
  ])('signs %s to the published bytes', async (message, signature) => {
    expect(toHex(await openSoftwareKey(secret).sign(toUtf8(message)))).toBe(signature)
  })
})
