// The page as it was built, kept whole; the next build takes its place as a whole. Answers of authorities are never kept.
const NAME = `wallet-${'BUILD'}`
const FILES = [/* FILES */]

self.addEventListener('install', (event) => {
  event.waitUntil(caches.open(NAME).then((cache) => cache.addAll(FILES)).then(() => self.skipWaiting()))
})

self.addEventListener('activate', (event) => {
  const old = (names) => names.filter((name) => name.startsWith('wallet-') && name !== NAME && name !== 'wallet-authorities')
  event.waitUntil(caches.keys().then((names) => Promise.all(old(names).map((name) => caches.delete(name)))).then(() => self.clients.claim()))
})

self.addEventListener('fetch', (event) => {
  const url = new URL(event.request.url)
  const here = new URL(self.registration.scope)
  if (event.request.method !== 'GET' || url.origin !== here.origin || !url.pathname.startsWith(here.pathname)) return
  if (/\/(authorities|roots)\.json$/.test(url.pathname)) {
    event.respondWith(newest(event.request))
    return
  }
  const path = `./${url.pathname.slice(here.pathname.length)}`
  if (FILES.includes(path)) event.respondWith(caches.match(path, { cacheName: NAME }).then((kept) => kept ?? fetch(event.request)))
})

async function newest(request) {
  const cache = await caches.open('wallet-authorities')
  try {
    const answer = await fetch(request)
    if (answer.ok) await cache.put(request, answer.clone())
    return answer
  } catch (error) {
    const kept = await cache.match(request)
    if (kept) return kept
    throw error
  }
}
