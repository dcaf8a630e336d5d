// Credo shows what it took on the counter's page of three kinds of desk, in Chromium: by dc_api.jwt through the Digital Credentials API. The
// page is the desk's own, and so is its call; the browser's virtual wallet gives what Credo answered for that call and that origin.
import { openPage } from './browser.mjs'
import { CREDO } from './places.mjs'
import { DESKS, FORMS, clerk, fits } from './present.mjs'

const OPENID = 'openid4vp-v1-signed'
const ASKS = '/api/openid/page-requests'

/** What Credo answers to a page's signed request. */
async function answered(agent, data, origin) {
  const holder = agent.openid4vc.holder
  const resolved = await holder.resolveOpenId4VpAuthorizationRequest(data, { origin })
  if (!resolved.dcql?.queryResult.can_be_satisfied) throw new Error('Credo has nothing that the query asks for')
  const credentials = holder.selectCredentialsForDcqlRequest(resolved.dcql.queryResult)
  const { authorizationResponse } = await holder.acceptOpenId4VpAuthorizationRequest({
    authorizationRequestPayload: resolved.authorizationRequestPayload, dcql: { credentials }, origin,
  })
  return { shown: Object.keys(credentials), response: authorizationResponse }
}

const text = (bytes) => Buffer.from(bytes, 'base64').toString()
const base64 = (value) => Buffer.from(JSON.stringify(value)).toString('base64')

/** A clerk's page. `ask(forms)` presses the buttons, and gives what Credo showed and which request it was. */
async function counter(folder, agent, { counter: address, secret }) {
  const page = await openPage(folder, address)
  const origin = new URL(address).origin
  let [forms, shown, id, fault] = ['either', [], '', undefined]
  // Which forms are asked for stands in the call's body; the wallet has its answer before the page gets the request.
  page.on('Fetch.requestPaused', async ({ requestId, responseStatusCode }) => {
    if (responseStatusCode === undefined) return page.call('Fetch.continueRequest', { requestId, postData: base64({ forms }) })
    try {
      const { body } = await page.call('Fetch.getResponseBody', { requestId })
      const asked = JSON.parse(text(body))
      const { data } = asked.requests.find(({ protocol }) => protocol === OPENID)
      const answer = await answered(agent, data, origin)
      ;[shown, id] = [answer.shown, asked.id]
      await page.call('DigitalCredentials.setVirtualWalletBehavior', { action: 'respond', protocol: OPENID, response: answer.response })
    } catch (error) {
      fault = error
    }
    return page.call('Fetch.continueRequest', { requestId })
  })
  await page.call('Fetch.enable', { patterns: ['Request', 'Response'].map((requestStage) => ({ urlPattern: `*${ASKS}`, requestStage })) })
  await page.until('the page', 'document.getElementById("sign-in")?.hidden === false')
  await page.evaluate(`document.getElementById('name').value = 'clerk-2'; document.getElementById('secret').value = ${JSON.stringify(secret)}; document.getElementById('sign-in-form').requestSubmit()`)
  await page.until('the clerk to be signed in', 'document.getElementById("new-openid").hidden === false && document.getElementById("sign-in").hidden')
  return {
    ...page,
    async ask(wanted) {
      ;[forms, shown, id, fault] = [wanted, [], '', undefined]
      await page.evaluate(`document.getElementById('new-openid').click()`)
      await page.until('the button', 'document.getElementById("browser-wallet").hidden === false && !document.getElementById("code").hidden')
      await page.evaluate(`document.getElementById('by-browser').click()`)
      // The code goes as soon as the answer is taken; a refusal is said, and the code stays.
      await page.until('an answer', 'document.getElementById("code").hidden || document.getElementById("message").textContent !== ""', () => fault)
      if (fault) throw fault
      return { shown, id, said: await page.evaluate('document.getElementById("message").textContent') }
    },
  }
}

/** Nine combinations; each is a row of the report. */
export async function onPages(folder, agent, desks, note) {
  for (const venue of DESKS) {
    let page
    try {
      const api = await clerk(desks[venue])
      const { required } = await api.desk()
      page = await counter(`${folder}/${venue}`, agent, desks[venue])
      const browser = await page.version()
      for (const forms of Object.keys(FORMS)) {
        const what = `${venue} is shown ${forms} by dc_api.jwt`
        try {
          const { shown, id, said } = await page.ask(forms)
          if (!id) throw new Error(said)
          const seen = await api.state(id)
          const told = ['answered', 'used'].includes(seen.state) && (seen.state === 'used' || required.every((claim) => seen.claims[claim]))
          note(`${CREDO}, shows on a desk's page in ${browser}`, what, fits(forms, shown) && told, `${shown.join(' and ')}; ${Object.keys(seen.claims ?? {}).join(', ')} ${said}`)
        } catch (error) {
          note(`${CREDO}, shows on a desk's page in ${browser}`, what, false, String(error?.cause?.message ?? error?.message ?? error))
        }
      }
    } catch (error) {
      note(`${CREDO}, shows on a desk's page`, `${venue} opens its page`, false, String(error?.stack ?? error))
    } finally {
      page?.stop()
    }
  }
}
