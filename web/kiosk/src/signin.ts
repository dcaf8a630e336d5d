/**
 * Signing in at one party: with a passkey, or with a one-time code that registers one. At the gate the session is a cookie; at
 * the officer's own authority, which is another origin, it is a secret that stays in this page's memory.
 */
import { fromBase64Url, toBase64Url } from './bytes'
import { Problem } from './link'

export interface Signed {
  readonly account: string
  readonly name: string
  readonly roles: readonly string[]
  readonly test: boolean
  readonly passkey_needed: boolean
  readonly until: string
  readonly session?: string
}
interface Given { challenge: string; rp_id: string; timeout_ms: number }
interface NewPasskey extends Given { user_id: string; user_name: string; exclude: string[] }

export class SignIn {
  signed: Signed | undefined
  private secret: string | undefined

  /** `base` is where the party's officers sign in; `remote` where it is another origin. */
  constructor(private readonly base: string, private readonly remote: boolean) {}

  /** The secret of a session at another origin. */
  get session(): string | undefined { return this.secret }

  private async ask<T>(method: string, path: string, body?: object): Promise<T> {
    const headers: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' }
    if (this.secret) headers['authorization'] = `Bearer ${this.secret}`
    const answer = await fetch(this.base + path, {
      method, headers, body: body === undefined ? null : JSON.stringify(body), cache: 'no-store',
      credentials: this.remote ? 'omit' : 'same-origin', signal: AbortSignal.timeout(15_000),
    })
    const told = (await answer.json().catch(() => ({}))) as { code?: string; detail?: string }
    if (!answer.ok) throw new Problem(answer.status, told.code ?? 'unknown', told.detail ?? `the answer is ${answer.status}`)
    return told as T
  }

  private keep(signed: Signed): Signed {
    if (signed.session !== undefined) this.secret = signed.session
    this.signed = signed
    return signed
  }

  /** Passkeys of this party that this browser has made or used: of one relying party there may be several parties' here. */
  private get known(): string[] {
    try {
      return JSON.parse(localStorage.getItem(`passkeys ${this.base}`) ?? '[]') as string[]
    } catch {
      return []
    }
  }

  private remember(id: string): void {
    localStorage.setItem(`passkeys ${this.base}`, JSON.stringify([...new Set([...this.known, id])].slice(-8)))
  }

  /** Who is signed in already, if anybody is. */
  async current(): Promise<Signed | undefined> {
    try {
      return this.keep(await this.ask<Signed>('GET', '/session'))
    } catch (error) {
      if (error instanceof Problem && error.status === 401) return undefined
      throw error
    }
  }

  async byCode(code: string): Promise<Signed> {
    return this.keep(await this.ask<Signed>('POST', '/sessions', { code }))
  }

  async byPasskey(): Promise<Signed> {
    const given = await this.ask<Given>('POST', '/challenges')
    const got = (await navigator.credentials.get({
      publicKey: {
        challenge: fromBase64Url(given.challenge), rpId: given.rp_id, timeout: given.timeout_ms, userVerification: 'required',
        allowCredentials: this.known.map((id) => ({ type: 'public-key' as const, id: fromBase64Url(id) })),
      },
    })) as PublicKeyCredential
    const answer = got.response as AuthenticatorAssertionResponse
    const signed = await this.ask<Signed>('POST', '/sessions', { passkey: {
      id: toBase64Url(got.rawId), client_data: toBase64Url(answer.clientDataJSON),
      authenticator_data: toBase64Url(answer.authenticatorData), signature: toBase64Url(answer.signature),
    } })
    this.remember(toBase64Url(got.rawId))
    return this.keep(signed)
  }

  async register(): Promise<Signed> {
    const given = await this.ask<NewPasskey>('POST', '/passkeys/challenges')
    const made = (await navigator.credentials.create({
      publicKey: {
        challenge: fromBase64Url(given.challenge), rp: { id: given.rp_id, name: 'Bay Pass' }, timeout: given.timeout_ms,
        user: { id: fromBase64Url(given.user_id), name: given.user_name, displayName: given.user_name },
        // ES256 alone; no attestation is asked for.
        pubKeyCredParams: [{ type: 'public-key', alg: -7 }], attestation: 'none',
        authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
        excludeCredentials: given.exclude.map((id) => ({ type: 'public-key' as const, id: fromBase64Url(id) })),
      },
    })) as PublicKeyCredential
    const answer = made.response as AuthenticatorAttestationResponse
    const signed = await this.ask<Signed>('POST', '/passkeys', { client_data: toBase64Url(answer.clientDataJSON), attestation: toBase64Url(answer.attestationObject) })
    this.remember(toBase64Url(made.rawId))
    return this.keep(signed)
  }

  async out(): Promise<void> {
    try {
      await this.ask('DELETE', '/session')
    } finally {
      this.forget()
    }
  }

  /** The session has ended at the other end. */
  forget(): void {
    this.secret = undefined
    this.signed = undefined
  }
}
