// Credo shows what it took to three kinds of desk, by direct_post.jwt: SD-JWT VC, mdoc, and both at once. The clerk's API says what the
// desk heard.
import { CREDO } from './places.mjs'

export const DESKS = ['specimen-tower-shenzhen', 'specimen-hotel-zhuhai', 'specimen-library-shenzhen']
export const FORMS = { sd_jwt: ['sd-jwt'], mdoc: ['mdoc'], both: ['sd-jwt', 'mdoc'] }

export async function clerk({ counter, secret }) {
  const headers = { 'content-type': 'application/json' }
  const signed = await fetch(`${counter}/api/session`, { method: 'POST', headers, body: JSON.stringify({ secret, name: 'clerk-1' }) })
  if (!signed.ok) throw new Error(`signing in: ${signed.status}`)
  headers.cookie = signed.headers.get('set-cookie').split(';')[0]
  const call = async (method, path, body) => {
    const answer = await fetch(counter + path, { method, headers, body: body && JSON.stringify(body) })
    const said = await answer.json()
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${said.code}`)
    return said
  }
  return { ask: (forms) => call('POST', '/api/openid/requests', { forms }), state: (id) => call('GET', `/api/requests/${id}`), desk: () => call('GET', '/api/desk') }
}

/** Whether these queries are those of the forms that were asked for. */
export const fits = (forms, shown) => shown.length === FORMS[forms].length && FORMS[forms].every((end) => shown.some((id) => id.endsWith(end)))

/** Answers a request with what the wallet has, of these records alone where they are named. */
export async function show(agent, link, records) {
  const holder = agent.openid4vc.holder
  const resolved = await holder.resolveOpenId4VpAuthorizationRequest(link)
  for (const match of records ? Object.values(resolved.dcql.queryResult.credential_matches) : []) {
    match.valid_credentials = match.valid_credentials?.filter(({ record }) => records.includes(record.id))
  }
  if (!resolved.dcql?.queryResult.can_be_satisfied) throw new Error('Credo has nothing that the query asks for')
  const credentials = holder.selectCredentialsForDcqlRequest(resolved.dcql.queryResult)
  const { serverResponse, redirectUri } = await holder.acceptOpenId4VpAuthorizationRequest({
    authorizationRequestPayload: resolved.authorizationRequestPayload, dcql: { credentials },
  })
  if (serverResponse?.status !== 200) throw new Error(`the verifier: ${serverResponse?.status} ${JSON.stringify(serverResponse?.body)}`)
  return { shown: Object.keys(credentials), redirectUri }
}

/** Nine combinations; each is a row of the report. */
export async function present(agent, desks, note) {
  for (const venue of DESKS) {
    const counter = await clerk(desks[venue])
    const { required } = await counter.desk()
    for (const forms of Object.keys(FORMS)) {
      const what = `${venue} is shown ${forms}`
      try {
        const asked = await counter.ask(forms)
        const { shown, redirectUri } = await show(agent, asked.link)
        const seen = await counter.state(asked.id)
        const page = redirectUri ? await fetch(redirectUri) : undefined
        const told = seen.state === 'answered' && required.every((claim) => seen.claims[claim])
        note(`${CREDO}, shows to a desk`, what, fits(forms, shown) && told && page?.status === 200, `${shown.join(' and ')}; ${Object.keys(seen.claims ?? {}).join(', ')}`)
      } catch (error) {
        note(`${CREDO}, shows to a desk`, what, false, String(error?.cause?.message ?? error?.message ?? error))
      }
    }
  }
}
