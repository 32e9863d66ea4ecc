import { addAccount, packAddon, world, XPI } from './addon-world.js';
import { agent, eventually, until } from './agents.js';
import { thunderbird } from './thunderbird.js';
import { writeFile } from 'node:fs/promises';
await packAddon();
const around = await world(['alice','bob']); const tb = await thunderbird({ prefs: { 'devtools.console.stdout.chrome': true, 'devtools.console.stdout.content': true } });
const T0=Date.now(); const log=(...a)=>console.log(((Date.now()-T0)/1000).toFixed(1), ...a);
try {
await addAccount(tb, around.mail, 'alice@example.net'); await tb.install(XPI);
await tb.background(`await browser.storage.local.set({ servers: ${JSON.stringify(around.bases)} })`);
await tb.background(`const [space] = await browser.spaces.query({ name: 'starling' }); await browser.spaces.open(space.id);`);
const asked = (body) => tb.page('space.html', `const { remote } = await import('/thunderbird/wire.js');
    const port = browser.runtime.connect({ name: 'starling' });
    try { const core = await remote(port, () => {}); ${body} } finally { port.disconnect(); }`);
await eventually(async () => asked('return 1').then(() => true, () => false), 'space');
await asked(`const text = ${JSON.stringify(around.root)}; await core.addAnchors(text, (await core.readAnchors(text)).map((each) => each.id)); await core.addPeer('${around.bases[0]}'); await core.addPeer('${around.bases[1]}'); await core.enrol('alice@example.net')`);
await eventually(async () => (await asked('return core.state.me.status')) === 'online', 'online', 60000); log('alice online');
await writeFile('/tmp/tb1.png', await tb.screenshot());
const bob = await agent(around.bases);
await bob.addAnchors(around.root, (await bob.readAnchors(around.root)).map((each) => each.id));
await bob.enrol('bob@example.net');
await eventually(async () => { const c = await around.mail.code('bob'); return c && (await bob.submitCode(c).then(() => true)); }, 'mail');
await until(bob, (s) => s.me.status === 'online', 'online', 60000); log('bob online');
log('lookup from bob', await bob.lookup('alice@example.net').catch(e=>String(e)));
log('lookup from alice', await asked(`return await core.lookup('bob@example.net')`).catch(e=>String(e)));
log('request', await asked(`return await core.requestContact('bob@example.net', {})`).catch(e=>String(e)));
await until(bob, (s) => s.requests.length === 1, 'request', 60000); log('request there');
await bob.setName('Bob Example'); await bob.acceptRequest('alice@example.net'); log('accepted');
for (let i=0;i<12;i++) { await new Promise(r=>setTimeout(r,3000)); const c = await asked('return [core.state.contacts, core.state.notices, core.state.me]'); log(JSON.stringify(c)); if (c[0][0].presence==='online') break; }
log('bob', JSON.stringify(bob.state.contacts));
log(await asked(`return (await core.sendMessage('bob@example.net', 'wombat')).state`).catch(e=>String(e)));
for (let i=0;i<4;i++) { await new Promise(r=>setTimeout(r,3000)); log(bob.state.contacts[0]?.last?.text, JSON.stringify((await asked(`return await core.messages('bob@example.net')`)))); if (bob.state.contacts[0]?.last) break; }
bob.close();
} catch (e) { console.log(e); }
console.log(tb.log().split('\n').filter(l=>/starling|moz-ext|rror|console/i.test(l) && !/Gtk|glib/.test(l)).slice(-30).join('\n'));
await tb.close(); await around.close(); process.exit(0);
