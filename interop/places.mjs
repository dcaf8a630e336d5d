// Where things lie.
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT = fileURLToPath(new URL('..', import.meta.url))
export const BIN = process.env.BAYPASS_BIN ?? join(process.env.CARGO_TARGET_DIR ?? join(ROOT, 'target'), 'debug/baypass')
export const MODELS = process.env.BAYPASS_MODELS ?? join(ROOT, 'models')
