/// <reference lib="webworker" />
// Keeps a loaded app usable when the server it came from is gone: the app's own files are answered from the network when it answers within
// a second, otherwise from the copy kept here. What is data (records, certificates, SIP, mail) is never kept.

const worker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));
const CACHE = 'starling-app-1';
const APP = /^\/($|web\/|core\/|vendor\/|manifest\.webmanifest$)/;
const LIBRARY = /^\/vendor\/[\w@./-]+\.m?js$/;
const MAX_LIBRARIES = 200;
const PATIENCE_MILLIS = 1000;

worker.addEventListener('install', (event) => {
  event.waitUntil(keepAll().then(() => worker.skipWaiting()));
});
worker.addEventListener('activate', (event) => {
  event.waitUntil(worker.clients.claim());
});
worker.addEventListener('fetch', (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== 'GET' || url.origin !== worker.location.origin || !APP.test(url.pathname)) return;
  event.respondWith(fresh(event.request, event));
});
worker.addEventListener('message', (event) => {
  const paths = Array.isArray(event.data?.keep) ? event.data.keep.slice(0, MAX_LIBRARIES).map(String) : [];
  event.waitUntil(keepMore(paths.filter((/** @type {string} */ path) => LIBRARY.test(path))));
});
worker.addEventListener('notificationclick', (event) => {
  event.notification.close();
  event.waitUntil(showPage(event.notification.data?.address ?? ''));
});

/** Every file of the app, as listed by the server it came from. */
async function keepAll() {
  const cache = await caches.open(CACHE);
  const files = await (await fetch('/web/files.json', { cache: 'no-cache' })).json();
  await cache.addAll(['/', ...files].map((path) => new Request(path, { cache: 'no-cache' })));
}

/** Libraries that the page loaded before there was anybody to keep them. @param {string[]} paths */
async function keepMore(paths) {
  const cache = await caches.open(CACHE);
  const missing = await Promise.all(paths.map(async (path) => ((await cache.match(path)) ? '' : path)));
  await cache.addAll(missing.filter(Boolean));
}

/** @param {Request} request @param {FetchEvent} event @returns {Promise<Response>} */
async function fresh(request, event) {
  const cache = await caches.open(CACHE);
  const network = fetch(request).then(async (answer) => {
    if (answer.ok) await cache.put(request, answer.clone());
    return answer;
  });
  const kept = await cache.match(request, { ignoreSearch: request.mode === 'navigate' });
  if (!kept) return network;
  event.waitUntil(network.then(nothing, nothing));
  const late = new Promise((resolve) => setTimeout(() => resolve(kept), PATIENCE_MILLIS));
  return /** @type {Promise<Response>} */ (
    Promise.race([network.then((answer) => (answer.status < 500 ? answer : kept)).catch(() => kept), late])
  );
}

function nothing() {}

/** @param {string} address */
async function showPage(address) {
  const pages = await worker.clients.matchAll({ type: 'window' });
  const page = pages[0];
  if (!page) return worker.clients.openWindow(address ? `/#${encodeURIComponent(address)}` : '/');
  page.postMessage({ show: address });
  return page.focus();
}
