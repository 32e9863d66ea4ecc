// Makes target/starling.xpi, the add-on for Thunderbird: a zip of readable sources, the same bytes whoever makes it. Extension pages have no import map, so names
// of libraries become paths, here and in the libraries themselves; nothing else changes.
import { execFile } from 'node:child_process';
import { cp, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join, posix, sep } from 'node:path';
import { promisify } from 'node:util';

const LIBRARIES = {
  preact: '/vendor/preact/dist/preact.mjs',
  'preact/hooks': '/vendor/preact/hooks/dist/hooks.mjs',
  htm: '/vendor/htm/dist/htm.module.js',
  uqr: '/vendor/uqr/dist/index.mjs',
  '@noble/hashes/': '/vendor/@noble/hashes/',
};
const FROM = [
  ['core', /\.js$/],
  ['thunderbird', /\.(js|json|html|css)$/],
  ['web', /\.(js|css|svg)$/],
  ['_locales', /\.json$/],
];
/** What only the page of a server needs. */
const WITHOUT = /^web\/(main\.js|sw\.js|tab\.js|media\/.*|css\/about\.css)$/;
// The first moment that a zip can name.
const DATE = '1980-01-01T00:00:02Z';

// Its own, and put into place whole: two may be at it at once.
const out = join('target', `addon-${process.pid}`);
await rm(out, { recursive: true, force: true });

/** @param {string} source @param {string} where @returns {string} */
function resolved(source, where) {
  return source.replace(/(\bfrom\s*|\bimport\s*\(?\s*)(["'])([@A-Za-z][\w@/.-]*)\2/g, (whole, before, quote, name) => {
    const path = LIBRARIES[name] ?? (name.startsWith('@noble/hashes/') ? `/vendor/${name}` : '');
    if (!path) throw new Error(`${where}: what is ${name}?`);
    return `${before}${quote}${path}${quote}`;
  });
}

/** @param {string} from @param {string} to */
async function put(from, to) {
  const target = join(out, ...to.split('/'));
  await mkdir(join(target, '..'), { recursive: true });
  if (/\.m?js$/.test(to)) await writeFile(target, resolved(await readFile(from, 'utf8'), to));
  else await cp(from, target);
}

/** @param {string} folder @returns {Promise<string[]>} paths below it, sorted */
async function below(folder) {
  const all = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return all
    .filter((each) => each.isFile())
    .map((each) =>
      join(each.parentPath ?? each.path, each.name)
        .slice(folder.length + 1)
        .split(sep)
        .join('/'),
    )
    .sort();
}

await put('client/manifest.json', 'manifest.json');
for (const [folder, wanted] of FROM)
  for (const path of await below(join('client', folder))) {
    const to = `${folder}/${path}`;
    if (wanted.test(path) && !WITHOUT.test(to)) await put(join('client', folder, path), to);
  }
// Libraries: what is imported, and what that imports.
const seen = new Set();
const SCRIPTS = ['/vendor/hash-wasm/dist/scrypt.umd.min.js'];
async function library(path) {
  if (seen.has(path)) return;
  seen.add(path);
  const from = join('client/node_modules', path.slice('/vendor/'.length));
  await put(from, path.slice(1));
  const source = await readFile(join(out, path.slice(1)), 'utf8');
  for (const [, , name] of source.matchAll(/\bfrom\s*(["'])([^"']+)\1/g))
    await library(name.startsWith('/vendor/') ? name : posix.join(posix.dirname(path), name));
}
for (const path of SCRIPTS) await library(path);
for (const path of await below(out)) {
  if (!path.endsWith('.js')) continue;
  for (const [, , name] of (await readFile(join(out, path), 'utf8')).matchAll(/\bfrom\s*(["'])(\/vendor\/[^"']+)\1/g))
    await library(name);
}
for (const path of seen) {
  const [owner, name] = path.slice('/vendor/'.length).split('/');
  const whole = owner.startsWith('@') ? `${owner}/${name}` : owner;
  await put(join('client/node_modules', whole, 'LICENSE'), `vendor/${whole}/LICENSE`);
}
// Not compressed, so that no version of a compressor makes other bytes.
const list = (await below(out)).map((path) => `-C ${out} ${path}`);
await writeFile(`${out}.list`, `${list.join('\n')}\n`);
const jar = process.env.JAVA_HOME ? join(process.env.JAVA_HOME, 'bin/jar') : 'jar';
await promisify(execFile)(jar, [
  '--create',
  '--no-manifest',
  '--no-compress',
  `--date=${DATE}`,
  `--file=${out}.xpi`,
  `@${out}.list`,
]);
await rename(`${out}.xpi`, 'target/starling.xpi');
await Promise.all([rm(out, { recursive: true }), rm(`${out}.list`)]);
console.log(`target/starling.xpi, ${list.length} files`);
