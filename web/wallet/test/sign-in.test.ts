/** The page on which a holder signs in at an authority for a wallet of others (docs/openid4vc.md, An authority as issuer), in a real browser. */
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { skip } from '../../core/test/skip.js'
import { accessible, openPage } from '../../kiosk/test/bay.js'
import { type Bay, RESIDENT, launch, missing, openBay } from './bay.js'
import { LANGUAGES } from './languages.js'
import { AskingWallet, BACK, CLIENT, type Maker, newMaker } from './maker.js'

const skipped = skip('the sign-in page of an authority', missing())

/** What a browser of each language asks for, and sentences of the page in it: a number that cannot be one, a request that is over. */
const SPOKEN = {
  'zh-Hans': { locale: 'zh-CN', asks: '这个卡包请求获取您的电子证明：', number: '证件号码不正确，请与证件核对。', over: '这项请求已经结束。请返回卡包重新开始。' },
  'zh-Hant': { locale: 'zh-HK', asks: '這個卡包要求取得您的電子證明：', number: '證件號碼不正確，請與證件核對。', over: '這項要求已經結束。請返回卡包重新開始。' },
  en: { locale: 'en-GB', asks: 'This wallet asks for your credentials:', number: 'This document number cannot be one. Compare it with the card.', over: 'This request is over. Go back to the wallet and begin again.' },
  pt: { locale: 'pt-PT', asks: 'Esta carteira pede as suas credenciais:', number: 'Este número de documento não pode existir. Compare-o com o cartão.', over: 'Este pedido terminou. Volte à carteira e comece de novo.' },
} as const

describe.skipIf(skipped)('the sign-in page of an authority', () => {
  let browser: Browser
  let bay: Bay
  let maker: Maker
  const wallet = () => new AskingWallet(maker, bay.authorities['HKG']!)

  beforeAll(async () => {
    browser = await launch()
    maker = newMaker()
    bay = await openBay(browser, { makers: maker.pem })
  })
  afterAll(async () => {
    await browser?.close()
    await bay?.stop()
  })

  /** The page of this address on a phone; what its wallet would be handed is kept in `back`. */
  const open = async (address: string, locale = 'en-GB') => {
    const context = await browser.newContext({ viewport: { width: 320, height: 640 }, locale })
    const back: string[] = []
    await context.route(`${BACK}**`, (route) => {
      back.push(route.request().url())
      return route.fulfill({ contentType: 'text/html', body: '<title>wallet</title>' })
    })
    const { page, faults } = await openPage(context, address)
    return { page, context, back, faults }
  }
  const message = (page: Page) => page.locator('#message:not(:empty)').innerText()
  const fill = async (page: Page, changed: Readonly<Record<string, string>> = {}) => {
    const answers = { number: RESIDENT.id, name: RESIDENT.name, birth: RESIDENT.birth, invitation: '', ...changed }
    await page.selectOption('#kind', 'hkid')
    for (const [id, text] of Object.entries(answers)) await page.fill(`#${id}`, text)
  }
  /** Nothing is wider than a phone, nothing too small for a finger, no text untranslated, nothing that axe finds. */
  const sound = async (page: Page, where: string) => {
    const found = await page.evaluate(() => {
      const seen = [...document.querySelectorAll<HTMLElement>('button, select, input')].filter((one) => one.offsetParent)
      return {
        wide: document.documentElement.scrollWidth - window.innerWidth,
        small: seen.filter((one) => one.getBoundingClientRect().height < 44).map((one) => one.outerHTML.slice(0, 80)),
        untold: [...document.querySelectorAll<HTMLElement>('body *')].filter((one) => one.children.length === 0 && /^(undefined|\{\w+\}|[a-z]+_[a-z_]+)$/.test(one.textContent ?? '')).map((one) => one.outerHTML.slice(0, 80)),
      }
    })
    expect(found, where).toEqual({ wide: expect.toSatisfy((wide: number) => wide <= 0), small: [], untold: [] })
    await accessible(page)
  }

  it.each([...LANGUAGES])('says in %s who asks, for what and where the answer goes, and what is wrong with a number', async (language) => {
    const { locale, asks, number } = SPOKEN[language]
    const { page, context, faults } = await open(await wallet().push('identity-card-sd-jwt photo-id-mdoc', 's'), locale)
    await page.locator('#form').waitFor()
    expect(await page.evaluate(() => document.documentElement.lang)).toBe(language)
    const said = await page.locator('#form').innerText()
    for (const text of [asks, CLIENT, 'wallet.example']) expect(said).toContain(text)
    expect(await page.locator('#credentials li').count()).toBe(2)
    await sound(page, `${language} sign-in`)
    await fill(page, { number: 'A123456(4)', invitation: (await bay.invite(RESIDENT)).split(' ')[0]! })
    await page.click('#send')
    expect(await message(page)).toBe(number)
    await sound(page, `${language} wrong number`)
    // By hand every other language is spoken too.
    for (const other of LANGUAGES) {
      await page.selectOption('#language', other)
      expect(await page.evaluate(() => document.documentElement.lang)).toBe(other)
      expect(await page.locator('#form').innerText()).toContain(SPOKEN[other].asks)
    }
    // What was typed stays.
    expect(await page.inputValue('#name')).toBe(RESIDENT.name)
    expect(faults.filter((fault) => !/status of 4\d\d/.test(fault))).toEqual([])
    await context.close()
  })

  it('asks for what is missing, and tells who does not fit in one sentence whatever it is', async () => {
    const { page, context, back } = await open(await wallet().push('photo-id-sd-jwt', 's'))
    await page.locator('#form').waitFor()
    const code = (await bay.invite(RESIDENT)).split(' ')[0]!
    await fill(page, { invitation: code })
    await page.click('#send')
    expect(await message(page)).toContain('Choose a picture of your face.')
    await page.setInputFiles('#picture', bay.nobody)
    await page.click('#send')
    await page.locator('#message', { hasText: 'The picture does not show one face clearly' }).waitFor()
    await page.setInputFiles('#picture', bay.selfie)
    for (const wrong of [{ name: 'SPECIMEN SOMEBODY' }, { birth: '1990-05-07' }]) {
      await fill(page, { invitation: code, ...wrong })
      await page.click('#send')
      await page.locator('#message', { hasText: 'do not belong together here' }).waitFor()
    }
    await fill(page, { invitation: 'H000-0000-0000-0001' })
    await page.click('#send')
    await page.locator('#message', { hasText: 'This one-time code cannot be one' }).waitFor()
    await sound(page, 'a wrong code')
    expect(back).toEqual([])
    await context.close()
  })

  it('leads back to the wallet with a code that counts once, and no pass comes of it', async () => {
    const asking = wallet()
    const address = await asking.push('identity-card-sd-jwt', 'state-1')
    const { page, context, back, faults } = await open(address)
    await page.locator('#form').waitFor()
    await fill(page, { invitation: (await bay.invite(RESIDENT)).split(' ')[0]! })
    await page.setInputFiles('#picture', bay.selfie)
    await page.click('#send')
    await page.waitForURL(`${BACK}**`)
    const answer = new URL(back[0]!).searchParams
    expect([answer.get('state'), answer.get('iss'), answer.get('error')]).toEqual(['state-1', bay.authorities['HKG'], null])
    expect(await asking.redeem(answer.get('code')!)).toMatchObject({ status: 200, answer: { token_type: 'DPoP', scope: 'identity-card-sd-jwt' } })
    expect(await asking.redeem(answer.get('code')!)).toMatchObject({ status: 400, answer: { error: 'invalid_grant' } })
    expect(faults).toEqual([])
    // What was answered is answered: the same address says so.
    await page.goto(address)
    await page.locator('#over').waitFor()
    expect(await page.locator('#form').isVisible()).toBe(false)
    await context.close()
  })

  it('leads back with a no, where the holder says so', async () => {
    const { page, context, back } = await open(await wallet().push('identity-card-sd-jwt', 'state-2'))
    await page.locator('#form').waitFor()
    await page.click('#refuse')
    await page.waitForURL(`${BACK}**`)
    const answer = new URL(back[0]!).searchParams
    expect([answer.get('state'), answer.get('error'), answer.get('code')]).toEqual(['state-2', 'access_denied', null])
    await context.close()
  })

  it.each([...LANGUAGES])('says in %s that a request is over, or never was', async (language) => {
    const { locale, over } = SPOKEN[language]
    for (const query of ['', `?client_id=${CLIENT}&request_uri=urn%3Aietf%3Aparams%3Aoauth%3Arequest_uri%3Anone`]) {
      const { page, context } = await open(`${bay.authorities['HKG']}/openid/authorize${query}`, locale)
      await page.locator('#over').waitFor()
      expect(await page.locator('#over').innerText()).toBe(over)
      expect(await page.locator('#form').isVisible()).toBe(false)
      await sound(page, `${language} over`)
      await context.close()
    }
  })
})
