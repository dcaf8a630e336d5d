/**
 * The way to the gate: every request bears the secret of the pairing; events come as a stream that is opened again
 * whenever it breaks or falls silent (a gate that was killed, a machine that slept).
 */

export class Problem extends Error {
  constructor(readonly status: number, readonly code: string, detail: string) {
    super(detail)
  }
}

/** No sign of life for so long means that the stream is dead: the gate speaks at least each 4 s. */
const SILENCE_MS = 10_000
const AGAIN_MS = 1_000

export class Link {
  private page: number | undefined

  constructor(private readonly base: string, private readonly secret: string) {}

  private headers(): Record<string, string> {
    const page: Record<string, string> = this.page === undefined ? {} : { 'x-baypass-page': String(this.page) }
    return { 'x-baypass-pairing': this.secret, ...page }
  }

  private async sent(path: string, init: RequestInit = {}): Promise<Response> {
    const response = await fetch(this.base + path, { ...init, headers: this.headers(), cache: 'no-store' })
    if (response.ok) return response
    const told = (await response.json().catch(() => ({}))) as { code?: string; detail?: string }
    throw new Problem(response.status, told.code ?? 'unknown', told.detail ?? `the gate answers ${response.status}`)
  }

  async get<T>(path: string): Promise<T> {
    return (await (await this.sent(path, { signal: AbortSignal.timeout(5_000) })).json()) as T
  }

  async post(path: string, body?: BodyInit | object): Promise<void> {
    const plain = body === undefined || typeof body === 'string' || body instanceof Blob
    await this.sent(path, { method: 'POST', body: plain ? (body ?? null) : JSON.stringify(body), signal: AbortSignal.timeout(15_000) })
  }

  /** Hears events until the page is closed; `lost` is called whenever there is no gate, with why. */
  async listen<T extends { page?: number }>(heard: (event: T) => void, lost: (why: unknown) => boolean): Promise<void> {
    for (;;) {
      try {
        await this.hear(heard)
        if (!lost(undefined)) return
      } catch (error) {
        if (!lost(error)) return
      }
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS))
    }
  }

  private async hear<T extends { page?: number }>(heard: (event: T) => void): Promise<void> {
    const stop = new AbortController()
    let watchdog = setTimeout(() => stop.abort(), SILENCE_MS)
    try {
      const response = await this.sent('/events', { signal: stop.signal })
      const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
      let text = ''
      for (;;) {
        const { value, done } = await reader.read()
        if (done) return
        clearTimeout(watchdog)
        watchdog = setTimeout(() => stop.abort(), SILENCE_MS)
        text += value
        for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
          const event = text.slice(0, end)
          text = text.slice(end + 2)
          if (!event.startsWith('data: ')) continue
          const read = JSON.parse(event.slice(6)) as T
          if (read.page !== undefined) this.page = read.page
          heard(read)
        }
      }
    } finally {
      clearTimeout(watchdog)
      stop.abort()
    }
  }
}

/**
 * The link of this page, from its own address: `/kiosk/<lane>#<secret>` or `/officer/<lane>/<authority>#<secret>`. An
 * officer's address may bear the secret of the authority too, behind a dot: the gate never sees what follows the `#`.
 */
export function linkOfPage(): Link {
  return new Link(`/v1${location.pathname}`, location.hash.slice(1).split('.')[0] ?? '')
}

export const authoritySecret = (): string | undefined => location.hash.split('.')[1] || undefined
