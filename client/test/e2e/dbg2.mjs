import { thunderbird } from './thunderbird.js';
import { execSync } from 'node:child_process';
for (const prefs of [{}, {'javascript.options.wasm': true, 'dom.ipc.processPriorityManager.enabled': false}]) {
const tb = await thunderbird({ prefs });
try { await tb.command('Addon:Install', { path: '/tmp/addon-dir', temporary: true });
await tb.background(`const [space] = await browser.spaces.query({ name: 'starling' }); await browser.spaces.open(space.id);`);
let title=''; for (let i=0;i<40 && !title.includes('sha256');i++) { await new Promise(r=>setTimeout(r,1000)); title = await tb.page('space.html', 'return document.title').catch(e=>String(e)); }
console.log(title);
console.log(execSync('ps -eo pid,ni,pcpu,comm,args | grep -i "[t]hunderbird" | cut -c1-120').toString());
console.log(await tb.chrome(`return ['javascript.options.baselinejit','javascript.options.ion','javascript.options.wasm','javascript.options.main_process_disable_jit','javascript.options.jithints','dom.ipc.processPriorityManager.enabled','javascript.options.blinterp','javascript.options.native_regexp','extensions.webextensions.remote', 'security.sandbox.content.level'].map(n => { try { return n + ' ' + Services.prefs.getBoolPref(n) } catch { try { return n+' '+Services.prefs.getIntPref(n) } catch { return n + ' ?' } } })`));
} catch (e) { console.log(e); }
await tb.close(); }
process.exit(0);
