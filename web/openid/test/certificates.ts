/** Certificates for the tests, written here byte by byte, so that a test can also write what no authority would. */
import { type KeyObject, createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto'

export const tlv = (tag: number, ...parts: readonly Uint8Array[]): Buffer => {
  const body = Buffer.concat(parts)
  const head = body.length < 0x80 ? [body.length] : body.length < 0x100 ? [0x81, body.length] : [0x82, body.length >> 8, body.length & 255]
  return Buffer.concat([Buffer.from([tag, ...head]), body])
}
const hex = (text: string) => Buffer.from(text, 'hex')
const oid = (encoded: string) => tlv(0x06, hex(encoded))
const text = (value: string) => tlv(0x0c, Buffer.from(value))

const ECDSA_SHA256 = tlv(0x30, oid('2a8648ce3d040302'))
export const USES = { signer: '28818c5d050102', reader: '28818c5d050106' } as const

export interface Named {
  readonly name: string
  readonly country?: string
  readonly organization?: string
}

export interface Wanted extends Named {
  /** Of who may certify others; and how many may stand below. */
  readonly mayCertify?: boolean
  readonly below?: number
  readonly uses?: readonly string[]
  readonly keyUsage?: number
  readonly dns?: readonly string[]
  /** In seconds since 1970. */
  readonly from?: number
  readonly until?: number
  readonly curve?: string
  /** Extensions more: identifier, whether critical, value. */
  readonly more?: readonly (readonly [string, boolean, Buffer])[]
}

export interface Certified {
  readonly key: KeyObject
  readonly der: Uint8Array
  readonly pem: string
  readonly subject: Buffer
  readonly keyId: Buffer
}

/** The day on which everything here is valid, in seconds since 1970. */
export const NOW = 1_800_000_000

const nameOf = ({ name, country = 'HK', organization }: Named) => tlv(0x30, ...[['550406', country], ['55040a', organization], ['550403', name]].flatMap(([kind, value]) =>
  value === undefined ? [] : [tlv(0x31, tlv(0x30, oid(kind!), text(value)))]))

const time = (at: number) => {
  const [date, clock] = new Date(at * 1000).toISOString().replace(/[-:]/g, '').split('T') as [string, string]
  const whole = `${date}${clock.slice(0, 6)}Z`
  return whole < '2050' ? tlv(0x17, Buffer.from(whole.slice(2))) : tlv(0x18, Buffer.from(whole))
}

function made(wanted: Wanted, key: KeyObject, spki: Buffer, keyId: Buffer, above: Certified | undefined, signer: KeyObject): Certified {
  const { mayCertify = false, below, uses, keyUsage = mayCertify ? 0x06 : 0x80, dns = [], from = NOW - 86_400, until = NOW + 86_400, more = [] } = wanted
  const subject = nameOf(wanted)
  const extension = (kind: string, critical: boolean, value: Buffer) => tlv(0x30, oid(kind), ...(critical ? [tlv(0x01, Buffer.from([0xff]))] : []), tlv(0x04, value))
  const extensions = [
    ...(mayCertify ? [extension('551d13', true, tlv(0x30, tlv(0x01, Buffer.from([0xff])), ...(below === undefined ? [] : [tlv(0x02, Buffer.from([below]))])))] : []),
    extension('551d0f', true, tlv(0x03, Buffer.from([keyUsage === 0x06 ? 1 : 7, keyUsage]))),
    ...(above ? [extension('551d23', false, tlv(0x30, tlv(0x80, above.keyId)))] : []),
    ...(uses ? [extension('551d25', true, tlv(0x30, ...uses.map(oid)))] : []),
    ...(dns.length > 0 ? [extension('551d11', false, tlv(0x30, ...dns.map((host) => tlv(0x82, Buffer.from(host)))))] : []),
    ...more.map(([kind, critical, value]) => extension(kind, critical, value)),
  ]
  const body = tlv(0x30,
    tlv(0xa0, tlv(0x02, Buffer.from([2]))), tlv(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)])), ECDSA_SHA256, above ? above.subject : subject,
    tlv(0x30, time(from), time(until)), subject, spki, tlv(0xa3, tlv(0x30, ...extensions)))
  const der = tlv(0x30, body, ECDSA_SHA256, tlv(0x03, Buffer.from([0]), sign('sha256', body, signer)))
  const pem = `-----BEGIN CERTIFICATE-----\n${der.toString('base64').replace(/.{64}/g, '$&\n').trimEnd()}\n-----END CERTIFICATE-----\n`
  return { key, der: new Uint8Array(der), pem, subject, keyId }
}

/** A certificate by `above`, or one that signed itself. */
export function certify(wanted: Wanted, above?: Certified): Certified {
  const pair = generateKeyPairSync('ec', { namedCurve: wanted.curve ?? 'P-256' })
  const spki = pair.publicKey.export({ format: 'der', type: 'spki' })
  const keyId = createHash('sha1').update(spki.subarray(-65)).digest()
  return made(wanted, pair.privateKey, spki, keyId, above, above ? above.key : pair.privateKey)
}

export const newRoot = (name = 'Specimen Root', more: Partial<Wanted> = {}): Certified => certify({ name, mayCertify: true, ...more })
