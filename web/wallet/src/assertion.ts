/**
 * Assertion: whether what an authenticator gave is for this page and this moment, and says that it verified its user.
 *
 * Lives here: the checks of WebAuthn Level 3 §7.1 and §7.2 that a page can make without a key. Not here: the asking
 * (`phone-lock`). Nothing secret rests on them: the wrapped key opens by the authenticator's own secret alone.
 */
import { fromUtf8, same, toBase64Url, toUtf8 } from '../../core/bytes.js'
import { sha256 } from '../../core/keys.js'

export interface Expected {
  readonly type: 'webauthn.create' | 'webauthn.get'
  readonly challenge: Uint8Array
  readonly origin: string
  /** The host's name, to which the credential belongs. */
  readonly rpId: string
}

/** §6.1: the user was present, and was verified. */
const [PRESENT, VERIFIED] = [0x01, 0x04]

export function isFor(expected: Expected, clientData: Uint8Array, authenticatorData: Uint8Array): boolean {
  let read: { type?: unknown; challenge?: unknown; origin?: unknown; crossOrigin?: unknown }
  try {
    read = JSON.parse(fromUtf8(clientData)) as typeof read
  } catch {
    return false
  }
  const flags = authenticatorData[32] ?? 0
  return read.type === expected.type && read.challenge === toBase64Url(expected.challenge) && read.origin === expected.origin && read.crossOrigin !== true
    && authenticatorData.length >= 37 && same(authenticatorData.subarray(0, 32), sha256(toUtf8(expected.rpId)))
    && (flags & PRESENT) !== 0 && (flags & VERIFIED) !== 0
}
