/**
* Reasons of the own authority's verdicts, fetched from that authority with its officers' secret. Request and answer do not
 * pass the gate, which learns only a verdict's class.
 */

export interface Reason { readonly outcome: string; readonly code: string; readonly detail: string }
export type Looked = Reason | 'asked' | 'wrong_secret' | 'no_answer'

export class Reasons {
  private readonly found = new Map<string, Looked>()
  private base: string | undefined

  /** `changed` is called whenever something new is known. The secret stays in this page's memory. */
  constructor(private secret: string | undefined, private readonly changed: () => void) {}

  at(base: string | null | undefined): void {
    this.base = base ?? undefined
  }

/** Whether a secret must be entered: there is an authority to ask, and none that it accepted. */
  get wanted(): boolean {
    return this.base !== undefined && this.secret === undefined
  }

  with(secret: string): void {
    this.secret = secret
    this.found.clear()
    this.changed()
  }

/** The reason under a reference, fetched on the first call. */
  of(reference: string): Looked | undefined {
    if (this.base === undefined || this.secret === undefined) return undefined
    const known = this.found.get(reference)
    if (known) return known
    this.found.set(reference, 'asked')
    void this.ask(this.base, this.secret, reference)
    return 'asked'
  }

  private async ask(base: string, secret: string, reference: string): Promise<void> {
    const looked = await fetch(`${base}/v1/verdicts/${reference}`, {
      headers: { authorization: `Bearer ${secret}` }, cache: 'no-store', credentials: 'omit', signal: AbortSignal.timeout(5_000),
    }).then(async (answer): Promise<Looked> => {
      if (answer.status === 401) return 'wrong_secret'
      return answer.ok ? ((await answer.json()) as Reason) : 'no_answer'
    }, (): Looked => 'no_answer')
    if (secret !== this.secret) return
    this.found.set(reference, looked)
    // One refusal is enough: the next secret is asked for.
    if (looked === 'wrong_secret') {
      this.secret = undefined
      this.refused = true
    }
    // An authority out of reach is asked again later.
    if (looked === 'no_answer') setTimeout(() => { this.found.delete(reference); this.changed() }, 5_000)
    this.changed()
  }

  /** Whether the last secret was refused. */
  refused = false
}
