/**
 * Digital cards of other systems in a real browser: taken from an issuer that an authority lists, shown to the desk of a hotel by OpenID4VP as any
 * wallet shows them, and everything that is refused on the way.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { skip } from '../../core/test/skip.js'
import { type Bay, changeList, launch, missing, openBay } from './bay.js'
import { counterOf } from './clerk.js'
import { Hand } from './hand.js'
import { LANGUAGES } from './languages.js'
import { CARD, MDOC_KIND, OtherIssuer, SD_JWT_KIND } from './other-issuer.js'

const skipped = skip('cards of other systems', missing())
const HOTEL = 'specimen-hotel-zhuhai'
const DAY = 86_400_000

describe.skipIf(skipped)('digital cards of other systems', () => {
  let browser: Browser
  let bay: Bay
  let counter: Awaited<ReturnType<typeof counterOf>>
  let issuer: OtherIssuer
  let hand: Hand

  const to = new Date(Date.now() + 20 * DAY).toISOString().slice(0, 10)
  /** Has Hong Kong's supervisors list somebody, and waits until the authority gives that list out. */
  const list = async (command: string, entry: object) => {
    const file = join(bay.dir, 'listed.json')
    writeFileSync(file, JSON.stringify({ jurisdiction: 'HK', to, ...entry }))
    await changeList(bay, () => bay.run('trust', command, '--authority', 'HKG', '--file', file))
  }
  /** A request of the hotel's to a wallet of others. */
  const ask = (forms = 'either') => counter.askOthers(forms)
  const answered = (id: string) => counter.answer(id)

  beforeAll(async () => {
    browser = await launch()
    bay = await openBay(browser, { roots: true })
    issuer = await OtherIssuer.open()
    // The hotel pins the issuer, as its operator would.
    mkdirSync(join(bay.dir, 'venues', HOTEL, 'openid'), { recursive: true })
    writeFileSync(join(bay.dir, 'venues', HOTEL, 'openid/issuers.pem'), issuer.root.pem)
    counter = await counterOf(await bay.desk(HOTEL))
    hand = await Hand.open(browser, bay)
    await hand.enrol()
  })
  afterAll(async () => {
    issuer?.stop()
    await browser?.close()
    await bay?.stop()
  })

  const main = () => hand.page.locator('[role=main]').last().innerText()
  const openPage = async () => {
    await hand.home()
    await hand.press('more')
    await hand.press('others')
    await hand.see('open-link')
  }
  const open = async (link: string) => {
    await hand.fill('other-link', link)
    await hand.press('open-link')
  }
  const take = async (offer: { readonly link: string; readonly number: string }) => {
    await open(offer.link)
    await hand.see('told-number')
    await hand.fill('told-number', offer.number)
    await hand.press('take')
  }
  /** Why nothing came of it; then back to the list. */
  const why = async () => {
    await hand.see('why')
    const text = await hand.page.locator('#why').last().innerText()
    await hand.press('another')
    await hand.see('open-link')
    return text
  }

  it('are none at first, and nothing is taken from an issuer that no authority lists', async () => {
    await openPage()
    expect(await main()).toContain('There is none yet')
    await hand.sound('en other cards none')
    await take(issuer.offer())
    expect(await why()).toContain('No authority lists this issuer')
    expect(issuer.heard).toEqual(['credential_failure'])
    for (const [link, said] of [['nonsense', 'neither an offer'], ['openid-credential-offer://?credential_offer_uri=http%3A%2F%2Fissuer.example', 'without protection'], ['openid-credential-offer://?credential_offer_uri=http%3A%2F%2F127.0.0.1%3A9%2Fo', 'cannot be reached']] as const) {
      await open(link)
      expect(await why()).toContain(said)
    }
    hand.wrong.splice(0)
  })

  it('come with the number that the issuer told, in both forms, each copy with a key of its own', async () => {
    await list('add-issuer', { name: 'specimen-ministry', types: [`sd-jwt:${SD_JWT_KIND}`, `mdoc:${MDOC_KIND}`], documents: ['hkid'], certificate: issuer.root.pem })
    const offer = issuer.offer()
    await take({ ...offer, number: offer.number === '000000' ? '000001' : '000000' })
    expect(await why()).toContain('number is wrong')
    await open(offer.link)
    await hand.see('told-number')
    expect(await main()).toContain(issuer.address)
    await hand.sound('en other card offered')
    await hand.fill('told-number', offer.number)
    await hand.press('take')
    await hand.see('taken')
    expect(issuer.heard).toEqual(['credential_failure', 'credential_accepted', 'credential_accepted'])
    expect(new Set(issuer.devices).size).toBe(issuer.devices.length)
    const text = await main()
    for (const said of ['Specimen card', 'Specimen Ministry', 'Hong Kong', 'HK']) expect(text).toContain(said)
    expect(await hand.page.locator('#card-0, #card-1').count()).toBe(2)
    await hand.press('what-0')
    expect(await main()).toContain(CARD.document_number)
    expect(await main()).toContain('Family name')
    await hand.sound('en other cards')
    hand.wrong.splice(0)
  })

  it('are refused where the list does not say that the issuer issues such, where its token is bound to nobody, or where it wants a maker’s word', async () => {
    await take(issuer.offer(['other-kind']))
    expect(await why()).toContain('do not let this issuer')
    issuer.bound = false
    await take(issuer.offer())
    expect(await why()).toContain('not safe')
    issuer.bound = true
    issuer.attested = true
    await take(issuer.offer())
    expect(await why()).toContain('a maker vouches')
    issuer.attested = false
    // What was taken before is still there.
    expect(await hand.page.locator('#card-0, #card-1').count()).toBe(2)
    hand.wrong.splice(0)
  })

  it('that are not ready are asked for again', async () => {
    issuer.later = 2
    await take(issuer.offer(['card-json']))
    await hand.see('taken')
    expect(await hand.page.locator('#card-0, #card-1').count()).toBe(2)
    hand.wrong.splice(0)
  })

  const reader = () => readFileSync(join(bay.dir, `public/openid-reader-${HOTEL}.pem`), 'utf8')

  it('are shown to nobody whom no authority lists, nor to whom the list does not let ask for such', async () => {
    await open((await ask()).link)
    expect(await why()).toContain('No authority lists whoever asks')
    await list('add-verifier', { name: 'specimen-elsewhere', types: [`sd-jwt:${SD_JWT_KIND}`], certificate: reader() })
    await open((await ask()).link)
    expect(await why()).toContain('names another place')
    await list('add-verifier', { name: 'specimen-other', types: ['mdoc:org.specimen.nothing'], jurisdiction: 'CN', certificate: reader() })
    await open((await ask()).link)
    expect(await why()).toContain('do not let them ask')
    hand.wrong.splice(0)
  })

  it('are shown to the hotel once it is listed for them: the screen says in four languages who asks for what, and nothing goes out before', async () => {
    await list('add-verifier', { name: 'specimen-hotel', types: [`sd-jwt:${SD_JWT_KIND}`, `mdoc:${MDOC_KIND}`], jurisdiction: 'CN', certificate: reader() })
    const { id, link } = await ask()
    for (const language of LANGUAGES) {
      await hand.press('back')
      await hand.press(`language-${language}`)
      if (language === 'pt') await hand.press('large')
      await hand.press('others')
      await hand.see('open-link')
      await hand.sound(`${language} other cards list`)
      await open(link)
      await hand.see('agree')
      const text = await main()
      expect(text, language).toContain(HOTEL)
      expect(text, language).not.toMatch(/family_name|birth_date|document_number/)
      expect(text, language).not.toContain(CARD.document_number)
      await hand.sound(`${language} other card consent`)
      if (language === 'pt') {
        await hand.press('disagree')
        await hand.press('back')
        await hand.press('large')
        await hand.press('language-en')
        await hand.press('others')
      } else await hand.press('disagree')
      await hand.see('open-link')
    }
    expect((await answered(id)).state).toBe('waiting')
    await open(link)
    await hand.see('agree')
    await hand.press('agree')
    await hand.see('shown')
    await hand.sound('en other card shown')
    const { state, claims } = await answered(id)
    expect(state).toBe('answered')
    expect(JSON.stringify(claims)).toContain(CARD.document_number)
    expect(JSON.stringify(claims)).toContain(`${CARD.family_name}`)
    expect(JSON.stringify(claims)).not.toContain(CARD.email)
    await hand.press('finish')
    const shown = hand.page.locator('#showings').last()
    await shown.waitFor()
    expect(await shown.innerText()).toContain('Document number')
    // Only once: the same request takes no second answer from anybody.
    await open(link)
    expect(await why()).toContain('request is over')
    hand.wrong.splice(0)
  })

  it.each(['sd_jwt', 'mdoc', 'both'])('are shown by the form that the desk asks for (%s), from a code that the page for desks reads too', async (forms) => {
    const { id, link } = await ask(forms)
    await hand.home()
    await hand.press('register')
    await hand.see('scan-desk')
    await hand.fill('request', link)
    await hand.press('check')
    await hand.see('agree')
    expect(await hand.page.locator('#showing-0, #showing-1').count()).toBe(forms === 'both' ? 2 : 1)
    await hand.press('agree')
    await hand.see('shown')
    expect((await answered(id)).state).toBe('answered')
    await hand.press('finish')
    await hand.press('back')
    await hand.see('scan-desk')
    await openPage()
  })

  it('do not move to another phone, which is said before any pass does', async () => {
    await hand.press('back')
    await hand.press('hand-over')
    await hand.see('others-stay')
    await hand.sound('en move with other cards')
    await hand.press('back')
    await hand.press('others')
    await hand.see('open-link')
  })

  it('stay behind the PIN with what was shown, and one that is deleted answers nobody', async () => {
    await hand.page.reload()
    await hand.unlock()
    await openPage()
    expect(await hand.page.locator('#showings .claim').count()).toBe(4)
    for (let i = 0; i < 2; i += 1) {
      await hand.press('remove-0')
      expect(await main()).toContain('from its issuer again')
      await hand.press('remove-yes-0')
      await hand.page.waitForFunction((left) => document.querySelectorAll('#card-0, #card-1').length === left, 1 - i)
    }
    expect(await main()).toContain('There is none yet')
    await open((await ask()).link)
    expect(await why()).toContain('No card on this phone')
    // Chromium calls a request aborted whose body a page has read to its end before the network said so.
    expect(hand.wrong.filter((one) => !/ERR_ABORTED .*\/openid\//.test(one))).toEqual([])
  })

  it('are not shown to a verifier whose key is named as compromised', async () => {
    await take(issuer.offer(['card-json']))
    await hand.see('taken')
    await changeList(bay, () => bay.run('trust', 'compromise', '--authority', 'HKG', '--role', 'foreign-verifier', '--kid', 'specimen-hotel'))
    await open((await ask()).link)
    expect(await why()).toContain('No authority lists whoever asks')
  })
})
