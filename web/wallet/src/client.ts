/** Client of the authorities' HTTP API, typed by their OpenAPI description (`api.ts`). */
import type { Authority } from '../../core/border.js'
import type { Operations, Problem, ProblemCode } from './api.js'
import { dpopProof } from '../../core/dpop.js'
import type { DeviceKey } from '../../core/keys.js'
import { ask, authorities, prepareRandomness, random } from './platform.js'

const DOORS: { readonly [K in keyof Operations]: { method: Operations[K]['method']; path: Operations[K]['path'] } } = {
  appeal: { method: 'POST', path: '/v1/appeals' },
  appeal_state: { method: 'GET', path: '/v1/appeals/{reference}' },
  attestation_nonce: { method: 'GET', path: '/v1/attestation-nonce' },
  ask_identity: { method: 'POST', path: '/v1/identity-requests' },
  identity_state: { method: 'GET', path: '/v1/identity-requests/{id}' },
  enrol: { method: 'POST', path: '/v1/enrolments' },
  frames: { method: 'POST', path: '/v1/enrolments/{id}/frames' },
  offer_hand_over: { method: 'POST', path: '/v1/hand-over' },
  withdraw_hand_over: { method: 'DELETE', path: '/v1/hand-over' },
  take_hand_over: { method: 'POST', path: '/v1/hand-over/take' },
  answer_second_enrolment: { method: 'POST', path: '/v1/second-enrolment' },
  parts: { method: 'POST', path: '/v1/parts' },
  end_pass: { method: 'DELETE', path: '/v1/pass' },
  own_carers: { method: 'GET', path: '/v1/carers' },
  withdraw_carer: { method: 'DELETE', path: '/v1/carers/{id}' },
  mark_look_alike: { method: 'POST', path: '/v1/pass/look-alike' },
  own_pass: { method: 'GET', path: '/v1/pass' },
  passages: { method: 'GET', path: '/v1/passages' },
  may_cross: { method: 'POST', path: '/v1/may-cross' },
  tokens: { method: 'POST', path: '/v1/tokens' },
  venue_credentials: { method: 'POST', path: '/v1/venue-credentials' },
}

/** Why a request failed: the authority's problem code, `network`, or `answer` for a malformed answer. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  /** `work`: what `work_required` asks for, after `wait` seconds. */
  constructor(readonly code: ProblemCode | 'network' | 'answer' | 'camera', readonly work?: { readonly salt: string; readonly bits: number }, readonly wait = 0) {
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

/** The nonces that authorities gave last. */
const nonces = new Map<Authority, string>()

/** The time for a proof: the authority's, as far as it is known. */
const proofTime = () => Math.floor(Date.now() / 1000) + (heard ?? 0)

export async function call<K extends keyof Operations>(
  authority: Authority,
  door: K,
  given: Given<K> & { key: DeviceKey; secret?: string; body?: object; id?: string },
): Promise<Operations[K]['answer']> {
  const base = (await authorities().catch(() => { throw new Refusal('network') }))[authority]
  if (!mayCall(base)) throw new Refusal('network')
  const { method, path } = DOORS[door]
  const place = path.replace(/\{(?:id|reference)\}/, given.id ?? '')
  const url = base + place
  const once = async () => {
    await prepareRandomness()
    const proof = await dpopProof(given.key, { method, url: named(base) + place, token: given.secret, nonce: nonces.get(authority) }, random(16), proofTime())
    const answer = await ask(method, url, proof, given.secret, given.body).catch(() => { throw new Refusal('network') })
    if (answer.nonce) nonces.set(authority, answer.nonce)
    return answer
  }
  let answer = await once()
  // The phone's clock is wrong, or the last nonce is over: the answer brought one that counts.
  if ((answer.body as Partial<Problem> | undefined)?.code === 'use_dpop_nonce') answer = await once()
  if (answer.date !== undefined) heard = answer.date - Math.floor(Date.now() / 1000)
  if (answer.status >= 200 && answer.status < 300) return answer.body as Operations[K]['answer']
  const problem = answer.body as Partial<Problem> | undefined
  throw new Refusal(typeof problem?.code === 'string' ? problem.code : 'answer', problem?.work ?? undefined, answer.wait)
}

/** What an authority publishes for everybody, such as its lists; nothing of the holder goes along. */
export async function read(authority: Authority, path: string): Promise<unknown> {
  const base = (await authorities().catch(() => { throw new Refusal('network') }))[authority]
  if (!mayCall(base)) throw new Refusal('network')
  const { status, body } = await ask('GET', base + path).catch(() => { throw new Refusal('network') })
  if (status !== 200) throw new Refusal('answer')
  return body
}

/** What a proof names: scheme and host that are asked, without the path under which a proxy may have put the authority. */
function named(base: string): string {
  return /^https?:\/\/[^/]+/.exec(base)?.[0] ?? base
}
