/** The mini-program as an operator builds it, and a phone that runs it against a small Bay. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Bay, ROOT } from './bay.js'
import { symbolText } from './hand.js'
import { Phone } from './phone.js'

/** The addresses of the authorities that are built in. */
export const BUILT_IN = JSON.parse(readFileSync(join(ROOT, 'web/wallet/public/authorities.json'), 'utf8')) as Readonly<Record<string, string>>

/** Builds it with the roots of this installation; gives the folder, which whoever asked removes. */
export function buildMini(bay: Bay): string {
  const built = mkdtempSync(join(tmpdir(), 'baypass-weixin-'))
  const source = join(ROOT, 'web/wallet')
  execFileSync('npx', ['uni', 'build', '-p', 'mp-weixin'], {
    cwd: source, stdio: 'ignore', env: { ...process.env, NODE_ENV: 'production', UNI_INPUT_DIR: join(source, 'src'), UNI_OUTPUT_DIR: built, BAYPASS_ROOTS: join(bay.dir, 'public/roots.json') },
  })
  return built
}

/** A phone with it; what it keeps outlives the phone in `storage`. `net`: where a request goes, for a network that fails. */
export const phoneOf = (bay: Bay, built: string, storage = new Map<string, unknown>(), net: (url: string) => string = (url) => url): Phone => new Phone({
  folder: built, language: 'en', selfie: bay.selfie, storage,
  net: (url) => net(Object.entries(BUILT_IN).reduce((at, [code, address]) => at.replace(address, bay.authorities[code]!), url)),
})

/** The text of the code on the phone's screen; empty where none stands there. */
export function symbolOf(phone: Phone): string {
  const { row, side } = phone.canvas.modules() ?? { row: '', side: 0 }
  return (side > 0 ? symbolText(row, side) : undefined) ?? ''
}

/** Waits until the pass has so many codes. */
export const codesOf = (phone: Phone, count: number): Promise<void> => phone.until(() => phone.find('left')?.attributes.get('data-codes') === count, 60)
