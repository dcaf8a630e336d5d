/** A wallet of another system as a process (`crates/baypass/examples/other_wallet.rs`), and its issuer in an authority's list. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { type Bay, ROOT, changeList } from './bay.js'

/** A built example beside the program, in the place of Cargo's own run. */
const BESIDE = join(process.env['BAYPASS_BIN'] ? dirname(process.env['BAYPASS_BIN']) : join(process.env['CARGO_TARGET_DIR'] ?? join(ROOT, 'target'), 'debug'), 'examples/other_wallet')

/** Why there is no such wallet here; `undefined` where there is one. */
export function noOtherWallet(): string | undefined {
  return existsSync(BESIDE) || spawnSync('cargo', ['--version']).status === 0 ? undefined : `neither ${BESIDE} nor cargo`
}

interface Issued { readonly type: string; readonly certificate: string; readonly number: string }

let issuers = 0

export class OtherWallet {
  private readonly lines: AsyncIterator<string>
  private readonly child: ChildProcess
  /** What its issuer is listed by. */
  private issued: Issued | undefined

  private constructor(private readonly bay: Bay, who: { readonly id: string; readonly name: string; readonly birth: string }) {
    if (!existsSync(BESIDE)) execFileSync('cargo', ['build', '-q', '--workspace', '--bin', 'baypass', '--example', 'other_wallet'], { cwd: ROOT, stdio: ['ignore', 'ignore', 'inherit'] })
    this.child = spawn(BESIDE, [who.id, who.name, who.birth, join(bay.dir, 'public/openid-hkg.pem')], { stdio: ['pipe', 'pipe', 'inherit'] })
    this.lines = createInterface({ input: this.child.stdout! })[Symbol.asyncIterator]()
  }

  /** Somebody's, from an issuer of its own, which is listed nowhere yet. */
  static async open(bay: Bay, who: { readonly id: string; readonly name: string; readonly birth: string }): Promise<OtherWallet> {
    const wallet = new OtherWallet(bay, who)
    wallet.issued = await wallet.line<Issued>()
    return wallet
  }

  /** Has Hong Kong's supervisors list its issuer, and waits until the authority gives that list out. */
  async list(): Promise<void> {
    const { type, certificate } = this.issued!
    const file = join(this.bay.dir, `issuer-${issuers += 1}.json`)
    const to = new Date(Date.now() + 20 * 86_400_000).toISOString().slice(0, 10)
    writeFileSync(file, JSON.stringify({ name: `specimen-${issuers}`, jurisdiction: 'HK', types: [type], documents: ['hkid'], to, certificate }))
    await changeList(this.bay, () => this.bay.run('trust', 'add-issuer', '--authority', 'HKG', '--file', file))
  }

  private async line<T>(): Promise<T> {
    const next = await this.lines.next()
    if (next.done) throw new Error('the other wallet ended')
    return JSON.parse(next.value) as T
  }

  private async step<T>(asked: object): Promise<T> {
    this.child.stdin!.write(`${JSON.stringify(asked)}\n`)
    const said = await this.line<T & { readonly refused?: string }>()
    if (said.refused) throw new Error(`the other wallet refuses: ${said.refused}`)
    return said
  }

  /** Shows who its holder is, to who asks by a link: the six digits that its browser shows then, or the code with which it was not taken. */
  async answer(link: string): Promise<string> {
    const { request_uri } = await this.step<{ readonly request_uri: string }>({ link })
    const object = await (await fetch(request_uri)).text()
    const { response_uri, form } = await this.step<{ readonly response_uri: string; readonly form: string }>({ link, object })
    const answer = await fetch(response_uri, { method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: form })
    const said = (await answer.json()) as { readonly redirect_uri?: string; readonly code?: string }
    if (!said.redirect_uri) return said.code ?? 'nothing'
    const page = await (await fetch(said.redirect_uri)).text()
    return /^\d{6}/.exec(page)![0]
  }

  end(): void {
    this.child.stdin?.end()
  }
}
