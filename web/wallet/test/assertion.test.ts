import { describe, expect, it } from 'vitest'
import { toBase64Url, toUtf8 } from '../../core/bytes.js'
import { sha256 } from '../../core/keys.js'
import { isFor } from '../src/assertion.js'

const challenge = new Uint8Array(32).fill(7)
const expected = { type: 'webauthn.get', challenge, origin: 'https://wallet.example', rpId: 'wallet.example' } as const
const client = (changed: object = {}) => toUtf8(JSON.stringify({ type: 'webauthn.get', challenge: toBase64Url(challenge), origin: 'https://wallet.example', crossOrigin: false, ...changed }))
/** WebAuthn Level 3 §6.1: hash of the host's name, flags, counter. */
const data = (flags = 0x05, host = 'wallet.example') => Uint8Array.of(...sha256(toUtf8(host)), flags, 0, 0, 0, 1)

describe('what an authenticator gave', () => {
  it('is taken for this page, this moment and a user who was verified', () => {
    expect(isFor(expected, client(), data())).toBe(true)
    expect(isFor(expected, client(), data(0x1d))).toBe(true)
  })

  it.each([
    ['for another act', client({ type: 'webauthn.create' }), data()],
    ['for another moment', client({ challenge: toBase64Url(new Uint8Array(32)) }), data()],
    ['for another page', client({ origin: 'https://wallet.example.org' }), data()],
    ['for a page of another scheme', client({ origin: 'http://wallet.example' }), data()],
    ['inside a page of others', client({ crossOrigin: true }), data()],
    ['that is no JSON', toUtf8('{'), data()],
    ['for another host', client(), data(0x05, 'example')],
    ['with a user who was there and not verified', client(), data(0x01)],
    ['with nobody there', client(), data(0x04)],
    ['cut short', client(), data().subarray(0, 36)],
    ['with nothing', client(), new Uint8Array(0)],
  ])('%s is refused', (_, clientData, authenticatorData) => {
    expect(isFor(expected, clientData, authenticatorData)).toBe(false)
  })
})
