/** Addresses that others send (`openid4vc::address`): over TLS, or within this machine; nothing that hides the host. */
const MAX_LEN = 2048
const LOOPBACK = ['localhost', '127.0.0.1', '[::1]']

/** The host of an address; none where a user stands before it, or a backslash, which browsers take for a slash (RFC 3986, 7.6). */
export function host(uri: string): string | undefined {
  const authority = /^[a-z]+:\/\/([^/?#]+)/.exec(uri)?.[1]
  if (authority === undefined || /[@\\]/.test(authority)) return undefined
  return /^(\[[^\]]*\]|[^:]*)(:\d+)?$/.exec(authority)?.[1] || undefined
}

export function isSafe(uri: string): boolean {
  const name = host(uri)
  if (name === undefined || uri.length > MAX_LEN || !/^[!-"$-~]+$/.test(uri)) return false
  return uri.startsWith('https://') || (uri.startsWith('http://') && LOOPBACK.includes(name))
}
