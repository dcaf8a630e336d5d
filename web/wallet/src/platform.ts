/**
 * Platform: everything that differs between a phone's browser and the mini-program: storage, randomness, keys, requests,
 * pictures, the canvas, the screen. Nothing else in the wallet knows on which of them it runs.
 */
import { fromBase64Url, join, toBase64Url } from '../../core/bytes.js'
import { type DeviceKey, newSoftwareKey, openSoftwareKey } from '../../core/keys.js'
// #ifdef H5
import { type DBSchema, type IDBPDatabase, openDB } from 'idb'
import { type SubtleLike, newWebKey, openWebKey } from '../../core/keys.js'
// #endif
import type { Authority } from '../../core/border.js'
import builtIn from '../public/authorities.json'
import builtInRoots from '../public/roots.json'
import type { Pixels } from './guidance.js'

/** How a key is stored: inside the browser, or as a scalar inside the vault. */
export type StoredKey =
  | { readonly kind: 'web'; readonly id: string; readonly publicKey: string }
  | { readonly kind: 'software'; readonly secret: string }

// --- storage -------------------------------------------------------------------------------------------------------

export function load(name: string): string | undefined {
  const found: unknown = uni.getStorageSync(name)
  return typeof found === 'string' && found !== '' ? found : undefined
}

/** Throws where the storage is full. */
export function save(name: string, text: string): void {
  uni.setStorageSync(name, text)
  if (uni.getStorageSync(name) !== text) throw new Error('storage')
}

export function forget(name: string): void {
  uni.removeStorageSync(name)
}

/** Calls `told` when another window of this browser wrote or removed `name`. */
export function onChangedElsewhere(name: string, told: () => void): void {
  // #ifdef H5
  // `clear()` names nothing.
  window.addEventListener('storage', ({ key }) => { if (key === name || key === null) told() })
  // #endif
}

// --- randomness ----------------------------------------------------------------------------------------------------

let pool = new Uint8Array(0)
const POOL = 4096

/** Fills the pool of the mini-program; a browser has random bytes at any time. */
export async function prepareRandomness(): Promise<void> {
  // #ifdef MP-WEIXIN
  if (pool.length >= POOL / 2) return
  const drawn = await new Promise<ArrayBuffer>((resolve, reject) => {
    wx.getRandomValues({ length: POOL, success: (result: { randomValues: ArrayBuffer }) => resolve(result.randomValues), fail: reject })
  })
  const bytes = new Uint8Array(drawn)
  if (bytes.length !== POOL) throw new Error('random')
  pool = bytes
  // #endif
}

/** Random bytes from the system's generator. Throws where the pool is empty: there is no weaker source to fall back on. */
export function random(length: number): Uint8Array {
  let drawn: Uint8Array
  // #ifdef H5
  drawn = crypto.getRandomValues(new Uint8Array(length))
  // #endif
  // #ifdef MP-WEIXIN
  if (pool.length < length) throw new Error('random')
  drawn = pool.slice(0, length)
  // Bytes are used once and wiped.
  pool.fill(0, 0, length)
  pool = pool.subarray(length)
  // #endif
  return drawn!
}

// --- keys ----------------------------------------------------------------------------------------------------------

// #ifdef H5
const subtle = (): SubtleLike | undefined => globalThis.crypto?.subtle as unknown as SubtleLike | undefined

interface Keys extends DBSchema { keys: { key: string; value: unknown } }

/** Runs `work` on the store of key handles. The connection is closed again, so that another window may delete the database. */
async function withKeys<T>(work: (database: IDBPDatabase<Keys>) => Promise<T>): Promise<T> {
  const database = await openDB<Keys>('baypass', 1, { upgrade: (fresh) => void fresh.createObjectStore('keys') })
  try {
    return await work(database)
  } finally {
    database.close()
  }
}
// #endif

/** Makes a device key and stores it in the safest place of this platform. */
export async function makeKey(): Promise<{ readonly key: DeviceKey; readonly stored: StoredKey }> {
  // #ifdef H5
  const web = subtle()
  if (web) {
    const key = await newWebKey(web)
    const id = toBase64Url(random(12))
    await withKeys((database) => database.put('keys', key.handle, id))
    return { key, stored: { kind: 'web', id, publicKey: toBase64Url(key.publicKey) } }
  }
  // #endif
  await prepareRandomness()
  const key = newSoftwareKey(random)
  return { key, stored: { kind: 'software', secret: toBase64Url(key.secret) } }
}

/** Opens a stored key; `undefined` if the browser has deleted it. */
export async function openKey(stored: StoredKey): Promise<DeviceKey | undefined> {
  if (stored.kind === 'software') {
    await prepareRandomness()
    return openSoftwareKey(fromBase64Url(stored.secret), random)
  }
  // #ifdef H5
  const web = subtle()
  const handle = await withKeys((database) => database.get('keys', stored.id))
  if (web && handle) return openWebKey(web, handle, fromBase64Url(stored.publicKey))
  // #endif
  return undefined
}

export async function dropKey(stored: StoredKey): Promise<void> {
  // #ifdef H5
  if (stored.kind === 'web') await withKeys((database) => database.delete('keys', stored.id))
  // #endif
}

export async function dropAllKeys(): Promise<void> {
  // #ifdef H5
  await withKeys((database) => database.clear('keys'))
  // #endif
}

// --- network ------------------------------------------------------------------------------------------------------

/** Where the authorities are: the page's own `authorities.json`; in a mini-program what it was built with. */
export async function authorities(): Promise<Readonly<Record<Authority, string>>> {
  // #ifdef H5
  const answer = await fetch('./authorities.json')
  if (answer.ok) return (await answer.json()) as Record<Authority, string>
  // #endif
  return builtIn
}

/** The pinned roots of the authorities' trust lists (`public/roots.json`): they come with the program, as its own code does. */
export async function pinnedRoots(): Promise<unknown> {
  // #ifdef H5
  const answer = await fetch('./roots.json')
  if (answer.ok) return (await answer.json()) as unknown
  // #endif
  return builtInRoots
}

export interface Answer {
  readonly status: number
  readonly body: unknown
  /** The authority's clock, where the answer had one. */
  readonly date: number | undefined
  /** The nonce for the next proof, where the authority gave one. */
  readonly nonce: string | undefined
  /** Seconds to wait, where the authority said so. */
  readonly wait: number
}

/** Milliseconds for an answer that the holder waits for, and for what is published for everybody. */
const [ASK_MS, READ_MS] = [30_000, 8_000]

/** Sends a request with the proof of a device key, and with the secret that is bound to it; without a proof it says nothing of the holder. */
export function ask(method: 'GET' | 'POST' | 'DELETE', url: string, proof?: string, secret?: string, body?: object): Promise<Answer> {
  return new Promise((resolve, reject) => {
    uni.request({
      method,
      url,
      timeout: proof ? ASK_MS : READ_MS,
      dataType: 'json',
      header: {
        ...(body ? { 'Content-Type': 'application/json' } : {}),
        ...(proof ? { DPoP: proof } : {}),
        ...(secret ? { Authorization: `DPoP ${secret}` } : {}),
      },
      ...(body ? { data: body } : {}),
      success: ({ statusCode, data, header }) => {
        const all = Object.entries((header ?? {}) as Record<string, string>)
        const named = (wanted: string) => all.find(([name]) => name.toLowerCase() === wanted)?.[1]
        const date = Date.parse(named('date') ?? '')
        resolve({
          status: statusCode, body: data, date: Number.isNaN(date) ? undefined : Math.floor(date / 1000),
          nonce: named('dpop-nonce'), wait: Number(named('retry-after')) || 0,
        })
      },
      fail: () => reject(new Error('network')),
    })
  })
}

/** Whether the phone says that it has a network; where it says nothing, it may have one. */
export function hasNetwork(): boolean {
  let has = true
  // #ifdef H5
  has = navigator.onLine
  // #endif
  return has
}

/** Whether this platform lets the wallet call a desk: a mini-program may call only the hosts that WeChat has on its list. */
export const REACHES_DESKS: boolean = (() => {
  let reaches = true
  // #ifdef MP-WEIXIN
  reaches = false
  // #endif
  return reaches
})()

/** What a desk answered. */
export interface DeskReply {
  readonly status: number
  readonly body: Uint8Array
}

/** How long a desk may take, and the longest receipt or problem that is read, in bytes. */
const [DESK_MS, MAX_REPLY] = [10_000, 16 * 1024]

/** Sends an answer to a desk's address. No cookie and no address of this page go along, and no other host is followed to. */
export async function sendToDesk(url: string, answer: Uint8Array): Promise<DeskReply> {
  // #ifdef H5
  return askAbroad(url, { method: 'POST', headers: { 'Content-Type': 'application/cbor' }, body: answer as BufferSource }, DESK_MS, MAX_REPLY)
  // #endif
  // #ifdef MP-WEIXIN
  throw new Error('network')
  // #endif
}

// #ifdef H5
/** Asks a server that is none of the authorities' for `ms` at most. No cookie and no address of this page go along, and no other host is followed to. */
async function askAbroad(url: string, asked: RequestInit, ms: number, most: number): Promise<{ readonly status: number; readonly body: Uint8Array; readonly headers: Headers }> {
  const over = new AbortController()
  const timer = setTimeout(() => over.abort(), ms)
  try {
    const reply = await fetch(url, { ...asked, signal: over.signal, credentials: 'omit', redirect: 'error', referrerPolicy: 'no-referrer', cache: 'no-store' })
    return { status: reply.status, body: await bounded(reply, most), headers: reply.headers }
  } finally {
    clearTimeout(timer)
  }
}

async function bounded(reply: Response, most: number): Promise<Uint8Array> {
  const reader = reply.body?.getReader()
  const parts: Uint8Array[] = []
  for (let length = 0; ;) {
    const { done, value } = (await reader?.read()) ?? { done: true, value: undefined }
    if (done || !value) return join(...parts)
    length += value.length
    if (length > most) throw new Error('too long')
    parts.push(value)
  }
}

/** What a server of another system answered. */
export interface OtherReply {
  readonly status: number
  readonly body: Uint8Array
  /** The nonce that it wants in the next proof (RFC 9449, 8). */
  readonly nonce: string | undefined
}

/** How long such a server may take, and the longest answer that is read: a batch with portraits fits. In bytes. */
const [OTHER_MS, MAX_OTHER] = [20_000, 8 * 1024 * 1024]

/** Asks a server of another system. No cookie and no address of this page go along, and no other host is followed to. */
export async function askOther(method: 'GET' | 'POST', url: string, headers: Readonly<Record<string, string>>, body?: string): Promise<OtherReply> {
  const { status, body: read, headers: got } = await askAbroad(url, { method, headers, ...(body === undefined ? {} : { body }) }, OTHER_MS, MAX_OTHER)
  return { status, body: read, nonce: got.get('DPoP-Nonce') ?? undefined }
}
// #endif

// --- pictures ------------------------------------------------------------------------------------------------------

/** Longest side of a selfie: enough for the comparison, little enough for a slow line. */
const SIDE = 1280

/** A picture from the camera or the album, as JPEG; `undefined` if the traveller cancelled. */
export async function takePicture(): Promise<Uint8Array | undefined> {
  const chosen = await new Promise<UniApp.ChooseImageSuccessCallbackResult | undefined>((resolve) => {
    uni.chooseImage({ count: 1, sizeType: ['compressed'], sourceType: ['camera', 'album'], success: resolve, fail: () => resolve(undefined) })
  })
  if (chosen === undefined) return undefined
  // #ifdef H5
  const file = ([] as File[]).concat(chosen.tempFiles as never)[0]
  return file ? shrink(file) : undefined
  // #endif
  // #ifdef MP-WEIXIN
  return readPicture(([] as string[]).concat(chosen!.tempFilePaths)[0] ?? '')
  // #endif
}

/** Side of the picture on a card, in pixels. */
const PORTRAIT = 144

/** The middle of a picture, small, as JPEG in base64; `undefined` where this platform cannot draw it. */
export async function portraitOf(picture: Uint8Array): Promise<string | undefined> {
  const text = (jpeg: Uint8Array) => toBase64Url(jpeg).replace(/-/g, '+').replace(/_/g, '/')
  try {
    // #ifdef H5
    const whole = await createImageBitmap(new Blob([picture as BlobPart]))
    const side = Math.min(whole.width, whole.height)
    const part = await createImageBitmap(whole, (whole.width - side) / 2, (whole.height - side) / 2, side, side)
    return text(await drawn(part, side, side, PORTRAIT, 0.8))
    // #endif
    // #ifdef MP-WEIXIN
    const canvas = wx.createOffscreenCanvas({ type: '2d', width: PORTRAIT, height: PORTRAIT })
    const image = canvas.createImage()
    await new Promise((resolve, reject) => { image.onload = resolve; image.onerror = reject; image.src = `data:image/jpeg;base64,${text(picture)}` })
    const scale = PORTRAIT / Math.min(image.width, image.height)
    const [width, height] = [image.width * scale, image.height * scale]
    canvas.getContext('2d').drawImage(image, (PORTRAIT - width) / 2, (PORTRAIT - height) / 2, width, height)
    const size = { width: PORTRAIT, height: PORTRAIT }
    const { tempFilePath } = await new Promise<{ tempFilePath: string }>((success, fail) => {
      wx.canvasToTempFilePath({ canvas, x: 0, y: 0, ...size, destWidth: PORTRAIT, destHeight: PORTRAIT, fileType: 'jpg', quality: 0.8, success, fail })
    })
    return text(readPicture(tempFilePath))
    // #endif
  } catch {
    return undefined
  }
}

// #ifdef MP-WEIXIN
const readPicture = (path: string) => new Uint8Array(uni.getFileSystemManager().readFileSync(path) as ArrayBuffer)

/** As JPEG, its longest side no longer than is sent: iPhones take PNG. Where that fails it goes as it was taken. */
async function asJpeg(path: string): Promise<Uint8Array> {
  try {
    const { width, height, type, orientation = 'up' } = await new Promise<UniApp.GetImageInfoSuccessData>((success, fail) => {
      uni.getImageInfo({ src: path, success, fail })
    })
    const scale = Math.min(1, SIDE / Math.max(width, height))
    // Each new compression costs likeness; and a canvas may lose what says which way up a picture is.
    if (orientation !== 'up' || (scale === 1 && /^jpe?g$/i.test(type ?? ''))) return readPicture(path)
    const size = { width: Math.round(width * scale), height: Math.round(height * scale) }
    const canvas = wx.createOffscreenCanvas({ type: '2d', ...size })
    const image = canvas.createImage()
    await new Promise((resolve, reject) => { image.onload = resolve; image.onerror = reject; image.src = path })
    canvas.getContext('2d').drawImage(image, 0, 0, size.width, size.height)
    const { tempFilePath } = await new Promise<{ tempFilePath: string }>((success, fail) => {
      wx.canvasToTempFilePath({ canvas, x: 0, y: 0, ...size, destWidth: size.width, destHeight: size.height, fileType: 'jpg', quality: 0.92, success, fail })
    })
    return readPicture(tempFilePath)
  } catch {
    return readPicture(path)
  }
}
// #endif

// #ifdef H5
async function shrink(file: File): Promise<Uint8Array> {
  const whole = new Uint8Array(await file.arrayBuffer())
  const picture = await createImageBitmap(file).catch(() => undefined)
  if (!picture) return whole
  // Small pictures go as they are: each new compression costs likeness. A large one also leaves its place and time here.
  if (Math.max(picture.width, picture.height) <= SIDE && whole.length < 1_500_000) return whole
  return drawn(picture, picture.width, picture.height).catch(() => whole)
}

/** As JPEG, its longest side no longer than is sent. */
async function drawn(picture: CanvasImageSource, width: number, height: number, side = SIDE, quality = 0.92): Promise<Uint8Array> {
  const scale = Math.min(1, side / Math.max(width, height))
  const canvas = document.createElement('canvas')
  canvas.width = Math.round(width * scale)
  canvas.height = Math.round(height * scale)
  canvas.getContext('2d')?.drawImage(picture, 0, 0, canvas.width, canvas.height)
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/jpeg', quality))
  if (!blob) throw new Error('camera')
  return new Uint8Array(await blob.arrayBuffer())
}
// #endif

// --- viewfinder ----------------------------------------------------------------------------------------------------

/** A camera, as it is shown on the page. */
export interface Viewfinder {
  /** The component that shows it has begun: its frames can be had from now on. */
  begun(): void
  /** The picture of this moment as JPEG, not mirrored. */
  take(): Promise<Uint8Array>
  /** A small picture of this moment for a live capture; `undefined` where this platform takes none fast enough. */
  readonly frame: (() => Promise<Uint8Array>) | undefined
  /** Switches the camera off. */
  stop(): void
}

/** The subject of the camera: the holder's face (front camera), somebody else's face, a card or a desk's code (back camera). */
export type Sight = 'face' | 'other' | 'card' | 'code'

/** Longest side of a frame of a live capture. */
const FRAME_SIDE = 640

/** What is shown of a card, by its width: a little more than the card. */
export const SHAPE = 1.5

/** Width and interval of the frames that are analysed: advice needs few pixels, small characters need all of them. */
const LOOKS = {
  face: { camera: { facingMode: 'user', width: { ideal: 1280 }, height: { ideal: 960 } }, wide: 160, every: 150 },
  other: { camera: { facingMode: 'environment', width: { ideal: 1280 }, height: { ideal: 960 } }, wide: 160, every: 150 },
  card: { camera: { facingMode: 'environment', width: { ideal: 1920 }, height: { ideal: 1080 } }, wide: 1280, every: 300 },
  code: { camera: { facingMode: 'environment', width: { ideal: 1280 }, height: { ideal: 720 } }, wide: 720, every: 200 },
} as const

/** Opens the camera in the element `id`; `undefined` where there is none, or it was not allowed. `gone` where it ends by itself. */
export async function openViewfinder(id: string, sight: Sight, see: (frame: Pixels) => void, gone: () => void): Promise<Viewfinder | undefined> {
  let opened: Viewfinder | undefined
  // #ifdef H5
  const video = document.querySelector<HTMLVideoElement>(`video#${id}`)
  const wanted = { audio: false, video: LOOKS[sight].camera }
  // Where the page is not served securely there are no media devices at all.
  const devices = navigator.mediaDevices as MediaDevices | undefined
  const stream = await devices?.getUserMedia(wanted).catch(() => undefined)
  const tracks = stream?.getTracks() ?? []
  const off = () => tracks.forEach((track) => track.stop())
  // Left while the browser asked for leave: nothing stays on.
  if (!video?.isConnected || !stream) { off(); return undefined }
  tracks.forEach((track) => track.addEventListener('ended', gone))
  video.srcObject = stream
  await video.play().catch(() => undefined)
  const small = document.createElement('canvas')
  const brush = small.getContext('2d', { willReadFrequently: true })
  const look = () => {
    const { videoWidth: width, videoHeight: height } = video
    if (!brush || width === 0) return
    // For a face the whole frame is used, for a card or a code the visible part.
    const shape = { face: width / height, other: width / height, card: SHAPE, code: 1 }[sight]
    const [wide, high] = [Math.min(width, height * shape), Math.min(height, width / shape)]
    small.width = Math.min(LOOKS[sight].wide, Math.round(wide))
    small.height = Math.round((small.width * high) / wide)
    brush.drawImage(video, (width - wide) / 2, (height - high) / 2, wide, high, 0, 0, small.width, small.height)
    see(brush.getImageData(0, 0, small.width, small.height))
  }
  // A pause after each frame keeps the page responsive.
  let timer = 0
  const again = () => { timer = window.setTimeout(() => { again(); look() }, LOOKS[sight].every) }
  again()
  opened = {
    begun: () => undefined,
    take: () => drawn(video, video.videoWidth, video.videoHeight),
    frame: () => drawn(video, video.videoWidth, video.videoHeight, FRAME_SIDE, 0.85),
    // `stop` on a track is no `ended`: that comes only where somebody else ends it.
    stop() { clearTimeout(timer); off(); video.srcObject = null },
  }
  // #endif
  // #ifdef MP-WEIXIN
  const camera = wx.createCameraContext()
  let last = 0
  const listener = camera.onCameraFrame(({ width, height, data }) => {
    if (Date.now() - last < LOOKS[sight].every) return
    see({ width, height, data: new Uint8Array(data) })
    // Counted from here: a script engine without a compiler needs longer than that for a card.
    last = Date.now()
  })
  opened = {
    // Started before, it stays silent.
    begun: () => listener.start(),
    // Mirrored is what a phone takes with its front camera unless it is told otherwise.
    take: () => new Promise<string>((resolve, reject) => {
      camera.takePhoto({ quality: 'high', selfieMirror: false, success: ({ tempImagePath }) => resolve(tempImagePath), fail: () => reject(new Error('camera')) })
    }).then(asJpeg),
    // It takes a photograph too slowly for a motion to be followed.
    frame: undefined,
    stop: () => listener.stop(),
  }
  // #endif
  return opened
}

/** The text of a code that the phone's own scanner read; `undefined` where the traveller closed it. Only a mini-program has one. */
export async function scanCode(): Promise<string | undefined> {
  let text: string | undefined
  // #ifdef MP-WEIXIN
  text = await new Promise<string | undefined>((resolve) => {
    uni.scanCode({ scanType: ['qrCode'], success: ({ result }) => resolve(result), fail: () => resolve(undefined) })
  })
  // #endif
  return text
}

// --- screen --------------------------------------------------------------------------------------------------------

/** The canvas of a mini-program, as far as it is used. */
interface Canvas {
  width: number
  height: number
  getContext(kind: '2d'): { fillStyle: string; fillRect(x: number, y: number, width: number, height: number): void } | null
}

/** Longest side of the drawn symbol, in pixels of its own: the screen scales it down, never up. */
const DRAWN = 1200

/** Draws black squares on white, a whole number of pixels each. `undefined` wipes the canvas. */
export async function drawModules(id: string, modules: readonly (readonly boolean[])[] | undefined, owner: unknown): Promise<void> {
  const count = modules?.length ?? 1
  const scale = modules ? Math.max(1, Math.round(DRAWN / count)) : 1
  const side = count * scale
  // #ifdef H5
  const canvas = document.querySelector<HTMLCanvasElement>(`canvas#${id}`)
  const brush = canvas?.getContext('2d')
  if (!canvas || !brush) return
  canvas.width = canvas.height = side
  // Pixel by pixel: the framework multiplies every other call by the screen's own ratio.
  const picture = new ImageData(side, side)
  const pixels = new Uint32Array(picture.data.buffer).fill(0xffffffff)
  modules?.forEach((row, y) => row.forEach((dark, x) => {
    if (dark) for (let line = y * scale; line < (y + 1) * scale; line += 1) pixels.fill(0xff000000, line * side + x * scale, line * side + (x + 1) * scale)
  }))
  brush.putImageData(picture, 0, 0)
  // #endif
  // #ifdef MP-WEIXIN
  const node = await new Promise<Canvas | undefined>((resolve) => {
    uni.createSelectorQuery().in(owner).select(`#${id}`).fields({ node: true, size: true } as never, (found) => {
      resolve((found as unknown as { node?: Canvas } | undefined)?.node)
    }).exec()
  })
  const pen = node?.getContext('2d')
  if (!node || !pen) return
  node.width = node.height = side
  pen.fillStyle = '#ffffff'
  pen.fillRect(0, 0, side, side)
  pen.fillStyle = '#000000'
  modules?.forEach((row, y) => row.forEach((dark, x) => { if (dark) pen.fillRect(x * scale, y * scale, scale, scale) }))
  // #endif
}

let brightness: number | undefined
let bright = false

/** Keeps the screen bright and awake while a code is shown, where the platform allows it. */
export function lighten(on: boolean): void {
  // #ifdef MP-WEIXIN
  bright = on
  // The code may be left before the phone has said how bright its screen was.
  if (on) uni.getScreenBrightness({ success: ({ value }) => { if (bright) { brightness ??= value; uni.setScreenBrightness({ value: 1 }) } } })
  else if (brightness !== undefined) {
    uni.setScreenBrightness({ value: brightness })
    brightness = undefined
  }
  uni.setKeepScreenOn({ keepScreenOn: on })
  // #endif
}

/** Whether this platform hands a link to another program on the phone: a mini-program hands none. */
export const OPENS_LINKS: boolean = (() => {
  let opens = true
  // #ifdef MP-WEIXIN
  opens = false
  // #endif
  return opens
})()

/** Hands a link to the program on this phone that is there for its scheme. */
export function openLink(link: string): void {
  // #ifdef H5
  window.location.assign(link)
  // #endif
}

/** Reports when the wallet goes to the background and comes back, where the pages' own hooks do not. */
export function onSight(told: (visible: boolean) => void): () => void {
  // #ifdef H5
  const listener = () => told(document.visibilityState === 'visible')
  document.addEventListener('visibilitychange', listener)
  return () => document.removeEventListener('visibilitychange', listener)
  // #endif
  // #ifdef MP-WEIXIN
  return () => undefined
  // #endif
}

/** Asked of the platform itself: the framework would store a number of its own for the phone on the way. */
export function systemLanguage(): string {
  // #ifdef H5
  return navigator.language
  // #endif
  // #ifdef MP-WEIXIN
  return wx.getAppBaseInfo().language ?? ''
  // #endif
}

/** Whether this browser deletes what a page stored after seven days without a visit: Safari, unless the page stands on the home screen. */
export function forgetsStorage(): boolean {
  let forgets = false
  // #ifdef H5
  const { standalone, userAgent } = navigator as Navigator & { readonly standalone?: boolean }
  const isSafari = standalone !== undefined || /^(?!.*(Chrom|Edg|Firefox)).*Safari/.test(userAgent)
  forgets = isSafari && standalone !== true && !matchMedia('(display-mode: standalone)').matches
  // #endif
  return forgets
}

/** Sets the language of the page, for screen readers and for the shapes of Han characters. */
export function announceLanguage(code: string): void {
  // #ifdef H5
  document.documentElement.lang = code
  // #endif
}

/** Installs the page for use without a network. */
export function installOffline(): void {
  // #ifdef H5
  if (import.meta.env.PROD && 'serviceWorker' in navigator) void navigator.serviceWorker.register('./sw.js').catch(() => undefined)
  // #endif
}
