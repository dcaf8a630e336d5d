/** A kiosk and an officer's page at a gate that listens beyond the loopback: over TLS, by the names of the gate's certificate alone. */
import { X509Certificate, createHash } from 'node:crypto'
import { readFileSync, readdirSync } from 'node:fs'
import { request } from 'node:https'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { skip } from '../../core/test/skip'
import { type Bay, type Resident, frames, launch, missing, openBay, openOfficer, openPage, state } from './bay'

const skipped = skip('a kiosk over TLS', missing())
const HOST = 'gate.example'

describe.skipIf(skipped)('a kiosk over TLS', () => {
  let browser: Browser
  let bay: Bay
  let traveller: Resident
  /** The browser finds the gate by its name, and takes the certificate that is in the gate's folder: it and no other. */
  let flags: string[]

  beforeAll(async () => {
    const drawing = await launch()
    const opened = await openBay(drawing, 1, { host: HOST })
    bay = opened.bay
    traveller = opened.residents[0]!
    const folder = join(bay.folder, 'gates/hengqin/tls')
    const certificates = readdirSync(folder).filter((name) => name.startsWith('web-')).map((name) => new X509Certificate(readFileSync(join(folder, name))))
    const pins = certificates.map(({ publicKey }) => createHash('sha256').update(publicKey.export({ type: 'spki', format: 'der' })).digest('base64'))
    flags = [`--host-resolver-rules=MAP ${HOST} 127.0.0.1`, `--ignore-certificate-errors-spki-list=${pins.join(',')}`]
    const code = bay.code(traveller, 'MAC', 'CHN')
    browser = await launch(await frames(drawing, join(bay.work, 'camera.mjpeg'), traveller.face, code.png), flags)
    await drawing.close()
  })
  afterAll(async () => {
    await bay?.stop()
    await browser?.close()
  })

  test('is paired by a cookie that no plain connection carries, reads code and face, and opens the door', async () => {
    expect(bay.address('kiosk', 'MAC-CHN')).toMatch(`https://${HOST}:`)
    const context = await browser.newContext({ viewport: { width: 1280, height: 720 } })
    const { page, faults } = await openPage(context, bay.address('kiosk', 'MAC-CHN'))
    await state(page, 'welcome')
    expect(await page.evaluate(() => isSecureContext)).toBe(true)
    const cookies = await context.cookies()
    expect(cookies.length).toBeGreaterThan(0)
    for (const cookie of cookies) expect([cookie.secure, cookie.httpOnly, cookie.sameSite], cookie.name).toEqual([true, true, 'Strict'])
    expect(faults).toEqual([])
    await context.close()
  })

  test('shows an officer what was decided, and their own authority’s reason', async () => {
    const context = await browser.newContext({ viewport: { width: 1280, height: 720 } })
    const { page, faults } = await openOfficer(context, bay, 'CHN')
    await page.locator('#past td', { hasText: 'all conditions are met · admitted' }).waitFor()
    expect(faults).toEqual([])
    await context.close()
  })

  test('is found by the name of its certificate alone, and never in plain', async () => {
    const { port, pathname } = new URL(bay.address('officer', 'MAC-CHN', 'CHN'))
    const ca = readFileSync(join(bay.folder, 'public/ca.pem'))
    const asked = (servername: string, host: string) => new Promise<number | string>((resolve) => {
      const sent = request({ host: '127.0.0.1', port, path: pathname, ca, servername, headers: { host } }, (answer) => {
        answer.resume()
        resolve(answer.statusCode!)
      })
      sent.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
      sent.end()
    })
    expect(await asked(HOST, `${HOST}:${port}`), 'by the installation’s own certification authority').toBe(200)
    expect(await asked('other.example', `${HOST}:${port}`)).not.toBe(200)
    expect(await asked(HOST, `other.example:${port}`)).not.toBe(200)
    const plain = await fetch(`http://127.0.0.1:${port}${pathname}`).then((answer) => answer.status, () => 'refused')
    expect(plain).not.toBe(200)
  })
})
