/**
 * Reasons of the own authority's verdicts, fetched from that authority in the officer's own session there. Request and answer do
 * not pass the gate, which learns only a verdict's class.
 */
import { Problem } from './link'
import { type Signed, SignIn } from './signin'

export interface Reason {
  readonly outcome: string
  readonly code: string
  readonly detail: string
  /** What risk control had in doubt, as far as this officer may know it. */
  readonly risk?: { readonly doubts: readonly string[] }
}
export type Looked = Reason | 'asked' | 'no_answer'

export class Reasons {
  private readonly found = new Map<string, Looked>()
  private base: string | undefined
  private desk: SignIn | undefined
  /** What was wrong with the last try to sign in. */
  wrong = ''

  /** `changed` is called whenever something new is known. The session stays in this page's memory. */
  constructor(private readonly changed: () => void) {}

  at(base: string | null | undefined): void {
    this.base = base ?? undefined
    this.desk = this.base === undefined ? undefined : new SignIn(`${this.base}/v1/officers`, true)
  }

  /** Whether somebody must sign in: there is an authority to ask, and nobody is signed in there with a passkey. */
  get wanted(): boolean {
    return this.desk !== undefined && !this.ready
  }

  /** Whether a code was taken and a passkey is to be registered. */
  get passkeyNeeded(): boolean {
    return this.desk?.signed?.passkey_needed ?? false
  }

  private get ready(): boolean {
    return this.desk?.signed !== undefined && !this.desk.signed.passkey_needed
  }

  async signIn(how: (desk: SignIn) => Promise<Signed>, failed: string): Promise<void> {
    if (!this.desk) return
    this.wrong = ''
    try {
      await how(this.desk)
      this.found.clear()
    } catch (error) {
      this.wrong = error instanceof Problem ? error.message : failed
    }
    this.changed()
  }

  /** The officer signs out at the gate: the session at their authority ends too. */
  async out(): Promise<void> {
    if (this.desk?.signed) await this.desk.out().catch(() => undefined)
    this.found.clear()
    this.changed()
  }

  /** The reason under a reference, fetched on the first call. */
  of(reference: string): Looked | undefined {
    const session = this.desk?.session
    if (this.base === undefined || !this.ready || session === undefined) return undefined
    const known = this.found.get(reference)
    if (known) return known
    this.found.set(reference, 'asked')
    void this.ask(this.base, session, reference)
    return 'asked'
  }

  /** Asks the own authority for something beside the reason; `undefined` while nobody is signed in there. */
  get(path: string): Promise<Response> | undefined {
    const session = this.desk?.session
    if (this.base === undefined || !this.ready || session === undefined) return undefined
    return this.fetched(this.base, session, path)
  }

  private fetched(base: string, session: string, path: string): Promise<Response> {
    return fetch(base + path, {
      headers: { authorization: `Bearer ${session}` }, cache: 'no-store', credentials: 'omit', signal: AbortSignal.timeout(5_000),
    })
  }

  private async ask(base: string, session: string, reference: string): Promise<void> {
    const looked = await this.fetched(base, session, `/v1/verdicts/${reference}`).then(async (answer): Promise<Looked | 'signed_out'> => {
      if (answer.status === 401) return 'signed_out'
      return answer.ok ? ((await answer.json()) as Reason) : 'no_answer'
    }, (): Looked => 'no_answer')
    if (session !== this.desk?.session) return
    if (looked === 'signed_out') {
      this.desk.forget()
      this.found.clear()
      return this.changed()
    }
    this.found.set(reference, looked)
    // An authority out of reach is asked again later.
    if (looked === 'no_answer') setTimeout(() => { this.found.delete(reference); this.changed() }, 5_000)
    this.changed()
  }
}
