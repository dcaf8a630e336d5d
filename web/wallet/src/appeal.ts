/** Appeal: what a traveller asks of a person by the reference of a verdict (docs/risk.md), and the answer. */
import type { Authority } from '../../core/border.js'
import { held, keep, tell } from './wallet.js'

/** How an appeal stands: by when a person answers, in seconds since 1970, and the answer; '' while there is none. */
export interface Appealed { readonly due: number; readonly answer: string }

/** The 32 hexadecimal digits of a reference as it was read out or printed; undefined where they are none. */
export function referenceOf(typed: string): string | undefined {
  const digits = typed.replace(/[\s-]/g, '').toLowerCase()
  return /^[0-9a-f]{32}$/.test(digits) ? digits : undefined
}

/** Sends an appeal against what an authority asked or refused under a reference; without words it asks for the answer alone. */
export async function appeal(to: Authority, reference: string, words: string, language: string): Promise<Appealed> {
  const content = held()
  const told = words === ''
    ? await tell(content, to, 'appeal_state', { id: reference })
    : await tell(content, to, 'appeal', { body: { reference, words, language } })
  await keep()
  return { due: Math.floor(Date.parse(told.due_at) / 1000), answer: told.answer ?? '' }
}
