/** A maker of wallets of others, and one such wallet as far as it asks an authority for credentials (OAuth 2.0 under HAIP; interop/maker.mjs). */
import { type KeyObject, X509Certificate, createHash, createPrivateKey, generateKeyPairSync, randomBytes } from 'node:crypto'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { dpopProof } from '../../core/dpop.js'
import { newSoftwareKey } from '../../core/keys.js'
import { jws } from '../../openid/test/issuer.js'
import { program } from './bay.js'

export const CLIENT = 'specimen-wallet'
/** Where the wallet's answer goes; nobody is there. */
export const BACK = 'https://wallet.example/cb'

const now = () => Math.floor(Date.now() / 1000)

export interface Maker {
  /** Its root, PEM. */
  readonly pem: string
  /** Its signer: the key, and the certificate in DER. */
  readonly key: KeyObject
  readonly leaf: Buffer
}

/** A root, and a signer that it certifies, as `baypass wallet maker` makes them. */
export function newMaker(): Maker {
  const dir = mkdtempSync(join(tmpdir(), 'baypass-maker-'))
  const made = (name: string) => readFileSync(join(dir, 'maker', name))
  try {
    execFileSync(program(), ['wallet', 'maker', '--out', join(dir, 'maker')], { stdio: ['ignore', 'ignore', 'inherit'] })
    const key = createPrivateKey({ key: made('maker.key'), format: 'der', type: 'pkcs8' })
    return { pem: made('maker-root.pem').toString(), key, leaf: new X509Certificate(made('maker.pem')).raw }
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

/** A wallet of this maker's at one authority. */
export class AskingWallet {
  private readonly instance = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  private readonly dpop = newSoftwareKey((length) => randomBytes(length))
  private readonly verifier = randomBytes(32).toString('base64url')

  constructor(private readonly maker: Maker, private readonly issuer: string) {}

  /** An attested request to an endpoint of the authorization server. */
  private async post(path: string, pairs: Readonly<Record<string, string>>): Promise<{ readonly status: number; readonly answer: Record<string, unknown> }> {
    const nonce = (await fetch(`${this.issuer}/openid/nonce`, { method: 'POST' })).headers.get('dpop-nonce') ?? undefined
    const cnf = { jwk: this.instance.publicKey.export({ format: 'jwk' }) }
    const answer = await fetch(this.issuer + path, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        'oauth-client-attestation': jws(this.maker.key, { typ: 'oauth-client-attestation+jwt', x5c: [this.maker.leaf.toString('base64')] }, { sub: CLIENT, exp: now() + 300, cnf }),
        'oauth-client-attestation-pop': jws(this.instance.privateKey, { typ: 'oauth-client-attestation-pop+jwt' }, { aud: this.issuer, jti: randomBytes(8).toString('hex'), iat: now() }),
        dpop: await dpopProof(this.dpop, { method: 'POST', url: this.issuer + path, nonce }, randomBytes(16), now()),
      },
      body: new URLSearchParams(pairs).toString(),
    })
    return { status: answer.status, answer: (await answer.json()) as Record<string, unknown> }
  }

  /** Pushes a request; the address at which its holder signs in. */
  async push(scope: string, state: string): Promise<string> {
    const { status, answer } = await this.post('/openid/par', {
      response_type: 'code', client_id: CLIENT, redirect_uri: BACK, scope, state,
      code_challenge: createHash('sha256').update(this.verifier).digest('base64url'), code_challenge_method: 'S256',
    })
    if (status !== 201) throw new Error(`the authority answered ${status}: ${JSON.stringify(answer)}`)
    return `${this.issuer}/openid/authorize?${new URLSearchParams({ client_id: CLIENT, request_uri: String(answer['request_uri']) }).toString()}`
  }

  redeem(code: string) {
    return this.post('/openid/token', { grant_type: 'authorization_code', code, redirect_uri: BACK, code_verifier: this.verifier, client_id: CLIENT })
  }
}
