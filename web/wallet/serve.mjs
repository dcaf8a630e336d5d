/**
 * Serves the built web wallet with the strictest policy that it runs under: nothing but its own files and the authorities.
 *
 *   node serve.mjs --port 7180 --authorities '{"CHN":"http://127.0.0.1:7101", ...}' [--relay]
 *
 * An authority must name this page's origin among those that it lets in. With `--relay` this server passes the wallet's
 * calls on instead, under its own origin: for authorities that let no page in.
 */
import { createReadStream, existsSync, statSync } from 'node:fs'
import { createServer, request } from 'node:http'
import { extname, join, normalize, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8', '.svg': 'image/svg+xml', '.json': 'application/json', '.webmanifest': 'application/manifest+json', '.png': 'image/png' }
const WALLET_DOORS = /^\/v1\/(enrolments|tokens|parts|pass|passages)$/

export function walletServer({ folder, authorities, relay }) {
  const connect = relay ? [] : Object.values(authorities).map((base) => new URL(base).origin)
  const policy = `default-src 'self'; connect-src 'self' ${connect.join(' ')}; img-src 'self' blob: data:; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`
  return createServer((asked, answer) => {
    answer.setHeader('Content-Security-Policy', policy)
    answer.setHeader('X-Content-Type-Options', 'nosniff')
    answer.setHeader('Referrer-Policy', 'no-referrer')
    answer.setHeader('Cache-Control', 'no-cache')
    const path = decodeURIComponent(new URL(asked.url, 'http://wallet').pathname)
    const named = /^\/authority\/([A-Z]{3})(\/.*)$/.exec(path)
    if (relay && named && authorities[named[1]] && WALLET_DOORS.test(named[2])) return pass(asked, answer, authorities[named[1]] + named[2])
    if (path === '/authorities.json') {
      const own = `http://${asked.headers.host}/authority`
      const told = relay ? Object.fromEntries(Object.keys(authorities).map((code) => [code, `${own}/${code}`])) : authorities
      answer.setHeader('Content-Type', 'application/json')
      return answer.end(JSON.stringify(told))
    }
    const file = normalize(join(folder, path === '/' ? 'index.html' : path))
    if (!file.startsWith(folder + sep) || !existsSync(file) || !statSync(file).isFile()) {
      answer.statusCode = 404
      return answer.end()
    }
    answer.setHeader('Content-Type', TYPES[extname(file)] ?? 'application/octet-stream')
    createReadStream(file).pipe(answer)
  })
}

function pass(asked, answer, url) {
  const { authorization, 'content-type': type, 'content-length': length } = asked.headers
  const headers = { ...(authorization ? { authorization } : {}), ...(type ? { 'content-type': type } : {}), ...(length ? { 'content-length': length } : {}) }
  const onward = request(url, { method: asked.method, headers }, (reply) => {
    answer.writeHead(reply.statusCode, reply.headers)
    reply.pipe(answer)
  })
  onward.on('error', () => { answer.statusCode = 502; answer.end() })
  asked.pipe(onward)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({ options: { port: { type: 'string', default: '7180' }, authorities: { type: 'string' }, relay: { type: 'boolean', default: false } } })
  const local = { CHN: 'http://127.0.0.1:7101', HKG: 'http://127.0.0.1:7102', MAC: 'http://127.0.0.1:7103' }
  const authorities = values.authorities ? JSON.parse(values.authorities) : local
  const folder = fileURLToPath(new URL('dist/build/h5', import.meta.url))
  walletServer({ folder, authorities, relay: values.relay }).listen(Number(values.port), '127.0.0.1', () => console.log(`http://127.0.0.1:${values.port}/`))
}
