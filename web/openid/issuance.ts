/**
 * Issuance: what a wallet reads of an issuer that others built, and what it sends there (OpenID4VCI 1.0 under HAIP 1.0), by the
 * pre-authorized code of a counter. The Rust side is `openid4vc::issuance`.
 *
 * Lives here: offers, both metadata documents, requests, answers. Not here: HTTP, which issuers count, where a credential is kept. A page in a
 * browser has no maker who vouches for it: an issuer that wants one is not asked.
 */
import { FormError, Refused, refuse } from '../core/bytes.js'
import type { DeviceKey } from '../core/keys.js'
import { isSafe } from './address.js'
import { type Json, type JsonObject, isArray, isObject, member, readObject } from './json.js'
import { signJws, toJwk } from './jws.js'
import { isOfferLink } from './links.js'
import { MDOC } from './mdoc.js'
import { SD_JWT } from './sd-jwt.js'

/** Longest identifier, token or nonce; longest offer; most copies of one answer. */
const [MAX_TEXT, MAX_OFFER, MAX_BATCH] = [4096, 16 * 1024, 64]
const PRE_AUTHORIZED = 'urn:ietf:params:oauth:grant-type:pre-authorized_code'

/** Reads an object of an issuer's; `issuer_form` where it is none. */
const object = (text: string): JsonObject => refuse('issuer_form', () => readObject(text))

function text(found: JsonObject, name: string): string | undefined {
  const value = member(found, name)
  return typeof value === 'string' && value.length > 0 && value.length <= MAX_TEXT ? value : undefined
}

function endpoint(found: JsonObject, name: string): string {
  const uri = text(found, name)
  if (uri === undefined || !isSafe(uri)) throw new Refused('issuer_endpoint')
  return uri
}

const maybeEndpoint = (found: JsonObject, name: string) => member(found, name) === undefined ? undefined : endpoint(found, name)
const includes = (list: Json | undefined, word: string) => isArray(list) && list.includes(word)

// --- the offer -------------------------------------------------------------------------------------------------------

export interface Offer {
  readonly issuer: string
  readonly configurations: readonly string[]
  /** The pre-authorized code; none where the holder is to sign in at the issuer. */
  readonly code: string | undefined
  /** How the number looks that the issuer told the holder; none where it told none. */
  readonly number: { readonly isDigits: boolean; readonly length: number | undefined } | undefined
}

/** The offer in a link, or where it lies. */
export function readOfferLink(link: string): { readonly offer: Offer } | { readonly at: string } {
  if (!isOfferLink(link)) throw new Refused('offer_link')
  const query = new URLSearchParams(link.slice(link.indexOf('?') + 1))
  const [inside, at] = [query.get('credential_offer'), query.get('credential_offer_uri')]
  if (inside !== null && at === null) return { offer: readOffer(inside) }
  if (at === null || inside !== null) throw new Refused('offer_link')
  if (!isSafe(at)) throw new Refused('issuer_endpoint')
  return { at }
}

export function readOffer(json: string): Offer {
  if (json.length > MAX_OFFER) throw new Refused('offer_link')
  const found = object(json)
  const [issuer, listed, grants] = [text(found, 'credential_issuer'), member(found, 'credential_configuration_ids'), member(found, 'grants')]
  if (issuer === undefined || !isArray(listed) || listed.length === 0 || !listed.every((one) => typeof one === 'string')) throw new Refused('offer_link')
  if (!isSafe(issuer)) throw new Refused('issuer_endpoint')
  const grant = isObject(grants) ? member(grants, PRE_AUTHORIZED) : undefined
  const number = isObject(grant) ? member(grant, 'tx_code') : undefined
  const length = isObject(number) ? member(number, 'length') : undefined
  return {
    issuer, configurations: listed as readonly string[], code: isObject(grant) ? text(grant, 'pre-authorized_code') : undefined,
    number: isObject(number) ? { isDigits: member(number, 'input_mode') !== 'text', length: typeof length === 'number' ? length : undefined } : undefined,
  }
}

// --- what it publishes -----------------------------------------------------------------------------------------------

/** Where a document of this name lies (RFC 8615): between host and path. */
export function wellKnown(identifier: string, name: string): string {
  const [, origin = '', path = ''] = /^(https?:\/\/[^/]+)(\/.*)?$/.exec(identifier) ?? []
  return `${origin}/.well-known/${name}${path.replace(/\/$/, '')}`
}

export interface Configuration {
  readonly form: typeof SD_JWT | typeof MDOC
  /** `vct` or `doctype`. */
  readonly kind: string
  /** What it is called, by language; `''` where none is named. */
  readonly names: Readonly<Record<string, string>>
}

export interface IssuerMetadata {
  readonly issuer: string
  /** Its authorization server. */
  readonly server: string
  readonly credential: string
  readonly nonce: string | undefined
  readonly deferred: string | undefined
  readonly notification: string | undefined
  /** Most keys in one request. */
  readonly batch: number
  /** What it calls itself, where it says so. */
  readonly name: string | undefined
  /** The credential of a configuration; throws where there is none that this wallet can ask for. */
  offered(configuration: string): Configuration
}

export function readIssuer(document: string, issuer: string): IssuerMetadata {
  const found = object(document)
  if (text(found, 'credential_issuer') !== issuer) throw new Refused('issuer_other')
  const servers = member(found, 'authorization_servers')
  const server = servers === undefined ? issuer : isArray(servers) && typeof servers[0] === 'string' && isSafe(servers[0]) ? servers[0] : undefined
  const listed = member(found, 'credential_configurations_supported')
  if (server === undefined) throw new Refused('issuer_endpoint')
  if (!isObject(listed)) throw new Refused('issuer_form')
  const [batch, display] = [member(found, 'batch_credential_issuance'), member(found, 'display')]
  const size = isObject(batch) ? member(batch, 'batch_size') : undefined
  const first = isArray(display) ? display[0] : undefined
  return {
    issuer, server, credential: endpoint(found, 'credential_endpoint'), nonce: maybeEndpoint(found, 'nonce_endpoint'),
    deferred: maybeEndpoint(found, 'deferred_credential_endpoint'), notification: maybeEndpoint(found, 'notification_endpoint'),
    batch: typeof size === 'number' && Number.isSafeInteger(size) ? Math.min(Math.max(size, 1), MAX_BATCH) : 1,
    name: isObject(first) ? text(first, 'name') : undefined,
    offered: (configuration) => readConfiguration(member(listed, configuration)),
  }
}

function readConfiguration(found: Json | undefined): Configuration {
  const format = isObject(found) ? member(found, 'format') : undefined
  if (!isObject(found) || (format !== SD_JWT && format !== MDOC)) throw new Refused('issuer_configuration')
  const kind = text(found, format === SD_JWT ? 'vct' : 'doctype')
  if (kind === undefined) throw new Refused('issuer_configuration')
  const proofs = member(found, 'proof_types_supported')
  const jwt = isObject(proofs) ? member(proofs, 'jwt') : undefined
  if (!isObject(jwt) || !includes(member(jwt, 'proof_signing_alg_values_supported'), 'ES256') || member(jwt, 'key_attestations_required') !== undefined) throw new Refused('issuer_attestation')
  const metadata = member(found, 'credential_metadata')
  const display = isObject(metadata) ? member(metadata, 'display') : member(found, 'display')
  return { form: format, kind, names: readNames(display) }
}

/** Most languages in which a card's name is kept. */
const MAX_NAMES = 8

function readNames(display: Json | undefined): Readonly<Record<string, string>> {
  const pairs = (isArray(display) ? display : []).flatMap((one) => {
    const [locale, name] = isObject(one) ? [member(one, 'locale') ?? '', member(one, 'name')] : []
    return typeof locale === 'string' && typeof name === 'string' && name.length <= 100 ? [[locale, name] as const] : []
  })
  return Object.fromEntries(pairs.slice(0, MAX_NAMES))
}

/** The token endpoint of an authorization server; throws where it wants a maker's word for the wallet. */
export function readServer(document: string, server: string): string {
  const found = object(document)
  if (text(found, 'issuer') !== server) throw new Refused('issuer_other')
  const isAnonymous = member(found, 'pre-authorized_grant_anonymous_access_supported') === true
  if (!isAnonymous && includes(member(found, 'token_endpoint_auth_methods_supported'), 'attest_jwt_client_auth')) throw new Refused('issuer_attestation')
  return endpoint(found, 'token_endpoint')
}

// --- asking ----------------------------------------------------------------------------------------------------------

/** The form that asks for a token (OpenID4VCI 1.0, 6.1). */
export const tokenForm = (code: string, told: string | undefined): string =>
  new URLSearchParams({ grant_type: PRE_AUTHORIZED, 'pre-authorized_code': code, ...(told === undefined ? {} : { tx_code: told }) }).toString()

export interface Access {
  readonly token: string
  /** Names under which a credential is asked for, by configuration. */
  readonly identifiers: ReadonlyMap<string, string>
}

/** The token endpoint's answer. A token that is not bound to the wallet's key (RFC 9449) is refused: whoever saw it could take the credential. */
export function readAccess(answer: string): Access {
  const found = object(answer)
  const token = text(found, 'access_token')
  if (token === undefined) throw new Refused('issuer_form')
  if (text(found, 'token_type')?.toLowerCase() !== 'dpop') throw new Refused('issuer_unbound')
  const details = member(found, 'authorization_details')
  const identifiers = (isArray(details) ? details : []).flatMap((one) => {
    const [id, names] = isObject(one) ? [member(one, 'credential_configuration_id'), member(one, 'credential_identifiers')] : []
    return typeof id === 'string' && isArray(names) && typeof names[0] === 'string' ? [[id, names[0]] as const] : []
  })
  return { token, identifiers: new Map(identifiers) }
}

export function readNonce(answer: string): string {
  const nonce = text(object(answer), 'c_nonce')
  if (nonce === undefined) throw new Refused('issuer_form')
  return nonce
}

/** Signs that this wallet holds a key, for one issuer and its nonce (OpenID4VCI 1.0, F.1). `at` is in seconds since 1970. */
export const keyProof = (key: DeviceKey, issuer: string, nonce: string | undefined, at: number): Promise<string> =>
  signJws(key, { typ: 'openid4vci-proof+jwt', jwk: toJwk(key.publicKey) }, { aud: issuer, iat: at, ...(nonce === undefined ? {} : { nonce }) })

/** What asks for a credential for the keys of these proofs (OpenID4VCI 1.0, 8.2): by the identifier that came with the token, where one did. */
export function credentialRequest({ identifiers }: Access, configuration: string, proofs: readonly string[]): object {
  const identifier = identifiers.get(configuration)
  return { ...(identifier === undefined ? { credential_configuration_id: configuration } : { credential_identifier: identifier }), proofs: { jwt: proofs } }
}

/** Credentials, one for each key; or that they are not ready, and after how many seconds they are asked for again. */
export type Delivered =
  | { readonly credentials: readonly string[]; readonly notification: string | undefined }
  | { readonly transaction: string; readonly seconds: number }

export function readDelivered(answer: string, keys: number): Delivered {
  const found = object(answer)
  const [transaction, seconds] = [text(found, 'transaction_id'), member(found, 'interval')]
  if (transaction !== undefined) return { transaction, seconds: typeof seconds === 'number' && seconds >= 0 ? seconds : 5 }
  const all = member(found, 'credentials')
  const credentials = (isArray(all) ? all : []).map((one) => isObject(one) ? member(one, 'credential') : undefined)
  if (credentials.length !== keys || !credentials.every((one) => typeof one === 'string')) throw new Refused('issuer_count')
  return { credentials: credentials as readonly string[], notification: text(found, 'notification_id') }
}

/** The code with which a server refused (RFC 6749, 5.2). */
export function readRefusal(answer: string): string | undefined {
  try {
    return text(readObject(answer), 'error')
  } catch (error) {
    if (error instanceof FormError) return undefined
    throw error
  }
}
