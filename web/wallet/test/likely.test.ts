import { describe, expect, it } from 'vitest'
import { Autolock, OUT_OF_SIGHT_MS } from '../src/autolock'
import { likelyWay } from '../src/likely'
import type { Passage } from '../src/wallet'

const NOW = 1_800_000_000
const passage = (ago: number, by: Passage['by'], from: Passage['from'] = 'HKG', to: Passage['to'] = 'CHN'): Passage => ({ at: NOW - ago, port: 'shenzhen-bay', from, to, by })

describe('the way that is offered first', () => {
  it('is from home to the mainland, and for mainland residents to Hong Kong', () => {
    expect(likelyWay('MAC', [], NOW)).toEqual({ from: 'MAC', to: 'CHN' })
    expect(likelyWay('CHN', [], NOW)).toEqual({ from: 'CHN', to: 'HKG' })
  })

  it('is the way back once an authority told of a passage, however the entries stand', () => {
    const back = { from: 'CHN', to: 'HKG', port: 'shenzhen-bay' }
    expect(likelyWay('HKG', [{ ...passage(60, 'CHN'), side: 'entry' }], NOW)).toEqual(back)
    const between = { from: 'HKG', to: 'CHN', port: 'shenzhen-bay' }
    expect(likelyWay('HKG', [{ ...passage(60, 'HKG'), side: 'exit' }], NOW)).toEqual(between)
    expect(likelyWay('HKG', [passage(60, 'HKG')], NOW)).toEqual(between)
    expect(likelyWay('HKG', [passage(86_400, 'HKG', 'CHN', 'HKG'), passage(3_600, 'HKG')], NOW)).toEqual(back)
  })

  it('stays the same while a code was only just shown, and turns when that is long ago', () => {
    expect(likelyWay('HKG', [passage(60, 'phone')], NOW)).toEqual({ from: 'HKG', to: 'CHN', port: 'shenzhen-bay' })
    expect(likelyWay('HKG', [passage(3_600, 'phone')], NOW)).toEqual({ from: 'CHN', to: 'HKG', port: 'shenzhen-bay' })
  })
})

describe('a wallet that is out of sight', () => {
  it('is locked after two minutes, and not before', () => {
    const lock = new Autolock()
    expect(lock.isDue(NOW)).toBe(false)
    lock.hide(NOW)
    expect(lock.isDue(NOW + OUT_OF_SIGHT_MS - 1)).toBe(false)
    lock.hide(NOW)
    lock.hide(NOW + 1_000)
    expect(lock.isDue(NOW + OUT_OF_SIGHT_MS)).toBe(true)
    expect(lock.isDue(NOW + 2 * OUT_OF_SIGHT_MS)).toBe(false)
    lock.hide(NOW)
    expect(lock.isDue(NOW - 1)).toBe(true)
  })
})
