// Keeps the page that sells without network, whole: the page and its files change together or not at all.
// The server writes KEPT in front of this: { page, files, stamp }.

const PREFIX = "mashang-offline-";
const NAME = PREFIX + KEPT.stamp;

self.addEventListener("install", (event) => event.waitUntil(keep()));
self.addEventListener("activate", (event) => event.waitUntil(takeOver()));
self.addEventListener("fetch", (event) => {
  const { origin, pathname, search } = new URL(event.request.url);
  if (event.request.method !== "GET" || origin !== self.location.origin) return;
  if (pathname === KEPT.page) event.respondWith(kept(KEPT.page, event.request));
  else if (KEPT.files.includes(pathname + search)) event.respondWith(kept(pathname + search, event.request));
});

async function keep() {
  const cache = await caches.open(NAME);
  await cache.addAll([KEPT.page, ...KEPT.files].map((address) => new Request(address, { cache: "reload" })));
  await self.skipWaiting();
}

async function takeOver() {
  const names = await caches.keys();
  const old = names.filter((name) => name.startsWith(PREFIX) && name !== NAME);
  await Promise.all(old.map((name) => caches.delete(name)));
  await self.clients.claim();
}

async function kept(address, request) {
  const cache = await caches.open(NAME);
  return (await cache.match(address)) ?? fetch(request);
}
