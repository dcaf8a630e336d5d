// Our wallet in a browser as a client of others: the built page in Chromium takes credentials that Credo issues, and Credo and openvc-core believe what it
// shows; an issuer that gives no bound token it refuses, and an authority, which wants an attested wallet, lets no page ask. Whom it believes stands in Hong Kong's trust list.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readRoots, walletServer } from '../web/wallet/serve.mjs'
import { openPage } from './browser.mjs'
import { FORMS } from './counterparties.mjs'
import { BIN, ROOT } from './places.mjs'

const BUILT = join(ROOT, 'web/wallet/dist/build/h5')
const PIN = '274951'
const WHOM = (name, role) => `${name}, ${role} of our wallet in a browser`
const inDays = (days) => new Date(Date.now() + days * 864e5).toISOString().slice(0, 10)

/** Has Hong Kong's supervisors list somebody, and waits until the authority gives that list out. */
async function list(bay, command, entry) {
  const file = join(bay.dir, 'listed.json')
  writeFileSync(file, JSON.stringify({ jurisdiction: 'HK', to: inDays(20), ...entry }))
  const lists = async () => (await fetch(`${bay.issuers.HKG}/v1/trust-lists`)).text()
  const before = await lists()
  execFileSync(BIN, ['trust', command, '--dir', bay.dir, '--authority', 'HKG', '--file', file])
  for (let tries = 0; (await lists()) === before; tries += 1) {
    if (tries === 120) throw new Error('Hong Kong gives out no new list')
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
}

/** The page behind a PIN, at the cards of other systems; a pass is not needed for them. */
async function openWallet(folder, bay) {
  if (!existsSync(join(BUILT, 'index.html'))) throw new Error('the web wallet is not built (make web)')
  const server = walletServer({ folder: BUILT, authorities: bay.issuers, roots: readRoots(join(bay.dir, 'public/roots.json')), relay: true })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  // Servers of others here are under a root of this run's, which no browser knows.
  const page = await openPage(join(folder, 'web-wallet'), `http://127.0.0.1:${server.address().port}/`, ['--ignore-certificate-errors'])
  const last = (id) => `[...document.querySelectorAll('#${id}')].at(-1)`
  const see = (...ids) => page.until(ids.join(' or '), ids.map((id) => `!!${last(id)}?.offsetParent`).join(' || '))
  const press = async (id) => {
    await see(id)
    await page.evaluate(`${last(id)}.click()`)
  }
  const fill = async (id, text) => {
    await see(id)
    await page.evaluate(`(() => { const field = ${last(id)}; field.value = ${JSON.stringify(text)}; field.dispatchEvent(new Event('input', { bubbles: true })) })()`)
  }
  const said = (id) => page.evaluate(`${last(id)}?.innerText ?? ''`)
  const isThere = (id) => page.evaluate(`!!${last(id)}?.offsetParent`)
  await press('language-en')
  await press('home-HKG')
  await fill('pin', PIN)
  await press('next')
  await page.until('the PIN to be asked again', `${last('pin')}?.value === ''`)
  await fill('pin', PIN)
  await press('next')
  await see('number')
  await page.evaluate(`location.hash = '#/pages/others/others'`)
  await see('open-link')
  const open = async (link) => {
    await fill('other-link', link)
    await press('open-link')
  }
  /** Why nothing came of a link; then back to the list. */
  const why = async () => {
    const sentence = await said('why')
    await press('another')
    await see('open-link')
    return sentence
  }
  return {
    /** Takes an offer; the sentence with which it was refused, or nothing. */
    async take({ link, number }) {
      await open(link)
      await see('told-number', 'why')
      if (await isThere('why')) return why()
      await fill('told-number', number)
      await press('take')
      await see('taken', 'why')
      return (await isThere('why')) ? why() : ''
    },
    /** Answers a verifier; who asks and what would be shown, as the screen says it, or why nothing was. */
    async show(link) {
      await open(link)
      await see('agree', 'why')
      if (await isThere('why')) return why()
      const asked = (await page.evaluate(`[...document.querySelectorAll('#verifier, #showing-0, #showing-1')].map((one) => one.innerText).join('; ')`)).replaceAll('\n', ', ')
      await press('agree')
      await see('shown', 'why')
      if (await isThere('why')) return why()
      await press('finish')
      await see('open-link')
      return asked
    },
    version: page.version,
    stop: () => {
      page.stop()
      server.closeAllConnections()
      server.close()
    },
  }
}

/** `theirs`: Credo. `unbound`: openid4vci, with bearer tokens alone. `attesting`: an authority, which wants a maker's word. */
export async function inBrowser(folder, bay, { theirs, unbound, attesting, verifiers }, note) {
  let wallet
  try {
    wallet = await openWallet(folder, bay)
    const chromium = await wallet.version()
    const offer = (form) => theirs.offer(form)
    const unlisted = await wallet.take(await offer(FORMS[0]))
    note(WHOM(theirs.name, 'issuer'), 'an issuer that no authority lists is refused', unlisted.includes('No authority lists this issuer'), unlisted)
    const types = [`sd-jwt:${theirs.types.vct}`, `mdoc:${theirs.types.doctype}`]
    await list(bay, 'add-issuer', { name: 'interop-issuer', types, documents: ['hkid'], certificate: theirs.pem })
    for (const form of FORMS) {
      const refused = await wallet.take(await offer(form))
      note(WHOM(theirs.name, 'issuer'), `${form} by a counter's offer, in ${chromium}`, refused === '', refused)
    }
    await list(bay, 'add-issuer', { name: 'interop-unbound', types, documents: ['hkid'], certificate: unbound.pem })
    const bearer = await wallet.take(await unbound.offer(FORMS[0]))
    note(WHOM(unbound.name, 'issuer'), 'a token that is bound to nobody is refused', bearer.includes('not safe'), bearer)
    const attested = await wallet.take(await attesting.offer(FORMS[0]))
    note(WHOM(attesting.name, 'issuer'), 'an authority, which wants attested wallets, lets no page ask', attested.includes('does not answer wallets in a browser'), attested)
    for (const verifier of verifiers) {
      const listed = []
      for (const forms of verifier.asks) {
        const what = `${forms.join(' and ')} of ${theirs.name}`
        try {
          const asked = await verifier.ask(forms, theirs)
          if (listed.length === 0) {
            const unknown = await wallet.show(asked.link)
            note(WHOM(verifier.name, 'verifier'), 'a verifier that no authority lists is refused', unknown.includes('No authority lists whoever asks'), unknown)
            listed.push(asked.root)
            await list(bay, 'add-verifier', { name: `interop-verifier-${verifiers.indexOf(verifier)}`, types, certificate: readFileSync(asked.root, 'utf8') })
          }
          const again = await verifier.ask(forms, theirs)
          const shown = await wallet.show(again.link)
          const names = await again.believed().catch((error) => { throw new Error(`${error.message}; ${shown}`) })
          note(WHOM(verifier.name, 'verifier'), what, names.length === forms.length && names.every((all) => all.join() === 'family_name') && shown.includes('Family name'), shown)
        } catch (error) {
          note(WHOM(verifier.name, 'verifier'), what, false, String(error?.message ?? error))
        }
      }
    }
  } catch (error) {
    note(WHOM('others', 'counterparts'), 'the page came to its end', false, String(error?.stack ?? error))
  } finally {
    wallet?.stop()
  }
}
