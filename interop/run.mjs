// Drives programs of others against this one, and writes what passed with whom: target/interop/report.md. A run that did not take place
// is a failure.
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { USES, root } from './certificates.mjs'
import { AUTH0, BIN, CREDO, MODELS, OPENID4VCI, OPENVC, POLARIS, PYMDOCCBOR, ROOT } from './places.mjs'

const began = Date.now()
const out = join(ROOT, 'target/interop')
mkdirSync(out, { recursive: true })
if (!existsSync(BIN)) throw new Error(`${BIN} is not there: cargo build --workspace --bin baypass`)
const folder = mkdtempSync(join(tmpdir(), 'baypass-interop-'))
const dir = join(folder, 'bay')
execFileSync(BIN, ['init', dir], { env: { ...process.env, BAYPASS_MODELS: MODELS } })
// Servers of others on this machine have a root of their own, beside that of the installation.
const others = await root('Specimen servers')
const server = await others.certify('localhost', USES.server)
const ca = join(folder, 'ca.pem')
for (const [name, text] of Object.entries({ 'tls-root.pem': others.pem, 'tls.pem': server.pem, 'tls.key': server.key })) writeFileSync(join(folder, name), text)
writeFileSync(ca, `${readFileSync(join(dir, 'public/ca.pem'), 'utf8')}\n${others.pem}\n`)
const env = { ...process.env, NODE_EXTRA_CA_CERTS: ca, BAYPASS_PYTHON: process.env.BAYPASS_PYTHON ?? join(out, 'py/bin/python') }
const run = spawnSync(process.execPath, [new URL('issue.mjs', import.meta.url).pathname, folder], { env, stdio: ['ignore', 'inherit', 'inherit'] })
const file = join(folder, 'results.json')
const results = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : [{ with: 'the run', what: 'it came to an end', ok: false, detail: `ended with ${run.status ?? run.signal}` }]
for (const whom of [CREDO, OPENID4VCI, POLARIS, OPENVC, AUTH0, PYMDOCCBOR]) {
  if (!results.some((one) => one.with.startsWith(whom))) results.push({ with: whom, what: 'it took part', ok: false, detail: 'nothing was asked of it' })
}
const failed = results.filter(({ ok }) => !ok)
const seconds = Math.round((Date.now() - began) / 1000)
const groups = results.reduce((all, one) => ({ ...all, [one.with]: [...(all[one.with] ?? []), one] }), {})
const lines = ['# What passed with whom', '', `${results.length - failed.length} of ${results.length} checks passed, in ${seconds} s.`, '']
for (const [name, rows] of Object.entries(groups)) {
  lines.push(`## ${name}`, '', '| | check | detail |', '|---|---|---|')
  for (const { what, ok, detail } of rows) lines.push(`| ${ok ? 'passed' : '**failed**'} | ${what} | ${String(detail ?? '').replaceAll('|', '/').replaceAll('\n', ' ').slice(0, 200)} |`)
  lines.push('')
}
writeFileSync(join(out, 'report.md'), lines.join('\n'))
console.log(`\n${results.length - failed.length} of ${results.length} checks passed in ${seconds} s; ${join('target/interop', 'report.md')} says which with whom`)
// A browser may still write as it ends.
rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 500 })
process.exit(failed.length === 0 && run.status === 0 && results.length > 0 ? 0 : 1)
