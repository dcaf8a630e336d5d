/**
 * Writes src/api.ts from an authority's description: `node tools/api.mjs http://127.0.0.1:7101/openapi.json`. What the
 * wallet sends and reads is typed by it, and a test compares the file with the description of a running authority.
 */
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const type = (schema) => {
  if (schema.$ref) return schema.$ref.split('/').at(-1)
  if (schema.oneOf) return schema.oneOf.map(type).join(' | ')
  if (schema.type === 'null') return 'null'
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(' | ')
  const kinds = [schema.type].flat()
  if (kinds.includes('null')) return `${type({ ...schema, type: kinds.find((kind) => kind !== 'null') })} | null`
  if (schema.type === 'array') return `readonly (${type(schema.items)})[]`
  if (schema.additionalProperties?.type) return `Readonly<Record<string, ${type(schema.additionalProperties)}>>`
  if (schema.type === 'object') return fields(schema)
  return { string: 'string', integer: 'number', number: 'number', boolean: 'boolean' }[schema.type] ?? 'unknown'
}
const fields = (schema) => {
  const needed = schema.required ?? []
  const rows = Object.entries(schema.properties ?? {}).map(([name, field]) => `  readonly ${name}${needed.includes(name) ? '' : '?'}: ${type(field)}`)
  return `{\n${rows.join('\n')}\n}`
}

export function apiSource(api) {
  const named = new Set(['Problem'])
  const rows = []
  for (const [path, item] of Object.entries(api.paths)) {
    for (const [method, operation] of Object.entries(item)) {
      if (operation.tags?.[0] !== 'wallet') continue
      const body = operation.requestBody?.content['application/json']?.schema
      const good = Object.entries(operation.responses).filter(([status]) => status.startsWith('2'))
      const read = good.map(([, answer]) => answer.content?.['application/json']?.schema).filter(Boolean)
      for (const schema of [body, ...read]) if (schema?.$ref) named.add(type(schema))
      const answers = [...new Set(read.map(type))].join(' | ')
      rows.push(`  ${operation.operationId}: { method: '${method.toUpperCase()}'; path: '${path}'; secret: ${operation.security?.some((one) => 'wallet' in one) ? 'true' : 'false'}; body: ${body ? type(body) : 'undefined'}; answer: ${answers || 'undefined'} }`)
    }
  }
  const done = new Set()
  let types = ''
  for (const name of named) {
    if (done.has(name)) continue
    done.add(name)
    const text = type(api.components.schemas[name])
    for (const [, other] of JSON.stringify(api.components.schemas[name]).matchAll(/schemas\/(\w+)/g)) named.add(other)
    types += `export type ${name} = ${text}\n\n`
  }
  return `/** Made by tools/api.mjs from an authority's /openapi.json; a test holds it to that. */\n\n${types}export interface Operations {\n${rows.join('\n')}\n}\n`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const api = await (await fetch(process.argv[2])).json()
  writeFileSync(new URL('../src/api.ts', import.meta.url), apiSource(api))
}
