/**
 * The connection to the gate. What lets a page in is a cookie that no script reads: a kiosk's pairing, an officer's session.
 * Server-sent events come over `fetch`, whose answer says why a stream is refused; the stream is opened again whenever it breaks or falls silent (a gate that was
 * killed, a machine that slept).
 */
import { EventSourceParserStream } from 'eventsource-parser/stream'

export class Problem extends Error {
  /** `position`: of the wrong character in what was typed, from 1. */
  constructor(readonly status: number, readonly code: string, detail: string, readonly position: number | null = null) {
    super(detail)
  }
}

/** A stream that is silent for this long is dead: the gate sends at least a comment every 4 s. */
const SILENCE_MS = 10_000
/** Pause before a stream is opened again. */
const RETRY_MS = 1_000

export class Link {
  private page: number | undefined

  constructor(private readonly base: string) {}

  private headers(): Record<string, string> {
    return this.page === undefined ? {} : { 'x-baypass-page': String(this.page) }
  }

  private async sent(path: string, init: RequestInit = {}): Promise<Response> {
    const response = await fetch(this.base + path, { ...init, headers: this.headers(), cache: 'no-store' })
    if (response.ok) return response
    const told = (await response.json().catch(() => ({}))) as { code?: string; detail?: string; position?: number | null }
    throw new Problem(response.status, told.code ?? 'unknown', told.detail ?? `the gate answers ${response.status}`, told.position ?? null)
  }

  async get<T>(path: string): Promise<T> {
    return (await (await this.sent(path, { signal: AbortSignal.timeout(5_000) })).json()) as T
  }

  async picture(path: string): Promise<Blob> {
    return (await this.sent(path, { signal: AbortSignal.timeout(5_000) })).blob()
  }

  async post(path: string, body?: BodyInit | object): Promise<void> {
    const plain = body === undefined || typeof body === 'string' || body instanceof Blob
    await this.sent(path, { method: 'POST', body: plain ? (body ?? null) : JSON.stringify(body), signal: AbortSignal.timeout(15_000) })
  }

  /** Reads events until `lost` returns false. `lost` is called whenever the connection ends, with the error if there was one. */
  async listen<T extends { page?: number }>(heard: (event: T) => void, lost: (why: unknown) => boolean): Promise<void> {
    for (;;) {
      try {
        await this.hear(heard)
        if (!lost(undefined)) return
      } catch (error) {
        if (!lost(error)) return
      }
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
    }
  }

  private async hear<T extends { page?: number }>(heard: (event: T) => void): Promise<void> {
    const stop = new AbortController()
    let watchdog = setTimeout(() => stop.abort(), SILENCE_MS)
    const awake = () => {
      clearTimeout(watchdog)
      watchdog = setTimeout(() => stop.abort(), SILENCE_MS)
    }
    try {
      const response = await this.sent('/events', { signal: stop.signal })
      // Comments are the gate's sign of life while nothing happens.
      const events = response.body!.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream({ onComment: awake }))
      for (const reader = events.getReader(); ;) {
        const { value, done } = await reader.read()
        if (done) return
        awake()
        const event = JSON.parse(value.data) as T
        if (event.page !== undefined) this.page = event.page
        heard(event)
      }
    } finally {
      clearTimeout(watchdog)
      stop.abort()
    }
  }
}

/** The link of this page, from its own address: `/kiosk/<lane>` or `/officer/<lane>/<authority>`. */
export function linkOfPage(): Link {
  return new Link(`/v1${location.pathname}`)
}

/**
 * Takes the one-time code out of a kiosk's address (`#...`, which no browser sends by itself), and pairs this browser with the
 * lane. The code counts once: it leaves the address, and with it the history.
 */
export async function pairFromAddress(link: Link): Promise<void> {
  const code = location.hash.slice(1)
  if (code === '') return
  history.replaceState(null, '', location.pathname)
  await link.post('/pair', { code })
}
