// Where things lie.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT = fileURLToPath(new URL('..', import.meta.url))
export const BIN = process.env.BAYPASS_BIN ?? join(process.env.CARGO_TARGET_DIR ?? join(ROOT, 'target'), 'debug/baypass')
export const MODELS = process.env.BAYPASS_MODELS ?? join(ROOT, 'models')

const pinned = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8')).dependencies
const python = readFileSync(new URL('requirements.txt', import.meta.url), 'utf8')
const pythons = (name) => `${name} ${python.match(new RegExp(`^${name}(?:\\[\\w+\\])?==(\\S+)$`, 'm'))[1]}`

/** Who is driven, in the version that is pinned. */
export const CREDO = `Credo ${pinned['@credo-ts/core']}`
export const OPENVC = pythons('openvc-core')
export const PYMDOCCBOR = pythons('pymdoccbor')
export const AUTH0 = `@auth0/mdl ${pinned['@auth0/mdl']}`
export const POLARIS = pythons('polaris-oid4vp')
export const OPENID4VCI = pythons('openid4vci')
