/** What goes wrong with a wallet, in a real browser: each ends in a clear state, is told in plain words, and nothing is lost. */
import { readFileSync } from 'node:fs'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readCode, readToken, tokenId } from '../../core/border.js'
import { toHex } from '../../core/bytes.js'
// @ts-expect-error: plain JavaScript, run by Node as it is
import { apiSource } from '../tools/api.mjs'
import { skip } from '../../core/test/skip.js'
import { type Bay, CHILD, RESIDENT, TRAVELLER, launch, missing, openBay } from './bay.js'
import { Hand, PIN, scan } from './hand.js'

const skipped = skip('a wallet in trouble', missing())

const idOf = (text: string) => {
  const read = readCode(text)
  if (read.form !== 'full') throw new Error('a short code')
  return toHex(tokenId(readToken(read.token).deviceKey))
}

describe.skipIf(skipped)('a wallet in trouble', () => {
  let browser: Browser
  let bay: Bay
  let hand: Hand
  let old = { text: '', at: 0 }

  beforeAll(async () => {
    browser = await launch()
    bay = await openBay(browser)
  })
  afterAll(async () => {
    await browser?.close()
    await bay?.stop()
  })

  it('was built for the API that the authorities have', async () => {
    const described = (await (await fetch(`${bay.authorities['HKG']}/openapi.json`)).json()) as object
    expect(readFileSync(new URL('../src/api.ts', import.meta.url), 'utf8')).toBe(apiSource(described))
  })

  it('tells each refusal of a registration in words that help, and then registers', async () => {
    hand = await Hand.open(browser, bay)
    await hand.start()
    await hand.press('language-en')
    await hand.press('home-HKG')
    await hand.pin()
    await hand.documents({ ...RESIDENT, birth: '1990-05-07' })
    const refused = async (picture: string, words: string, name: string) => {
      await hand.selfie(picture)
      await hand.page.getByText(words).waitFor()
      await hand.sound(`en refused ${name}`)
    }
    await refused(bay.selfie, 'do not match the record', 'person')
    await hand.press('back')
    // What is wrong is mended from the review: nothing else is asked again but what the office must renew.
    await hand.press('edit-birth')
    await hand.fill('birth', RESIDENT.birth)
    await hand.press('next')
    await hand.see('review')
    await hand.press('edit-code')
    await hand.code()
    await hand.see('selfie')
    await refused(bay.nobody, 'No single clear face', 'picture')
    await refused(bay.other, 'do not match the record', 'face')
    await hand.context.setOffline(true)
    await refused(bay.selfie, 'No connection', 'network')
    await hand.context.setOffline(false)
    await hand.selfie()
    await hand.codes(8)
  })

  it('a code is kept, to be shown when its window is over', async () => {
    await hand.lane('exit')
    old = { text: await hand.shown(), at: Date.now() }
    // Longer than a glance, which costs no token.
    await hand.page.waitForTimeout(3500)
    await hand.home()
  })

  it('the same batch is asked for again when its answer was lost, and nothing is issued twice', async () => {
    const asked: string[] = []
    let secret = ''
    await hand.page.route('**/v1/tokens', async (route) => {
      const request = route.request()
      secret = request.headers()['authorization'] ?? ''
      asked.push(JSON.stringify((request.postDataJSON() as { devices: { key: string }[] }).devices.map(({ key }) => key)))
      // It reaches the authority, which answers; the answer does not arrive.
      const answer = await route.fetch()
      if (asked.length === 1) await route.abort('connectionreset')
      else await route.fulfill({ response: answer })
    })
    const left = async () => ((await (await fetch(`${bay.authorities['HKG']}/v1/pass`, { headers: { authorization: secret } })).json()) as { tokens_left: number }).tokens_left
    await hand.press('more')
    await hand.press('refresh')
    await hand.page.getByText('No connection').waitFor()
    const issued = await left()
    // What was being fetched survives a restart as well.
    await hand.page.reload()
    await hand.see('unlock')
    await hand.unlock()
    await hand.press('more')
    await hand.press('refresh')
    await hand.see('refreshed')
    expect(asked).toHaveLength(2)
    expect(asked[1]).toBe(asked[0])
    expect(await left()).toBe(issued)
    await hand.page.unroute('**/v1/tokens')
    await hand.press('back')
    // Seven that were not shown yet, and eight new ones.
    await hand.codes(15, 1)
  })

  it('an appeal goes by the reference that an officer gives, and what is wrong with one is said', async () => {
    await hand.press('more')
    await hand.press('appeal')
    await hand.fill('appeal-reference', '12 34')
    await hand.press('appeal-send')
    await hand.page.getByText('32 digits').waitFor()
    await hand.fill('appeal-reference', '00000000 00000000 00000000 00000000')
    await hand.fill('appeal-words', 'It was me.')
    await hand.press('appeal-CHN')
    await hand.press('appeal-send')
    await hand.page.getByText('has no such reference').waitFor()
    await hand.sound('en appeal')
    await hand.press('appeal-no')
    await hand.press('back')
  })

  it('full status lists are told, and the same keys ask again later', async () => {
    const asked: string[] = []
    const problem = { type: 'urn:baypass:problem:status_places_taken', title: '', status: 503, detail: '', code: 'status_places_taken' }
    await hand.page.route('**/v1/tokens', async (route) => {
      asked.push(JSON.stringify((route.request().postDataJSON() as { devices: { key: string }[] }).devices.map(({ key }) => key)))
      await route.fulfill({ status: 503, headers: { 'retry-after': '3600' }, contentType: 'application/problem+json', json: problem })
    })
    await hand.press('more')
    await hand.press('refresh')
    await hand.page.getByText('No new codes can be issued right now').waitFor()
    await hand.sound('en status lists full')
    await hand.page.reload()
    await hand.see('unlock')
    await hand.unlock()
    await hand.press('more')
    await hand.press('refresh')
    await hand.page.getByText('No new codes can be issued right now').waitFor()
    expect(asked).toHaveLength(2)
    expect(asked[1]).toBe(asked[0])
    await hand.page.unroute('**/v1/tokens')
    await hand.press('back')
    // What was there is still there; the kept keys get their tokens with the next fetch.
    await hand.codes(15, 2)
  })

  it('two windows are one wallet: no token is shown at two lanes', async () => {
    const second = await Hand.window(bay, hand.context)
    await second.start()
    await second.see('unlock')
    await second.unlock()
    await second.lane('entry')
    const there = await second.shown()
    await hand.lane('exit')
    const here = await hand.shown()
    expect(idOf(here)).not.toBe(idOf(there))
    // Both stood there for longer than a glance.
    await hand.page.waitForTimeout(3500)
    await second.home()
    await second.codes(14, 3)
    await hand.home()
    // And a window that is locked has closed for the other one nothing.
    await second.press('more')
    await second.press('lock')
    await second.see('unlock')
    await hand.codes(14, 3)
    expect(second.wrong).toEqual([])
    await second.page.close()
  })

  it('a full storage is told, and what was there is still there', async () => {
    await hand.page.evaluate(() => {
      const broken = window as unknown as { put: typeof Storage.prototype.setItem }
      broken.put = Storage.prototype.setItem
      Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError') }
    })
    await hand.press('more')
    await hand.press('refresh')
    await hand.page.getByText('storage of this phone is full').waitFor()
    await hand.sound('en storage full')
    await hand.page.evaluate(() => { Storage.prototype.setItem = (window as unknown as { put: typeof Storage.prototype.setItem }).put })
    await hand.page.reload()
    await hand.see('unlock')
    await hand.unlock()
    await hand.codes(14, 4)
  })

  it('storage cleared in the middle of a fetch is written again when the answer comes', async () => {
    await hand.page.route('**/v1/parts', async (route) => {
      await hand.page.evaluate(() => localStorage.clear())
      await route.continue()
    })
    await hand.press('more')
    await hand.press('refresh')
    await hand.see('refreshed')
    await hand.page.unroute('**/v1/parts')
    await hand.page.reload()
    await hand.see('unlock')
    await hand.unlock()
    await hand.codes(22, 5)
  })

  it('keys that the browser threw away cost the pass, for nobody else has them: it is registered again', async () => {
    await hand.page.evaluate(() => new Promise<void>((resolve) => {
      const opened = indexedDB.open('baypass')
      opened.onsuccess = () => {
        const work = opened.result.transaction('keys', 'readwrite')
        work.objectStore('keys').clear()
        work.oncomplete = () => { opened.result.close(); resolve() }
      }
    }))
    await hand.lane('exit')
    await hand.page.getByText('No code is left').waitFor()
    await hand.sound('en none left')
    await hand.press('fetch')
    await hand.page.getByText('Please register again').waitFor()
    await hand.home()
    await hand.press('more')
    await hand.press('renew')
    await hand.documents()
    await hand.selfie()
    await hand.codes(8)
    await hand.lane('exit')
    expect(await hand.shown()).toMatch(/^BP1:/)
  })

  it('asks by itself for passages once in ten minutes, however often it is opened', async () => {
    const asked: string[] = []
    const note = (request: { url(): string }) => { if (request.url().endsWith('/v1/passages')) asked.push(request.url()) }
    hand.page.on('request', note)
    for (let i = 0; i < 3; i += 1) {
      await hand.home()
      await hand.press('more')
      await hand.press('lock')
      await hand.see('unlock')
      await hand.unlock()
      await hand.page.waitForTimeout(500)
    }
    hand.page.off('request', note)
    expect(asked.length).toBe(new Set(asked).size)
  })

  it('a copied storage opens no pass without the PIN, makes wrong tries wait, and shows no code on another device even with it', async () => {
    const copied = await hand.page.evaluate(() => ({ ...localStorage }))
    const thief = await Hand.open(browser, bay)
    await thief.context.addInitScript((items) => { if (!localStorage.getItem('baypass.vault')) Object.entries(items).forEach(([name, value]) => localStorage.setItem(name, value)) }, copied)
    await thief.start()
    for (const left of [4, 3, 2, 1]) {
      await thief.fill('pin', `00000${left}`)
      await thief.press('unlock')
      await thief.page.getByText(`${left} more`).waitFor()
    }
    await thief.fill('pin', '999990')
    await thief.press('unlock')
    await thief.page.getByText('Too many wrong tries').waitFor()
    // The right one does not count either while it waits, nor does a fresh start shorten it.
    await thief.page.reload()
    await thief.see('unlock')
    await thief.page.getByText('Too many wrong tries').waitFor()
    await thief.fill('pin', PIN)
    await thief.press('unlock')
    await thief.page.getByText(/try again in \d+ seconds/).waitFor()
    expect(await thief.page.locator('#show').count()).toBe(0)
    await thief.sound('en pin wait')
    const soon = await thief.page.evaluate(() => JSON.parse(localStorage.getItem('baypass.tries')!) as { until: number })
    await thief.page.addInitScript((ahead) => { const now = Date.now; Date.now = () => now() + ahead }, soon.until - Date.now() + 1000)
    await thief.page.reload()
    await thief.see('unlock')
    await thief.unlock()
    // The keys are in the browser that made them and cannot be copied out of it.
    await thief.lane('exit')
    await thief.page.getByText('No code is left').waitFor()
    await thief.context.close()
  })

  it('a clock ten minutes wrong is told, with how to mend it, and codes count all the same', async () => {
    await hand.page.addInitScript(() => {
      const Real = Date
      const ahead = 600_000
      class Wrong extends Real {
        constructor(...given: []) {
          super(...((given.length === 0 ? [Real.now() + ahead] : given) as []))
        }
        static override now() { return Real.now() + ahead }
      }
      window.Date = Wrong as DateConstructor
    })
    await hand.page.reload()
    await hand.see('unlock')
    await hand.unlock()
    await hand.press('more')
    await hand.press('refresh')
    await hand.see('refreshed')
    await hand.press('back')
    await hand.see('clock')
    const told = await hand.page.locator('#clock').last().innerText()
    expect(told).toContain('wrong by 10 minutes')
    expect(told).toContain('automatic time')
    await hand.sound('en clock wrong')
    await hand.lane('exit')
    expect(await scan(bay, await hand.shown(), 'HKG-CHN/exit')).toMatchObject({ code: null, verdicts: [{ answer: 'admit' }] })
    await hand.home()
  })

  it('renews the pass and keeps PIN and history; giving up in the middle changes nothing', async () => {
    await hand.press('more')
    await hand.press('renew')
    await hand.see('number')
    await hand.sound('en renew')
    await hand.press('give-up')
    await hand.see('show')
    await hand.press('more')
    await hand.press('renew')
    await hand.documents()
    // What was granted stays where it is: nothing offers another home.
    await hand.press('back')
    await hand.see('edit-card')
    expect(await hand.page.locator('#edit-home').count()).toBe(0)
    await hand.reviewed()
    await hand.see('selfie')
    await hand.selfie()
    await hand.codes(8)
    await hand.press('history')
    await hand.page.getByText('code shown').first().waitFor()
    await hand.press('back')
    await hand.lane('entry')
    expect(await scan(bay, await hand.shown(), 'HKG-CHN/entry')).toMatchObject({ code: null, verdicts: [{ answer: 'admit' }] })
    await hand.home()
  })

  it('holds a child\'s pass behind the same PIN, and tells what it does not serve for', async () => {
    // The child's codes did not come; they are fetched with those of whose pass is in use.
    let giveOut = (): void => undefined
    const out = new Promise<void>((resolve) => { giveOut = resolve })
    await hand.page.route('**/v1/tokens', async (route) => { await out; await route.abort('connectionreset') })
    const asked = hand.page.waitForRequest('**/v1/tokens')
    await hand.addChild(CHILD, bay.other, 0)
    await asked
    // The card turns while the child's codes are still awaited, and what becomes of those is not told on the other card.
    await hand.press('person-before')
    await hand.page.locator('.pass-name', { hasText: RESIDENT.name }).last().waitFor()
    const failed = hand.page.waitForEvent('requestfailed')
    giveOut()
    await failed
    await hand.page.unroute('**/v1/tokens')
    await hand.page.waitForTimeout(300)
    expect(await hand.page.locator('.notice.bad').filter({ visible: true }).count()).toBe(0)
    await hand.page.reload()
    await hand.see('unlock')
    const fetched = hand.page.waitForResponse('**/v1/tokens')
    await hand.unlock()
    await fetched
    await hand.press('person-next')
    await hand.codes(8)
    expect(await hand.page.locator('.pass-name').last().innerText()).toBe(CHILD.name)
    await hand.sound('en home of a child')
    await hand.press('show')
    await hand.press('from-HKG')
    await hand.press('to-CHN')
    await hand.page.getByText('not in your pass').first().waitFor()
    await hand.press('port-hzmb-hkg-zhu')
    await hand.press('side-entry')
    await hand.page.locator('.notice', { hasText: 'not in your pass' }).waitFor()
    await hand.sound('en not in the pass')
    // A port that was chosen stands there after a restart, also where no code of it could be shown.
    await hand.press('other-port')
    await hand.press('from-CHN')
    await hand.press('to-MAC')
    await hand.press('port-gongbei')
    await hand.page.locator('.notice', { hasText: 'not in your pass' }).waitFor()
    await hand.page.reload()
    await hand.see('unlock')
    await hand.unlock()
    await hand.press('show')
    await hand.page.locator('.lane', { hasText: 'Gongbei' }).last().waitFor()
    await hand.home()
    await hand.press('ask-cross')
    await hand.page.getByText('Not in your pass: Home Return Permit').waitFor()
    await hand.press('back')
    // The cards of the family: by button, by key and by finger.
    const shown = (name: string) => hand.page.locator('.pass-name', { hasText: name }).last().waitFor()
    await hand.press('person-before')
    await shown(RESIDENT.name)
    await hand.sound('en family')
    await hand.page.locator('#person-next').focus()
    await hand.page.keyboard.press('ArrowRight')
    await shown(CHILD.name)
    const swipe = (across: number) => hand.page.locator('#pass').last().evaluate((pass, across) => {
      const at = (clientX: number) => new Touch({ identifier: 1, target: pass, clientX, clientY: 200 })
      pass.dispatchEvent(new TouchEvent('touchstart', { touches: [at(160)], changedTouches: [at(160)], bubbles: true, cancelable: true }))
      pass.dispatchEvent(new TouchEvent('touchend', { touches: [], changedTouches: [at(160 + across)], bubbles: true, cancelable: true }))
    }, across)
    await swipe(-90)
    await shown(CHILD.name)
    await swipe(20)
    await shown(CHILD.name)
    await swipe(90)
    await shown(RESIDENT.name)
    expect(await hand.page.locator('#left').last().innerText()).toMatch(/^Works offline until (Sunday|Monday|Tuesday|Wednesday|Thursday|Friday|Saturday) \d\d:\d\d$/)
    await hand.see('portrait')
    // After a restart both are there, in their order.
    await hand.page.reload()
    await hand.see('unlock')
    await hand.unlock()
    await hand.see('person-next')
  })

  it('shows a mainland resident the endorsement, what is left of its time, and where it does not reach', async () => {
    const other = await Hand.open(browser, bay, { locale: 'zh-CN' })
    await other.start()
    await other.press('language-zh-Hans')
    await other.press('home-CHN')
    await other.pin()
    await other.fill('number', TRAVELLER.permit)
    await other.press('next')
    await other.see('name')
    await other.fill('name', TRAVELLER.name)
    await other.press('next')
    await other.see('birth')
    await other.fill('birth', TRAVELLER.birth)
    await other.press('next')
    await other.code(TRAVELLER)
    await other.selfie()
    await other.codes(8)
    expect(await other.page.locator('#left').innerText()).toContain('没有网络也可用，到星期')
    await other.page.getByText('香港签注').waitFor()
    await other.page.getByText('还剩').first().waitFor()
    await other.sound('zh-Hans home of a mainland resident')
    await other.press('ask-cross')
    await other.page.getByText('您的证件允许在这一天过关').waitFor()
    await other.press('ask')
    await other.page.locator('#told-CHN', { hasText: '之后还剩' }).waitFor()
    await other.press('to-MAC')
    await other.press('ask')
    await other.page.locator('#told-CHN', { hasText: '您的签注是去另一个地方的' }).waitFor()
    await other.page.getByText('没有到澳门的签注').waitFor()
    await other.sound('zh-Hans may not cross')
    expect(other.wrong).toEqual([])
    await other.page.context().setOffline(true)
    await other.press('ask')
    await other.page.locator('#told-CHN', { hasText: '连不上网络' }).waitFor()
    await other.context.close()
  })

  it('another phone that registers the same person ends the pass on this one, which says so', async () => {
    const phone = await Hand.open(browser, bay)
    await phone.start()
    await phone.press('language-en')
    await phone.press('home-HKG')
    await phone.pin()
    await phone.documents()
    // The record does not come, and the phone is restarted: the picture is on the card all the same.
    await phone.page.route('**/v1/pass', (route) => route.abort('connectionreset'))
    await phone.selfie()
    await phone.page.locator('.notice.bad', { hasText: 'No connection' }).waitFor()
    await phone.page.reload()
    await phone.see('unlock')
    await phone.unlock()
    await phone.see('portrait')
    await phone.page.unroute('**/v1/pass')
    await phone.press('fetch')
    await phone.codes(8)
    await hand.press('more')
    await hand.press('refresh')
    await hand.page.getByText('The pass has ended').waitFor()
    await hand.sound('en ended elsewhere')
    await phone.context.close()
  })

  it('a picture of a code is refused when its window is over', async () => {
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, old.at + 47_000 - Date.now())))
    const answer = await scan(bay, old.text, 'HKG-CHN/exit')
    expect(answer.code).not.toBeNull()
    expect(answer.verdicts.filter(({ answer }) => answer === 'admit')).toEqual([])
  })

  it('left no error behind but the failures that were made on purpose', () => {
    const meant = /ERR_INTERNET_DISCONNECTED|ERR_CONNECTION_RESET|status of (4\d\d|503)|ERR_ABORTED/
    expect(hand.wrong.filter((fault) => !meant.test(fault))).toEqual([])
  })
})
