/**
 * Vault: what the wallet stores, sealed by a key from the PIN (scrypt, AES-256-GCM). In clear stand only what the screen
 * needs before the PIN (language, text size), the salt, and the count of wrong tries. The key may also lie there wrapped under a
 * key that the phone's own lock alone gives (`phone-lock`).
 *
 * A six-digit PIN slows down who copies the storage; it does not stop a patient attacker with that copy. Tokens live three
 * days and the face is compared at the lane: that is the defence.
 */
import { gcm } from '@noble/ciphers/aes.js'
import { scryptAsync } from '@noble/hashes/scrypt.js'
import { fromBase64Url, fromUtf8, toBase64Url, toUtf8 } from '../../core/bytes.js'
import { LockFault } from './lock-fault.js'
import { type Wrapped, unwrap, wrap } from './phone-lock.js'
import { forget, load, onChangedElsewhere, prepareRandomness, random, save } from './platform.js'

const NAME = 'baypass.vault'
const TRIES = 'baypass.tries'
const LOCK = 'baypass.lock'
const COST = { N: 2 ** 14, r: 8, p: 1, dkLen: 32 }
const FREE_TRIES = 5

interface Sealed {
  readonly version: 1
  readonly salt: string
  readonly nonce: string
  readonly text: string
}

/** Key and salt of an open vault; they are in memory only. */
export interface VaultKey {
  readonly salt: Uint8Array
  readonly key: Uint8Array
}

const derive = (pin: string, salt: Uint8Array) => scryptAsync(toUtf8(pin), salt, COST)

export const hasVault = (): boolean => load(NAME) !== undefined

export async function newVault(pin: string): Promise<VaultKey> {
  await prepareRandomness()
  const salt = random(16)
  return { salt, key: await derive(pin, salt) }
}

/** Whether a text has the form of a PIN. */
export const isPin = (pin: string): boolean => /^\d{6}$/.test(pin)

/** PINs that are guessed first. */
export const isEasy = (pin: string): boolean => /^(\d)\1{5}$/.test(pin) || '01234567890 09876543210'.includes(pin)

/** Another window has since sealed the vault with another key. This window must not overwrite it. */
export class Superseded extends Error {
  constructor() { super('superseded') }
}

/** Seals and stores. Throws if the storage is full; the previous contents are then intact. `before` is the key that this one replaces. */
export async function seal(vault: VaultKey, content: object, before: VaultKey = vault): Promise<void> {
  await prepareRandomness()
  const stored = storedSalt()
  if (stored !== undefined && ![vault, before].some(({ salt }) => toBase64Url(salt) === stored)) throw new Superseded()
  const nonce = random(12)
  const text = gcm(vault.key, nonce, toUtf8(NAME)).encrypt(toUtf8(JSON.stringify(content)))
  const sealed: Sealed = { version: 1, salt: toBase64Url(vault.salt), nonce: toBase64Url(nonce), text: toBase64Url(text) }
  save(NAME, JSON.stringify(sealed))
}

function storedSalt(): string | undefined {
  try {
    return (JSON.parse(load(NAME) ?? '') as Sealed).salt
  } catch {
    return undefined
  }
}

export type Opened =
  | { readonly outcome: 'open'; readonly vault: VaultKey; readonly content: unknown }
  | { readonly outcome: 'wrong'; readonly left: number }
  | { readonly outcome: 'wait'; readonly until: number }
  | { readonly outcome: 'damaged' }

/** Time of the next allowed try, in milliseconds since 1970; 0 if it is allowed now. */
export function waitUntil(now: number): number {
  const { until } = tries()
  return until > now ? until : 0
}

export async function open(pin: string, now: number): Promise<Opened> {
  const wait = waitUntil(now)
  if (wait > 0) return { outcome: 'wait', until: wait }
  let sealed: Sealed
  try {
    sealed = JSON.parse(load(NAME) ?? '') as Sealed
    if (sealed.version !== 1) return { outcome: 'damaged' }
  } catch {
    return { outcome: 'damaged' }
  }
  // The try is counted before the PIN is tested: ending the program in between does not save a try.
  const wrong = tries().wrong + 1
  const until = wrong < FREE_TRIES ? 0 : now + 60_000 * 2 ** Math.min(wrong - FREE_TRIES, 10)
  save(TRIES, JSON.stringify({ wrong, until }))
  const salt = fromBase64Url(sealed.salt)
  const key = await derive(pin, salt)
  try {
    const text = gcm(key, fromBase64Url(sealed.nonce), toUtf8(NAME)).decrypt(fromBase64Url(sealed.text))
    forget(TRIES)
    return { outcome: 'open', vault: { salt, key }, content: JSON.parse(fromUtf8(text)) }
  } catch {
    return until > 0 ? { outcome: 'wait', until } : { outcome: 'wrong', left: FREE_TRIES - wrong }
  }
}

// --- the phone's own lock --------------------------------------------------------------------------------------------

/** What the phone's lock does for this wallet: open it, or confirm at a gate that its holder is there. */
export type LockUse = 'opens' | 'confirms'
type StoredLock = ({ readonly use: 'opens' } & Wrapped) | { readonly use: 'confirms' }

function storedLock(): StoredLock | undefined {
  try {
    return JSON.parse(load(LOCK) ?? '') as StoredLock
  } catch {
    return undefined
  }
}

export const lockUse = (): LockUse | undefined => hasVault() ? storedLock()?.use : undefined

/** A wrapped key belongs to one vault: after a change of PIN it opens nothing. */
const belonging = (salt: string) => `${NAME} ${salt}`

/** Lets the phone's lock open this vault. Throws a `LockFault` where it does not. */
export async function addLock(vault: VaultKey): Promise<void> {
  const wrapped = await wrap(vault.key, belonging(toBase64Url(vault.salt)))
  save(LOCK, JSON.stringify({ use: 'opens', ...wrapped } satisfies StoredLock))
}

/** Lets the phone's lock confirm at a gate that the holder is there; it opens nothing. */
export function addConfirming(): void {
  save(LOCK, JSON.stringify({ use: 'confirms' } satisfies StoredLock))
}

export const removeLock = (): void => forget(LOCK)

/**
 * Asks the phone's lock and opens the vault. It counts no try of the PIN, nor forgets one: the lock has a count of its own. Throws a
 * `LockFault`; what opens nothing any more is removed.
 */
export async function openByLock(): Promise<Extract<Opened, { outcome: 'open' | 'damaged' }>> {
  const lock = storedLock()
  if (lock?.use !== 'opens') throw new LockFault('lost')
  let sealed: Sealed
  try {
    sealed = JSON.parse(load(NAME) ?? '') as Sealed
  } catch {
    return { outcome: 'damaged' }
  }
  try {
    const vault = { salt: fromBase64Url(sealed.salt), key: await unwrap(lock, belonging(sealed.salt)) }
    const content = reread(vault)
    return content === undefined ? { outcome: 'damaged' } : { outcome: 'open', vault, content }
  } catch (error) {
    if (error instanceof LockFault && error.code === 'lost') removeLock()
    throw error
  }
}

/** The stored contents, read with the key of an open vault; `undefined` if they are gone or sealed with another key. */
export function reread(vault: VaultKey): unknown {
  try {
    const sealed = JSON.parse(load(NAME) ?? '') as Sealed
    return JSON.parse(fromUtf8(gcm(vault.key, fromBase64Url(sealed.nonce), toUtf8(NAME)).decrypt(fromBase64Url(sealed.text))))
  } catch {
    return undefined
  }
}

/** Calls back when another window of this browser changed the stored contents. */
export const onVaultChanged = (told: () => void): void => onChangedElsewhere(NAME, told)

export function destroy(): void {
  forget(NAME)
  forget(TRIES)
  forget(LOCK)
}

function tries(): { wrong: number; until: number } {
  try {
    const { wrong, until } = JSON.parse(load(TRIES) ?? '') as { wrong: number; until: number }
    return { wrong, until }
  } catch {
    return { wrong: 0, until: 0 }
  }
}
