/** A child's and a parent's pass on the phone of whoever looks after them (docs/carer.md), in a real browser: how each begins, what its card says, how it ends. */
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { skip } from '../../core/test/skip.js'
import { type Bay, CHILD, PARENT, RESIDENT, launch, missing, openBay } from './bay.js'
import { Hand } from './hand.js'
import { LANGUAGES } from './languages.js'

const skipped = skip("a pass on a carer's phone", missing())

const card = (id: string) => ({ kind: 'hkid', number: id })
/** The last day that a counter names for an adult, and how English and the other languages write it. */
const UNTIL = new Date(Date.now() + 200 * 86_400_000).toISOString().slice(0, 10)
const written = (day: string) => new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'long', year: 'numeric', timeZone: 'UTC' }).format(new Date(day))

describe.skipIf(skipped)("a pass on a carer's phone", () => {
  let browser: Browser
  let bay: Bay
  let hand: Hand

  beforeAll(async () => {
    browser = await launch()
    bay = await openBay(browser, { family: true })
    hand = await Hand.open(browser, bay)
    await hand.enrol()
  })
  afterAll(async () => {
    await browser?.close()
    await bay?.stop()
  })

  const text = (id: string) => hand.page.locator(`#${id}`).filter({ visible: true }).last().innerText()
  /** Turns the cards, which stand in the order in which they were added. */
  const turnTo = async (who: { readonly name: string }) => {
    const order = [RESIDENT, PARENT, CHILD].map(({ name }) => name)
    const at = async () => order.indexOf(await hand.page.locator('.pass-name').filter({ visible: true }).last().innerText())
    for (let here = await at(); order[here] !== who.name; here = await at()) {
      const next = here + (here < order.indexOf(who.name) ? 1 : -1)
      await hand.press(next > here ? 'person-next' : 'person-before')
      await hand.page.locator('.pass-name', { hasText: order[next]! }).last().waitFor()
    }
  }
  /** Reads the records anew under Settings. */
  const refresh = async () => {
    await hand.press('more')
    await hand.press('refresh')
  }

  it('says before a registration that a counter writes down who looks after them', async () => {
    await hand.press('more')
    const said = await text('add')
    expect(said).toContain('the gate compares their own face')
    expect(said).toContain('A counter first writes down who looks after them')
    await hand.press('back')
  })

  it('of a parent is refused until a counter wrote it, and begins with the same code afterwards', async () => {
    await hand.press('more')
    await hand.press('add')
    await hand.press('home-HKG')
    await hand.see('number')
    await hand.fill('number', PARENT.id)
    await hand.press('next')
    await hand.press('skip')
    for (const step of ['name', 'birth'] as const) {
      await hand.see(step)
      await hand.fill(step, PARENT[step])
      await hand.press('next')
    }
    await hand.code(PARENT)
    await hand.see('selfie')
    await hand.selfie(bay.other)
    await hand.page.locator('.notice.bad', { hasText: 'Nobody wrote down yet who looks after this holder. Go to a counter together' }).last().waitFor()
    await hand.sound('en carer needed')
    // An adult says so at the counter, and a last day is named.
    const wanted = { ward: card(PARENT.id), carer: card(RESIDENT.id), ground: 'authorised' }
    expect(await bay.counter('/v1/residents/carers', wanted)).toMatchObject({ status: 422, answer: { code: 'carer_refused' } })
    expect(await bay.counter('/v1/residents/carers', { ...wanted, until: UNTIL })).toMatchObject({ status: 201, answer: { last: UNTIL } })
    await hand.selfie(bay.other)
    await hand.codes(8)
    expect(await text('pass')).toContain(`On a carer’s phone, as the holder agreed, until ${written(UNTIL)}`)
    await hand.sound('en card of a parent')
  })

  it('of a child says until when: to the eighteenth birthday', async () => {
    await hand.addChild(CHILD, bay.other)
    expect(await text('carried')).toBe('On a parent’s phone, until 3 March 2030')
    await hand.sound('en card of a child')
    // The carer's own card says nothing of the kind.
    await turnTo(RESIDENT)
    expect(await hand.page.locator('#carried').filter({ visible: true }).count()).toBe(0)
    await turnTo(CHILD)
  })

  it.each([...LANGUAGES])('speaks %s, within 320 pixels, also in large text', async (language) => {
    const sound = async (name: string) => {
      for (const large of [false, true]) {
        await hand.page.locator('.app').last().evaluate((app, large) => app.classList.toggle('large', large), large)
        await hand.sound(`${language} ${name}${large ? ', large' : ''}`)
      }
      await hand.page.locator('.app').last().evaluate((app) => app.classList.remove('large'))
    }
    await hand.press('more')
    await hand.press(`language-${language}`)
    await hand.see('carer')
    await hand.press('carer-end')
    await hand.see('carer-end-yes')
    await sound('end of a pass on a carer’s phone')
    await hand.press('carer-end-no')
    await hand.see('carer-end')
    await hand.press('back')
    await hand.see('carried')
    expect(await text('carried')).toContain('2030')
    await sound('card of a child')
  })

  it('is withdrawn on the phone, once its holder is sure, and its card says so in every language', async () => {
    await hand.press('more')
    await hand.press('language-en')
    await hand.press('carer-end')
    expect(await text('carer')).toContain('This pass and all its codes end at once')
    await hand.press('carer-end-yes')
    await hand.page.locator('#carer-over', { hasText: 'The holder or the carer ended this pass on this phone' }).last().waitFor()
    expect(await hand.page.locator('#carer').filter({ visible: true }).count()).toBe(0)
    await hand.sound('en withdrawn')
    for (const language of [...LANGUAGES].reverse()) {
      await hand.press(`language-${language}`)
      await hand.press('back')
      await hand.see('over')
      await hand.sound(`${language} card of a withdrawn pass`)
      await hand.press('more')
    }
    await hand.press('language-en')
    await hand.press('back')
    expect(await text('over')).toContain('A counter can write it down anew')
    // No code is left, and none is promised.
    expect(await hand.page.locator('#left').last().getAttribute('data-codes')).toBe('0')
    expect(await hand.page.locator('#fetch').filter({ visible: true }).count()).toBe(0)
    await hand.press('receipts')
    await hand.page.getByText('You ended a pass on a carer’s phone').first().waitFor()
    await hand.press('back')
    const told = await bay.counter('/v1/residents/carers/list', { document: card(CHILD.id) })
    expect(JSON.stringify(told.answer)).toMatch(/withdrawn_by_(ward|carer)/)
  })

  it('that a counter ended is told with the next question to the authority, also after a restart', async () => {
    expect((await bay.counter('/v1/residents/carers/end', { ward: card(PARENT.id), carer: card(RESIDENT.id) })).status).toBeLessThan(300)
    await turnTo(PARENT)
    await refresh()
    await hand.page.locator('#carer-over', { hasText: 'A counter ended this pass on the carer’s phone. Go to a counter with the holder.' }).last().waitFor()
    await hand.sound('en ended at a counter')
    await hand.press('back')
    await hand.see('over')
    await hand.page.reload()
    await hand.see('unlock')
    await hand.unlock()
    // The cards stand in their order, whichever was in use.
    expect(await text('person-before')).toContain(RESIDENT.name)
    expect(await text('person-next')).toContain(CHILD.name)
    expect(await text('over')).toContain('A counter ended this pass')
    await hand.sound('en card of an ended pass')
  })

  it("leaves the carer's own pass as it was", async () => {
    await turnTo(RESIDENT)
    expect(await hand.page.locator('#over').filter({ visible: true }).count()).toBe(0)
    await refresh()
    await hand.see('refreshed')
    await hand.press('back')
    await hand.lane('exit')
    expect(await hand.shown()).toMatch(/^BP1:/)
    await hand.home()
    expect(hand.wrong.filter((fault) => !/status of 4\d\d/.test(fault))).toEqual([])
  })
})
