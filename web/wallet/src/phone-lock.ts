/**
 * Phone lock: the phone's own lock (fingerprint, face, the phone's code) in the place of the PIN.
 *
 * Lives here: the platform's authenticator on the web, SOTER in the mini-program. Not here: what is opened with it (`vault`).
 *
 * On the web the authenticator gives a secret of its own (WebAuthn, extension `prf`), a different one for each salt and only after it
 * verified its user; a key derived from it wraps the vault's key. SOTER tells yes or no and gives no secret: whatever it
 * "opened" would lie open on the phone. So in the mini-program the PIN opens the vault, and SOTER only confirms.
 */
import { fromBase64Url, toBase64Url, toUtf8 } from '../../core/bytes.js'
import { isFor } from './assertion.js'
import { LockFault } from './lock-fault.js'
import { prepareRandomness, random } from './platform.js'

/** What the phone's lock can do here: open the wallet, confirm at a gate that its holder is there, or nothing. */
export type Ability = 'opens' | 'confirms' | 'none'

/** A secret, wrapped under a key that the phone's lock alone gives. All texts are base64url. */
export interface Wrapped {
  readonly credential: string
  /** What the authenticator derives its secret from; also the salt of HKDF. */
  readonly salt: string
  readonly nonce: string
  readonly text: string
}

/** The words that HKDF takes along. */
const INFO = 'baypass vault key by the phone lock 1'
/** So long may the traveller take, in milliseconds. */
const ASK_MS = 60_000

export async function ability(): Promise<Ability> {
  let found: Ability = 'none'
  // #ifdef H5
  if (await isOpener().catch(() => false)) found = 'opens'
  // #endif
  // #ifdef MP-WEIXIN
  if (await soterMode()) found = 'confirms'
  // #endif
  return found
}

/** Makes a credential of the phone's lock and wraps `secret` with it. `about` says to what it belongs and must be the same to open it. */
export async function wrap(secret: Uint8Array, about: string): Promise<Wrapped> {
  // #ifdef H5
  await prepareRandomness()
  const salt = random(32)
  const { credential, given } = await makeCredential(salt)
  // Some make a credential without using it: then they are asked once more.
  const key = await wrappingKey(given ?? await ask(credential, salt), salt)
  const nonce = random(12)
  const text = await crypto.subtle.encrypt(how(nonce, about), key, buffer(secret))
  return { credential: toBase64Url(credential), salt: toBase64Url(salt), nonce: toBase64Url(nonce), text: toBase64Url(new Uint8Array(text)) }
  // #endif
  // #ifdef MP-WEIXIN
  throw new LockFault('unable')
  // #endif
}

/** Asks the phone's lock and opens what it wrapped. */
export async function unwrap(wrapped: Wrapped, about: string): Promise<Uint8Array> {
  // #ifdef H5
  const salt = fromBase64Url(wrapped.salt)
  const key = await wrappingKey(await ask(fromBase64Url(wrapped.credential), salt), salt)
  try {
    return new Uint8Array(await crypto.subtle.decrypt(how(fromBase64Url(wrapped.nonce), about), key, buffer(fromBase64Url(wrapped.text))))
  } catch {
    throw new LockFault('lost')
  }
  // #endif
  // #ifdef MP-WEIXIN
  throw new LockFault('unable')
  // #endif
}

/** Asks the phone's lock whether its holder is there, where it can say no more than that. */
export async function confirm(reason: string): Promise<void> {
  let mode: SoterMode | undefined
  // #ifdef MP-WEIXIN
  mode = await soterMode()
  // #endif
  if (!mode) throw new LockFault('unable')
  // #ifdef MP-WEIXIN
  await soter(mode, reason)
  // #endif
}

type SoterMode = 'fingerPrint' | 'facial'

// #ifdef H5
const buffer = (bytes: Uint8Array) => bytes as BufferSource
const how = (nonce: Uint8Array, about: string) => ({ name: 'AES-GCM', iv: buffer(nonce), additionalData: buffer(toUtf8(about)) })

/** A credential belongs to a host with a name: an address in numbers has none (HTML, "relevant settings object's origin's effective domain"). */
async function isOpener(): Promise<boolean> {
  if (!isSecureContext || typeof PublicKeyCredential === 'undefined' || /^[\d.]+$|^\[/.test(location.hostname)) return false
  const told = await (PublicKeyCredential as { getClientCapabilities?: () => Promise<Readonly<Record<string, boolean>>> }).getClientCapabilities?.()
  if (told?.['extension:prf'] === false) return false
  return PublicKeyCredential.isUserVerifyingPlatformAuthenticatorAvailable()
}

async function wrappingKey(given: Uint8Array, salt: Uint8Array): Promise<CryptoKey> {
  const secret = await crypto.subtle.importKey('raw', buffer(given), 'HKDF', false, ['deriveKey'])
  given.fill(0)
  return crypto.subtle.deriveKey({ name: 'HKDF', hash: 'SHA-256', salt: buffer(salt), info: buffer(toUtf8(INFO)) }, secret, { name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt'])
}

/** The secret that the authenticator derived, if it did. */
function derived(results: AuthenticationExtensionsClientOutputs): Uint8Array | undefined {
  const first = results.prf?.results?.first
  if (!first) return undefined
  const bytes = first instanceof ArrayBuffer ? new Uint8Array(first) : new Uint8Array(first.buffer, first.byteOffset, first.byteLength)
  if (bytes.length !== 32) throw new LockFault('unable')
  return bytes
}

const refused = () => { throw new LockFault('refused') }

/** Takes what an authenticator gave, if it is for this page and says that it verified its user. */
function take(type: 'webauthn.create' | 'webauthn.get', challenge: Uint8Array, clientData: ArrayBuffer, authenticatorData: ArrayBuffer): void {
  const expected = { type, challenge, origin: location.origin, rpId: location.hostname }
  if (!isFor(expected, new Uint8Array(clientData), new Uint8Array(authenticatorData))) throw new LockFault('refused')
}

async function makeCredential(salt: Uint8Array): Promise<{ readonly credential: Uint8Array; readonly given: Uint8Array | undefined }> {
  const challenge = random(32)
  const made = await navigator.credentials.create({ publicKey: {
    // Who keeps passkeys for a traveller learns that there is a wallet, and no name.
    rp: { id: location.hostname, name: 'Bay Pass' }, user: { id: buffer(random(16)), name: 'Bay Pass', displayName: 'Bay Pass' },
    challenge: buffer(challenge), pubKeyCredParams: [{ type: 'public-key', alg: -7 }, { type: 'public-key', alg: -257 }],
    authenticatorSelection: { authenticatorAttachment: 'platform', userVerification: 'required', residentKey: 'discouraged' },
    attestation: 'none', timeout: ASK_MS, extensions: { prf: { eval: { first: buffer(salt) } } },
  } }).catch(refused) as PublicKeyCredential | null
  if (!made) throw new LockFault('refused')
  const response = made.response as AuthenticatorAttestationResponse
  take('webauthn.create', challenge, response.clientDataJSON, response.getAuthenticatorData())
  const results = made.getClientExtensionResults()
  if (!results.prf?.enabled) throw new LockFault('unable')
  return { credential: new Uint8Array(made.rawId), given: derived(results) }
}

async function ask(credential: Uint8Array, salt: Uint8Array): Promise<Uint8Array> {
  await prepareRandomness()
  const challenge = random(32)
  const given = await navigator.credentials.get({ publicKey: {
    rpId: location.hostname, challenge: buffer(challenge), allowCredentials: [{ type: 'public-key', id: buffer(credential), transports: ['internal'] }],
    userVerification: 'required', timeout: ASK_MS, extensions: { prf: { eval: { first: buffer(salt) } } },
  } }).catch(refused) as PublicKeyCredential | null
  if (!given) throw new LockFault('refused')
  const response = given.response as AuthenticatorAssertionResponse
  take('webauthn.get', challenge, response.clientDataJSON, response.authenticatorData)
  const secret = derived(given.getClientExtensionResults())
  if (!secret) throw new LockFault('unable')
  return secret
}
// #endif

// #ifdef MP-WEIXIN
/** The first way of SOTER for which somebody is enrolled on this phone. An old WeChat has none. */
async function soterMode(): Promise<SoterMode | undefined> {
  if (typeof wx.checkIsSoterEnrolledInDevice !== 'function') return undefined
  for (const checkAuthMode of ['fingerPrint', 'facial'] as const) {
    const enrolled = await new Promise<boolean>((resolve) => {
      wx.checkIsSoterEnrolledInDevice({ checkAuthMode, success: ({ isEnrolled }) => resolve(isEnrolled), fail: () => resolve(false) })
    })
    if (enrolled) return checkAuthMode
  }
  return undefined
}

async function soter(mode: SoterMode, authContent: string): Promise<void> {
  await prepareRandomness()
  const challenge = toBase64Url(random(32))
  await new Promise<void>((resolve, reject) => {
    wx.startSoterAuthentication({ requestAuthModes: [mode], challenge, authContent, success: () => resolve(), fail: () => reject(new LockFault('refused')) })
  })
}
// #endif
