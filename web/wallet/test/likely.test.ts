import { describe, expect, it } from 'vitest'
import { Autolock, OUT_OF_SIGHT_MS } from '../src/autolock'
import { likelyLane, likelyWay, portOf } from '../src/likely'
import { PORTS } from '../src/ports'
import type { Passage } from '../src/wallet'

const NOW = 1_800_000_000
const passage = (ago: number, by: Passage['by'], from: Passage['from'] = 'HKG', to: Passage['to'] = 'CHN'): Passage => ({ at: NOW - ago, port: 'shenzhen-bay', from, to, by })

describe('the way that is offered first', () => {
  it('is from home to the mainland, and for mainland residents to Hong Kong', () => {
    expect(likelyWay({ home: 'MAC', history: [] }, NOW)).toEqual({ from: 'MAC', to: 'CHN' })
    expect(likelyWay({ home: 'CHN', history: [] }, NOW)).toEqual({ from: 'CHN', to: 'HKG' })
  })

  it('is the way back once an authority told of a passage, however the entries stand', () => {
    const back = { from: 'CHN', to: 'HKG', port: 'shenzhen-bay' }
    expect(likelyWay({ home: 'HKG', history: [{ ...passage(60, 'CHN'), side: 'entry' }] }, NOW)).toEqual(back)
    const between = { from: 'HKG', to: 'CHN', port: 'shenzhen-bay' }
    expect(likelyWay({ home: 'HKG', history: [{ ...passage(60, 'HKG'), side: 'exit' }] }, NOW)).toEqual(between)
    expect(likelyWay({ home: 'HKG', history: [passage(60, 'HKG')] }, NOW)).toEqual(between)
    expect(likelyWay({ home: 'HKG', history: [passage(86_400, 'HKG', 'CHN', 'HKG'), passage(3_600, 'HKG')] }, NOW)).toEqual(back)
  })

  it('stays the same while a code was only just shown, and turns when that is long ago', () => {
    expect(likelyWay({ home: 'HKG', history: [passage(60, 'phone')] }, NOW)).toEqual({ from: 'HKG', to: 'CHN', port: 'shenzhen-bay' })
    expect(likelyWay({ home: 'HKG', history: [passage(3_600, 'phone')] }, NOW)).toEqual({ from: 'CHN', to: 'HKG', port: 'shenzhen-bay' })
  })
})

describe('a way that was chosen', () => {
  const chosen = { from: 'MAC', to: 'CHN', port: 'gongbei' } as const

  it('is offered as it is until a code of it counts or a passage is on record', () => {
    expect(likelyWay({ home: 'MAC', history: [], chosen: { ...chosen, at: NOW - 86_400 } }, NOW)).toEqual(chosen)
    expect(likelyWay({ home: 'MAC', history: [passage(86_500, 'HKG')], chosen: { ...chosen, at: NOW - 86_400 } }, NOW)).toEqual(chosen)
    expect(likelyWay({ home: 'HKG', history: [passage(86_400, 'phone')], chosen: { ...chosen, at: NOW - 86_400 } }, NOW)).toEqual({ from: 'CHN', to: 'HKG', port: 'shenzhen-bay' })
  })
})

describe('the lane that a port shows first', () => {
  const way = { from: 'HKG', to: 'CHN' } as const
  const port = (id: string) => PORTS.find((one) => one.id === id)!
  const lane = (id: string, history: Passage[]) => likelyLane(port(id), { ...way, port: id }, history, NOW).side

  it('is the exit, and the entry once the exit is on record; one lane for both sides where there is one', () => {
    const exit = { ...passage(600, 'HKG'), side: 'exit' }
    expect(lane('shenzhen-bay', [])).toBe('exit')
    expect(lane('shenzhen-bay', [exit])).toBe('entry')
    // A code that was shown is no passage; an exit of yesterday, at another port or the other way is none of this crossing.
    for (const other of [{ ...exit, by: 'phone' as const }, { ...exit, at: NOW - 86_400 }, { ...exit, port: 'futian' }, { ...exit, from: 'CHN' as const, to: 'HKG' as const }]) expect(lane('shenzhen-bay', [other])).toBe('exit')
    for (const id of ['hengqin', 'qingmao']) expect(likelyLane(port(id), { from: 'CHN', to: 'MAC', port: id }, [], NOW)).toEqual({ port: id, from: 'CHN', to: 'MAC' })
  })

  it('belongs to a port of that way alone', () => {
    expect(portOf({ ...way, port: 'shenzhen-bay' })?.id).toBe('shenzhen-bay')
    expect(portOf({ ...way, port: 'gongbei' })).toBeUndefined()
    expect(portOf(way)).toBeUndefined()
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
