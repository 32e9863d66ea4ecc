// Serves client/web with the fake core under the same content security policy as the real server.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const client = fileURLToPath(new URL('../../', import.meta.url));
const TYPES = {
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.css': 'text/css',
  '.html': 'text/html',
  '.svg': 'image/svg+xml',
  '.webmanifest': 'application/manifest+json',
};

/** @returns {Promise<{base: string, sent: Map<string, number>, close: () => void}>} sent: gzip bytes by path */
export async function serveFake() {
  const sent = new Map();
  const server = createServer(async (request, response) => {
    const path = normalize(new URL(request.url, 'http://x').pathname);
    try {
      const body = await content(path);
      const type = TYPES[extname(path === '/' ? 'x.html' : path)] ?? 'application/octet-stream';
      sent.set(path, gzipSync(body).length);
      response.writeHead(200, {
        'content-type': `${type}; charset=utf-8`,
        'cache-control': 'max-age=3600',
        ...(path === '/' ? { 'content-security-policy': policy(body.toString()) } : {}),
      });
      response.end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { base: `http://127.0.0.1:${server.address().port}/`, sent, close: () => server.close() };
}

async function content(path) {
  if (path === '/')
    return Buffer.from(
      (await readFile(join(client, 'web/index.html'), 'utf8')).replace('/web/main.js', '/fake/page.js'),
    );
  if (path.startsWith('/fake/')) return readFile(join(client, 'test', path));
  if (path.startsWith('/vendor/')) return readFile(join(client, 'node_modules', path.slice('/vendor/'.length)));
  return readFile(join(client, path));
}

function policy(page) {
  const map = /<script type="importmap">([\s\S]*?)<\/script>/.exec(page)[1];
  const hash = createHash('sha256').update(map).digest('base64');
  return `default-src 'none'; script-src 'self' 'sha256-${hash}'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; manifest-src 'self'; base-uri 'none'`;
}
