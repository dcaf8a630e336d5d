/**
* May I cross: what the holder's own records, as last fetched from the authorities, say about one direction on one day.
 *
 * Lives here: documents and the dates of endorsements. Not here: what only an authority knows (entries left, weekly limits,
 * days of stay, watch lists): the screen says so, and the lane decides.
 */
import { AUTHORITIES, type Authority } from '../../core/border.js'
import { usualDocument } from '../../core/issuance.js'
import type { DocumentKind } from '../../core/numbers.js'
import type { PassAnswer } from './api.js'

/** One finding for or against: on a document, or on the endorsement for a destination. */
export type Finding =
  | { readonly about: 'document'; readonly kind: DocumentKind; readonly state: 'none' | 'lost' | 'good' }
  | { readonly about: 'document'; readonly kind: DocumentKind; readonly state: 'expired'; readonly day: string }
  | { readonly about: 'endorsement'; readonly to: Authority; readonly state: 'none' }
  | { readonly about: 'endorsement'; readonly to: Authority; readonly state: 'early' | 'late' | 'good'; readonly day: string }

export interface Answer {
  readonly may: boolean
  /** Whether it is the way home, which the home authority never refuses for a document. */
  readonly home: boolean
  readonly findings: readonly Finding[]
}

type Records = Readonly<Partial<Record<Authority, PassAnswer>>>

/** The document that a resident of `home` crosses with: the mainland's wherever it stands at one side, otherwise their card. */
function needed(home: Authority, from: Authority, to: Authority): DocumentKind {
  return usualDocument(from === 'CHN' || to === 'CHN' ? 'CHN' : home, home)
}

/** Days are local dates, compared as they are written. */
export function mayCross(home: Authority, records: Records, from: Authority, to: Authority, day: string): Answer {
  const kind = needed(home, from, to)
  const held = AUTHORITIES.flatMap((authority) => records[authority]?.documents ?? []).filter((document) => document.kind === kind)
  // One that may be used is taken before one that may not.
  const rank = (status: string, expires?: string | null) => status === 'lost' ? 0 : expires && expires < day ? 1 : 2
  const document = [...held].sort((a, b) => rank(b.status, b.expires) - rank(a.status, a.expires))[0]
  const findings: Finding[] = []
  const homeward = to === home
  if (!document) findings.push({ about: 'document', kind, state: 'none' })
  else if (document.status === 'lost') findings.push({ about: 'document', kind, state: 'lost' })
  else if (document.expires && document.expires < day) findings.push({ about: 'document', kind, state: 'expired', day: document.expires })
  else findings.push({ about: 'document', kind, state: 'good' })
  // A mainland resident's way out needs an endorsement for the place; the way home needs none.
  if (home === 'CHN' && !homeward && document) findings.push(endorsement(document, to, day))
  const may = findings.every(({ state }) => state === 'good')
  return { may, home: homeward, findings }
}

function endorsement(document: PassAnswer['documents'][number], to: Authority, day: string): Finding {
  const granted = document.endorsements.filter(({ destination }) => destination === to)
  const good = granted.filter((e) => e.from <= day && day <= e.to).sort((a, b) => (a.to < b.to ? 1 : -1))[0]
  if (good) return { about: 'endorsement', to, state: 'good', day: good.to }
  const early = granted.filter((e) => day < e.from).sort((a, b) => (a.from < b.from ? -1 : 1))[0]
  if (early) return { about: 'endorsement', to, state: 'early', day: early.from }
  const late = granted.sort((a, b) => (a.to < b.to ? 1 : -1))[0]
  return late ? { about: 'endorsement', to, state: 'late', day: late.to } : { about: 'endorsement', to, state: 'none' }
}
