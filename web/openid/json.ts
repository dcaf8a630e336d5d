/**
 * JSON of others: no name twice in an object, no lone surrogates, at most 32 deep. Two readers of a text with a name twice may see two
 * things; here neither is seen. The Rust side is `openid4vc::json`.
 */
import { FormError } from '../core/bytes.js'

export type Json = null | boolean | number | string | readonly Json[] | JsonObject
export interface JsonObject { readonly [name: string]: Json | undefined }

const MAX_DEPTH = 32

export const isObject = (value: Json | undefined): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value)
export const isArray = (value: Json | undefined): value is readonly Json[] => Array.isArray(value)

/** The member itself, and nothing that every object inherits. */
export const member = (object: JsonObject, name: string): Json | undefined => Object.prototype.hasOwnProperty.call(object, name) ? object[name] : undefined

/** Reads a text; throws `FormError`. */
export function readJson(text: string): Json {
  let value: Json
  try {
    value = JSON.parse(text) as Json
  } catch {
    throw new FormError('json')
  }
  holdNames(text)
  return value
}

export function readObject(text: string): JsonObject {
  const value = readJson(text)
  if (!isObject(value)) throw new FormError('json')
  return value
}

/** Walks a text that is JSON: its texts, and the objects and arrays that are open. */
function holdNames(text: string): void {
  const open: (Set<string> | undefined)[] = []
  const signs = /"(?:[^"\\]|\\.)*"|[{}[\]]/g
  for (let found = signs.exec(text); found; found = signs.exec(text)) {
    const [sign] = found
    if (sign === '{' || sign === '[') {
      open.push(sign === '{' ? new Set() : undefined)
      if (open.length > MAX_DEPTH) throw new FormError('json depth')
    } else if (sign === '}' || sign === ']') open.pop()
    else {
      const said = JSON.parse(sign) as string
      if (/[\uD800-\uDFFF]/u.test(said)) throw new FormError('json')
      const names = open[open.length - 1]
      if (!names || !/^\s*:/.test(text.slice(signs.lastIndex, signs.lastIndex + 64))) continue
      if (names.has(said)) throw new FormError('json name')
      names.add(said)
    }
  }
}
