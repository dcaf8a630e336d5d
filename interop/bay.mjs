// A small Bay for programs of others: three authorities as processes over TLS, a resident of each, an officer at each counter.
import { execFileSync } from 'node:child_process'
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import jpeg from 'jpeg-js'
import { BIN, MODELS } from './places.mjs'
import { serve } from './servers.mjs'

const PORTS = { CHN: 7461, HKG: 7462, MAC: 7463 }
export const CODES = ['CHN', 'HKG', 'MAC']

const day = (from) => new Date(Date.now() + 288e5 + from * 864e5).toISOString().slice(0, 10)

/** Who is registered where: each has an identity card and a travel permit of their own authority. */
export const RESIDENTS = {
  CHN: {
    name: 'SPECIMEN, INTEROP LAN', birth: '1990-03-07', card: { kind: 'mainland_id', number: '110101199003071233' },
    permit: { kind: 'exit_entry_permit', number: 'CA1234567', expires: day(900), issued: day(-300), endorsements: [{ kind: 'G', destination: 'HKG', from: day(-30), to: day(60), entries: 2 }] },
  },
  HKG: {
    name: 'SPECIMEN, INTEROP MUI', birth: '1990-05-06', card: { kind: 'hkid', number: 'A123456(3)' },
    permit: { kind: 'reentry_permit', number: 'RP123456', issued: day(-300), expires: day(900) },
  },
  MAC: {
    name: 'SPECIMEN, INTEROP ANA', birth: '1985-07-08', card: { kind: 'macao_bir', number: '5123456(7)' },
    permit: { kind: 'visit_permit', number: 'VP123456', issued: day(-300), expires: day(900) },
  },
}

/** A square of a picture that another package brings for its examples. */
function square(from, [left, top, side]) {
  const { data, width } = jpeg.decode(readFileSync(join(MODELS, 'node_modules/@vladmandic/face-api/demo', from)))
  const cut = Buffer.alloc(side * side * 4)
  for (let row = 0; row < side; row += 1) data.copy(cut, row * side * 4, ((top + row) * width + left) * 4, ((top + row) * width + left + side) * 4)
  return jpeg.encode({ data: cut, width: side, height: side }, 95).data
}

/** Serves the installation that lies in the folder's `bay`. */
export async function openBay(folder, walletMakers) {
  const dir = join(folder, 'bay')
  const env = { ...process.env, BAYPASS_MODELS: MODELS }
  const run = (...args) => execFileSync(BIN, args, { env }).toString()
  const portrait = join(folder, 'portrait.jpg')
  writeFileSync(portrait, square('sample1.jpg', [290, 210, 460]))
  const selfie = square('sample1.jpg', [302, 222, 460])
  for (const code of CODES) {
    const { name, birth, card, permit } = RESIDENTS[code]
    const file = join(folder, `${code}.json`)
    const documents = [{ ...card, expires: day(900), issued: day(-300) }, permit]
    writeFileSync(file, JSON.stringify({ person: { home: code, name, birth }, documents }))
    run('resident', 'add', '--dir', dir, '--case', file, '--photo', portrait)
    mkdirSync(join(dir, 'authorities', code, 'openid'), { recursive: true })
    writeFileSync(join(dir, 'authorities', code, 'openid/wallet-makers.pem'), walletMakers)
  }
  const servers = []
  /** Starts a process; gives what `found` reads out of all that it has said. */
  const started = async (name, args, found) => {
    const server = await serve(name, BIN, args, env, found)
    servers.push(server)
    return server.ready
  }
  const issuers = Object.fromEntries(CODES.map((code) => [code, `https://localhost:${PORTS[code]}`]))
  writeFileSync(join(dir, 'public/addresses.json'), JSON.stringify({ authorities: issuers }))
  for (const code of CODES) {
    const args = ['authority', 'serve', '--dir', dir, '--authority', code, '--listen', `0.0.0.0:${PORTS[code]}`, '--issuer', issuers[code]]
    await started(`authority ${code}`, args, (said) => /for operators on \S+\n/.test(said))
  }
  const post = async (url, body, headers = {}) => {
    const answer = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`${url}: ${answer.status} ${text}`)
    return text ? JSON.parse(text) : undefined
  }
  const rootFiles = Object.fromEntries(CODES.map((code) => [code, join(dir, 'public', `openid-${code.toLowerCase()}.pem`)]))
  const sessions = {}
  const officer = async (code) => {
    if (!sessions[code]) {
      const file = join(folder, `officer-${code}`)
      run('officer', 'add', '--dir', dir, '--authority', code, '--role', 'enrolment-officer', '--name', 'Specimen Officer', '--code-file', file, '--test')
      sessions[code] = (await post(`${issuers[code]}/v1/officers/sessions`, { code: readFileSync(file, 'utf8').trim() })).session
    }
    return { authorization: `Bearer ${sessions[code]}` }
  }
  return {
    dir,
    issuers,
    selfie,
    rootFiles,
    roots: () => CODES.map((code) => readFileSync(rootFiles[code], 'utf8')),
    async invite(code) {
      const { card } = RESIDENTS[code]
      return (await post(`${issuers[code]}/v1/residents/invite`, { document: card, replaces: false }, await officer(code))).invitation
    },
    async offer(code, configurations) {
      const { card } = RESIDENTS[code]
      return post(`${issuers[code]}/v1/residents/offer`, { document: card, configurations }, await officer(code))
    },
    /** Signs in on the authority's page as its holder would; gives the address to which the browser goes on. */
    async signIn(code, authorize) {
      const page = await fetch(authorize)
      if (page.status !== 200) throw new Error(`the sign-in page: ${page.status}`)
      const { name, birth, card } = RESIDENTS[code]
      const query = new URL(authorize).searchParams
      const which = { request_uri: query.get('request_uri'), client_id: query.get('client_id') }
      const base = issuers[code]
      const begun = await post(`${base}/openid/sign-in`, { ...which, document: card, name, birth, invitation: await this.invite(code) })
      const frames = [{ at_ms: 0, picture: selfie.toString('base64url') }]
      return (await post(`${base}/openid/sign-in/${begun.id}/frames`, { ...which, frames })).redirect
    },
    async lose(code) {
      const { card } = RESIDENTS[code]
      await post(`${issuers[code]}/v1/residents/lose`, { document: card }, await officer(code))
    },
    /** Serves the desk of a venue on free loopback ports. */
    desk(venue) {
      if (venue.includes('library')) {
        // The library's own system is not there: what is shown waits, and no account is opened.
        appendFileSync(join(dir, 'venues', venue, 'venue.toml'), '\n[library]\naddress = "sip2://127.0.0.1:7469"\ninstitution = "lib"\n\n[library.accounts]\npool = "cards.txt"\n')
        writeFileSync(join(dir, 'venues', venue, 'cards.txt'), '00000001\n')
      }
      return started(`desk ${venue}`, ['desk', 'serve', '--dir', dir, '--venue', venue], (said) => {
        const counter = said.match(/listens for the counter on (\S+)\n/)?.[1]
        return counter && said.includes('Clerks sign in') && { counter, secret: readFileSync(join(dir, 'venues', venue, 'counter.secret'), 'utf8').trim() }
      })
    },
    /** The root of a desk's requests, which its first start makes. */
    deskRoot: (venue) => readFileSync(join(dir, 'public', `openid-reader-${venue}.pem`), 'utf8'),
    stop() { for (const server of servers) server.stop() },
  }
}
