/** Client of the authorities' HTTP API, typed by their OpenAPI description (`api.ts`). */
import type { Authority } from '../../core/border.js'
import type { Operations, Problem, ProblemCode } from './api.js'
import { ask, authorities } from './platform.js'

const DOORS: { readonly [K in keyof Operations]: { method: Operations[K]['method']; path: Operations[K]['path'] } } = {
  enrol: { method: 'POST', path: '/v1/enrolments' },
  parts: { method: 'POST', path: '/v1/parts' },
  end_pass: { method: 'DELETE', path: '/v1/pass' },
  own_pass: { method: 'GET', path: '/v1/pass' },
  passages: { method: 'GET', path: '/v1/passages' },
  may_cross: { method: 'POST', path: '/v1/may-cross' },
  tokens: { method: 'POST', path: '/v1/tokens' },
}

/** Why a request failed: the authority's problem code, `network`, or `answer` for a malformed answer. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  constructor(readonly code: ProblemCode | 'network' | 'answer') {
    super(code)
  }
}

/** Plain HTTP goes to this machine's own loopback alone: elsewhere anybody on the way could read and change it. */
export const mayCall = (base: string): boolean =>
  /^https:\/\//i.test(base) || /^http:\/\/(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?(\/|$)/i.test(base)

/** How far the authority's clock is ahead of this phone's, in seconds, at the last answer. */
let heard: number | undefined
export const clockOffset = (): number | undefined => heard

type Given<K extends keyof Operations> =
  & (Operations[K]['secret'] extends true ? { secret: string } : object)
  & (Operations[K]['body'] extends undefined ? object : { body: Operations[K]['body'] })

export async function call<K extends keyof Operations>(
  authority: Authority,
  door: K,
  given: Given<K> & { secret?: string; body?: object },
): Promise<Operations[K]['answer']> {
  const base = (await authorities().catch(() => { throw new Refusal('network') }))[authority]
  if (!mayCall(base)) throw new Refusal('network')
  const { method, path } = DOORS[door]
  const answer = await ask(method, base + path, given.secret, given.body).catch(() => { throw new Refusal('network') })
  if (answer.date !== undefined) heard = answer.date - Math.floor(Date.now() / 1000)
  if (answer.status >= 200 && answer.status < 300) return answer.body as Operations[K]['answer']
  const problem = answer.body as Partial<Problem> | undefined
  throw new Refusal(typeof problem?.code === 'string' ? problem.code : 'answer')
}
