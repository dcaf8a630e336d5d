/**
 * Presentations: a verifier's signed request as a wallet reads it, and the wallet's encrypted answer (OpenID4VP 1.0 under HAIP 1.0, by
 * redirect). The Rust side is `openid4vc::presentation`, with the same codes.
 *
 * Lives here: links, requests, answers. Not here: fetching, which verifiers count (`core/trust`), the Digital Credentials API, which
 * calls wallets of the platform and no page.
 */
import { FormError, Refused, refuse, toBase64Url, toUtf8 } from '../core/bytes.js'
import { type DeviceKey, type Random, sha256 } from '../core/keys.js'
import { host, isSafe } from './address.js'
import { type Leaf, verifyChain } from './certificate.js'
import { type Held, type Query, type Shown, readQuery, select } from './dcql.js'
import { type Json, type JsonObject, isArray, isObject, member } from './json.js'
import { ENCRYPTIONS, type Encryption, encryptTo } from './jwe.js'
import { readJwk, readJws, toJwk } from './jws.js'
import { isRequestLink } from './links.js'
import { MDOC, presentMdoc, redirectTranscript } from './mdoc.js'
import { SD_JWT, disclosureNames, presentSdJwt } from './sd-jwt.js'

const REQUEST_TYPE = 'oauth-authz-req+jwt'
/** `aud` of a request object to a wallet whose metadata nobody looked up (5.8). */
const SELF_ISSUED = 'https://self-issued.me/v2'
/** Longest request in characters, and how far a clock may lie behind its end, in seconds. */
const [MAX_REQUEST, LATE] = [64 * 1024, 10]

export interface RequestLink {
  readonly clientId: string
  readonly requestUri: string
  /** Whether it is fetched by POST, with a nonce of the wallet's (5.10). */
  readonly byPost: boolean
}

/** Reads a link to a signed request that lies at an address; what stands in the link itself is not read. */
export function readRequestLink(text: string): RequestLink {
  const query = new URLSearchParams(text.slice(text.indexOf('?') + 1))
  const one = (name: string) => {
    // Twice would be two links in one: which of them counts?
    const all = query.getAll(name)
    return all.length === 1 ? all[0] : undefined
  }
  const [clientId, requestUri] = [one('client_id'), one('request_uri')]
  if (!isRequestLink(text) || clientId === undefined || requestUri === undefined) throw new Refused('request_link')
  if (!isSafe(requestUri)) throw new Refused('request_address')
  return { clientId, requestUri, byPost: one('request_uri_method') === 'post' }
}

/** A request that may be shown and answered. */
export interface Asked {
  readonly clientId: string
  readonly verifier: Leaf
  readonly nonce: string
  readonly state: string | undefined
  readonly responseUri: string
  readonly query: Query
  /** The key to which the answer is encrypted, compressed, and its name. */
  readonly key: Uint8Array
  readonly kid: string | undefined
  readonly enc: Encryption
}

export interface Context {
  /** Certificates above verifiers that count, in DER. */
  readonly anchors: readonly Uint8Array[]
  readonly link: RequestLink
  /** The nonce that went along where it was fetched by POST. */
  readonly walletNonce: string | undefined
  /** In seconds since 1970. */
  readonly now: number
}

const parameter = () => new Refused('request_parameter')

function text(claims: JsonObject, name: string): string {
  const found = member(claims, name)
  if (typeof found !== 'string') throw parameter()
  return found
}

/** Reads a signed request object. Throws `Refused` with the first fault. */
export function readRequest(object: string, { anchors, link, walletNonce, now }: Context): Asked {
  if (object.length > MAX_REQUEST) throw new Refused('request_form')
  const jws = refuse('request_form', () => readJws(object))
  if (member(jws.header, 'typ') !== REQUEST_TYPE) throw new Refused('request_form')
  if (!jws.x5c) throw new Refused('request_no_certificate')
  const verifier = verifyChain(jws.x5c, anchors, 'reader', now)
  if (!jws.isOf(verifier.key)) throw new Refused('request_signature')
  const claims = jws.payload
  const clientId = text(claims, 'client_id')
  if (clientId !== link.clientId) throw new Refused('request_client_id')
  holdClient(clientId, verifier)
  // Credo 0.6.3 names the address at which the object lies.
  const audience = member(claims, 'aud')
  if (audience !== SELF_ISSUED && audience !== link.requestUri) throw new Refused('request_audience')
  const ends = member(claims, 'exp')
  if (ends !== undefined && !Number.isSafeInteger(ends)) throw parameter()
  if (typeof ends === 'number' && now - ends > LATE) throw new Refused('request_expired')
  if (walletNonce !== undefined && member(claims, 'wallet_nonce') !== walletNonce) throw new Refused('request_wallet_nonce')
  return { ...readParameters(claims, clientId), clientId, verifier }
}

/** Holds a client id to the certificate that signed (5.9). */
function holdClient(clientId: string, { certificate }: Leaf): void {
  const hash = /^x509_hash:([A-Za-z0-9_-]{43})$/.exec(clientId)?.[1]
  const name = /^x509_san_dns:([^:/*]+)$/.exec(clientId)?.[1]
  if (hash === undefined && name === undefined) throw new Refused('request_client_id_prefix')
  const isOwn = hash !== undefined ? hash === toBase64Url(sha256(certificate.der)) : certificate.dnsNames.some((own) => own.toLowerCase() === name?.toLowerCase())
  if (!isOwn) throw new Refused('request_client_id')
}

function readParameters(claims: JsonObject, clientId: string): Omit<Asked, 'clientId' | 'verifier'> {
  if (text(claims, 'response_type') !== 'vp_token') throw parameter()
  if (member(claims, 'transaction_data') !== undefined) throw new Refused('request_transaction_data')
  if (member(claims, 'scope') !== undefined || member(claims, 'redirect_uri') !== undefined) throw parameter()
  const nonce = text(claims, 'nonce')
  if (!/^[A-Za-z0-9._~-]{16,512}$/.test(nonce)) throw parameter()
  const state = member(claims, 'state')
  if (state !== undefined && typeof state !== 'string') throw parameter()
  if (text(claims, 'response_mode') !== 'direct_post.jwt') throw parameter()
  const responseUri = text(claims, 'response_uri')
  const named = /^x509_san_dns:(.+)$/.exec(clientId)?.[1]
  if (!isSafe(responseUri) || (named !== undefined && host(responseUri)?.toLowerCase() !== named.toLowerCase())) throw new Refused('request_address')
  const query = readQuery(member(claims, 'dcql_query'))
  const metadata = member(claims, 'client_metadata')
  if (!isObject(metadata)) throw parameter()
  const formats = member(metadata, 'vp_formats_supported')
  if (!isObject(formats)) throw parameter()
  if (member(formats, SD_JWT) === undefined && member(formats, MDOC) === undefined) throw new Refused('request_formats')
  return { nonce, state, responseUri, query, ...readEncryption(metadata) }
}

/** The first key on P-256 for ECDH-ES, and how content is encrypted (8.3). */
function readEncryption(metadata: JsonObject): Pick<Asked, 'key' | 'kid' | 'enc'> {
  const jwks = member(metadata, 'jwks')
  const keys = isObject(jwks) ? member(jwks, 'keys') : undefined
  const names = member(metadata, 'encrypted_response_enc_values_supported') ?? ['A128GCM']
  const enc = isArray(names) ? ENCRYPTIONS.find((known) => names.includes(known)) : undefined
  for (const jwk of isArray(keys) ? keys : []) {
    if (!isObject(jwk) || member(jwk, 'alg') !== 'ECDH-ES' || (member(jwk, 'use') ?? 'enc') !== 'enc') continue
    try {
      const kid = member(jwk, 'kid')
      if (enc) return { key: readJwk(jwk), kid: typeof kid === 'string' ? kid : undefined, enc }
    } catch (error) {
      if (!(error instanceof FormError)) throw error
    }
  }
  throw new Refused('request_encryption')
}

// --- the answer ------------------------------------------------------------------------------------------------------

export interface HeldWithKey {
  readonly held: Held
  readonly key: DeviceKey
}

/** What would be shown of one credential. */
export interface Showing {
  readonly query: string
  /** Its place among the candidates. */
  readonly candidate: number
  /** Names of what is shown, with dots on the way to each. */
  readonly names: readonly string[]
  readonly shown: Shown
  readonly bound: boolean
}

/** What of these credentials answers; none where nothing does. */
export function choose({ query }: Asked, candidates: readonly Held[], optional: boolean): readonly Showing[] | undefined {
  return select(query, candidates, optional)?.flatMap(([place, matches]) => matches.flatMap(({ candidate, shown }) => {
    const [asked, held] = [query.credentials[place], candidates[candidate]]
    if (!asked || !held) return []
    const names = 'elements' in shown ? shown.elements.map(([, name]) => name) : held.form === SD_JWT ? disclosureNames(held, shown.disclosures) : []
    return [{ query: asked.id, candidate, names, shown, bound: asked.bound }]
  }))
}

/** The encrypted answer: the form's one parameter `response`. `at` is in seconds since 1970. */
export async function respond(asked: Asked, held: readonly HeldWithKey[], chosen: readonly Showing[], at: number, random: Random): Promise<string> {
  const token: Record<string, string[]> = {}
  for (const one of chosen) {
    const with_ = held[one.candidate]
    if (with_) (token[one.query] ??= []).push(await present(asked, with_, one, at))
  }
  const answer = { vp_token: token, ...(asked.state === undefined ? {} : { state: asked.state }) }
  return encryptTo(asked, toUtf8(JSON.stringify(answer)), random)
}

async function present(asked: Asked, { held, key }: HeldWithKey, { shown, bound }: Showing, at: number): Promise<string> {
  if (held.form === SD_JWT && 'disclosures' in shown) {
    return presentSdJwt(held, shown.disclosures, bound ? { audience: asked.clientId, nonce: asked.nonce, at, key } : undefined)
  }
  if (held.form === MDOC && 'elements' in shown) {
    const transcript = redirectTranscript(asked.clientId, asked.nonce, thumbprint(asked.key), asked.responseUri)
    const shows = (nameSpace: string, element: string) => shown.elements.some(([space, name]) => space === nameSpace && name === element)
    return toBase64Url(await presentMdoc(held, shows, transcript, key))
  }
  throw new Refused('request_formats')
}

/** RFC 7638: SHA-256 over the members in order of their names. */
function thumbprint(key: Uint8Array): Uint8Array {
  const { crv, kty, x, y } = toJwk(key)
  return sha256(toUtf8(JSON.stringify({ crv, kty, x, y })))
}

/** Where the holder's browser goes on after an answer, where the verifier says so and the address is one to go to. */
export function readRedirect(answer: Json | undefined): string | undefined {
  const uri = isObject(answer) ? member(answer, 'redirect_uri') : undefined
  return typeof uri === 'string' && isSafe(uri) ? uri : undefined
}
