// A CommonJS package as a script for a page: there is no bundler here, and what is tested is what the registry has.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

/** @param {string} name  of the package @param {string} as  the page's global @returns {Promise<string>} */
export async function script(name, as) {
  /** File, what it requires under which name. @type {Map<string, {text: string, names: Record<string, string>}>} */
  const files = new Map();
  async function take(file) {
    if (files.has(file)) return;
    const text = await readFile(file, 'utf8');
    /** @type {Record<string, string>} */
    const names = {};
    files.set(file, { text, names });
    const require = createRequire(file);
    for (const [, wanted] of text.matchAll(/\brequire\(['"]([^'"]+)['"]\)/g)) {
      // A folder with that name is the package; without it the runtime's own module would be meant. What is for Node alone is not there.
      const found = resolved(require, wanted);
      if (!found) continue;
      names[wanted] = found;
      await take(found);
    }
  }
  const entry = createRequire(import.meta.url).resolve(name);
  await take(entry);
  const all = [...files].map(([file, { text, names }]) => {
    const body = file.endsWith('.json') ? `module.exports = ${text}` : text;
    return `${JSON.stringify(file)}: [${JSON.stringify(names)}, function (module, exports, require, process, global) {${body}\n}]`;
  });
  return `(() => {
    const modules = {${all.join(',\n')}};
    const loaded = {};
    const load = (file) => {
      if (loaded[file]) return loaded[file].exports;
      const module = (loaded[file] = { exports: {} });
      const [names, run] = modules[file];
      run.call(module.exports, module, module.exports, (name) => load(names[name]), { env: {}, type: 'renderer' }, window);
      return module.exports;
    };
    window[${JSON.stringify(as)}] = load(${JSON.stringify(entry)});
  })();`;
}

/** @param {NodeJS.Require} require @param {string} wanted */
function resolved(require, wanted) {
  for (const name of wanted.startsWith('.') ? [wanted] : [`${wanted}/`, wanted])
    try {
      const found = require.resolve(name);
      if (found.startsWith('/')) return found;
    } catch {
      // Under the other name, or not at all.
    }
  return '';
}
