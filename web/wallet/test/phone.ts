/**
 * Phone: enough of a mini-program's runtime to use the built wallet: pages, components, templates, taps, `wx`.
 *
 * The code runs in a context of its own with what the language has and nothing else: no `TextEncoder`, `crypto`, `URL`,
 * `fetch`, `process`. Not here, and not proven by it: a phone's own canvas, camera, brightness, script engine, look.
 */
import { webcrypto } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import http from 'node:http'
import { dirname, join, normalize } from 'node:path'
import vm from 'node:vm'

type Data = Record<string, unknown>
type Hook = (this: unknown, ...given: unknown[]) => unknown
interface Options {
  readonly data?: Data
  readonly properties?: Readonly<Record<string, { readonly value?: unknown; readonly observer?: Hook }>>
  readonly observers?: Readonly<Record<string, Hook>>
  readonly lifetimes?: Readonly<Record<string, Hook>>
  readonly created?: Hook
  readonly pageLifetimes?: Readonly<Record<string, Hook>>
  readonly methods?: Readonly<Record<string, Hook>>
}

// --- templates -----------------------------------------------------------------------------------------------------

interface Element {
  readonly tag: string
  readonly attributes: ReadonlyMap<string, string>
  readonly children: readonly (Element | string)[]
}

/** The little of XML that a built template is. */
function parse(text: string): Element {
  const root = { tag: 'block', attributes: new Map<string, string>(), children: [] as (Element | string)[] }
  const open = [root]
  for (const [, comment, close, tag, attributes, alone, words] of text.matchAll(/(<!--[\s\S]*?-->)|<(\/?)([\w-]+)((?:\s+[\w:.-]+(?:="[^"]*")?)*)\s*(\/?)>|([^<]+)/g)) {
    const parent = open.at(-1)!
    if (comment) continue
    if (words) parent.children.push(words)
    else if (close) open.pop()
    else {
      const read = [...attributes!.matchAll(/([\w:.-]+)(?:="([^"]*)")?/g)].map(([, name, value]) => [name!, value ?? ''] as const)
      const element = { tag: tag!, attributes: new Map(read), children: [] }
      parent.children.push(element)
      if (!alone) open.push(element)
    }
  }
  return root
}

const compiled = new Map<string, (scope: Data) => unknown>()
function evaluate(text: string, scope: Data): unknown {
  const whole = /^\{\{([\s\S]*)\}\}$/.exec(text)
  if (!whole || text.indexOf('{{', 2) > 0) return text.replace(/\{\{(.*?)\}\}/g, (piece) => String(evaluate(piece, scope) ?? ''))
  let run = compiled.get(text)
  if (!run) {
    const source = whole[1]!
    run = new Function('scope', `with (new Proxy(scope, { has: (o, key) => typeof key === 'string', get: (o, key) => o[key] })) { return (${source}) }`) as (scope: Data) => unknown
    compiled.set(text, run)
  }
  return run(scope)
}

/** One element as it stands on the screen. */
interface Shown {
  readonly tag: string
  readonly id: string
  readonly classes: string
  readonly text: string
  readonly children: readonly Shown[]
  readonly attributes: ReadonlyMap<string, unknown>
  readonly owner: Instance
  /** The component that stands here. */
  readonly instance?: Instance
}

// --- the network ---------------------------------------------------------------------------------------------------

interface Answered { readonly status: number; readonly header: http.IncomingHttpHeaders; readonly text: string }

/** Asks the machine at `to` under the name that the program knows, as where a name server says that it is there. */
const answered = (named: string, to: string, { method, data, header }: { method: string; data?: unknown; header?: Record<string, string> }): Promise<Answered> => new Promise((resolve, reject) => {
  const body = data === undefined ? '' : JSON.stringify(data)
  const asked = http.request(to, { method, headers: { ...header, host: new URL(named).host, ...(body && { 'content-length': Buffer.byteLength(body) }) } }, (answer) => {
    const parts: Buffer[] = []
    answer.on('data', (part: Buffer) => parts.push(part))
    answer.on('error', reject)
    answer.on('end', () => resolve({ status: answer.statusCode ?? 0, header: answer.headers, text: Buffer.concat(parts).toString() }))
  })
  asked.on('error', reject)
  asked.end(body)
})

// --- components ----------------------------------------------------------------------------------------------------

function put(data: Data, path: string, value: unknown): void {
  const steps = path.replace(/\[(\d+)\]/g, '.$1').split('.')
  let at = data as Record<string, unknown>
  steps.slice(0, -1).forEach((step, i) => { at = (at[step] ??= /^\d+$/.test(steps[i + 1]!) ? [] : {}) as Record<string, unknown> })
  at[steps.at(-1)!] = value
}

class Instance {
  readonly children = new Map<string, Instance>()
  readonly data: Data = {}
  properties = this.data
  outside: { owner: Instance; attributes: ReadonlyMap<string, string>; scope: Data } | undefined
  shown: readonly Shown[] = [];
  [name: string]: unknown

  constructor(readonly phone: Phone, readonly is: string, readonly kind: Kind, readonly route?: string) {
    Object.assign(this.data, structuredClone(kind.options.data ?? {}))
    for (const [name, { value }] of Object.entries(kind.options.properties ?? {})) this.data[name] = value
    for (const [name, method] of Object.entries(kind.options.methods ?? {})) this[name] = method
    if (route === undefined) delete (this as { route?: string }).route
    this.hook('created')
  }

  hook(name: string): void {
    const { options } = this.kind
    const hook = options.lifetimes?.[name] ?? (options as Readonly<Record<string, Hook | undefined>>)[name]
    if (name === 'created') options.created?.call(this)
    if (hook && hook !== options.created) hook.call(this)
  }

  take(name: string, value: unknown): void {
    if (JSON.stringify(this.data[name]) === JSON.stringify(value)) return
    this.data[name] = value
    this.kind.options.properties?.[name]?.observer?.call(this, value)
    this.kind.options.observers?.[name]?.call(this, value)
  }

  setData(data: Data, done?: () => void): void {
    // What passes between the two halves of a mini-program is copied.
    for (const [path, value] of Object.entries(data)) put(this.data, path, value === undefined ? undefined : JSON.parse(JSON.stringify(value) ?? 'null'))
    this.phone.draw()
    if (done) void Promise.resolve().then(done)
  }

  triggerEvent(type: string, detail: unknown = {}): void {
    const { owner, attributes, scope } = this.outside ?? {}
    const given = attributes?.get(`bind:${type}`) ?? attributes?.get(`bind${type}`)
    if (!owner || given === undefined) return
    const event = { type, detail, target: { dataset: {}, id: '' }, currentTarget: { dataset: {}, id: '' }, timeStamp: Date.now() }
    this.phone.call(owner, String(evaluate(given, scope!)), event)
  }

  selectAllComponents(): unknown[] { return [] }
  selectComponent(): unknown { return null }
  createSelectorQuery(): unknown { return this.phone.selector() }
}

interface Kind {
  readonly options: Options
  readonly template: Element
  readonly uses: Readonly<Record<string, string>>
}

// --- the phone -----------------------------------------------------------------------------------------------------

/** What the wallet drew: squares, in the canvas' own pixels. */
class Canvas {
  width = 0
  height = 0
  private dark: [number, number, number, number][] = []
  getContext() {
    const canvas = this
    return {
      fillStyle: '',
      fillRect(x: number, y: number, width: number, height: number) {
        if (this.fillStyle === '#000000') canvas.dark.push([x, y, width, height])
        else if (x === 0 && y === 0 && width >= canvas.width) canvas.dark = []
      },
    }
  }
  /** The modules with their quiet zone; `undefined` where nothing is drawn. */
  modules(): { row: string; side: number } | undefined {
    const size = this.dark[0]?.[2]
    if (!size) return undefined
    const side = this.width / size
    const grid = new Array<string>(side * side).fill('0')
    for (const [x, y] of this.dark) grid[(y / size) * side + x / size] = '1'
    return { row: grid.join(''), side }
  }
}

/** The camera: frames of one grey value each or of a drawn card, and the picture of the options, which it takes as an iPhone does: large, and as PNG. */
class PhoneCamera {
  /** Whether its component has begun, and whether its frames are asked for. */
  begun = false
  on = false
  readonly taken: { readonly selfieMirror?: boolean }[] = []
  /** What was made of a picture before it was sent. */
  readonly made: { readonly width: number; readonly height: number; readonly fileType: string; readonly quality: number }[] = []
  told: ((frame: { width: number; height: number; data: ArrayBuffer }) => void) | undefined

  show(value: number | ((x: number, y: number) => number)): void {
    const data = new Uint8Array(96 * 128 * 4)
    for (let i = 0; i < 96 * 128; i += 1) data.fill(typeof value === 'number' ? value : value(i % 96, Math.floor(i / 96)), i * 4, i * 4 + 4)
    if (this.on) this.told?.({ width: 96, height: 128, data: data.buffer })
  }

  /** A frame of grey values, in the colours of a camera. */
  film({ width, height, data: grey }: { readonly width: number; readonly height: number; readonly data: Uint8Array }): void {
    const data = new Uint8Array(width * height * 4)
    grey.forEach((value, i) => data.fill(value, i * 4, i * 4 + 4))
    if (this.on) this.told?.({ width, height, data: data.buffer })
  }
}
/** Where it leaves what it took, until it is made smaller. */
const TAKEN = 'wxfile://taken.png'

export interface PhoneOptions {
  readonly folder: string
  readonly language: string
  /** Where the addresses lead that the wallet was built with. */
  readonly net: (url: string) => string
  /** The picture that its camera takes. */
  readonly selfie: string
  readonly storage?: Map<string, unknown>
}

export class Phone {
  readonly storage: Map<string, unknown>
  readonly canvas = new Canvas()
  readonly camera = new PhoneCamera()
  readonly asked: string[] = []
  /** What the wallet did to the screen. */
  readonly screen = { brightness: 0.4, lit: false }
  readonly faults: unknown[] = []
  online = true
  /** What its scanner reads; `undefined`: the traveller closes it. */
  code: string | undefined
  /** Whether the finger at its sensor is the holder's; `undefined`: it has none enrolled. */
  finger: boolean | undefined
  private readonly context: vm.Context
  private readonly modules = new Map<string, { exports: unknown }>()
  private readonly kinds = new Map<string, Kind>()
  private readonly pages: Instance[] = []
  private app: Data = {}
  private loading = ''
  private drawing = false
  private stale = false

  constructor(private readonly options: PhoneOptions) {
    this.storage = options.storage ?? new Map()
    const phone = this
    this.context = vm.createContext({
      wx: this.wx(),
      // A mini-program has one, with nothing in it.
      global: {},
      App: (given: Data) => { this.app = given },
      Page: () => { throw new Error('Page: not used by what was built') },
      Component: (given: Options) => {
        const read = (ending: string) => readFileSync(join(options.folder, `${this.loading}.${ending}`), 'utf8')
        const uses = (JSON.parse(read('json')) as { usingComponents?: Record<string, string> }).usingComponents ?? {}
        this.kinds.set(this.loading, { options: given, template: parse(read('wxml')), uses })
      },
      getApp: () => this.app,
      getCurrentPages: () => [...this.pages],
      setTimeout: (work: () => void, after?: number) => setTimeout(() => this.guard(work), after),
      setInterval: (work: () => void, every?: number) => setInterval(() => this.guard(work), every),
      clearTimeout, clearInterval,
      console: { log() {}, warn() {}, info() {}, error: (...said: unknown[]) => phone.faults.push(said.map(String).join(' ')) },
    }, { codeGeneration: { strings: false, wasm: false } })
  }

  /** What the context has; a mini-program has no more. */
  has(name: string): boolean {
    return vm.runInContext(`typeof ${name}`, this.context) !== 'undefined'
  }

  start(): void {
    this.load('app.js')
    const config = JSON.parse(readFileSync(join(this.options.folder, 'app.json'), 'utf8')) as { pages: string[] }
    const call = (name: string) => (this.app[name] as Hook | undefined)?.call(this.app, { path: config.pages[0], query: {}, scene: 1001 })
    call('onLaunch')
    call('onShow')
    this.open(`/${config.pages[0]}`)
  }

  /** Switches it off: nothing goes on. */
  stop(): void {
    while (this.pages.length > 0) this.close()
  }

  /** The program goes to the background, or comes back. */
  see(visible: boolean): void {
    const name = visible ? 'onShow' : 'onHide'
    ;(this.app[name] as Hook | undefined)?.call(this.app, { path: '', query: {} })
    this.page(name)
  }

  page(name: string, ...given: unknown[]): void {
    const page = this.pages.at(-1)
    const hook = page?.[name]
    if (typeof hook === 'function') this.guard(() => (hook as Hook).call(page, ...given))
    this.draw()
  }

  call(owner: Instance, name: string, event: unknown): void {
    const handler = owner[name]
    if (typeof handler === 'function') this.guard(() => (handler as Hook).call(owner, event))
  }

  private guard(work: () => unknown): void {
    try {
      const done = work()
      if (done instanceof Promise) done.catch((error: unknown) => this.faults.push(error))
    } catch (error) {
      this.faults.push(error)
    }
  }

  private load(path: string): unknown {
    const known = this.modules.get(path)
    if (known) return known.exports
    const module = { exports: {} as unknown }
    this.modules.set(path, module)
    const file = join(this.options.folder, path)
    const before = this.loading
    this.loading = path.replace(/\.js$/, '')
    const run = vm.compileFunction(readFileSync(file, 'utf8'), ['require', 'module', 'exports'], { parsingContext: this.context, filename: file })
    run((name: string) => this.load(normalize(join(dirname(path), name))), module, module.exports)
    this.loading = before
    return module.exports
  }

  private kind(path: string): Kind {
    if (!this.kinds.has(path)) this.load(`${path}.js`)
    const kind = this.kinds.get(path)
    if (!kind) throw new Error(`no component in ${path}`)
    return kind
  }

  private open(url: string): void {
    const [path, query = ''] = url.replace(/^\//, '').split('?')
    const previous = this.pages.at(-1)
    if (previous) this.page('onHide')
    const page = new Instance(this, path!, this.kind(path!), path!)
    this.pages.push(page)
    // What a page says while it is attached shows when that is over.
    this.drawing = true
    page.hook('attached')
    this.drawing = false
    this.page('onLoad', Object.fromEntries(query.split('&').filter(Boolean).map((pair) => pair.split('='))))
    this.page('onShow')
    page.hook('ready')
    this.page('onReady')
  }

  private close(): void {
    const page = this.pages.pop()
    if (!page) return
    const hook = page['onUnload']
    if (typeof hook === 'function') this.guard(() => (hook as Hook).call(page))
    this.remove(page)
  }

  private remove(instance: Instance): void {
    instance.children.forEach((child) => this.remove(child))
    instance.hook('detached')
  }

  draw(): void {
    if (this.drawing) { this.stale = true; return }
    this.drawing = true
    try {
      for (let i = 0; i < 50; i += 1) {
        this.stale = false
        const page = this.pages.at(-1)
        if (page) this.render(page, () => [])
        if (!this.stale) return
      }
      throw new Error('the screen never comes to rest')
    } finally {
      this.drawing = false
    }
  }

  private render(instance: Instance, slot: () => readonly Shown[]): void {
    const alive = new Set<string>()
    instance.shown = this.elements(instance, instance.kind.template.children, instance.data, '', slot, alive)
    for (const [path, child] of instance.children) {
      if (alive.has(path)) continue
      instance.children.delete(path)
      this.remove(child)
    }
  }

  private elements(owner: Instance, list: readonly (Element | string)[], scope: Data, path: string, slot: () => readonly Shown[], alive: Set<string>): Shown[] {
    const found: Shown[] = []
    let taken = false
    list.forEach((element, i) => {
      if (typeof element === 'string') {
        found.push({ tag: '#text', id: '', classes: '', text: String(evaluate(element, scope) ?? ''), children: [], attributes: new Map(), owner })
        return
      }
      const { attributes } = element
      if (attributes.has('wx:if')) taken = Boolean(evaluate(attributes.get('wx:if')!, scope))
      else if (attributes.has('wx:elif') || attributes.has('wx:else')) {
        if (taken) return
        taken = attributes.has('wx:else') || Boolean(evaluate(attributes.get('wx:elif')!, scope))
      } else taken = true
      if (!taken) return
      const here = `${path}/${i}`
      const each = attributes.get('wx:for')
      if (each === undefined) { found.push(...this.element(owner, element, scope, here, slot, alive)); return }
      const [item, key] = [attributes.get('wx:for-item') ?? 'item', attributes.get('wx:key')]
      ;((evaluate(each, scope) ?? []) as unknown[]).forEach((value, n) => {
        const name = key && value && typeof value === 'object' ? (value as Data)[key] : n
        found.push(...this.element(owner, element, { ...scope, [item]: value, index: n }, `${here}:${String(name)}`, slot, alive))
      })
    })
    return found
  }

  private element(owner: Instance, element: Element, scope: Data, path: string, slot: () => readonly Shown[], alive: Set<string>): readonly Shown[] {
    const { tag, attributes } = element
    const inside = () => this.elements(owner, element.children, scope, path, slot, alive)
    if (tag === 'block') return inside()
    if (tag === 'slot') return slot()
    const read = new Map([...attributes].filter(([name]) => !name.startsWith('wx:')).map(([name, value]) => [name, evaluate(value, scope)] as const))
    const uses = owner.kind.uses[tag]
    const base = { tag, id: String(read.get('id') ?? ''), classes: [read.get('class')].flat(2).filter(Boolean).join(' '), attributes: read, owner }
    if (uses === undefined) {
      const children = inside()
      return [{ ...base, children, text: children.map(({ text }) => text).join('') }]
    }
    alive.add(path)
    let child = owner.children.get(path)
    const fresh = child === undefined
    if (!child) {
      const at = uses.startsWith('/') ? uses.slice(1) : normalize(join(dirname(owner.is), uses))
      child = new Instance(this, at, this.kind(at))
      owner.children.set(path, child)
    }
    child.outside = { owner, attributes, scope }
    for (const [name, value] of read) {
      if (/^(bind|catch)/.test(name)) continue
      const property = name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase())
      if (child.kind.options.properties && property in child.kind.options.properties) child.take(property, value)
    }
    if (fresh) child.hook('attached')
    this.render(child, inside)
    if (fresh) child.hook('ready')
    return [{ ...base, children: child.shown, text: child.shown.map(({ text }) => text).join(''), instance: child }]
  }

  // --- the hand ---

  private all(): Shown[] {
    const walk = (list: readonly Shown[]): Shown[] => list.flatMap((element) => [element, ...walk(element.children)])
    return walk(this.pages.at(-1)?.shown ?? [])
  }

  text(): string {
    return this.all().filter(({ tag }) => tag === '#text').map(({ text }) => text.trim()).filter(Boolean).join('\n')
  }

  find(id: string): Shown | undefined {
    return this.all().find((element) => element.id === id)
  }

  /** Presses what is called so, as soon as it is there. */
  async tap(id: string): Promise<void> {
    const found = () => this.all().filter((element) => element.id === id && element.attributes.has('bindtap')).at(-1)
    await this.until(() => found() !== undefined)
    await this.fire(found()!, 'tap', {})
  }

  async type(id: string, value: string): Promise<void> {
    const found = () => this.all().filter((element) => element.id === id && element.instance).flatMap((field) => [...this.under(field)]).find(({ tag }) => tag === 'input')
    await this.until(() => found() !== undefined)
    await this.fire(found()!, 'input', { value })
  }

  private *under(element: Shown): Generator<Shown> {
    yield element
    for (const child of element.children) yield* this.under(child)
  }

  private async fire(element: Shown, type: string, detail: Data): Promise<void> {
    const target = { dataset: {}, id: element.id }
    this.call(element.owner, String(element.attributes.get(`bind${type}`)), { type, detail, target, currentTarget: target, timeStamp: Date.now(), touches: [], changedTouches: [] })
    // The framework writes to the screen when its own queue is empty.
    await new Promise((resolve) => setTimeout(resolve, 20))
    this.draw()
  }

  /** Waits until the screen shows something. */
  async until(told: string | (() => boolean), seconds = 30): Promise<void> {
    const there = typeof told === 'string' ? () => this.text().includes(told) || this.find(told) !== undefined : told
    for (let i = 0; i < seconds * 20; i += 1) {
      if (there()) return
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    throw new Error(`waited for ${String(told)}: ${this.text()} ${this.faults.map(String).join(' | ')}`)
  }

  /** What a native component tells its page, such as a camera that has begun. */
  async tell(tag: string, type: string, detail: Data = {}): Promise<void> {
    const found = () => this.all().find((element) => element.tag === tag)
    await this.until(() => found() !== undefined)
    if (tag === 'camera') this.camera.begun = type === 'initdone'
    await this.fire(found()!, type, detail)
  }

  /** What an element on the screen is told by its page. */
  attribute(tag: string, name: string): unknown {
    return this.all().find((element) => element.tag === tag)?.attributes.get(name)
  }

  /** Whether such an element is on the screen. */
  shows(tag: string): boolean {
    return this.all().some((element) => element.tag === tag)
  }

  // --- wx ---

  selector() {
    const told: (() => void)[] = []
    let chosen = ''
    const query = {
      in: () => query,
      select: (name: string) => { chosen = name; return query },
      fields: (_: unknown, done: (found: unknown) => void) => {
        const id = chosen.slice(1)
        told.push(() => done(this.find(id)?.tag === 'canvas' ? { node: this.canvas } : null))
        return query
      },
      exec: () => { setTimeout(() => told.forEach((tell) => this.guard(tell)), 0) },
    }
    return query
  }

  private wx(): Data {
    const later = (work: () => void) => void setTimeout(() => this.guard(work), 0)
    type Told = { success?: (found: unknown) => void; fail?: (found: unknown) => void; complete?: (found: unknown) => void }
    const succeed = ({ success, complete }: Told, found: unknown = {}) => later(() => { success?.(found); complete?.(found) })
    const fail = ({ fail: told, complete }: Told, errMsg: string) => later(() => { told?.({ errMsg }); complete?.({ errMsg }) })
    const system = { language: this.options.language, platform: 'ios', system: 'iOS 18', SDKVersion: '3.0.0', pixelRatio: 3, windowWidth: 390, windowHeight: 844, statusBarHeight: 47, safeArea: { top: 47, bottom: 810, left: 0, right: 390 }, brand: 'x', model: 'x', version: '8', theme: 'light' }
    const wx: Data = {
      getStorageSync: (name: string) => this.storage.get(name) ?? '',
      setStorageSync: (name: string, value: unknown) => void this.storage.set(name, value),
      removeStorageSync: (name: string) => void this.storage.delete(name),
      getSystemInfoSync: () => system, getAppBaseInfo: () => system, getDeviceInfo: () => system, getWindowInfo: () => system,
      getLaunchOptionsSync: () => ({ path: '', query: {}, scene: 1001 }), getEnterOptionsSync: () => ({ path: '', query: {}, scene: 1001 }),
      onAppShow() {}, onAppHide() {}, onError() {}, onUnhandledRejection() {}, canIUse: () => true,
      checkIsSoterEnrolledInDevice: (given: Told & { checkAuthMode: string }) => succeed(given, { isEnrolled: this.finger !== undefined && given.checkAuthMode === 'fingerPrint' }),
      startSoterAuthentication: (given: Told & { challenge: string }) => {
        if (this.finger && given.challenge.length >= 43) succeed(given, { authMode: 'fingerPrint', errCode: 0 })
        else fail(given, 'startSoterAuthentication:fail')
      },
      getRandomValues: (given: Told & { length: number }) => succeed(given, { randomValues: webcrypto.getRandomValues(new Uint8Array(given.length)).buffer }),
      request: (given: Told & { url: string; method: string; data?: unknown; header?: Record<string, string> }) => {
        this.asked.push(`${given.method} ${given.url}`)
        if (!this.online) { fail(given, 'request:fail'); return {} }
        answered(given.url, this.options.net(given.url), given).then(({ status, header, text }) => {
          let data: unknown = text
          try { data = JSON.parse(text) } catch { /* As it came. */ }
          succeed(given, { statusCode: status, data, header })
        }, () => fail(given, 'request:fail'))
        return { abort() {} }
      },
      createCameraContext: () => ({
        onCameraFrame: (told: PhoneCamera['told']) => {
          this.camera.told = (frame) => this.guard(() => told?.(frame))
          // Before the component has begun it starts nothing, and says nothing.
          return { start: () => { this.camera.on = this.camera.begun }, stop: () => { this.camera.on = false } }
        },
        takePhoto: (given: Told & { selfieMirror?: boolean }) => {
          if (!this.camera.begun || !this.shows('camera')) return fail(given, 'takePhoto:fail')
          this.camera.taken.push({ selfieMirror: given.selfieMirror ?? true })
          succeed(given, { tempImagePath: TAKEN })
        },
      }),
      getImageInfo: (given: Told & { src: string }) => given.src === TAKEN ? succeed(given, { width: 3024, height: 4032, type: 'png', orientation: 'up', path: TAKEN }) : fail(given, 'getImageInfo:fail'),
      createOffscreenCanvas: () => ({
        createImage: () => {
          const image = { width: 960, height: 1280, onload: () => undefined as void, onerror: () => undefined as void, set src(path: string) { later(() => (path === TAKEN || path.startsWith('data:image/jpeg;base64,') ? image.onload : image.onerror)()) } }
          return image
        },
        getContext: () => ({ drawImage() {} }),
      }),
      canvasToTempFilePath: (given: Told & PhoneCamera['made'][number]) => {
        this.camera.made.push({ width: given.width, height: given.height, fileType: given.fileType, quality: given.quality })
        succeed(given, { tempFilePath: this.options.selfie })
      },
      scanCode: (given: Told) => this.code === undefined ? fail(given, 'scanCode:fail cancel') : succeed(given, { result: this.code, scanType: 'QR_CODE' }),
      pageScrollTo: (given: Told) => succeed(given),
      chooseImage: (given: Told) => succeed(given, { tempFilePaths: [this.options.selfie], tempFiles: [{ path: this.options.selfie }] }),
      chooseMedia: (given: Told) => succeed(given, { tempFiles: [{ tempFilePath: this.options.selfie }] }),
      getFileSystemManager: () => ({ readFileSync: (path: string) => { const read = readFileSync(path); return read.buffer.slice(read.byteOffset, read.byteOffset + read.length) } }),
      createSelectorQuery: () => this.selector(),
      getScreenBrightness: (given: Told) => succeed(given, { value: this.screen.brightness }),
      setScreenBrightness: (given: Told & { value: number }) => { this.screen.brightness = given.value; succeed(given) },
      setKeepScreenOn: (given: Told & { keepScreenOn: boolean }) => { this.screen.lit = given.keepScreenOn; succeed(given) },
      navigateTo: (given: Told & { url: string }) => { this.open(given.url); succeed(given) },
      navigateBack: (given: Told = {}) => { if (this.pages.length > 1) { this.close(); this.page('onShow') } succeed(given) },
      reLaunch: (given: Told & { url: string }) => { this.stop(); this.open(given.url); succeed(given) },
      nextTick: later,
      preloadAssets: ({ data }: { data: { src: string }[] }) => data.forEach(({ src }) => this.asked.push(`GET ${src}`)),
    }
    return wx
  }
}

export const builtPhone = (folder: string): boolean => existsSync(join(folder, 'app.js'))
