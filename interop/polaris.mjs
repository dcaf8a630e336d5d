// What polaris-oid4vp says of every kind of SD-JWT VC that our authorities issue, shown by Credo: its own command asks, by direct_post.jwt, and the
// word that counts is `authentic`.
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { POLARIS } from './places.mjs'
import { show } from './present.mjs'
import { serve } from './servers.mjs'

const PORT = 7466
const WHOM = `${POLARIS}, verifier`
const command = (...args) => ['-c', 'import sys; from polaris_oid4vp.cli import main; sys.exit(main())', ...args]

/** A verifier by polaris; `ask` starts it for one request. `tls`: the files of its server's certificate. */
export function polaris(folder, tls) {
  const pki = join(folder, 'polaris')
  execFileSync(process.env.BAYPASS_PYTHON, command('keygen', '--out', pki, '--host', 'localhost', '--port', String(PORT)))
  // The server's own certificate signs itself; ours is under the root that everybody here takes for TLS.
  writeFileSync(join(pki, 'tls.pem'), readFileSync(tls.certificate))
  writeFileSync(join(pki, 'tls-key.pem'), readFileSync(tls.key))
  return {
    anchor: join(pki, 'anchor.pem'),
    /** Asks for these claims of this type under this root (a file). `heard` waits for what it made of the next answer; `stop` ends it. */
    async ask({ root, vct, claims }) {
      const wanted = claims.flatMap((claim) => ['--claim', claim])
      const args = ['serve', '--pki', pki, '--host', 'localhost', '--bind', '127.0.0.1', '--port', String(PORT), '--issuer-trust-anchor', root, '--vct', vct, ...wanted, '--once']
      const server = await serve('polaris', process.env.BAYPASS_PYTHON, command(...args), { ...process.env, PYTHONUNBUFFERED: '1' }, (said) => said.match(/openid4vp:\/\/\S+/)?.[0])
      return { link: server.ready, heard: () => server.until((said) => said.match(/<- (\d+ [^\n]*)\n/)?.[1], 20), stop: server.stop }
    },
  }
}

/** The names of claims that a compact SD-JWT may disclose, and its type. */
function disclosable(compact) {
  const [signed, ...disclosures] = compact.split('~')
  const { vct } = JSON.parse(Buffer.from(signed.split('.')[1], 'base64url'))
  const members = disclosures.filter(Boolean).map((one) => JSON.parse(Buffer.from(one, 'base64url'))).filter((one) => one.length === 3)
  // Ages stand one by one in an object; the rest are outermost.
  return { vct, claims: members.map(([, name]) => (/^\d+$/.test(name) ? `age_equal_or_over.${name}` : name)).sort() }
}

/** Every kind is asked for with all its claims, under the root of its authority; under another's root it is refused. */
export async function kinds(verifier, agent, kept, rootFiles, note) {
  agent.x509.config.addTrustedCertificate(readFileSync(verifier.anchor, 'utf8'))
  for (const { code, id, record } of kept) {
    const { vct, claims } = disclosable(record.credentialInstances[0].compactSdJwtVc)
    const others = { CHN: 'HKG', HKG: 'MAC', MAC: 'CHN' }
    for (const [what, root, right] of [
      [`${code} ${id}, shown by Credo`, code, (said) => said?.startsWith('200 authentic')],
      [`${code} ${id} is refused under the root of ${others[code]}`, others[code], (said) => said?.includes('refused: issuer_key')],
    ]) {
      let asked
      try {
        asked = await verifier.ask({ root: rootFiles[root], vct, claims })
        const fault = await show(agent, asked.link, [record.id]).then(() => undefined, (error) => error)
        const said = await asked.heard().catch(() => { throw fault ?? new Error('polaris heard nothing') })
        note(WHOM, what, right(said), said)
      } catch (error) {
        note(WHOM, what, false, String(error?.cause?.message ?? error?.message ?? error))
      } finally {
        await asked?.stop()
      }
    }
  }
}
