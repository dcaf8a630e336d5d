/**
 * Foreign: digital cards of other systems on this phone, from their issuer to a verifier (docs/openid4vc.md, Our wallet at others). A browser
 * alone has this: a mini-program may call only the hosts that WeChat has on its list.
 *
 * Lives here: taking a card that an offer names, finding what answers a verifier, answering. Not here: formats and protocols (`openid`), who
 * counts (`core/trust`, by authorities' lists), the screen (`pages/others`), the sentences (`foreign-words`). Nothing of a pass goes along.
 */
import { Refused, fromBase64Url, fromUtf8, refuse, same, toBase64Url } from '../../core/bytes.js'
import { dpopProof } from '../../core/dpop.js'
import type { Authority } from '../../core/issuance.js'
import { type DeviceKey, newSoftwareKey } from '../../core/keys.js'
import type { Held } from '../../openid/dcql.js'
import {
  type Access, type Configuration, type IssuerMetadata, type Offer, credentialRequest, keyProof, readAccess, readDelivered, readIssuer, readNonce, readOffer,
  readOfferLink, readRefusal, readServer, tokenForm, wellKnown,
} from '../../openid/issuance.js'
import { readJson } from '../../openid/json.js'
import { MDOC, receiveMdoc } from '../../openid/mdoc.js'
import {
  type Asked, type HeldWithKey, type Showing, choose, readRedirect, readRequest, readRequestLink, respond,
} from '../../openid/presentation.js'
import { SD_JWT, receiveSdJwt } from '../../openid/sd-jwt.js'
import type { Leaf } from '../../openid/certificate.js'
import { type OtherReply, type StoredKey, askOther, dropKey, makeKey, openKey, prepareRandomness, random } from './platform.js'
import { type Listed, leaveOut, listedForeign } from './venue.js'
import { type Content, held, keep, now, state } from './wallet.js'

/** One copy of a card, bound to a key of its own: each verifier sees another one. */
interface Copy {
  /** As it came. */
  readonly credential: string
  readonly key: StoredKey
  /** To how many verifiers it was shown. */
  readonly shown: number
}

export interface ForeignCard {
  /** The issuer's identifier, and what it calls itself. */
  readonly issuer: string
  readonly issuerName: string
  /** Which of its configurations; what that is called, by language. */
  readonly configuration: string
  readonly names: Readonly<Record<string, string>>
  readonly form: Configuration['form']
  /** `vct` or document type. */
  readonly kind: string
  /** The authority that lists the issuer, the issuer's jurisdiction, and the certificate under which it was taken. */
  readonly authority: Authority
  readonly jurisdiction: string
  readonly root: string
  /** In seconds since 1970. */
  readonly received: number
  readonly copies: readonly Copy[]
}

/** What was shown of these cards, to whom. */
export interface ForeignShowing {
  readonly at: number
  readonly to: string
  readonly names: readonly string[]
}

export interface ForeignPass {
  readonly cards: readonly ForeignCard[]
  readonly showings: readonly ForeignShowing[]
}

/** Copies of one card. */
const COPIES = 4
/** How often a card that is not ready is asked for again, and the longest wait before that, in seconds. */
const [TRIES, LONGEST_WAIT] = [10, 10]
const SHOWINGS = 200

const passOf = (content: Content): ForeignPass => content.foreign ?? { cards: [], showings: [] }

/** Stores what a pass has of other systems; where it cannot be stored, the pass is as it was before. */
async function write(content: Content, foreign: ForeignPass): Promise<void> {
  const before = passOf(content)
  content.foreign = foreign
  try {
    await keep()
  } catch (error) {
    content.foreign = before
    throw error
  }
}

// --- the network -----------------------------------------------------------------------------------------------------

const ask = (...asked: Parameters<typeof askOther>): Promise<OtherReply> => askOther(...asked).catch(() => { throw new Refused('other_away') })

const textOf = ({ body }: OtherReply): string => refuse('issuer_form', () => fromUtf8(body))

const isGood = ({ status }: OtherReply) => status >= 200 && status < 300

async function document(of: string, name: string): Promise<string> {
  const reply = await ask('GET', wellKnown(of, name), { Accept: 'application/json' })
  if (!isGood(reply)) throw new Refused('issuer_form')
  return textOf(reply)
}

/** Posts with a proof of this key, once more with the server's nonce where it wants one (RFC 9449, 8). */
async function post(url: string, key: DeviceKey, type: string, body: string, access?: Access): Promise<string> {
  let nonce: string | undefined
  for (let tries = 1; ; tries += 1) {
    const proof = await dpopProof(key, { method: 'POST', url, token: access?.token, nonce }, random(16), now())
    const reply = await ask('POST', url, { Accept: 'application/json', 'Content-Type': type, DPoP: proof, ...(access ? { Authorization: `DPoP ${access.token}` } : {}) }, body)
    const text = textOf(reply)
    if (isGood(reply)) return text
    const refused = readRefusal(text)
    if (refused !== 'use_dpop_nonce' || !reply.nonce || tries === 2) throw new Refused(refused === 'invalid_grant' ? 'offer_over' : 'issuer_refused')
    nonce = reply.nonce
  }
}

const FORM = 'application/x-www-form-urlencoded'
const JSON_TYPE = 'application/json'

// --- taking ----------------------------------------------------------------------------------------------------------

/** Reads the offer of a link, fetched where it lies elsewhere. */
export async function openOffer(link: string): Promise<Offer> {
  const found = readOfferLink(link)
  if ('offer' in found) return found.offer
  const reply = await ask('GET', found.at, { Accept: 'application/json' })
  if (!isGood(reply)) throw new Refused('offer_over')
  return readOffer(textOf(reply))
}

/** Reads one copy under certificates that count; another fault of its certificates is its issuer's. */
function receive(form: Configuration['form'], credential: string, device: Uint8Array, roots: readonly Uint8Array[], at: number): { readonly held: Held; readonly issuer: Leaf } {
  return unlisted('issuer_unlisted', () => form === MDOC
    ? receiveMdoc(refuse('mdoc_form', () => fromBase64Url(credential)), roots, device, at)
    : receiveSdJwt(credential, roots, device, at))
}

/** What `read` gives; where no certificate that counts signed, the refusal is this one. */
function unlisted<T>(code: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw error instanceof Refused && error.code === 'certificate_unknown' ? new Refused(code) : error
  }
}

/** The entry of a list by which a signer counts for a card of this type. */
function entryFor(listed: readonly Listed[], { anchor, certificate }: Leaf, form: string, kinds: readonly string[], code: string): Listed {
  const under = listed.filter((one) => same(one.certificate, anchor))
  const inPlace = under.filter(({ jurisdiction }) => certificate.country === undefined || certificate.country === jurisdiction)
  if (inPlace.length === 0) throw new Refused('foreign_jurisdiction')
  const short = form === MDOC ? 'mdoc' : 'sd-jwt'
  const entry = inPlace.find(({ types }) => types.some((one) => one.form === short && kinds.includes(one.type)))
  if (!entry) throw new Refused(code)
  return entry
}

const kindsOf = (one: Held): readonly string[] => one.form === SD_JWT ? [one.kind, ...one.alsoKinds] : [one.kind]

/**
 * Takes what an offer names; `told` is the number that the issuer's counter told the holder. Nothing is taken whose issuer no authority lists,
 * or that is of another type than was offered. The cards are kept in place of those of the same issuer and configuration.
 */
export async function takeOffer(offer: Offer, told: string | undefined): Promise<readonly ForeignCard[]> {
  const content = held()
  if (offer.code === undefined) throw new Refused('offer_sign_in')
  await prepareRandomness()
  const listed = await listedForeign('foreign-issuer')
  const metadata = readIssuer(await document(offer.issuer, 'openid-credential-issuer'), offer.issuer)
  const token = readServer(await document(metadata.server, 'oauth-authorization-server'), metadata.server)
  for (const configuration of offer.configurations) metadata.offered(configuration)
  const key = newSoftwareKey(random)
  const access = readAccess(await post(token, key, FORM, tokenForm(offer.code, told)))
  const taken: ForeignCard[] = []
  try {
    for (const configuration of offer.configurations) taken.push(await takeOne(metadata, listed, key, access, configuration))
  } catch (error) {
    // All that was offered, or nothing.
    for (const card of taken) await dropCopies(card)
    throw error
  }
  const { cards, showings } = passOf(content)
  const isAnew = (card: ForeignCard) => taken.some(({ issuer, configuration }) => issuer === card.issuer && configuration === card.configuration)
  try {
    // Another pass came into use, or another window changed the wallet.
    if (state.content !== content) throw new Refused('shown_meanwhile')
    await write(content, { cards: [...taken, ...cards.filter((card) => !isAnew(card))], showings })
  } catch (error) {
    for (const card of taken) await dropCopies(card)
    throw error
  }
  for (const card of cards.filter(isAnew)) await dropCopies(card)
  return taken
}

async function takeOne(metadata: IssuerMetadata, listed: readonly Listed[], key: DeviceKey, access: Access, configuration: string): Promise<ForeignCard> {
  const { form, kind, names } = metadata.offered(configuration)
  const keys = await Promise.all(Array.from({ length: Math.min(COPIES, metadata.batch) }, makeKey))
  const dropAll = async () => { for (const { stored } of keys) await dropKey(stored) }
  try {
    const { credentials, notification } = await fetchCopies(metadata, key, access, configuration, keys.map((one) => one.key))
    const said = (event: string) => metadata.notification !== undefined && notification !== undefined
      // The issuer's wish; what came counts without it.
      ? post(metadata.notification, key, JSON_TYPE, JSON.stringify({ notification_id: notification, event }), access).then(() => undefined, () => undefined)
      : undefined
    const at = now()
    try {
      const copies = keys.map(({ stored, key: device }, i) => {
        const credential = credentials[i] ?? ''
        const { held: one, issuer } = receive(form, credential, device.publicKey, listed.map(({ certificate }) => certificate), at)
        if (one.kind !== kind) throw new Refused('issuer_configuration')
        const entry = entryFor(listed, issuer, form, [one.kind], 'foreign_type')
        return { copy: { credential, key: stored, shown: 0 }, issuer, entry }
      })
      const { issuer, entry } = copies[0]!
      await said('credential_accepted')
      return {
        issuer: metadata.issuer, issuerName: metadata.name ?? issuer.certificate.organization ?? issuer.certificate.commonName ?? metadata.issuer,
        configuration, names, form, kind, authority: entry.authority, jurisdiction: entry.jurisdiction, root: toBase64Url(issuer.anchor), received: at,
        copies: copies.map(({ copy }) => copy),
      }
    } catch (error) {
      await said('credential_failure')
      throw error
    }
  } catch (error) {
    await dropAll()
    throw error
  }
}

/** Asks for one copy a key, again where they are not ready. */
async function fetchCopies(metadata: IssuerMetadata, key: DeviceKey, access: Access, configuration: string, keys: readonly DeviceKey[]) {
  const nonce = metadata.nonce === undefined ? undefined : readNonce(await post(metadata.nonce, key, JSON_TYPE, ''))
  const proofs = await Promise.all(keys.map((device) => keyProof(device, metadata.issuer, nonce, now())))
  let [url, body]: [string, object] = [metadata.credential, credentialRequest(access, configuration, proofs)]
  for (let tries = 1; tries <= TRIES; tries += 1) {
    const delivered = readDelivered(await post(url, key, JSON_TYPE, JSON.stringify(body), access), keys.length)
    if ('credentials' in delivered) return delivered
    if (metadata.deferred === undefined) break
    ;[url, body] = [metadata.deferred, { transaction_id: delivered.transaction }]
    await new Promise<void>((resolve) => { setTimeout(resolve, 1000 * Math.min(Math.max(delivered.seconds, 1), LONGEST_WAIT)) })
  }
  throw new Refused('issuer_later')
}

const dropCopies = async ({ copies }: ForeignCard) => { for (const { key } of copies) await dropKey(key) }

/** Deletes a card from this phone; its issuer is not told. */
export async function dropCard(card: ForeignCard): Promise<void> {
  const content = held()
  const { cards, showings } = passOf(content)
  await write(content, { cards: cards.filter((one) => one !== card), showings })
  await dropCopies(card)
}

// --- showing ---------------------------------------------------------------------------------------------------------

/** A card with the copy that was shown least; `why` where it counts no more. */
export interface OpenedCard {
  readonly card: ForeignCard
  readonly copy: number
  readonly opened: HeldWithKey | undefined
  readonly why: string | undefined
}

async function openCard(card: ForeignCard): Promise<OpenedCard> {
  const copy = card.copies.reduce((best, one, i) => one.shown < (card.copies[best]?.shown ?? Infinity) ? i : best, 0)
  const stored = card.copies[copy]
  const key = stored && await openKey(stored.key)
  if (!stored || !key) return { card, copy, opened: undefined, why: 'card_key_lost' }
  try {
    return { card, copy, opened: { held: receive(card.form, stored.credential, key.publicKey, [fromBase64Url(card.root)], now()).held, key }, why: undefined }
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    return { card, copy, opened: undefined, why: error.code }
  }
}

/** The cards of the pass in use. */
export const openCards = (): Promise<readonly OpenedCard[]> => Promise.all(passOf(held()).cards.map(openCard))

/** A verifier's request, and what of this phone would answer it. */
export interface PreparedAnswer {
  readonly asked: Asked
  /** Who asks: as its certificate names it, and the hosts of it. */
  readonly who: string
  readonly listed: Listed
  readonly cards: readonly OpenedCard[]
  readonly needed: readonly Showing[]
  /** The same with what is optional; none where nothing is. */
  readonly all: readonly Showing[] | undefined
}

/** Fetches what a link asks for, holds it to every rule, and chooses what would answer. Nothing is sent. Throws `Refused` with the first reason. */
export async function prepareAnswer(text: string): Promise<PreparedAnswer> {
  const link = readRequestLink(text)
  const listed = await listedForeign('foreign-verifier')
  await prepareRandomness()
  const walletNonce = link.byPost ? toBase64Url(random(16)) : undefined
  const reply = walletNonce === undefined
    ? await ask('GET', link.requestUri, { Accept: 'application/oauth-authz-req+jwt' })
    : await ask('POST', link.requestUri, { Accept: 'application/oauth-authz-req+jwt', 'Content-Type': FORM }, new URLSearchParams({ wallet_nonce: walletNonce }).toString())
  if (!isGood(reply)) throw new Refused('request_expired')
  const anchors = listed.map(({ certificate }) => certificate)
  const asked = unlisted('verifier_unlisted', () => readRequest(textOf(reply).trim(), { anchors, link, walletNonce, now: now() }))
  const cards = await openCards()
  const counting = cards.filter(({ opened }) => opened)
  const candidates = counting.flatMap(({ opened }) => opened ? [opened.held] : [])
  const needed = choose(asked, candidates, false)
  if (!needed) throw new Refused('nothing_answers')
  const all = choose(asked, candidates, true) ?? needed
  const entries = all.map(({ candidate }) => candidates[candidate]).flatMap((one) => one ? [entryFor(listed, asked.verifier, one.form, kindsOf(one), 'verifier_type')] : [])
  const entry = entries[0]
  if (!entry) throw new Refused('nothing_answers')
  const { organization, commonName, dnsNames } = asked.verifier.certificate
  const name = organization ?? commonName
  const who = [...(name === undefined ? [] : [name]), ...dnsNames.filter((host) => host !== name)].join(' · ') || asked.clientId
  return { asked, who, listed: entry, cards: counting, needed, all: all.length > needed.length ? all : undefined }
}

/**
 * Answers a verifier. What is shown is written down before anybody can see it, and each copy counts as shown from then on. Gives the address at
 * which the holder's browser goes on, where the verifier names one.
 */
export async function sendAnswer({ asked, who, cards, needed, all }: PreparedAnswer, optional: boolean): Promise<string | undefined> {
  const content = held()
  const chosen = optional && all ? all : needed
  const opened = cards.flatMap((one) => one.opened ? [one.opened] : [])
  const response = await respond(asked, opened, chosen, now(), random)
  const shown = new Set(chosen.flatMap(({ candidate }) => cards[candidate] ?? []))
  const counted = (card: ForeignCard): ForeignCard => {
    const one = [...shown].find((other) => other.card === card)
    return one ? { ...card, copies: card.copies.map((copy, i) => i === one.copy ? { ...copy, shown: copy.shown + 1 } : copy) } : card
  }
  const { cards: stored, showings } = passOf(content)
  const showing = { at: now(), to: who, names: [...new Set(chosen.flatMap(({ names }) => names))] }
  await write(content, { cards: stored.map(counted), showings: [showing, ...showings].slice(0, SHOWINGS) })
  const reply = await ask('POST', asked.responseUri, { Accept: JSON_TYPE, 'Content-Type': FORM }, new URLSearchParams({ response }).toString())
  if (!isGood(reply)) throw new Refused('verifier_refused')
  // Nothing need come back.
  return leaveOut(() => readRedirect(readJson(fromUtf8(reply.body))))
}
