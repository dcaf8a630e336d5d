/**
 * An issuer of another system as a server: OpenID4VCI 1.0 by a counter's code, as strict as the standard lets it be with tokens, proofs and
 * nonces, so that what a wallet leaves out fails here.
 */
import { createHash, randomBytes } from 'node:crypto'
import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Cbor } from '../../core/cbor.js'
import { CborTag } from '../../core/cbor.js'
import { readJwk, readJws } from '../../openid/jws.js'
import type { Json } from '../../openid/json.js'
import { type Certified, certify, newRoot } from '../../openid/test/certificates.js'
import { issueMdoc, issueSdJwt } from '../../openid/test/issuer.js'

const now = () => Math.floor(Date.now() / 1000)
const LIFE = { from: now() - 3600, until: now() + 30 * 86_400 }
const PRE_AUTHORIZED = 'urn:ietf:params:oauth:grant-type:pre-authorized_code'

/** What its cards say of their holder; it belongs to nobody. */
export const CARD = { family_name: 'SPECIMEN CANARY', given_name: 'YUE', birth_date: '1984-02-29', document_number: 'C192837(4)', document_kind: 'hkid', nationality: 'CHN', email: 'canary@specimen.example' } as const
export const SD_JWT_KIND = 'urn:baypass:identity-card:1'
export const MDOC_KIND = 'org.baypass.identity-card.1'

interface Answer { readonly status: number; readonly body: object; readonly nonce?: string }

export class OtherIssuer {
  readonly root: Certified = newRoot('Specimen Ministry Root', LIFE)
  private readonly signer = certify({ name: 'Specimen Ministry', organization: 'Specimen Ministry', uses: ['28818c5d050102'], ...LIFE }, this.root)
  private server: Server | undefined
  private readonly codes = new Map<string, { number: string; tries: number }>()
  private readonly tokens = new Map<string, string>()
  private readonly nonces = new Set<string>()
  private readonly seen = new Set<string>()
  /** What wallets said of what they got; how many copies went out; keys for which there are credentials. */
  readonly heard: string[] = []
  readonly devices: string[] = []
  /** How often a card is not ready before it is; whether its token is bound; whether it wants attested wallets. */
  later = 0
  bound = true
  attested = false

  get address(): string {
    return `http://127.0.0.1:${(this.server!.address() as AddressInfo).port}`
  }

  static async open(): Promise<OtherIssuer> {
    const issuer = new OtherIssuer()
    issuer.server = createServer((asked, answer) => void issuer.serve(asked, answer))
    await new Promise<void>((resolve) => issuer.server!.listen(0, '127.0.0.1', resolve))
    return issuer
  }

  /** A counter's offer, and the number that its clerk tells the holder. */
  offer(configurations: readonly string[] = ['card-json', 'card-mdoc']): { readonly link: string; readonly number: string } {
    const [code, number] = [randomBytes(16).toString('hex'), String(randomBytes(4).readUInt32BE() % 1_000_000).padStart(6, '0')]
    this.codes.set(code, { number, tries: 3 })
    const offer = { credential_issuer: this.address, credential_configuration_ids: configurations, grants: { [PRE_AUTHORIZED]: { 'pre-authorized_code': code, tx_code: { input_mode: 'numeric', length: 6 } } } }
    return { link: `openid-credential-offer://?credential_offer=${encodeURIComponent(JSON.stringify(offer))}`, number }
  }

  private async serve(asked: IncomingMessage, answer: ServerResponse): Promise<void> {
    answer.setHeader('access-control-allow-origin', '*')
    answer.setHeader('access-control-allow-headers', 'authorization, content-type, dpop')
    answer.setHeader('access-control-expose-headers', 'dpop-nonce')
    if (asked.method === 'OPTIONS') return void answer.writeHead(204).end()
    const parts: Buffer[] = []
    for await (const part of asked) parts.push(part as Buffer)
    const { status, body, nonce } = this.answer(asked, Buffer.concat(parts).toString())
    if (nonce) answer.setHeader('dpop-nonce', nonce)
    answer.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  }

  private answer(asked: IncomingMessage, body: string): Answer {
    const at = this.address
    switch (asked.url) {
      case '/.well-known/openid-credential-issuer':
        return { status: 200, body: {
          credential_issuer: at, credential_endpoint: `${at}/credential`, nonce_endpoint: `${at}/nonce`, deferred_credential_endpoint: `${at}/deferred`, notification_endpoint: `${at}/notification`,
          batch_credential_issuance: { batch_size: 3 }, display: [{ name: 'Specimen Ministry', locale: 'en' }],
          credential_configurations_supported: { 'card-json': this.configuration('dc+sd-jwt', { vct: SD_JWT_KIND }), 'card-mdoc': this.configuration('mso_mdoc', { doctype: MDOC_KIND }), 'other-kind': this.configuration('dc+sd-jwt', { vct: 'urn:specimen:other:1' }) },
        } }
      case '/.well-known/oauth-authorization-server':
        return { status: 200, body: { issuer: at, token_endpoint: `${at}/token`, ...(this.attested ? { token_endpoint_auth_methods_supported: ['attest_jwt_client_auth'] } : {}) } }
      case '/nonce': {
        const nonce = this.fresh()
        return { status: 200, body: { c_nonce: nonce } }
      }
      case '/token': return this.proven(asked, undefined, (thumbprint) => this.token(new URLSearchParams(body), thumbprint))
      case '/credential': return this.authorized(asked, () => this.credential(JSON.parse(body) as Record<string, unknown>))
      case '/deferred': return this.authorized(asked, () => this.credential(this.waiting.get(String((JSON.parse(body) as { transaction_id: string }).transaction_id))!))
      case '/notification': return this.authorized(asked, () => {
        this.heard.push(String((JSON.parse(body) as { event: string }).event))
        return { status: 204, body: {} }
      })
      default: return { status: 404, body: { error: 'not_found' } }
    }
  }

  private configuration(format: string, more: object) {
    return { format, ...more, cryptographic_binding_methods_supported: ['jwk'], proof_types_supported: { jwt: { proof_signing_alg_values_supported: ['ES256'] } }, credential_metadata: { display: [{ locale: 'en', name: 'Specimen card' }, { locale: 'zh-Hant', name: '樣本證明' }] } }
  }

  private fresh(): string {
    const nonce = randomBytes(16).toString('base64url')
    this.nonces.add(nonce)
    return nonce
  }

  /** Holds a request to a fresh proof with a nonce of this server (RFC 9449). */
  private proven(asked: IncomingMessage, token: string | undefined, then: (thumbprint: string) => Answer): Answer {
    const { header, payload, isOf } = readJws(String(asked.headers['dpop'] ?? ''))
    const key = readJwk(header['jwk'])
    const nonce = String(payload['nonce'] ?? '')
    if (!this.nonces.has(nonce)) return { status: 401, body: { error: 'use_dpop_nonce' }, nonce: this.fresh() }
    const ath = token === undefined ? undefined : createHash('sha256').update(token).digest('base64url')
    const isRight = header['typ'] === 'dpop+jwt' && isOf(key) && payload['htm'] === asked.method && payload['htu'] === `${this.address}${asked.url}` && payload['ath'] === ath && !this.seen.has(String(payload['jti']))
    if (!isRight || Math.abs(Number(payload['iat']) - now()) > 60) return { status: 401, body: { error: 'invalid_dpop_proof' } }
    this.seen.add(String(payload['jti']))
    return then(Buffer.from(key).toString('hex'))
  }

  private authorized(asked: IncomingMessage, then: () => Answer): Answer {
    const token = /^DPoP (\S+)$/.exec(String(asked.headers['authorization'] ?? ''))?.[1]
    return this.proven(asked, token ?? '', (thumbprint) => token !== undefined && this.tokens.get(token) === thumbprint ? then() : { status: 401, body: { error: 'invalid_token' } })
  }

  private token(form: URLSearchParams, thumbprint: string): Answer {
    const code = form.get('pre-authorized_code') ?? ''
    const known = this.codes.get(code)
    if (form.get('grant_type') !== PRE_AUTHORIZED || !known || known.tries === 0) return { status: 400, body: { error: 'invalid_grant' } }
    if (form.get('tx_code') !== known.number) {
      known.tries -= 1
      return { status: 400, body: { error: 'invalid_grant' } }
    }
    this.codes.delete(code)
    const token = randomBytes(16).toString('base64url')
    this.tokens.set(token, thumbprint)
    return { status: 200, body: { access_token: token, token_type: this.bound ? 'DPoP' : 'Bearer', expires_in: 300 } }
  }

  private readonly waiting = new Map<string, Record<string, unknown>>()

  private credential(request: Record<string, unknown>): Answer {
    if (this.later > 0) {
      this.later -= 1
      const id = randomBytes(8).toString('hex')
      this.waiting.set(id, request)
      return { status: 202, body: { transaction_id: id, interval: 1 } }
    }
    const proofs = (request['proofs'] as { jwt: string[] }).jwt
    const keys = proofs.map((proof) => {
      const { header, payload, isOf } = readJws(proof)
      const key = readJwk(header['jwk'] as Json)
      if (header['typ'] !== 'openid4vci-proof+jwt' || payload['aud'] !== this.address || !this.nonces.has(String(payload['nonce'])) || !isOf(key)) throw new Error('the wallet’s proof of a key')
      return key
    })
    this.devices.push(...keys.map((key) => Buffer.from(key).toString('hex')))
    const issue = request['credential_configuration_id'] === 'card-mdoc' ? (key: Uint8Array) => this.mdoc(key) : (key: Uint8Array) => this.sdJwt(key, String(request['credential_configuration_id']))
    return { status: 200, body: { credentials: keys.map((key) => ({ credential: issue(key) })), notification_id: 'specimen' } }
  }

  private sdJwt(device: Uint8Array, configuration: string): string {
    const { birth_date: birth, nationality, ...rest } = CARD
    return issueSdJwt({ signer: this.signer, device, vct: configuration === 'other-kind' ? 'urn:specimen:other:1' : SD_JWT_KIND, open: { exp: now() + 7 * 86_400 }, hidden: { ...rest, birthdate: birth, birth_date: birth, nationalities: [nationality], age_equal_or_over: { 18: true } } })
  }

  private mdoc(device: Uint8Array): string {
    const { document_kind: kind, birth_date: birth, ...rest } = CARD
    const common = Object.entries(rest).map(([name, value]) => ['org.iso.23220.1', name, value] as const)
    const elements: readonly (readonly [string, string, Cbor])[] = [...common, ['org.iso.23220.1', 'birth_date', new CborTag(1004, birth)], [MDOC_KIND, 'document_kind', kind]]
    return Buffer.from(issueMdoc({ signer: this.signer, device, kind: MDOC_KIND, elements, at: now() })).toString('base64url')
  }

  stop(): void {
    this.server?.closeAllConnections()
    this.server?.close()
  }
}
