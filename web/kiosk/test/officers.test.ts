/** Officers sign in with passkeys, in a real browser whose authenticator is CDP's virtual one. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, CDPSession, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { skip } from '../../core/test/skip'
import { type Bay, launch, missing, openBay, openPage, screen, signIn } from './bay'

const skipped = skip('officers and their passkeys', missing())

/** Gives a page an authenticator that verifies its user by itself. */
async function authenticator(page: Page): Promise<CDPSession> {
  const cdp = await page.context().newCDPSession(page)
  await cdp.send('WebAuthn.enable')
  await cdp.send('WebAuthn.addVirtualAuthenticator', { options: {
    protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true,
  } })
  return cdp
}

describe.skipIf(skipped)('officers', () => {
  let browser: Browser
  let bay: Bay
  beforeAll(async () => {
    browser = await launch()
    ;({ bay } = await openBay(browser, 0))
  })
  afterAll(async () => {
    await bay?.stop()
    await browser?.close()
  })

  test('a one-time code registers a passkey, and from then on the passkey signs in', async () => {
    const context = await browser.newContext({ viewport: { width: 1280, height: 720 } })
    const { page, faults } = await openPage(context, bay.address('officer', 'MAC-CHN', 'CHN'))
    await authenticator(page)
    await page.waitForSelector('body[data-signed="signed_out"]')
    await page.selectOption('#language', 'en')
    await screen(page, 'officer-sign-in')
    expect(await page.locator('main').isHidden()).toBe(true)
    await page.fill('#code-text', bay.account({ side: 'CHN' }, 'lane-officer', false))
    await page.click('#use-code')
    await page.waitForSelector('body[data-signed="passkey_needed"]')
    await page.getByText('Register a passkey first').waitFor()
    await page.click('#register')
    await page.waitForSelector('body[data-signed="in"][data-link="on"]')
    expect(await page.locator('#who-name').innerText()).toMatch(/^Specimen \d+ · lane-officer · signed in until/)
    await page.locator('#acts [data-key="C"]').click()
    await page.getByText('You hold this lane').waitFor()

    await page.click('#sign-out')
    await page.waitForSelector('body[data-signed="signed_out"]')
    await page.click('#use-passkey')
    await page.waitForSelector('body[data-signed="in"][data-link="on"]')
    await page.getByText('You hold this lane').waitFor()
    await page.locator('#acts [data-key="C"]').click()
    await page.getByText('Nobody at the lane').waitFor()

    // Reasons: the officer's account at their authority is another one, with a passkey of its own.
    await page.fill('#secret-text', bay.account({ authority: 'CHN' }, 'lane-officer', false))
    await page.press('#secret-text', 'Enter')
    await page.click('#secret-register')
    await page.locator('#secret').waitFor({ state: 'hidden' })
    await page.reload()
    await page.waitForSelector('body[data-link="on"]')
    await page.locator('#secret-passkey').click()
    await page.locator('#secret').waitFor({ state: 'hidden' })

    // A code that was used opens nothing; 403 is what the console then says.
    expect(faults.filter((fault) => !fault.includes('401') && !fault.includes('403'))).toEqual([])
    const acts = readFileSync(join(bay.folder, 'gates/hengqin/officers.acts'), 'utf8')
    for (const act of ['"code"', '"passkey_add"', '"sign_in"', '"sign_out"', '"see_lane"', '"act_at_lane"']) expect(acts).toContain(act)
    expect(acts).not.toContain('Specimen')
    const book = readFileSync(join(bay.folder, 'gates/hengqin/MAC-CHN.acts'), 'utf8')
    expect(book).toMatch(/officer\\":\\"[0-9a-f]{16}/)
    await context.close()
  })

  test('a role that is missing has a sentence, and an auditor sees no lane', async () => {
    const context = await browser.newContext()
    const { page } = await openPage(context, bay.address('officer', 'MAC-CHN', 'MAC'))
    await page.waitForSelector('body[data-signed="signed_out"]')
    await page.selectOption('#language', 'en')
    await page.fill('#code-text', bay.account({ side: 'MAC' }, 'auditor'))
    await page.click('#use-code')
    await page.waitForSelector('body[data-signed="role_missing"]')
    await page.getByText('Your account has no role for this; ask a supervisor').waitFor()
    expect(await page.locator('#who-name').innerText()).toContain('TEST ACCOUNT')
    expect(await page.locator('main').isHidden()).toBe(true)
    await page.click('#sign-out')
    await signIn(page, () => bay.account({ side: 'MAC' }, 'supervisor'))
    await context.close()
  })
})
