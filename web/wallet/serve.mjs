/**
 * Serves the built web wallet with the strictest policy that it runs under: nothing but its own files, the authorities,
 * and the desks to which the traveller sends an answer.
 *
 *   node web/wallet/serve.mjs --listen 127.0.0.1:7121 --authorities addresses.json
 *   node web/wallet/serve.mjs --listen 0.0.0.0:443 --tls-cert wallet.pem --tls-key wallet.key --authorities addresses.json
 *   node web/wallet/serve.mjs --authorities CHN=http://127.0.0.1:7101,HKG=http://127.0.0.1:7102,MAC=http://127.0.0.1:7103 --roots bay/public/roots.json
 *
 * In plain HTTP it listens to this machine's own loopback alone, and so does every authority that it names: elsewhere both
 * need TLS (docs/tls.md). The first line says where it listens; port 0 takes a free one. An authority must name this page's origin among those that
 * it lets in (`--origin`). With `--relay` this server passes the wallet's calls on instead, under its own origin: for
 * authorities that let no page in. `--roots` names the pinned roots of the trust lists (an installation's `public/roots.json`, taken
 * by itself where it lies beside the file of addresses); without them no desk's request is believed. With `--with-parent` it ends when its standard input closes.
 */
import { createReadStream, existsSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { createServer, request as plainRequest } from 'node:http'
import { createServer as createTlsServer, request as tlsRequest } from 'node:https'
import { dirname, extname, join, normalize, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8', '.svg': 'image/svg+xml', '.json': 'application/json', '.webmanifest': 'application/manifest+json', '.png': 'image/png' }
const WALLET_DOORS = /^\/v1\/(enrolments(\/[\w-]{22}\/frames)?|identity-requests(\/[\da-f]{32})?|hand-over(\/take)?|second-enrolment|tokens|attestation-nonce|parts|pass(\/look-alike)?|passages|may-cross|appeals(\/[\da-f]{32})?|carers(\/[\w-]{1,64})?|venue-credentials|trust-lists|approvals)$/
const CODES = ['CHN', 'HKG', 'MAC']
const BUILT = fileURLToPath(new URL('dist/build/h5', import.meta.url))
const USAGE = `usage: node serve.mjs [--listen 127.0.0.1:7121] [--authorities FILE | CODE=URL,CODE=URL,CODE=URL | URL,URL,URL]
                     [--roots FILE] [--folder DIR] [--tls-cert FILE --tls-key FILE] [--relay] [--with-parent]`

/** Whether a host is this machine's loopback, by name or number. */
export const isLoopback = (host) => /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/i.test(host)

/**
 * Where pages may connect to. A desk's address is any HTTPS host: it stands in a request that an authority's list and an approval
 * cover, and no server knows it beforehand. Plain HTTP is for desks on this machine's loopback, where this page is there too.
 */
function connects(authorities, relay, here) {
  const own = relay ? [] : Object.values(authorities).map((base) => new URL(base).origin)
  return ["'self'", ...own, 'https:', ...(here ? ['http://127.0.0.1:*', 'http://localhost:*'] : [])].join(' ')
}

/** Whether a page is asked for by this machine's own loopback name, on it: through a proxy the name is another. */
function isHere({ headers, socket }) {
  const name = (headers.host ?? '').replace(/:\d+$/, '')
  return isLoopback(name) && isLoopback((socket.localAddress ?? '').replace(/^::ffff:/, ''))
}

export function walletServer({ folder, authorities, roots, relay, tls }) {
  const create = tls ? (serve) => createTlsServer({ ...tls, minVersion: 'TLSv1.3' }, serve) : createServer
  return create((asked, answer) => {
    const policy = `default-src 'self'; connect-src ${connects(authorities, relay, isHere(asked))}; img-src 'self' blob: data:; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`
    answer.setHeader('Content-Security-Policy', policy)
    answer.setHeader('X-Content-Type-Options', 'nosniff')
    answer.setHeader('Referrer-Policy', 'no-referrer')
    answer.setHeader('Permissions-Policy', 'camera=(self), microphone=(), geolocation=(), publickey-credentials-create=(self), publickey-credentials-get=(self)')
    answer.setHeader('Cache-Control', 'no-cache')
    const path = pathOf(asked.url)
    const named = path === undefined ? null : /^\/authority\/([A-Z]{3})(\/.*)$/.exec(path)
    if (relay && named && Object.hasOwn(authorities, named[1]) && WALLET_DOORS.test(named[2])) return pass(asked, answer, authorities[named[1]] + named[2])
    if (asked.method !== 'GET' && asked.method !== 'HEAD') return refuse(answer, 405)
    if (path === '/authorities.json') {
      const own = `${tls ? 'https' : 'http'}://${asked.headers.host}/authority`
      const told = relay ? Object.fromEntries(Object.keys(authorities).map((code) => [code, `${own}/${code}`])) : authorities
      answer.setHeader('Content-Type', 'application/json')
      return answer.end(JSON.stringify(told))
    }
    if (path === '/roots.json' && roots) {
      answer.setHeader('Content-Type', 'application/json')
      return answer.end(JSON.stringify(roots))
    }
    const file = path === undefined ? undefined : normalize(join(folder, path === '/' ? 'index.html' : path))
    if (!file?.startsWith(folder + sep) || !existsSync(file) || !statSync(file).isFile()) return refuse(answer, 404)
    answer.setHeader('Content-Type', TYPES[extname(file)] ?? 'application/octet-stream')
    if (asked.method === 'HEAD') return answer.end()
    createReadStream(file).on('error', () => answer.destroy()).pipe(answer)
  })
}

/** `undefined` for an address that nobody can read: a wrong escape, a NUL. */
function pathOf(url) {
  try {
    const path = decodeURIComponent(new URL(url, 'http://wallet').pathname)
    return path.includes('\0') ? undefined : path
  } catch {
    return undefined
  }
}

function refuse(answer, status) {
  answer.statusCode = status
  answer.end()
}

function pass(asked, answer, url) {
  const { authorization, dpop, host, 'content-type': type, 'content-length': length } = asked.headers
  // The proof names the host that the wallet asked.
  const headers = { host, ...(authorization ? { authorization } : {}), ...(dpop ? { dpop } : {}), ...(type ? { 'content-type': type } : {}), ...(length ? { 'content-length': length } : {}) }
  const onward = (url.startsWith('https:') ? tlsRequest : plainRequest)(url, { method: asked.method, headers }, (reply) => {
    answer.writeHead(reply.statusCode, reply.headers)
    reply.pipe(answer)
  })
  onward.on('error', () => { if (answer.headersSent) answer.destroy(); else refuse(answer, 502) })
  asked.pipe(onward)
}

/** Authorities by code: a file (also an installation's `public/addresses.json`), pairs, or three addresses in the order of the codes. */
export function readAuthorities(given) {
  const text = existsSync(given) ? readFileSync(given, 'utf8') : given
  let named
  if (/^\s*\{/.test(text)) {
    const read = JSON.parse(text)
    named = read.authorities ?? read
  } else {
    const items = text.split(',').map((item) => item.trim())
    const pairs = items.map((item, i) => /^([A-Z]{3})=(.+)$/.exec(item)?.slice(1) ?? [CODES[i], item])
    named = Object.fromEntries(pairs)
  }
  return Object.fromEntries(CODES.map((code) => {
    const address = named[code]
    if (typeof address !== 'string' || !/^https?:\/\/[^/\s]+/.test(address)) throw new Error(`no address of ${code}: name all of ${CODES.join(', ')} as http(s) addresses, in a file or as CODE=URL,CODE=URL,CODE=URL`)
    const { protocol, hostname } = new URL(address)
    if (protocol === 'http:' && !isLoopback(hostname)) throw new Error(`${address} is plain HTTP to another machine: anybody on the way could read and change what goes there; write https:// (docs/tls.md)`)
    return [code, address.replace(/\/+$/, '')]
  }))
}

/** The pinned roots: of the file that is named, else of `roots.json` beside the file of addresses; `undefined` where there is none. */
export function readRoots(named, addresses) {
  const beside = addresses && existsSync(addresses) ? join(dirname(resolve(addresses)), 'roots.json') : undefined
  const file = named ?? (beside && existsSync(beside) ? beside : undefined)
  if (!file) return undefined
  const roots = JSON.parse(readFileSync(file, 'utf8'))
  for (const [code, root] of Object.entries(roots)) {
    const keys = Object.values(root?.keys ?? {})
    const whole = CODES.includes(code) && Number.isInteger(root?.threshold) && keys.length >= root.threshold && keys.every((key) => /^[0-9a-f]{66}$/.test(key))
    if (!whole) throw new Error(`${file} is no file of roots: give an installation's public/roots.json`)
  }
  return roots
}

function fail(message) {
  console.error(`wallet: ${message}`)
  process.exit(2)
}

function main() {
  let values
  try {
    ({ values } = parseArgs({ options: {
      listen: { type: 'string', default: '127.0.0.1:7121' }, authorities: { type: 'string' }, roots: { type: 'string' }, folder: { type: 'string', default: BUILT },
      'tls-cert': { type: 'string' }, 'tls-key': { type: 'string' }, relay: { type: 'boolean', default: false }, 'with-parent': { type: 'boolean', default: false }, help: { type: 'boolean', default: false },
    } }))
  } catch (error) {
    fail(`${error.message}\n${USAGE}`)
  }
  if (values.help) { console.log(USAGE); return }
  const at = /^(?:(.+):)?(\d{1,5})$/.exec(values.listen)
  if (!at || Number(at[2]) > 65_535) fail(`--listen ${values.listen}: give an address and a port, such as 127.0.0.1:7121`)
  const folder = resolve(values.folder)
  if (!existsSync(join(folder, 'index.html'))) fail(`no built wallet in ${folder}: run \`npm run build\` in web (after \`npm ci\` there)`)
  let authorities
  try {
    authorities = readAuthorities(values.authorities ?? join(folder, 'authorities.json'))
  } catch (error) {
    fail(`--authorities: ${error.message}`)
  }
  let roots
  try {
    roots = readRoots(values.roots, values.authorities)
  } catch (error) {
    fail(`--roots: ${error.message}`)
  }
  const [certificate, key] = [values['tls-cert'], values['tls-key']]
  if (Boolean(certificate) !== Boolean(key)) fail('--tls-cert and --tls-key go together')
  let tls
  try {
    tls = certificate ? { cert: readFileSync(certificate), key: readFileSync(key) } : undefined
  } catch (error) {
    fail(`${error.path} cannot be read: check --tls-cert and --tls-key`)
  }
  const host = (at[1] ?? '127.0.0.1').replace(/^\[|\]$/g, '')
  if (!tls && !isLoopback(host)) fail(`--listen ${values.listen}: beyond this machine's loopback the wallet is served over TLS alone: give --tls-cert and --tls-key`)
  const server = walletServer({ folder, authorities, roots, relay: values.relay, tls })
  server.on('error', (error) => fail(error.code === 'EADDRINUSE' ? `${values.listen} is taken: choose another with --listen` : error.message))
  server.listen(Number(at[2]), host, () => {
    console.log(`wallet listens on ${tls ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${server.address().port}`)
  })
  const end = () => { server.closeAllConnections(); server.close(() => process.exit(0)) }
  process.once('SIGTERM', end)
  process.once('SIGINT', end)
  if (values['with-parent']) process.stdin.once('end', end).once('error', end).resume()
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) main()
