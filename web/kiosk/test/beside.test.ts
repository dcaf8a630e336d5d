import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Beside, type Holder, type Whom } from '../src/beside'

const HOLDER: Holder = { portrait: '_9j_2Q', name: 'SPECIMEN LEONG MEI', name_zh: null, document: { kind: 'hkid', last4: '4321' } }
const WHOM: Whom = { session: 6, reference: 'adda20e2', face: false }

describe('whom the officer compares', () => {
  beforeEach(() => { vi.useFakeTimers() })
  afterEach(() => { vi.useRealTimers() })

  /** A page that shows `WHOM`, and the answers that its authority gives, one after another. */
  function page(...answers: (() => Promise<Response>)[]) {
    const gone = vi.spyOn(URL, 'revokeObjectURL')
    const asked: string[] = []
    const beside: Beside = new Beside(
      { holder: (reference) => { asked.push(reference); return answers.shift()!() }, face: () => Promise.reject(new Error('none')) },
      () => beside.look(WHOM),
    )
    return { beside, asked, gone }
  }
  const answer = (status: number, body: object) => () => Promise.resolve(new Response(JSON.stringify(body), { status }))

  it('goes from the page after ten minutes, unless the authority shows them once more', async () => {
    const { beside, asked, gone } = page(answer(200, HOLDER), answer(200, HOLDER), answer(404, { code: 'nobody_at_lane' }))
    beside.look(WHOM)
    await vi.advanceTimersByTimeAsync(1)
    const first = beside.portrait
    expect(first).toMatch(/^blob:/)
    await vi.advanceTimersByTimeAsync(599_000)
    expect(beside.portrait).toBe(first)
    await vi.advanceTimersByTimeAsync(2_000)
    expect(gone).toHaveBeenCalledWith(first)
    expect([beside.portrait !== first, asked.length]).toEqual([true, 2])
    await vi.advanceTimersByTimeAsync(601_000)
    expect([beside.portrait, beside.seen, asked.length]).toEqual([undefined, 'nobody_at_lane', 3])
    await vi.advanceTimersByTimeAsync(3_600_000)
    expect(asked.length, 'a refusal stands').toBe(3)
  })

  it('is asked for again where the authority is out of reach', async () => {
    const { beside, asked } = page(() => Promise.reject(new Error('offline')), answer(200, HOLDER))
    beside.look(WHOM)
    await vi.advanceTimersByTimeAsync(1)
    expect(beside.seen).toBe('no_answer')
    await vi.advanceTimersByTimeAsync(5_000)
    expect([typeof beside.seen, asked.length]).toEqual(['object', 2])
  })

  it('is gone at once when the officer turns to somebody else', async () => {
    const { beside, gone } = page(answer(200, HOLDER), answer(200, HOLDER))
    beside.look(WHOM)
    await vi.advanceTimersByTimeAsync(1)
    const first = beside.portrait
    beside.look(undefined)
    expect([beside.portrait, beside.seen]).toEqual([undefined, undefined])
    expect(gone).toHaveBeenCalledWith(first)
    await vi.advanceTimersByTimeAsync(700_000)
    expect(beside.portrait, 'no timer brings them back').toBe(undefined)
  })
})
