/**
 * Hand-over: the passes of this phone go to another phone, or come from one, by one code.
 *
 * Lives here: what the phone of before tells the authorities, and what the new one asks of them. Not here: the code itself (`core/hand-over`).
 */
import { AUTHORITIES, type Authority, isAuthority } from '../../core/border.js'
import { fromBase64Url, toBase64Url } from '../../core/bytes.js'
import { HAND_OVER_RANDOM, handOverFor, makeHandOver, openParcel, sealParcel } from '../../core/hand-over.js'
import { sha256 } from '../../core/keys.js'
import type { HandOverAnswer } from './api.js'
import { Refusal } from './client.js'
import { prepareRandomness, random } from './platform.js'
import { type Content, begin, empty, forgetAll, held, keep, people, state, tell } from './wallet.js'

/** Largest parcel that an authority takes along, in bytes. */
const PARCEL = 48 * 1024

/** What the phone of before knows of a pass, beside what authorities have: no key, no code, no secret of theirs. */
interface Parcel {
  /** How many passes come by this code. */
  readonly passes: number
  readonly name: string
  readonly birth: string
  readonly cards: Content['cards']
  readonly portrait?: string
  readonly other?: true
  readonly carried?: true
  readonly history: Content['history']
  readonly receipts: Content['receipts']
  readonly chosen?: NonNullable<Content['chosen']>
  readonly venues?: { readonly secret?: string; readonly registrations: NonNullable<Content['venues']>['registrations'] }
}

/** The passes in the order in which they go: whoever carries others first. */
const inOrder = (): readonly Content[] => [...people()].sort((a, b) => Number(a.carried ?? false) - Number(b.carried ?? false))

/** Every registration of every pass, with the pass's place in that order. */
function* registrations() {
  for (const [place, pass] of inOrder().entries()) {
    for (const authority of AUTHORITIES) {
      const secret = pass.sessions[authority]
      if (secret) yield { place, pass, authority, secret }
    }
  }
}

// --- from this phone -----------------------------------------------------------------------------------------------

export interface HandOver {
  readonly code: string
  /** Until when it counts, in seconds since 1970, by the authorities' clock. */
  readonly until: number
}

/** Offers every pass of this phone to whoever shows the code that is made here. Where one authority does not take it, nothing is offered. */
export async function offerPasses(): Promise<HandOver> {
  await prepareRandomness()
  const code = makeHandOver(random(HAND_OVER_RANDOM))
  let until = Infinity
  try {
    for (const { place, pass, authority, secret } of registrations()) {
      const parcel = authority === pass.home ? { parcel: toBase64Url(parcelOf(code, place, pass, people().length)) } : {}
      const body = { code: toBase64Url(sha256(handOverFor(code, place, authority))), ...parcel }
      const { expires } = await tell(pass, authority, 'offer_hand_over', { secret, body })
      until = Math.min(until, Math.floor(Date.parse(expires) / 1000))
    }
  } catch (error) {
    await withdrawOffer()
    throw error
  }
  await keep()
  if (until === Infinity) throw new Refusal('no_pass')
  return { code, until }
}

/** The parcel; of one that would be too large the oldest are left behind. */
function parcelOf(code: string, place: number, pass: Content, passes: number): Uint8Array {
  const { name, birth, cards, portrait, other, carried, chosen, venues } = pass
  for (let share = 1; ; share /= 2) {
    const newest = <T>(list: readonly T[]): T[] => list.slice(0, Math.floor(list.length * share))
    const registrations = newest(venues?.registrations ?? []).map(({ waiting: _, ...one }) => one)
    const parcel: Parcel = {
      passes, name, birth, cards, history: newest(pass.history), receipts: newest(pass.receipts),
      ...(portrait && share > 0.01 ? { portrait } : {}), ...(other ? { other } : {}), ...(carried ? { carried } : {}), ...(chosen ? { chosen } : {}),
      ...(venues ? { venues: { ...(venues.secret ? { secret: venues.secret } : {}), registrations } } : {}),
    }
    const sealed = sealParcel(code, place, parcel, random(12))
    if (sealed.length <= PARCEL || share < 1e-4) return sealed
  }
}

/** Takes the offer back, as far as authorities can be reached; it ends by itself. */
export async function withdrawOffer(): Promise<void> {
  for (const { pass, authority, secret } of registrations()) await tell(pass, authority, 'withdraw_hand_over', { secret }).catch(() => undefined)
}

/** Whether another phone has every pass by now; what is left on this one is deleted then. */
export async function isHandedOver(): Promise<boolean> {
  for (const pass of inOrder()) {
    const secret = pass.sessions[pass.home]
    if (!secret) continue
    try {
      await tell(pass, pass.home, 'own_pass', { secret }, 'offer_hand_over')
      return false
    } catch (error) {
      if (!(error instanceof Refusal && error.code === 'no_pass')) return false
    }
  }
  state.ended = 'moved'
  await forgetAll()
  return true
}

// --- to this phone -------------------------------------------------------------------------------------------------

/** Whether this wallet was made for passes from another phone, and none of them is here. */
export const nothingCame = (): boolean => state.content?.bringing !== undefined && Object.keys(state.content.sessions).length === 0

/** Brings every pass that waits under a code to this phone, behind a PIN that is new here. */
export async function bringPasses(code: string, pin: string): Promise<void> {
  if (!nothingCame()) await begin('CHN', pin)
  held().bringing = code
  await keep()
  await goOnBringing()
}

/** Goes on with passes that are on their way: a network that failed, or a phone that was switched off, loses none. */
export async function goOnBringing(): Promise<void> {
  const first = inOrder()[0]
  if (!first?.bringing) return
  const code = first.bringing
  if (!await bring(first, code, 0)) throw new Refusal('hand_over_unknown')
  for (let place = 1; place < (first.coming ?? 1); place += 1) await bringNext(first, code, place)
  delete first.bringing
  delete first.coming
  await keep()
}

/** Gives up what did not come: the wallet is as new. */
export async function stopBringing(): Promise<void> {
  if (nothingCame()) await forgetAll()
}

async function bringNext(first: Content, code: string, place: number): Promise<void> {
  const { device } = first
  const known = people().find((one) => one.seat === place)
  if (known && !known.bringing) return
  const pass: Content = known ?? { ...empty('CHN'), seat: place, carried: true, bringing: code, ...(device ? { device } : {}) }
  if (!known) {
    state.others = [...state.others, pass]
    await keep()
  }
  // The stored object is watched: what is written must be seen.
  const watched = state.others.find((one) => one.seat === place) ?? pass
  if (await bring(watched, code, place)) {
    delete watched.bringing
    delete watched.coming
  } else state.others = state.others.filter((one) => one !== watched)
  await keep()
}

/** Takes one pass at every authority that knows its code; false where none does. */
async function bring(pass: Content, code: string, place: number): Promise<boolean> {
  for (const authority of AUTHORITIES) {
    if (pass.sessions[authority]) continue
    const answer = await take(pass, authority, toBase64Url(handOverFor(code, place, authority)))
    if (!answer) continue
    if (!isAuthority(answer.home)) throw new Refusal('answer')
    pass.home = answer.home
    pass.sessions[authority] = answer.secret
    const opened = answer.parcel && openParcel(code, place, fromBase64Url(answer.parcel)) as Parcel | undefined
    if (opened) unpack(pass, opened)
    await keep()
  }
  const came = Object.keys(pass.sessions).length > 0
  if (came) pass.step = 'done'
  return came
}

async function take(pass: Content, authority: Authority, code: string): Promise<HandOverAnswer | undefined> {
  try {
    return await tell(pass, authority, 'take_hand_over', { body: { code } })
  } catch (error) {
    // Not registered there; or, of a carried pass, its carer is not.
    if (error instanceof Refusal && (error.code === 'hand_over_unknown' || error.code === 'carer_away')) return undefined
    throw error
  }
}

function unpack(pass: Content, { passes, venues, receipts, ...rest }: Parcel): void {
  Object.assign(pass, rest, { coming: passes, receipts: [...pass.receipts, ...receipts] })
  if (venues) pass.venues = { ...venues, credentials: [], pending: [] }
}
