/** The built mini-program in a context as bare as a phone's: its size, its life, its code at the gate. */
import { readFileSync, readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readCode } from '../../core/border.js'
import { decode } from '../../core/cbor.js'
import { parse1 } from '../../core/cose.js'
import { skip } from '../../core/test/skip.js'
import { type Bay, RESIDENT, ROOT, launch, missing, openBay } from './bay.js'
import { counterOf } from './clerk.js'
import { chance, drawCards, film, noFont, permitZone } from './cards.js'
import { PIN, scan } from './hand.js'
import { OtherWallet, noOtherWallet } from './other-program.js'
import { BUILT_IN, buildMini, codesOf, phoneOf, symbolOf } from './mini.js'
import { type Phone } from './phone.js'

const BUILT = join(ROOT, 'web/wallet/dist/build')
const MINI = join(BUILT, 'mp-weixin')
const WEB = join(BUILT, 'h5')

const files = (folder: string): string[] => readdirSync(folder, { withFileTypes: true }).flatMap((entry) => entry.isDirectory() ? files(join(folder, entry.name)) : [join(folder, entry.name)])

describe('what is built is small', () => {
  it('the mini-program is a package of 500 KB at most', () => {
    const size = files(MINI).reduce((sum, file) => sum + statSync(file).size, 0)
    console.log(`mini-program: ${size} bytes in ${files(MINI).length} files`)
    expect(size).toBeGreaterThan(50_000)
    expect(size).toBeLessThanOrEqual(500 * 1024)
  })

  it('the web wallet is 300 KB compressed at first load, everything counted that it keeps for later', () => {
    const size = files(WEB).reduce((sum, file) => sum + gzipSync(readFileSync(file), { level: 6 }).length, 0)
    console.log(`web wallet: ${size} bytes compressed in ${files(WEB).length} files`)
    expect(size).toBeGreaterThan(50_000)
    expect(size).toBeLessThanOrEqual(300 * 1024)
  })

  it('nothing in it names a host of anybody else', () => {
    for (const file of [...files(MINI), ...files(WEB)].filter((name) => /\.(js|css|wxss|html|json)$/.test(name))) {
      const named = [...readFileSync(file, 'utf8').matchAll(/https?:\/\/[\w.-]+/g)].map(([host]) => host)
      const foreign = named.filter((host) => !/^http:\/\/(127\.0\.0\.1|localhost|www\.w3\.org)$/.test(host))
      // Names inside messages of the framework and of a protocol (the audience of OpenID4VP 1.0, 5.8), which nothing asks.
      expect(foreign.filter((host) => !/(self-issued\.me|vuejs\.org|uniapp\.dcloud|dcloud\.net\.cn|github\.com|developers\.weixin\.qq\.com)/.test(host)), file).toEqual([])
    }
  })
})

const skipped = skip("the mini-program's life", missing())
const withoutOther = !skipped && skip('another wallet and the mini-program', noOtherWallet())
const withoutFont = !skipped && skip("a card before the mini-program's camera", noFont())

describe.skipIf(skipped)('the built mini-program', () => {
  let bay: Bay
  let phone: Phone
  /** The mini-program as an operator builds it: with the roots of this installation. */
  let built: string
  const make = (storage = new Map<string, unknown>()) => phoneOf(bay, built, storage)

  beforeAll(async () => {
    const browser = await launch()
    bay = await openBay(browser)
    await browser.close()
    built = buildMini(bay)
    phone = make()
  })
  afterAll(async () => {
    phone?.stop()
    await bay?.stop()
    if (built) rmSync(built, { recursive: true, force: true })
  })

  it('starts where there is no TextEncoder, crypto, URL, fetch or process', async () => {
    for (const name of ['TextEncoder', 'TextDecoder', 'crypto', 'URL', 'fetch', 'process', 'window', 'document', 'Buffer']) expect(phone.has(name), name).toBe(false)
    phone.start()
    await phone.until('language-en')
    expect(phone.text()).toContain('Choose your language')
    expect(phone.faults).toEqual([])
  })

  /** The codes of the offices. */
  const code = async () => {
    await phone.until('invitation')
    await phone.type('invitation', await bay.invite(RESIDENT))
    await phone.tap('next')
    await phone.until('review')
    for (const said of [RESIDENT.name, '6 May 1990', RESIDENT.permit]) expect(phone.text()).toContain(said)
    await phone.tap('next')
  }

  it('enrols, and fetches codes, and what desks are shown', async () => {
    await phone.tap('language-en')
    await phone.tap('home-HKG')
    await phone.type('pin', PIN)
    await phone.tap('next')
    await phone.until('Type it once more')
    await phone.type('pin', PIN)
    await phone.tap('next')
    await phone.until('number')
    await phone.type('number', 'A123456(4)')
    expect(phone.text()).toContain('check digit')
    await phone.type('number', RESIDENT.id)
    await phone.tap('next')
    await phone.until('skip')
    await phone.type('number', RESIDENT.permit)
    await phone.tap('next')
    await phone.until('name')
    await phone.type('name', RESIDENT.name)
    await phone.tap('next')
    await phone.until('birth')
    await phone.type('birth', '31/2/1990')
    await phone.until('no such day')
    await phone.tell('picker', 'change', { value: RESIDENT.birth })
    await phone.tap('next')
    await code()
    await phone.until('selfie')
    await phone.tap('selfie')
    await phone.until('Bring your face into the oval')
    // Nothing is seen before its component has begun; then it is dark, then good, then good for long enough.
    expect(phone.camera.on).toBe(false)
    await phone.tell('camera', 'initdone')
    expect(phone.camera.on).toBe(true)
    const until = async (words: string, show: Parameters<typeof phone.camera.show>[0]) => phone.until(() => { phone.camera.show(show); return phone.text().includes(words) })
    await until('Too dark', 20)
    await until('Good: stay like this', (x, y) => (Math.floor(x / 8) + Math.floor(y / 8)) % 2 ? 170 : 90)
    await until('Good: press the button', (x, y) => (Math.floor(x / 8) + Math.floor(y / 8)) % 2 ? 170 : 90)
    // In the background it is off, and opens again.
    phone.see(false)
    phone.see(true)
    await phone.until('selfie')
    expect(phone.camera.on).toBe(false)
    expect(phone.shows('camera')).toBe(false)
    // Refused, it says what to do.
    await phone.tap('selfie')
    await phone.tell('camera', 'error')
    await phone.until('The camera does not open')
    expect(phone.shows('camera')).toBe(false)
    // The picture is what the camera took, against the advice: as it is, as JPEG, and no larger than needed.
    await phone.tap('selfie')
    await phone.tell('camera', 'initdone')
    await until('Too dark', 20)
    await phone.tap('shoot')
    await codesOf(phone, 8)
    expect(phone.camera).toMatchObject({ on: false, taken: [{ selfieMirror: false }], made: [{ width: 960, height: 1280, fileType: 'jpg', quality: 0.92 }, { width: 144, height: 144, fileType: 'jpg', quality: 0.8 }] })
    expect(phone.text()).toContain(RESIDENT.name)
    expect(phone.text()).toContain('Works offline until')
    expect(String(phone.attribute('image', 'src'))).toMatch(/^data:image\/jpeg;base64,/)
    // Of each document, and where the holder lives.
    await phone.until(() => phone.asked.filter((line) => line.endsWith('/v1/venue-credentials')).length === 3)
    expect(phone.faults).toEqual([])
  })

  it('stores nothing of the traveller in clear', () => {
    const stored = JSON.stringify([...phone.storage])
    expect(stored).toContain('baypass.vault')
    for (const secret of [RESIDENT.name, 'CANARY', RESIDENT.birth, 'A1234563', RESIDENT.permit, PIN]) {
      for (const form of [secret, Buffer.from(secret).toString('base64').replace(/=+$/, '').slice(0, -1), Buffer.from(secret).toString('hex')]) expect(stored.includes(form), form).toBe(false)
    }
  })

  const seen = () => symbolOf(phone)
  /** The same, as soon as it is one of this kind, and another than `before`. */
  const drawn = async (kind = 'BP1:', before = '') => {
    let text = ''
    await phone.until(() => {
      text = seen()
      return text.startsWith(kind) && text !== before
    })
    return text
  }

  it('draws a code bright on its canvas, and the gate lets its holder out', async () => {
    await phone.tap('show')
    await phone.until('from-HKG')
    await phone.tap('from-HKG')
    await phone.tap('to-CHN')
    await phone.tap('port-hzmb-hkg-zhu')
    const code = await drawn()
    expect(code).toMatch(/^BP1:/)
    await phone.until(() => phone.screen.brightness === 1 && phone.screen.lit)
    expect(await scan(bay, code, 'HKG-CHN/exit')).toMatchObject({ code: null, verdicts: [{ answer: 'admit' }] })
    // The gate tells the authority by and by.
    for (let i = 0; i < 60 && !phone.text().includes('recorded your passage'); i += 1) {
      await phone.tap('ask-result')
      await phone.until(() => /recorded your passage|have no record yet/.test(phone.text()))
    }
    expect(phone.text()).toContain('recorded your passage')
    expect(phone.faults).toEqual([])
  })

  it('hides the code in the background and gives the screen its own brightness back', async () => {
    phone.see(false)
    await phone.until(() => phone.screen.brightness === 0.4 && !phone.screen.lit)
    phone.see(true)
    await phone.until(() => phone.screen.brightness === 1)
    expect(await drawn()).toMatch(/^BP1:/)
  })

  it('gives the screen its brightness back also where the code was left at once', async () => {
    await phone.tap('back')
    await phone.until('show')
    for (const _ of [0, 1]) {
      await phone.tap('show')
      await phone.tap('back')
      await phone.until('show')
    }
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(phone.screen).toEqual({ brightness: 0.4, lit: false })
  })

  it('lets SOTER confirm at a gate, where the phone has it, and says that the PIN alone opens', async () => {
    await phone.tap('more')
    await phone.until('The PIN opens Bay Pass')
    await phone.tap('back')
    phone.finger = true
    await phone.tap('more')
    await phone.until('Opening Bay Pass still takes the PIN')
    await phone.tap('lock-on')
    await phone.until('the PIN alone protects what is stored')
    expect(phone.storage.get('baypass.lock')).toBe('{"use":"confirms"}')
    await phone.tap('back')
    await phone.tap('show')
    await drawn()
    await phone.tap('unlock-again')
    phone.finger = false
    await phone.tap('unlock-phone')
    await phone.until('Not unlocked')
    phone.finger = true
    await phone.tap('unlock-phone')
    // Codes from before it may stand there for a moment; those after it say that it was the phone's own lock.
    await phone.until(() => {
      const code = seen()
      if (!code.startsWith('BP1:')) return false
      const [, [method]] = decode(parse1(readCode(code).proof).payload) as [number, Uint8Array]
      return method === 2
    })
    expect(phone.faults).toEqual([])
  })

  it('started again without a network, it opens with the PIN and shows a code that counts', async () => {
    const { storage } = phone
    phone.stop()
    phone = make(storage)
    phone.online = false
    phone.start()
    await phone.until('unlock')
    // SOTER opens nothing.
    expect(phone.find('unlock-phone')).toBeUndefined()
    await phone.type('pin', PIN)
    await phone.tap('unlock')
    // The exit is on record: the code of the entry is there. A code of the other lane is another.
    const other = async (lane: string, before: string) => { await phone.until(lane); return drawn('BP1:', before) }
    const entry = await other('side-exit', '')
    await phone.tap('side-exit')
    const exit = await other('side-entry', entry)
    await phone.tap('side-entry')
    const code = await other('side-exit', exit)
    expect(await scan(bay, code, 'HKG-CHN/entry')).toMatchObject({ code: null, verdicts: [{ answer: 'admit' }] })
    expect(phone.faults).toEqual([])
  })

  it('registers at a desk without a network, by a code for its camera: a mini-program calls no desk', async () => {
    for (let i = 0; i < 3 && !phone.find('register'); i += 1) await phone.tap('back')
    const counter = await counterOf(await bay.desk('specimen-tower-shenzhen'))
    let asked = await counter.ask()
    for (let i = 0; i < 60 && !asked.text; i += 1) {
      await new Promise((resolve) => setTimeout(resolve, 500))
      asked = await counter.ask()
    }
    await phone.tap('register')
    // A scanner that is closed changes nothing.
    await phone.tap('scan-desk')
    await phone.until('scan-desk')
    phone.code = 'WIFI:S:x;;'
    await phone.tap('scan-desk')
    await phone.until('another system')
    await phone.tap('another')
    phone.code = asked.text
    await phone.tap('scan-desk')
    // The word alone stands on the screen before, too.
    await phone.until(() => phone.find('agree') !== undefined)
    for (const said of ['specimen-tower-shenzhen', 'The register of visitors', 'Home Return Permit', RESIDENT.name]) expect(phone.text()).toContain(said)
    await phone.tap('claim-name')
    await phone.tap('agree')
    await phone.until('Inside WeChat the wallet cannot call a desk')
    const code = await drawn('BV1:')
    await phone.until(() => phone.screen.brightness === 1 && phone.screen.lit)
    const { id } = await counter.scan(code)
    expect(await counter.answer(id ?? '')).toMatchObject({ state: 'answered', claims: { document_kind: 'home_return_permit' } })
    expect(JSON.stringify(await counter.answer(id ?? ''))).not.toContain('CANARY')
    await phone.tap('finish')
    await phone.until('show')
    expect(phone.screen.lit).toBe(false)
    await phone.tap('history')
    await phone.until('A visit to a building')
    await phone.tap('back')
    await phone.tap('receipts')
    await phone.until('Shown: Kind of document')
    expect(phone.text()).toContain('No receipt; days that the desk said it keeps this: 30')
    await phone.tap('back')
    expect(phone.faults).toEqual([])
  })

  it('changes its PIN: the new one opens it afterwards, the old one does not', async () => {
    const NEW = '904172'
    // From the code at its lane back to the pass.
    for (let i = 0; i < 3 && !phone.find('more'); i += 1) await phone.tap('back')
    await phone.tap('more')
    await phone.tap('change-pin')
    for (const [title, pin] of [['Enter your present PIN', '000111'], ['4 more tries', PIN], ['Choose a new PIN', NEW], ['Type it once more', NEW]] as const) {
      await phone.until(title)
      await phone.type('pin-typed', pin)
      await phone.tap('pin-next')
    }
    await phone.until('pin-changed')
    await phone.tap('lock')
    await phone.until('unlock')
    await phone.type('pin', PIN)
    await phone.tap('unlock')
    await phone.until('Wrong PIN')
    await phone.type('pin', NEW)
    await phone.tap('unlock')
    await phone.until('show')
    expect(phone.faults).toEqual([])
  })

  it('asked nobody but the authorities', () => {
    for (const asked of phone.asked) expect(Object.values(BUILT_IN).some((address) => asked.split(' ')[1]!.startsWith(`${address}/v1/`)), asked).toBe(true)
  })

  /** Another phone, up to its first question for a document. */
  const anew = async () => {
    phone.stop()
    phone = make()
    phone.start()
    await phone.tap('language-en')
    await phone.tap('home-HKG')
    for (const _ of [0, 1]) {
      await phone.type('pin', PIN)
      await phone.tap('next')
    }
  }

  it('takes a picture from the album as well', async () => {
    await anew()
    for (const [id, text] of [['number', RESIDENT.id], ['number', RESIDENT.permit], ['name', RESIDENT.name], ['birth', RESIDENT.birth]] as const) {
      await phone.until(id)
      await phone.type(id, text)
      await phone.tap('next')
    }
    await code()
    await phone.until('selfie-file')
    await phone.tap('selfie-file')
    await codesOf(phone, 8)
    expect(phone.camera.taken).toEqual([])
    expect(phone.faults).toEqual([])
  })

  it.skipIf(withoutOther)('shows another wallet its code, on another phone alone: it opens no link; and registers by the six digits', async () => {
    const other = await OtherWallet.open(bay, RESIDENT)
    await other.list()
    await anew()
    await phone.tap('other-wallet')
    await phone.until('waiting')
    const link = await drawn('openid4vp:')
    expect(link).toMatch(/^openid4vp:/)
    expect(phone.find('open-wallet')).toBeUndefined()
    expect(phone.text()).toContain('scan this code with the other wallet')
    const six = await other.answer(link)
    other.end()
    await phone.until('shown')
    await phone.type('six', six)
    await phone.tap('next')
    await phone.tap('skip')
    await phone.until('invitation')
    await phone.type('invitation', await bay.invite(RESIDENT))
    await phone.tap('next')
    await phone.until('From the other wallet')
    await phone.tap('next')
    await phone.until('selfie-file')
    await phone.tap('selfie-file')
    await codesOf(phone, 8)
    expect(phone.faults).toEqual([])
  })

  it.skipIf(withoutFont)('reads a card by its camera, in frames as a phone held upright has them', async () => {
    const browser = await launch()
    const [card] = await drawCards(browser, [permitZone(RESIDENT.permit, '900506', '350101', 'SPECIMEN<<CANARY<MUI')])
    await browser.close()
    await anew()
    await phone.until('number')
    expect(phone.find('read-card')).toBeUndefined()
    await phone.type('number', RESIDENT.id)
    await phone.tap('next')
    // Refused, it says what to do.
    await phone.tap('read-card')
    await phone.tell('camera', 'error')
    await phone.until('Type the number, or allow the camera')
    expect(phone.shows('camera')).toBe(false)
    await phone.tap('read-card')
    await phone.until('Bring the three lines')
    expect(phone.attribute('camera', 'device-position')).toBe('back')
    expect(phone.camera.on).toBe(false)
    await phone.tell('camera', 'initdone')
    expect(phone.camera.on).toBe(true)
    // In the background it is off.
    phone.see(false)
    phone.see(true)
    await phone.until('read-card')
    expect([phone.camera.on, phone.shows('camera')]).toEqual([false, false])
    await phone.tap('read-card')
    await phone.tell('camera', 'initdone')
    const random = chance(4)
    const frames = [0, 1, 2].map((n) => film(card!, { width: 480, height: 640, pitch: 12.5, tilt: n - 1, blur: 0.5, noise: 3 }, random))
    let shown = 0
    await phone.until(() => { phone.camera.film(frames[shown++ % 3]!); return phone.find('read') !== undefined })
    expect(phone.text()).toContain('number H12345678, born 6 May 1990, valid until 1 January 2035')
    expect([phone.camera.on, phone.camera.taken]).toEqual([false, []])
    await phone.tap('next')
    await phone.until('name')
    await phone.type('name', RESIDENT.name)
    await phone.tap('next')
    // The birth date is there already.
    await phone.until('birth')
    await phone.tap('next')
    await code()
    await phone.until('selfie-file')
    await phone.tap('selfie-file')
    await codesOf(phone, 8)
    await phone.tap('receipts')
    await phone.until('three machine-readable lines')
    expect(phone.faults).toEqual([])
  })
})
