/** What enrolling needs: proofs of the device key, work, invitations; the same as in the Rust crates. */
import { randomBytes, webcrypto } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { fromBase64Url } from '../bytes.js'
import { dpopProof } from '../dpop.js'
import { isWholeInvitation, readInvitations } from '../invitation.js'
import { type DeviceKey, newSoftwareKey, newWebKey, verify } from '../keys.js'
import { isSolved, solveWork } from '../work.js'

const text = (part: string) => JSON.parse(new TextDecoder().decode(fromBase64Url(part))) as Record<string, unknown>

describe('a proof of the device key', () => {
  const keys: readonly [string, () => Promise<DeviceKey>][] = [
    ['software', () => Promise.resolve(newSoftwareKey((length) => new Uint8Array(randomBytes(length))))],
    ['web', () => newWebKey(webcrypto.subtle as never)],
  ]
  it.each(keys)('by a %s key is a JWS of RFC 9449', async (_, make) => {
    const key = await make()
    const proof = await dpopProof(key, { method: 'GET', url: 'https://hkg.example/v1/pass', token: 'secret', nonce: 'n' }, new Uint8Array(16), 1_800_000_000)
    const [header, claims, signature] = proof.split('.') as [string, string, string]
    expect(text(header)).toMatchObject({ typ: 'dpop+jwt', alg: 'ES256', jwk: { kty: 'EC', crv: 'P-256' } })
    expect(text(claims)).toEqual({
      jti: 'AAAAAAAAAAAAAAAAAAAAAA', htm: 'GET', htu: 'https://hkg.example/v1/pass', iat: 1_800_000_000,
      // SHA-256 of `secret`.
      ath: 'K7gNU3sdo-OL0wNhqoVWhr3g6s1xYv72ol_pe_Unols', nonce: 'n',
    })
    expect(verify(key.publicKey, new TextEncoder().encode(`${header}.${claims}`), fromBase64Url(signature))).toBe(true)
  })
})

describe('work', () => {
  it('has the answer of docs/formats.md', async () => {
    let rests = 0
    expect(await solveWork('specimen', 13, () => { rests += 1; return Promise.resolve() })).toBe(3881)
    expect(rests).toBe(1)
    expect(isSolved('specimen', 3881, 13)).toBe(true)
    expect(isSolved('specimen', 3880, 13)).toBe(false)
  })

  it('that no phone could bear is not begun', async () => {
    await expect(solveWork('specimen', 60, () => Promise.resolve())).rejects.toThrow('work')
  })
})

describe('an invitation', () => {
  it('is read as people type it, one or two of them', () => {
    const code = 'HZZ1CG2G03G0200N'
    for (const typed of [code, 'HZZ1-CG2G-03G0-200N', ' hzz1 cg2g o3go 2oon ', 'hzzl-cg2g-03g0-200n']) expect(readInvitations(typed)).toEqual({ HKG: code })
  })

  it('is whole with its sixteenth character, however it is typed, right or wrong', () => {
    const code = 'HZZ1-CG2G-03G0-200N'
    for (const typed of [code, code.toLowerCase(), 'HZZ1-CG2G-03G0-2007', `${code}, ${code}`]) expect(isWholeInvitation(typed), typed).toBe(true)
    for (const typed of ['', ' - ', 'HZZ1-CG2G-03G0-200', `${code} H`]) expect(isWholeInvitation(typed), typed).toBe(false)
  })

  it('with any one wrong character, too short, or of nobody is none', () => {
    const code = 'HZZ1CG2G03G0200N'
    for (let at = 0; at < code.length; at += 1) {
      const wrong = code[at] === '7' ? '8' : '7'
      expect(readInvitations(code.slice(0, at) + wrong + code.slice(at + 1))).toBeUndefined()
    }
    for (const typed of ['', 'H', code.slice(1), `${code} X`, 'UUUUUUUUUUUUUUUU']) expect(readInvitations(typed)).toBeUndefined()
  })
})
