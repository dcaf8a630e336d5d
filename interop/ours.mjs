// Our wallet as a client of others: Credo, openid4vci and Hong Kong's authority issue by OpenID4VCI; Credo, polaris and openvc-core ask by OpenID4VP; and
// the wallet on the command line takes, shows and is believed, each issuer's credentials by each verifier. Mdocs that openvc-core believed,
// @auth0/mdl judges as well.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { judge } from './auth0.mjs'
import { FORMS, authority, credo, openid4vci, openvc, polarisVerifier } from './counterparties.mjs'
import { AUTH0, BIN } from './places.mjs'
import { inBrowser } from './web-wallet.mjs'

const why = (error) => String(error?.stderr || error?.message || error).trim()

/** Takes each form of an issuer's credential by offers of its counter, and is refused whatever a holder did not say. */
async function take(run, resident, from, note) {
  const whom = `${from.name}, issuer for our wallet`
  for (const form of FORMS) {
    const taken = async (...more) => {
      const { link, number } = await from.offer(form)
      return run('receive', resident, link, '--tx-code', number, '--copies', String(from.copies), ...more)
    }
    const [needed] = from.needs
    if (needed) {
      const refused = await taken('--root', from.root).catch(why)
      note(whom, `${form}: refused without ${needed}`, String(refused).includes(needed), refused)
    }
    // Roots of this installation's authorities count anyway.
    if (from.name !== 'HKG') {
      const refused = await taken(...from.needs).catch(why)
      note(whom, `${form}: a root that nobody named is refused`, String(refused).includes('does not count'), refused)
    }
    const got = await taken(...from.needs, '--root', from.root).catch(why)
    note(whom, `${form} by a counter's offer`, got.copies === from.copies, got.copies ? `${got.copies} copies` : got)
  }
}

/** Shows a credential of this issuer in each form, alone and together, as far as the verifier can ask for them. */
async function show(run, resident, from, verifier, roots, note) {
  for (const forms of verifier.asks) {
    const [whom, what] = [`${verifier.name}, verifier of our wallet`, `${forms.join(' and ')} of ${from.name}`]
    let asked
    try {
      asked = await verifier.ask(forms, from)
      const shown = await run('present', resident, asked.link, '--root', asked.root).catch(why)
      const names = await asked.believed().catch((error) => { throw new Error(`${why(error)}; ${JSON.stringify(shown)}`) })
      note(whom, what, names.length === forms.length && names.every((all) => all.join() === 'family_name'), `disclosed: ${names.map((all) => all.join()).join('; ')}`)
      for (const { response, session } of (await asked.mdocs?.()) ?? []) {
        const said = await judge(response, roots, session).catch(why)
        note(`${AUTH0}, verifier of our wallet`, what, said === from.types.doctype, said)
        const other = await judge(response, roots, { ...session, nonce: 'another-nonce' }).then(() => 'taken', why)
        note(`${AUTH0}, verifier of our wallet`, `${what} is refused over another session`, other !== 'taken', other)
      }
    } catch (error) {
      note(whom, what, false, why(error))
    } finally {
      await asked?.stop?.()
    }
  }
}

/** Every issuer with every verifier; each combination is a row of the report. `maker`: the folder of the maker of our wallet, whom the authorities pin;
 * `tls`: the files of certificate and key of servers on this machine, and of the root above. */
export async function ours(folder, bay, verifier, maker, tls, note) {
  const running = []
  const started = async (what) => {
    running.push(await what)
    return what
  }
  // Not waited for in place: this process serves what the command asks. Servers of others are under a root that the machine takes.
  const env = { ...process.env, SSL_CERT_FILE: tls.root }
  const run = async (command, resident, link, ...more) => JSON.parse((await promisify(execFile)(BIN, ['wallet', command, '--dir', bay.dir, '--resident', resident, link, '--json', ...more], { env })).stdout)
  try {
    const theirs = await started(credo(folder))
    const python = await started(openid4vci(folder, tls))
    // Each issuer's credentials lie in a wallet of their own.
    const issuers = [theirs.issuer, python.issuer, authority(bay, maker)].map((from, place) => [String(place + 1), from])
    const roots = issuers.map(([, { pem }]) => pem)
    for (const [resident, from] of issuers) await take(run, resident, from, note)
    const heard = await python.heard()
    const count = (event) => heard.filter((one) => one === event).length
    note(`${python.issuer.name}, issuer for our wallet`, 'it heard what became of them', count('credential_accepted') === FORMS.length && count('credential_failure') === FORMS.length, heard.join(', '))
    const judging = await started(openvc(folder, tls, roots))
    for (const one of [theirs.verifier(roots), polarisVerifier(verifier), judging.verifier]) {
      for (const [resident, from] of issuers) await show(run, resident, from, one, roots, note)
    }
    const verifiers = [theirs.verifier(roots), judging.verifier]
    await inBrowser(folder, bay, { theirs: theirs.issuer, unbound: python.issuer, attesting: authority(bay, maker), verifiers }, note)
  } finally {
    for (const one of running) await one.stop()
  }
}
