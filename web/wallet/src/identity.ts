/**
 * Identity: another wallet shows who the holder is, in place of the number, name and birth date that are typed (docs/openid4vc.md,
 * Identities of others).
 *
 * Lives here: whether an authority takes that, its request, how far it has come, the six digits. Not here: the enrolment that follows
 * (`wallet`), the screen (`ui/OtherWallet.vue`), what the other wallet sends: it goes to the authority alone.
 */
import { namesForeignIdentity } from '../../core/approval.js'
import type { Authority } from '../../core/border.js'
import { fromBase64Url } from '../../core/bytes.js'
import { namesForeignIssuer } from '../../core/trust.js'
import { Refusal } from './client.js'
import { leaveOut, readLists } from './venue.js'
import { type Content, begins, held, keep, localDay, now, tell } from './wallet.js'
import type { Word } from './words.js'

/** Tries of the six digits; the authority counts them too, and forgets the request with the last one. */
const TRIES = 3

/** A link that another wallet opens, and nothing that a browser runs. */
const LINK = /^openid4vp:\/\/[!-~]+$/

/** Whether a text has the form of the six digits. */
export const isNumber = (text: string): boolean => /^\d{6}$/.test(text)

/**
 * Whether an authority says, in what it publishes for everybody, that it takes identities of other systems: an approval names them, and its
 * list an issuer. Nothing of the holder goes along. `false` where it cannot be read: then the number is typed.
 */
export async function takesIdentity(content: Content): Promise<boolean> {
  const to = content.home
  const lists = await readLists(to).catch(() => undefined)
  if (!lists) return false
  content.receipts = [{ at: now(), to, what: 'lists' }, ...content.receipts.filter((one) => one.to !== to || one.what !== 'lists')]
  const [at, day] = [now(), localDay()]
  const some = (texts: readonly string[], says: (bytes: Uint8Array, of: Authority) => boolean) => texts.some((text) => leaveOut(() => says(fromBase64Url(text), to)) === true)
  return some(lists.chains, (chain, of) => namesForeignIssuer(chain, of, at)) && some(lists.bundles, (bundle, of) => namesForeignIdentity(bundle, of, day))
}

/** Asks the home authority for a request to another wallet; one of before counts no more. */
export async function askIdentity(): Promise<void> {
  const content = held()
  delete content.identity
  const { id, link, expires } = await tell(content, content.home, 'ask_identity', {})
  if (!LINK.test(link)) throw new Refusal('answer')
  content.identity = { request: id, link, ends: Math.floor(Date.parse(expires) / 1000), left: TRIES }
  await keep()
}

/** Looks whether the other wallet has answered; the word for why its last answer was not taken. */
export async function lookForAnswer(): Promise<Word | undefined> {
  const content = held()
  const asked = content.identity
  if (!asked || asked.shown) return undefined
  const { state, refused } = await settling(content, () => tell(content, content.home, 'identity_state', { id: asked.request }))
  // Another request was made meanwhile: this is no answer to it.
  if (content.identity?.request !== asked.request) return undefined
  if (state === 'shown') {
    content.identity = { ...content.identity, shown: true }
    await keep()
    return undefined
  }
  return refused ? refusedWord(refused) : undefined
}

/**
 * Tells the authority the six digits that the other wallet's browser shows: it begins an enrolment with them, which says whether they are
 * right before anybody is asked for more, and lets it be. The enrolment itself begins with the picture.
 */
export async function proveNumber(number: string): Promise<void> {
  const content = held()
  const asked = content.identity
  if (!asked) throw new Refusal('identity_request_unknown')
  await settling(content, () => begins(content, content.home, { identity: { request: asked.request, number } }, 'identity_number'))
  content.identity = { ...asked, shown: true, number }
  // What was typed before stands in nobody's place now.
  delete content.cards[content.home]
  await keep()
}

/** Does what an authority may refuse for the other wallet's sake; what counts no more is forgotten here as it is there. */
export async function settling<T>(content: Content, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof Refusal) await forgetWhatIsOver(content, error.code)
    throw error
  }
}

async function forgetWhatIsOver(content: Content, code: Refusal['code']): Promise<void> {
  const asked = content.identity
  if (!asked) return
  if (code === 'identity_request_unknown' || code === 'identity_not_taken' || (code === 'identity_number' && asked.left <= 1)) delete content.identity
  else if (code === 'identity_number') content.identity = { ...asked, left: asked.left - 1 }
  else if (code === 'identity_waits') {
    const { shown: _, ...waiting } = asked
    content.identity = waiting
  } else return
  await keep()
}

/** What the authority says of an answer that it did not take (docs/enrolment.md, Identities of others). */
export const REFUSED: Readonly<Record<string, Word>> = {
  identity_issuer: 'identityIssuer', identity_type: 'identityKind', identity_jurisdiction: 'identityPlace', identity_document: 'identityDocument',
  identity_unreadable: 'identityUnreadable', identity_not_taken: 'identityNotTaken',
  openid_status_unavailable: 'identityStatus', presentation_revoked: 'identityRevoked', presentation_suspended: 'identitySuspended',
  openid_declined: 'identityDeclined',
}

export const refusedWord = (code: string): Word => REFUSED[code] ?? 'identityRefused'
