import { describe, expect, it } from 'vitest'
import { inForm } from '../src/han.js'

describe('characters in two forms', () => {
  it('says what a name is in the other one', () => {
    for (const [simplified, traditional] of [['陈大文', '陳大文'], ['刘国强', '劉國強'], ['欧阳晓', '歐陽曉'], ['𫖮', '顗']] as const) {
      expect(inForm(simplified, 'traditional')).toBe(traditional)
      expect(inForm(traditional, 'simplified')).toBe(simplified)
      expect(inForm(simplified, 'simplified')).toBe(simplified)
      expect(inForm(traditional, 'traditional')).toBe(traditional)
    }
  })

  it('leaves what is a name in either form, and what is none of its characters', () => {
    for (const name of ['余天', '范冰', '沈于', '李娜', 'CHAN TAI MAN', 'João', '', '〇']) {
      expect(inForm(name, 'traditional')).toBe(name)
      expect(inForm(name, 'simplified')).toBe(name)
    }
  })
})
