import assert from 'node:assert/strict';
import { test } from 'node:test';
import { grouped, linkFor, readLink } from '../web/adding.js';
import { pieces } from '../web/links.js';
import { resembles, visible } from '../web/names.js';
import { de } from '../web/text/de.js';
import { en } from '../web/text/en.js';
import { de as addonDe } from '../thunderbird/text/de.js';
import { en as addonEn } from '../thunderbird/text/en.js';

test('both languages have the same keys and placeholders', () => {
  const plural = (/** @type {string} */ key) => key.replace(/\.(one|other|few|many)$/, '');
  const keys = (/** @type {object} */ texts) => [...new Set(Object.keys(texts).map(plural))].sort();
  assert.deepEqual(keys(de), keys(en));
  const holes = (/** @type {string} */ text) => [...text.matchAll(/\{\w+\}/g)].map(String).sort();
  for (const key of Object.keys(de))
    if (en[key]) assert.deepEqual(new Set(holes(de[key])), new Set(holes(en[key])), key);
});

test('what the add-on says otherwise is said by the web app, too, and in both languages', () => {
  assert.deepEqual(Object.keys(addonDe), Object.keys(addonEn));
  const holes = (/** @type {string} */ text) => [...text.matchAll(/\{\w+\}/g)].map(String).sort();
  for (const [own, texts] of [
    [addonEn, en],
    [addonDe, de],
  ])
    for (const [key, text] of Object.entries(own)) assert.deepEqual(holes(text), holes(texts[key]), key);
});

test('in Thunderbird nobody reads of a browser, but where one is opened for the sound of a call, and of no page that is to be kept open', () => {
  for (const texts of [
    { ...en, ...addonEn },
    { ...de, ...addonDe },
  ])
    for (const [key, text] of Object.entries(texts))
      if (!ELSEWHERE.test(key)) assert.doesNotMatch(text, /browser|this page|diese[rs]? Seite/i, key);
});

/** Said only by the web app, or of the browser that makes the sound. */
const ELSEWHERE =
  /^(app\.other-server|hint\.|settings\.notifications\.blocked|error\.microphone\.blocked|sound\.|error\.call\.page)/;

test('a code that no longer counts is not said to be a wrong one', () => {
  for (const texts of [en, de]) {
    assert.notEqual(texts['error.code.over'] ?? texts['error.code'], texts['error.code']);
    assert.doesNotMatch(texts['error.code.over'], /not the code|nicht der Code/);
  }
});

test('nobody meets the words of the machine room', () => {
  for (const texts of [en, de, addonEn, addonDe])
    for (const [key, text] of Object.entries(texts))
      assert.doesNotMatch(text, /\b(DHT|SIP|peer|Peer|record|WebSocket|CBOR|CMS)\b/, key);
});

test('hidden and direction-changing characters are shown as such', () => {
  assert.equal(visible('Bob\u202Eelpmaxe'), 'Bob⟨U+202E⟩elpmaxe');
  assert.equal(visible('B\u200Bob'), 'B⟨U+200B⟩ob');
  assert.equal(visible('Bob Example'), 'Bob Example');
});

test('an address that only looks like a known one is flagged', () => {
  const known = ['bob@example.net', 'william@example.net'];
  assert.equal(resembles('b0b@example.net', known), 'bob@example.net');
  assert.equal(resembles('wil1iam@examp1e.net', known), 'william@example.net');
  assert.equal(resembles('bob@example.net', known), '');
  assert.equal(resembles('carol@example.net', known), '');
});

test('a link is shown in full and never hides where it goes', () => {
  assert.deepEqual(pieces('see https://example.net/a(b), ok'), [
    { text: 'see ', href: '' },
    { text: 'https://example.net/a(b)', href: 'https://example.net/a(b)' },
    { text: ', ok', href: '' },
  ]);
  assert.deepEqual(pieces('https://bank.example@evil.example/'), [
    { text: 'https://bank.example@evil.example/', href: '' },
  ]);
  assert.deepEqual(pieces('javascript:alert(1)'), [{ text: 'javascript:alert(1)', href: '' }]);
  assert.deepEqual(pieces('<b>bold</b>'), [{ text: '<b>bold</b>', href: '' }]);
});

test('the link for a new device says an address and a code, or nothing', () => {
  const adding = { address: 'a&b=c#d@example.net', code: 'K7QX2M9TRD4H' };
  const link = linkFor('https://example.net/', adding);
  assert.deepEqual(readLink(new URL(link).hash), adding);
  assert.equal(grouped(adding.code, 4), 'K7QX 2M9T RD4H');
  for (const bad of [
    '',
    '#add=',
    '#add=a@b.example',
    '#add=%ff&code=K7QX2M9TRD4H',
    `${new URL(link).hash}x`,
    '#add=a&code=<img>',
  ])
    assert.equal(readLink(bad), null, bad);
});
