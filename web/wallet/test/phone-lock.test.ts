/** The phone's own lock: from a locked phone to a code in two acts, in a real browser with a virtual authenticator, against a running Bay. */
import type { Browser, CDPSession } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readCode, readToken, tokenId } from '../../core/border.js'
import { toHex } from '../../core/bytes.js'
import { decode } from '../../core/cbor.js'
import { parse1 } from '../../core/cose.js'
import { skip } from '../../core/test/skip.js'
import { type Bay, launch, missing, openBay } from './bay.js'
import { Hand, PIN, scan } from './hand.js'
import { LANGUAGES } from './languages.js'

const skipped = skip("the phone's own lock in a browser", missing())

const idOf = (text: string) => {
  const read = readCode(text)
  if (read.form !== 'full') throw new Error('a short code')
  return toHex(tokenId(readToken(read.token).deviceKey))
}
/** By what a code says that its holder unlocked again. */
const unlockedBy = (text: string) => (decode(parse1(readCode(text).proof).payload) as [number, Uint8Array])[1][0]

/**
 * A phone with a lock: `secrets` where it derives them (CTAP2 hmac-secret), as the extension `prf` needs; `knows` the finger before it. One
 * that refused a finger is blocked from then on, as phones are until their code is typed.
 */
class Lock {
  private constructor(private readonly session: CDPSession, private readonly id: string) {}

  static async on(hand: Hand, { secrets = true, knows = true } = {}): Promise<Lock> {
    const session = await hand.context.newCDPSession(hand.page)
    await session.send('WebAuthn.enable')
    const { authenticatorId } = await session.send('WebAuthn.addVirtualAuthenticator', { options: {
      protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, hasPrf: secrets,
      isUserVerified: knows, automaticPresenceSimulation: true,
    } })
    return new Lock(session, authenticatorId)
  }

  /** Another finger from now on. */
  forgetFinger() {
    return this.session.send('WebAuthn.setUserVerified', { authenticatorId: this.id, isUserVerified: false })
  }

  remove() {
    return this.session.send('WebAuthn.removeVirtualAuthenticator', { authenticatorId: this.id })
  }

  async credentials() {
    return (await this.session.send('WebAuthn.getCredentials', { authenticatorId: this.id })).credentials
  }
}

describe.skipIf(skipped)("the phone's own lock", () => {
  let browser: Browser
  let bay: Bay
  let hand: Hand
  let lock: Lock

  beforeAll(async () => {
    browser = await launch()
    bay = await openBay(browser, { host: 'localhost' })
    hand = await Hand.open(browser, bay)
    lock = await Lock.on(hand, { knows: false })
    await hand.enrol()
  })
  afterAll(async () => {
    await browser?.close()
    await bay?.stop()
  })

  const lockNow = async () => {
    await hand.home()
    await hand.press('more')
    await hand.press('lock')
    await hand.see('unlock')
  }

  it('is offered on the pass, opens nothing before it is switched on, and asks who the traveller is', async () => {
    await hand.see('lock-offer')
    for (const language of [...LANGUAGES.filter((one) => one !== 'en'), 'en']) {
      await hand.press('more')
      await hand.press(`language-${language}`)
      await hand.press('back')
      await hand.see('lock-offer')
      for (const large of [true, false]) {
        await hand.page.locator('.app').last().evaluate((app, large) => app.classList.toggle('large', large), large)
        await hand.sound(`${language} lock offer${large ? ', large' : ''}`)
      }
    }
    expect(await hand.page.locator('#lock-offer').innerText()).toContain('Whoever can unlock this phone')
    // A finger that it does not know switches nothing on.
    await hand.press('lock-yes')
    await hand.page.locator('#lock-offer .notice.bad').waitFor()
    expect(await hand.page.evaluate(() => localStorage.getItem('baypass.lock'))).toBeNull()
    await lock.remove()
    lock = await Lock.on(hand)
    await hand.press('lock-yes')
    await hand.page.locator('#lock-offer').waitFor({ state: 'detached' })
    const [made, ...more] = await lock.credentials()
    expect(more).toEqual([])
    expect(made).toMatchObject({ rpId: 'localhost' })
  })

  it('leaves no key in clear: what is stored is wrapped, and says nothing of the traveller', async () => {
    const stored = await hand.page.evaluate(() => localStorage.getItem('baypass.lock')) ?? ''
    expect(Object.keys(JSON.parse(stored) as object).sort()).toEqual(['credential', 'nonce', 'salt', 'text', 'use'])
    // The wrapped key: 32 bytes and their tag.
    expect(Buffer.from((JSON.parse(stored) as { text: string }).text, 'base64url')).toHaveLength(48)
  })

  let first = ''
  it('from a locked phone to a code in two acts, and the gate takes it', async () => {
    await hand.lane('exit')
    await hand.shown()
    await lockNow()
    await hand.sound('en unlock by the phone')
    const acts: string[] = []
    const act = async (id: string) => { acts.push(id); await hand.press(id) }
    const began = Date.now()
    await act('unlock-phone')
    first = await hand.shown()
    console.log(`from a locked phone to a code: ${acts.length} act (${acts.join(', ')}), ${Date.now() - began} ms`)
    expect(acts.length).toBeLessThanOrEqual(2)
    expect(await hand.page.locator('.lane').last().innerText()).toContain('Leaving Hong Kong')
    // That the wallet was opened says nothing of an own unlock.
    expect(unlockedBy(first)).toBe(0)
    expect(await scan(bay, first, 'HKG-CHN/exit')).toMatchObject({ code: null, verdicts: [{ answer: 'admit' }] })
  })

  it('the other lane is the second act: its token is another, but for a glance, which costs none', async () => {
    // Whoever stood at the gate for longer than a glance may have passed it.
    await hand.page.waitForTimeout(3500)
    await hand.press('side-entry')
    await hand.see('side-exit')
    // The button stands below the code; the code that it brought is in view.
    await hand.page.waitForFunction(() => window.scrollY === 0)
    const entry = await hand.shown()
    expect(idOf(entry)).not.toBe(idOf(first))
    const left = await hand.page.locator('#left').last().innerText()
    await hand.press('swap')
    await hand.page.locator('.way', { hasText: /^Mainland/ }).last().waitFor()
    expect(idOf(await hand.shown())).toBe(idOf(entry))
    await hand.press('swap')
    await hand.page.locator('.way', { hasText: /^Hong Kong/ }).last().waitFor()
    expect(idOf(await hand.shown())).toBe(idOf(first))
    await hand.press('side-entry')
    await hand.see('side-exit')
    const again = await hand.shown()
    expect(idOf(again)).toBe(idOf(entry))
    expect(await hand.page.locator('#left').last().innerText()).toBe(left)
    expect(await scan(bay, again, 'HKG-CHN/entry')).toMatchObject({ code: null, verdicts: [{ answer: 'admit' }] })
  })

  it('unlocks again where a gate asks for it, and the proof says by what', async () => {
    await hand.press('unlock-again')
    await hand.see('unlock-phone')
    await hand.sound('en unlock again by the phone')
    await hand.press('unlock-phone')
    await hand.see('unlocked')
    expect(unlockedBy(await hand.shown())).toBe(2)
    // By the PIN it says that.
    await hand.press('unlock-again')
    await hand.fill('unlock-pin', PIN)
    await hand.press('unlock-next')
    await hand.see('unlocked')
    expect(unlockedBy(await hand.shown())).toBe(1)
  })

  it('that opens nothing any more is asked for no further at a gate: the PIN is', async () => {
    const kept = await hand.page.evaluate(() => {
      const stored = localStorage.getItem('baypass.lock')!
      const { text, ...rest } = JSON.parse(stored) as { text: string }
      localStorage.setItem('baypass.lock', JSON.stringify({ ...rest, text: (text[0] === 'A' ? 'B' : 'A') + text.slice(1) }))
      return stored
    })
    await hand.press('unlock-again')
    await hand.press('unlock-phone')
    await hand.page.locator('.fault', { hasText: 'was switched off' }).waitFor()
    expect(await hand.page.locator('#unlock-phone').count()).toBe(0)
    expect(await hand.title()).toBe('Enter your PIN')
    await hand.press('unlock-stop')
    await hand.see('qr')
    await hand.page.evaluate((kept) => localStorage.setItem('baypass.lock', kept), kept)
  })

  it.each([...LANGUAGES])('speaks %s, within 320 pixels, also in large text', async (language) => {
    await hand.home()
    await hand.press('more')
    await hand.press(`language-${language}`)
    await hand.see('lock-setting')
    await hand.press('lock')
    await hand.see('unlock-phone')
    for (const large of [false, true]) {
      await hand.page.locator('.app').last().evaluate((app, large) => app.classList.toggle('large', large), large)
      await hand.sound(`${language} unlock by the phone${large ? ', large' : ''}`)
    }
    await hand.unlock()
    if (language === LANGUAGES.at(-1)) {
      await hand.press('more')
      await hand.press('language-en')
      await hand.home()
    }
  })

  it('is switched off by a change of the PIN, and can be switched on again', async () => {
    const NEW = '904172'
    await hand.press('more')
    await hand.press('change-pin')
    for (const [words, pin] of [['present PIN', PIN], ['Choose a new PIN', NEW], ['once more', NEW]] as const) {
      await hand.page.locator('[role=heading]', { hasText: words }).last().waitFor()
      await hand.fill('pin-typed', pin)
      await hand.press('pin-next')
    }
    await hand.see('pin-changed')
    await hand.page.locator('#lock-lapsed', { hasText: 'switched off with the old PIN' }).waitFor()
    await hand.sound('en lock after a new PIN')
    expect(await hand.page.evaluate(() => localStorage.getItem('baypass.lock'))).toBeNull()
    await hand.press('lock-on')
    await hand.see('lock-off')
    await hand.press('lock')
    await hand.see('unlock-phone')
    await hand.press('unlock-phone')
    await hand.home()
  })

  it('opens nothing for a finger that it does not know, and the PIN does', async () => {
    await lockNow()
    await lock.forgetFinger()
    await hand.press('unlock-phone')
    await hand.page.locator('.fault', { hasText: 'Not unlocked' }).waitFor()
    await hand.sound('en lock refused')
    await hand.unlock('904172')
  })

  it('that lost its credential, as a new phone has, opens nothing, and the PIN does', async () => {
    await lock.remove()
    lock = await Lock.on(hand)
    await lockNow()
    await hand.press('unlock-phone')
    await hand.page.locator('.fault', { hasText: 'Not unlocked' }).waitFor()
    await hand.unlock('904172')
  })

  it('is removed in the settings, and then the PIN alone is asked for', async () => {
    await hand.press('more')
    await hand.press('lock-off')
    await hand.see('lock-on')
    await hand.sound('en lock off')
    await hand.press('lock')
    await hand.see('unlock')
    expect(await hand.page.locator('#unlock-phone').count()).toBe(0)
    expect(await hand.page.evaluate(() => localStorage.getItem('baypass.lock'))).toBeNull()
    await hand.unlock('904172')
    // It was answered once: nobody is offered it again and again.
    expect(await hand.page.locator('#lock-offer').count()).toBe(0)
  })

  it('that gives no secret is not used, and the screen says so', async () => {
    const other = await Hand.open(browser, bay)
    await Lock.on(other, { secrets: false })
    await other.enrol()
    await other.see('lock-offer')
    await other.press('lock-yes')
    await other.page.locator('#lock-offer .notice.bad', { hasText: 'gave no key' }).waitFor()
    await other.sound('en lock gives no key')
    expect(await other.page.evaluate(() => localStorage.getItem('baypass.lock'))).toBeNull()
    expect(other.wrong).toEqual([])
    await other.context.close()
  })

  it('where there is none nobody offers it, and the settings say that the PIN stays', async () => {
    const other = await Hand.open(browser, bay)
    await other.enrol()
    expect(await other.page.locator('#lock-offer').count()).toBe(0)
    await other.press('more')
    await other.page.locator('#lock-setting', { hasText: 'The PIN opens Bay Pass' }).waitFor()
    expect(other.wrong).toEqual([])
    await other.context.close()
  })

  it('left no error behind', () => {
    expect(hand.wrong).toEqual([])
  })
})
