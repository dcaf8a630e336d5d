import { describe, expect, it } from 'vitest'
import { crossings } from '../src/crossings'
import type { Passage } from '../src/wallet'

const T = 1_800_000_000
const entry = (at: number, by: Passage['by'], side?: string, from: Passage['from'] = 'HKG', to: Passage['to'] = 'CHN', port = 'shenzhen-bay'): Passage => ({ at: T + at, port, from, to, by, ...(side ? { side } : {}) })
const seen = (history: Passage[]) => crossings(history).map(({ from, entries }) => `${from} ${entries.map(({ by, side }) => `${by}/${side ?? '-'}`).join(' ')}`)

describe('a crossing in the history', () => {
  it('is one for code, exit and entry, however the entries stand', () => {
    expect(seen([entry(400, 'CHN', 'entry'), entry(60, 'HKG', 'exit'), entry(300, 'phone', 'entry'), entry(0, 'phone', 'exit')])).toEqual(['HKG phone/exit HKG/exit phone/entry CHN/entry'])
  })

  it('is another one for the way back, at another port, and two hours later', () => {
    expect(seen([entry(0, 'HKG', 'exit'), entry(900, 'CHN', 'exit', 'CHN', 'HKG'), entry(1800, 'HKG', 'exit')])).toEqual(['HKG HKG/exit', 'CHN CHN/exit', 'HKG HKG/exit'])
    expect(seen([entry(0, 'HKG', 'exit'), entry(60, 'HKG', 'exit', 'HKG', 'CHN', 'futian')])).toHaveLength(2)
    expect(seen([entry(0, 'HKG', 'exit'), entry(7201, 'HKG', 'exit')])).toHaveLength(2)
  })

  it('names a code that was shown again at the same lane once', () => {
    expect(seen([entry(0, 'phone', 'exit'), entry(2000, 'phone', 'exit'), entry(2100, 'HKG', 'exit')])).toEqual(['HKG phone/exit HKG/exit'])
    expect(seen([])).toEqual([])
  })
})
