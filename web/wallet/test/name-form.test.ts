import { afterEach, describe, expect, it, vi } from 'vitest'

vi.mock('../src/platform.js', () => ({ load: () => undefined, save: () => undefined, systemLanguage: () => 'en', announceLanguage: () => undefined }))
const { nameForm } = await import('../src/name-form.js')
const { LANGUAGES, looks } = await import('../src/words.js')

describe('the hint under a Chinese name', () => {
  const before = looks.language
  afterEach(() => { looks.language = before })

  it('tells a mainland resident how their cards write it, in each language', () => {
    for (const language of LANGUAGES) {
      looks.language = language
      expect(nameForm('陳大文', 'CHN')).toContain('陈大文')
    }
    for (const name of ['陈大文', '李娜', 'CHEN DAWEN', '']) expect(nameForm(name, 'CHN'), name).toBeUndefined()
  })

  it('tells others that their cards may write it in two ways, whichever they typed', () => {
    for (const language of LANGUAGES) {
      looks.language = language
      for (const home of ['HKG', 'MAC'] as const) {
        for (const name of ['陳大文', '陈大文']) expect(nameForm(name, home)).toMatch(/陳大文.*陈大文/)
      }
    }
    for (const name of ['李娜', 'CHAN TAI MAN', 'João']) expect(nameForm(name, 'HKG'), name).toBeUndefined()
  })
})
