import assert from 'node:assert/strict';
import { test } from 'node:test';
import { grouped, linkFor, readLink } from '../web/adding.js';
import { pieces } from '../web/links.js';
import { resembles, visible } from '../web/names.js';
import { addon as programGerman } from '../web/text/addon-de.js';
import { addon as program } from '../web/text/addon-en.js';
import { de } from '../web/text/de.js';
import { en } from '../web/text/en.js';

test('both languages have the same keys and placeholders', () => {
  const plural = (/** @type {string} */ key) => key.replace(/\.(one|other|few|many)$/, '');
  const keys = (/** @type {object} */ texts) => [...new Set(Object.keys(texts).map(plural))].sort();
  assert.deepEqual(keys(de), keys(en));
  const holes = (/** @type {string} */ text) => [...text.matchAll(/\{\w+\}/g)].map(String).sort();
  for (const key of Object.keys(de))
    if (en[key]) assert.deepEqual(new Set(holes(de[key])), new Set(holes(en[key])), key);
});

test('what is said otherwise in Thunderbird is said in both languages, in place of something, and names no browser', () => {
  assert.deepEqual(Object.keys(programGerman), Object.keys(program));
  const holes = (/** @type {string} */ text) => [...text.matchAll(/\{\w+\}/g)].map(String).sort();
  for (const [texts, own] of [
    [en, program],
    [de, programGerman],
  ])
    for (const [key, text] of Object.entries(own)) {
      const usual = texts[key.replace(/\.addon$/, '')];
      assert.ok(key.endsWith('.addon') && usual, key);
      assert.deepEqual(new Set(holes(text)), new Set(holes(usual)), key);
      assert.doesNotMatch(text.replace(/[„“][^“”]*[“”]/g, ''), /[Bb]rowser|this page|Seite/, key);
    }
});

test('nobody meets the words of the machine room', () => {
  for (const texts of [en, de, program, programGerman])
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
