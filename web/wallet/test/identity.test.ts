/** Another wallet in place of typed numbers, in a real browser: a registration with an identity of another system, and what goes wrong with one. */
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { skip } from '../../core/test/skip.js'
import { type Bay, CHILD, RESIDENT, launch, missing, openBay } from './bay.js'
import { Hand } from './hand.js'
import { LANGUAGES } from './languages.js'
import { OtherWallet, noOtherWallet } from './other-program.js'

const skipped = skip('a registration with another wallet', missing() ?? noOtherWallet())

describe.skipIf(skipped)('another wallet that shows who the holder is', () => {
  let browser: Browser
  let bay: Bay
  let hand: Hand
  /** Of the resident, of the child, of a number that is no identity card's, and of an issuer that nobody lists. */
  let theirs: OtherWallet
  let childs: OtherWallet
  let permit: OtherWallet
  let unlisted: OtherWallet

  beforeAll(async () => {
    browser = await launch()
    bay = await openBay(browser)
    hand = await Hand.open(browser, bay)
    ;[theirs, childs, permit, unlisted] = [
      await OtherWallet.open(bay, RESIDENT), await OtherWallet.open(bay, CHILD), await OtherWallet.open(bay, { ...RESIDENT, id: RESIDENT.permit }), await OtherWallet.open(bay, RESIDENT),
    ]
  })
  afterAll(async () => {
    for (const wallet of [theirs, childs, permit, unlisted]) wallet?.end()
    await browser?.close()
    await bay?.stop()
  })

  /** From the start to the question for a number. */
  const begin = async (one: Hand, language = 'en') => {
    await one.start()
    await one.press(`language-${language}`)
    await one.press('home-HKG')
    await one.pin()
  }
  const main = (one: Hand = hand) => one.page.locator('[role=main]').last().innerText()
  /** Types the six digits of this wallet, with another last one where they are to be wrong. */
  const type = async (one: Hand, six: string, right = true) => {
    await one.see('six')
    await one.fill('six', right ? six : six.slice(0, 5) + String((Number(six[5]) + 1) % 10))
    await one.press('next')
  }
  /** A request that is over at the authority, as after a restart there or ten minutes. */
  const over = async (one: Hand) => {
    await one.page.route('**/v1/identity-requests/*', (route) => route.fulfill({
      status: 404, contentType: 'application/problem+json', headers: { 'access-control-allow-origin': '*' },
      json: { type: 'urn:baypass:problem:identity_request_unknown', title: '', status: 404, detail: '', code: 'identity_request_unknown' },
    }))
    await one.page.locator('.notice.bad', { hasText: 'has expired' }).last().waitFor()
    await one.page.unroute('**/v1/identity-requests/*')
  }

  it('is offered by nobody whose authority lists no issuer of another system, and then by who does', async () => {
    const lists = hand.page.waitForResponse('**/v1/approvals')
    await begin(hand)
    await lists
    await hand.page.waitForTimeout(500)
    expect(await hand.page.locator('#other-wallet').count()).toBe(0)
    for (const wallet of [theirs, childs, permit]) await wallet.list()
    await hand.page.reload()
    await hand.see('unlock')
    await hand.fill('pin', '274951')
    await hand.press('unlock')
    await hand.see('other-wallet')
    expect(await hand.page.locator('#other-wallet').innerText()).toContain('you type none of them')
    await hand.sound('en another wallet')
  })

  let link = ''
  it('is asked by a code for another phone and a link for this one, and the screen says what is shown and that nothing is kept', async () => {
    await hand.press('other-wallet')
    await hand.see('waiting')
    link = await hand.shown()
    expect(link).toMatch(/^openid4vp:\/\/\?client_id=x509_hash/)
    expect(await main()).toContain('for name, birth date and document number alone')
    expect(await main()).toContain('keeps none of them')
    expect(await main()).toMatch(/Valid until \d\d:\d\d/)
    await hand.sound('en code for another wallet')
  })

  it('on this phone is opened by its link', async () => {
    // In a browser of its own: here no program takes the link, and what the browser asks instead stays in front of its page.
    const one = await Hand.open(browser, bay)
    await begin(one)
    await one.press('other-wallet')
    await one.see('waiting')
    const asked = await one.shown()
    const session = await one.context.newCDPSession(one.page)
    await session.send('Page.enable')
    const opened = new Promise<string>((resolve) => session.on('Page.frameRequestedNavigation', ({ url }) => resolve(url)))
    await one.press('open-wallet')
    expect(await opened).toBe(asked)
    await one.context.close()
  })

  it('goes on after a restart with the same code', async () => {
    await hand.page.reload()
    await hand.see('unlock')
    await hand.fill('pin', '274951')
    await hand.press('unlock')
    await hand.see('waiting')
    expect(await hand.shown()).toBe(link)
  })

  it('that shows what is not taken is told why on this phone, and may show another identity', async () => {
    expect(await permit.answer(link)).toBe('identity_document')
    await hand.page.locator('.notice.bad', { hasText: 'The number in it is of no document that counts here' }).last().waitFor()
    await hand.sound('en another wallet refused')
    expect(await unlisted.answer(link)).not.toMatch(/^\d{6}$/)
    await hand.page.locator('.notice.bad', { hasText: 'What the other wallet sent was not accepted' }).last().waitFor()
  })

  it('brings six digits: wrong ones are counted, right ones lead on, also after a restart', async () => {
    const six = await theirs.answer(link)
    await hand.see('shown')
    await hand.sound('en six digits')
    await hand.fill('six', '12')
    await hand.press('next')
    expect(await hand.fault()).toContain('There are six digits')
    await type(hand, six, false)
    await hand.page.locator('.fault', { hasText: 'tries left: 2' }).last().waitFor()
    await hand.sound('en six digits wrong')
    await hand.page.reload()
    await hand.see('unlock')
    await hand.fill('pin', '274951')
    await hand.press('unlock')
    await type(hand, six)
    await hand.see('skip')
  })

  it('leaves a permit of the other authority typed, with name and birth date, and nothing else', async () => {
    await hand.fill('number', RESIDENT.permit)
    await hand.press('next')
    await hand.see('name')
    await hand.fill('name', RESIDENT.name)
    await hand.press('next')
    await hand.see('birth')
    await hand.fill('birth', RESIDENT.birth)
    await hand.press('next')
    await hand.see('invitation')
    const [, mainland] = (await bay.invite(RESIDENT)).split(' ')
    await hand.fill('invitation', mainland!)
    await hand.press('next')
    await hand.see('review')
    expect(await hand.page.locator('#review').innerText()).toMatch(/Hong Kong identity card\s+From the other wallet/)
    await hand.sound('en review with another wallet')
    // Looked at once more, nothing is asked again.
    await hand.press('edit-other')
    await hand.see('shown')
    const asked: string[] = []
    const note = (request: { url(): string }) => void asked.push(request.url())
    hand.page.on('request', note)
    await hand.press('next')
    await hand.see('review')
    hand.page.off('request', note)
    expect(asked).toEqual([])
    await hand.reviewed()
    await hand.see('selfie')
  })

  it('registers at both authorities, and what each got is written down', async () => {
    const sent: Record<string, unknown>[] = []
    hand.page.on('request', (request) => { if (request.url().endsWith('/v1/enrolments') && request.method() === 'POST') sent.push(request.postDataJSON() as Record<string, unknown>) })
    await hand.selfie()
    await hand.codes(8)
    expect(sent.map((body) => Object.keys(body).sort())).toEqual([['birth', 'document', 'invitation', 'name'], ['identity']])
    await hand.sound('en home with another wallet')
    await hand.press('receipts')
    for (const said of ['The six digits from the other wallet, and picture', 'The six digits from the other wallet, to have them checked', 'You asked to show who you are with another wallet']) await hand.page.getByText(said).first().waitFor()
    expect(await hand.page.getByText('You asked whether the other wallet has shown it').count()).toBe(1)
    await hand.sound('en receipts with another wallet')
    await hand.press('back')
    expect((await hand.stored()).includes('openid4vp')).toBe(false)
  })

  it('is given up for a typed number, and taken up again, until one of them counts', async () => {
    const one = await Hand.open(browser, bay)
    await begin(one)
    await one.press('other-wallet')
    await one.see('waiting')
    const asked = await one.shown()
    await one.press('type-number')
    await one.see('number')
    await one.press('other-wallet')
    await one.see('waiting')
    expect(await one.shown()).toBe(asked)
    await one.press('back')
    await one.see('number')
    await one.fill('number', CHILD.id)
    await one.press('next')
    await one.see('skip')
    // Everything is typed now.
    await one.press('skip')
    await one.see('name')
    await one.press('back')
    await one.see('skip')
    await one.press('back')
    await one.see('number')
    await one.press('other-wallet')
    await one.see('waiting')
    expect(await one.shown()).not.toBe(asked)
    expect(one.wrong).toEqual([])
    await one.context.close()
  })

  it('begins anew where the request is over, or the digits were wrong three times; nothing is typed where there is no permit', async () => {
    const one = await Hand.open(browser, bay)
    await begin(one)
    await one.press('other-wallet')
    await one.see('waiting')
    await over(one)
    await one.sound('en another wallet expired')
    await one.press('new-code')
    await one.see('waiting')
    let six = await childs.answer(await one.shown())
    for (const left of [2, 1]) {
      await type(one, six, false)
      await one.page.locator('.fault', { hasText: `tries left: ${left}` }).last().waitFor()
    }
    await type(one, six, false)
    await one.page.locator('.notice.bad', { hasText: 'Three times the wrong digits' }).last().waitFor()
    await one.sound('en another wallet, digits over')
    await one.press('new-code')
    await one.see('waiting')
    six = await childs.answer(await one.shown())
    await type(one, six)
    await one.press('skip')
    await one.press('no-code')
    await one.see('review')
    expect(await one.page.locator('#review').innerText()).not.toContain('Date of birth')
    // A permit that is added needs name and birth date: they are asked for before the review.
    await one.press('edit-permit')
    await one.see('skip')
    await one.fill('number', RESIDENT.permit)
    await one.press('next')
    await one.see('name')
    await one.press('back')
    await one.see('skip')
    await one.press('skip')
    await one.see('review')
    await one.reviewed()
    await one.see('selfie')
    // Another face than the identity's: told as one thing, and the digits need not be typed again.
    await one.selfie(bay.selfie)
    await one.page.locator('.notice.bad', { hasText: 'What was shown, typed or photographed does not match the record' }).last().waitFor()
    await one.sound('en another wallet, another face')
    await one.selfie(bay.other)
    await one.codes(8)
    expect(await one.page.locator('.pass-name').last().innerText()).toBe('Name not kept here')
    expect(await one.page.locator('#pass').last().innerText()).toContain('•••• ')
    await one.sound('en home without a name')
    expect(one.wrong.filter((fault) => !/status of 4\d\d/.test(fault))).toEqual([])
    await one.context.close()
  })

  it('is shown again where what it had shown is over with the picture', async () => {
    const one = await Hand.open(browser, bay)
    await begin(one)
    await one.press('other-wallet')
    await one.see('waiting')
    await type(one, await childs.answer(await one.shown()))
    await one.press('skip')
    await one.press('no-code')
    await one.reviewed()
    await one.see('selfie')
    await one.page.route('**/v1/enrolments', (route) => route.fulfill({
      status: 404, contentType: 'application/problem+json', headers: { 'access-control-allow-origin': '*' },
      json: { type: 'urn:baypass:problem:identity_request_unknown', title: '', status: 404, detail: '', code: 'identity_request_unknown' },
    }))
    await one.selfie(bay.other)
    await one.page.locator('.notice.bad', { hasText: 'has expired' }).last().waitFor()
    await one.page.unroute('**/v1/enrolments')
    await one.press('new-code')
    await one.see('waiting')
    await one.page.locator('.notice.bad').waitFor({ state: 'detached' })
    await one.context.close()
  })

  it("of a child is shown on a carer's phone too, beside the counter's code", async () => {
    await hand.press('more')
    await hand.press('add')
    await hand.press('home-HKG')
    await hand.see('other-wallet')
    await hand.press('other-wallet')
    await hand.see('waiting')
    expect(await hand.title()).toBe('Show who they are')
    await hand.sound('en code for another wallet, of a child')
    await type(hand, await childs.answer(await hand.shown()))
    await hand.press('skip')
    await hand.code(CHILD)
    await hand.see('selfie')
    await hand.selfie(bay.other)
    await hand.codes(8)
    expect(await hand.page.locator('#carried').last().innerText()).toContain('On a parent’s phone')
    await hand.page.locator('#person-before', { hasText: RESIDENT.name }).last().waitFor()
    await hand.press('person-before')
    await hand.page.locator('.pass-name', { hasText: RESIDENT.name }).last().waitFor()
    await hand.page.locator('#person-next', { hasText: 'Name not kept here' }).last().waitFor()
  })

  it('is offered no more where the authority says that it takes none after all', async () => {
    const one = await Hand.open(browser, bay)
    await begin(one)
    await one.see('other-wallet')
    await one.page.route('**/v1/identity-requests', (route) => route.fulfill({
      status: 409, contentType: 'application/problem+json', headers: { 'access-control-allow-origin': '*' },
      json: { type: 'urn:baypass:problem:identity_not_taken', title: '', status: 409, detail: '', code: 'identity_not_taken' },
    }))
    await one.press('other-wallet')
    await one.page.locator('.fault', { hasText: 'takes no identities from other wallets. Type the number.' }).last().waitFor()
    expect(await one.page.locator('#other-wallet').count()).toBe(0)
    await one.sound('en another wallet not taken')
    await one.context.close()
  })

  it.each([...LANGUAGES])('speaks %s, within 320 pixels, also in large text', async (language) => {
    const one = await Hand.open(browser, bay)
    const sound = async (name: string) => {
      for (const large of [false, true]) {
        await one.page.locator('.app').last().evaluate((app, large) => app.classList.toggle('large', large), large)
        await one.sound(`${language} ${name}${large ? ', large' : ''}`)
      }
    }
    await begin(one, language)
    await one.see('other-wallet')
    await sound('another wallet')
    await one.press('other-wallet')
    await one.see('waiting')
    await one.shown()
    await sound('code for another wallet')
    await permit.answer(await one.shown())
    await one.page.locator('.notice.bad').last().waitFor()
    await sound('another wallet refused')
    const six = await theirs.answer(await one.shown())
    await one.see('shown')
    await sound('six digits')
    await type(one, six, false)
    await one.page.locator('.fault').last().waitFor()
    await sound('six digits wrong')
    await type(one, six)
    await one.press('skip')
    await one.press('no-code')
    await one.see('review')
    await sound('review with another wallet')
    await one.context.close()
  })

  it('has asked nobody but its own server and the authorities, and logged no error but those that were made', () => {
    const allowed = new Set([bay.wallet, ...Object.values(bay.authorities)])
    expect([...hand.hosts].filter((host) => !allowed.has(host))).toEqual([])
    expect(hand.wrong.filter((fault) => !/status of 4\d\d|ERR_ABORTED .*identity-requests/.test(fault))).toEqual([])
  })
})
