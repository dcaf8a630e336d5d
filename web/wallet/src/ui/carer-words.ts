/** Carer words: what a card says of a pass on a carer's phone: by whom it is carried and until when, or why that is over. */
import type { CarerOver } from '../carer.js'
import { relation } from '../ending.js'
import { state } from '../wallet.js'
import { type Word, day, say } from '../words.js'

const GROUNDS: Readonly<Record<string, Word>> = { parent: 'carer_parent', guardian: 'carer_guardian', authorised: 'carer_authorised' }
const OVER: Readonly<Record<CarerOver, Word>> = { carer_of_age: 'carerOfAge', carer_date_over: 'carerDateOver', carer_withdrawn: 'carerWithdrawn', carer_ended: 'carerEnded' }

/** By whom the pass in use is carried, until when; '' where it is on nobody else's phone. */
export function carriedWords(): string {
  const found = relation()
  return found ? say(GROUNDS[found.ground] ?? 'carer_authorised', { day: day(found.last) }) : ''
}

/** Whether the pass in use ended with that: its home authority has none any more. */
export const hasEnded = (): boolean => state.content?.over !== undefined && !state.content.sessions[state.content.home]

/** Why it is carried no more; '' where nothing is over. */
export const overWords = (): string => state.content?.over ? say(OVER[state.content.over]) : ''
