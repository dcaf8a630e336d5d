import { describe, expect, test } from 'vitest'
import { Patience } from '../src/patience'

describe('a sticker of another system in view', () => {
  test('is told of after eight frames without ours, and begins anew with each of ours', () => {
    const patience = new Patience()
    const frames = [...Array<string>(7).fill('https://shop.example'), 'BP1:OURS', ...Array<string>(8).fill('https://shop.example')]
    const told = frames.map((text) => patience.of(text))
    expect(told).toEqual([...Array<null>(7).fill(null), 'BP1:OURS', ...Array<null>(7).fill(null), 'https://shop.example'])
  })

  test('is not forgotten by a frame in which nothing is read', () => {
    const patience = new Patience()
    const told = Array.from({ length: 15 }, (_, frame) => patience.of(frame % 2 ? null : 'https://shop.example'))
    expect(told.filter((text) => text !== null)).toEqual(['https://shop.example'])
  })
})
