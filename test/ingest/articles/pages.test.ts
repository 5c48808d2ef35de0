import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HTML_CHARS_MAX, type Page, TEXT_CHARS_MAX } from '../../../ingest/articles/pages/page.ts';
import { excerptOf, linesOf } from '../../../ingest/articles/pages/page-text.ts';
import { readPage } from '../../../ingest/articles/pages/read-page.ts';
import { pageShapes, wordAgreement } from './pages-shapes.ts';

const url = 'https://news.test/markets/story';
const read = (html: string | Buffer, more: Partial<Page> = {}) =>
  readPage({ bytes: Buffer.from(html), contentType: 'text/html', url, ...more });
const long = 'Bitcoin rose above a level that nobody had seen before, and fell within the hour. ';
const story = (body: string, head = '') =>
  `<html><head><title>A story</title>${head}</head><body><article>${body}</article></body></html>`;

function article(html: string | Buffer, more: Partial<Page> = {}) {
  const page = read(html, more);
  assert.ok(page.ok, JSON.stringify(page));
  return page;
}

for (const { name, html, article: wanted, title } of pageShapes()) {
  test(`the article is read from a page of the shape: ${name}`, () => {
    const page = article(html);
    assert.equal(page.from, 'article');
    const agreed = wordAgreement(page.text, wanted.join('\n'));
    // Readability takes a menu within the table of an article for a part of it.
    const least = name === 'old tables' ? 0.95 : 0.97;
    assert.ok(agreed >= least, `${agreed}: ${page.text.slice(0, 300)}`);
    assert.equal(page.title.replace(' | Daily Coin', ''), title);
    for (const text of wanted) assert.ok(page.text.split('\n').includes(text), text);
    assert.doesNotMatch(page.html, /<(script|style|iframe|form|nav)|class=|\bid=/);
  });
}

test('links and pictures are absolute, by the base of the page', () => {
  const body = `<p>${long.repeat(9)}<a href="../x?a=1&amp;b=2">there</a></p><img src="i.png" alt='a "b"'>`;
  const plain = article(story(body));
  assert.match(
    plain.html,
    /<a href="https:\/\/news\.test\/x\?a=1&amp;b=2" rel="noopener nofollow">/,
  );
  assert.match(
    plain.html,
    /<img src="https:\/\/news\.test\/markets\/i\.png" alt="a &quot;b&quot;">/,
  );
  const based = article(story(body, '<base href="//cdn.test/d/e/">'));
  assert.match(based.html, /href="https:\/\/cdn\.test\/d\/x/);
  const hostile = article(story(body, '<base href="javascript:alert(1)//">'));
  assert.match(hostile.html, /href="https:\/\/news\.test\/x/);
});

test('title, byline, language and excerpt are told', () => {
  const head =
    '<meta property="og:title" content="Bitcoin &amp; ether"><meta property="og:locale" content="pt_br">' +
    '<meta name="author" content=" Jane  Doe "><meta property="og:description" content="What happened.">';
  const page = article(story(`<p>${long.repeat(9)}</p>`, head));
  assert.equal(page.title, 'Bitcoin & ether');
  assert.equal(page.byline, 'Jane Doe');
  assert.equal(page.language, 'pt-BR');
  assert.equal(page.excerpt, 'What happened.');
});

test('bytes are read by header, by meta, and as they are', () => {
  const text = 'Цена биткоина выросла на бирже и упала, сказали трейдеры. ';
  const cyrillic = (charset: string, head: string) => {
    const html = story(`<p>${text.repeat(12)}</p>`, head);
    const bytes = [...html].map((sign) => {
      const code = sign.codePointAt(0) ?? 0;
      return code < 128 ? code : code - 0x410 + 0xc0;
    });
    return article(Buffer.from(bytes), { contentType: `text/html${charset}` }).text;
  };
  assert.ok(cyrillic('; charset=windows-1251', '').startsWith(text.trim()));
  assert.ok(cyrillic('', '<meta charset="windows-1251">').startsWith(text.trim()));
  assert.ok(article(story(`<p>${text.repeat(12)}</p>`)).text.startsWith(text.trim()));
});

test('a page without an article gives its description, or says that there is none', () => {
  const app =
    '<meta name="description" content="All of it, &lt;b&gt; in short"><div id="app"></div>';
  const page = article(app);
  assert.equal(page.from, 'description');
  assert.equal(page.html, '<p>All of it, &lt;b&gt; in short</p>');
  assert.equal(page.text, 'All of it, <b> in short');
  const none = read('<div id="app">Loading</div>');
  assert.ok(!none.ok && none.reason === 'no-article');
});

test('what is no page is refused with a reason', () => {
  const reason = (bytes: Buffer, contentType = 'text/html') => {
    const page = read(bytes, { contentType });
    return page.ok ? 'read' : page.reason;
  };
  assert.equal(reason(Buffer.alloc(0)), 'empty');
  assert.equal(reason(Buffer.from('%PDF-1.7 ...')), 'not-html');
  assert.equal(reason(Buffer.from('<p>x'), 'application/pdf'), 'not-html');
  assert.equal(reason(Buffer.alloc(5_000_001, 'a')), 'too-large');
  assert.equal(reason(Buffer.from('<div>'.repeat(200_000))), 'too-complex');
  assert.equal(reason(Buffer.from('<p>x</p>'.repeat(60_000))), 'too-complex');
  assert.equal(reason(Buffer.from('&'.repeat(4_900_000))), 'too-complex');
});

test('a page that is too complex still gives its description', () => {
  const page = article(`<meta name=description content="In short">${'<div>'.repeat(200_000)}`);
  assert.equal(page.from, 'description');
});

test('sizes that no page needs cost little, and nothing is lost beside them', () => {
  const attributes = Array.from({ length: 400_000 }, (_, n) => `a${n}=1`).join(' ');
  const body = `<p ${attributes} title="${'x'.repeat(400_000)}">${long.repeat(9)}</p>`;
  const before = process.cpuUsage();
  assert.ok(article(story(body)).text.startsWith(long.trim()));
  const { user, system } = process.cpuUsage(before);
  assert.ok(user + system < 10e6, `${(user + system) / 1e3} ms of CPU`);
  const nested = `${'<div>'.repeat(400)}<p>${long.repeat(9)}</p>${'</div>'.repeat(400)}`;
  assert.ok(article(story(nested)).text.startsWith(long.trim()));
});

test('entities of a DOCTYPE are not expanded', () => {
  const bomb =
    '<!DOCTYPE html [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY x SYSTEM "file:///etc/passwd">]>';
  const page = article(bomb + story(`<p>&b;&x; ${long.repeat(9)}</p>`));
  assert.match(page.text, /&b;&x; Bitcoin rose/);
});

test('texts end at their limits, whole characters kept and markup closed', () => {
  const paragraph = `<p>${long.repeat(5)}\u{1f600}</p>`;
  const page = article(story(paragraph.repeat(2_500)));
  assert.ok(page.text.length <= TEXT_CHARS_MAX && page.text.length > TEXT_CHARS_MAX - 1_000);
  assert.ok(page.html.length <= HTML_CHARS_MAX && page.html.length > HTML_CHARS_MAX - 4_000);
  assert.match(page.html, /<\/p>\s*<\/div>(\s*<\/div>)*$/);
});

test('names of objects are names of attributes and facts like all others', () => {
  const head = '<meta name="__proto__" content="x"><meta name="constructor" content="y">';
  const body = `<p __proto__="x" constructor="y" hasOwnProperty="z">${long.repeat(9)}</p>`;
  const data =
    '<script type="application/ld+json">{"__proto__":{"a":1},"@type":"NewsArticle"}</script>';
  const page = article(story(`<constructor><toString>${body}`, head + data));
  assert.ok(page.text.startsWith(long.trim()));
  assert.match(article(story(`<__proto__>${body}`)).text, /^<__proto__>\nBitcoin/);
  assert.equal(({} as Record<string, unknown>).a, undefined);
});

test('text has a line for each paragraph, item and row, and no others', () => {
  const html =
    '<h1>A  b</h1><p>one<br>two <b>three</b></p><ul><li>i<li>j</ul><table><tr><td>1</td><td>2</td></tr></table><pre>x\n\n y</pre>';
  assert.equal(linesOf(html, 1_000), 'A b\none\ntwo three\ni\nj\n1 2\nx\ny');
  assert.equal(linesOf(`<p>ab\u{1f600}</p>`, 3), 'ab');
});

test('an excerpt ends between words, within its length', () => {
  assert.equal(excerptOf('short', 10), 'short');
  assert.equal(excerptOf('one two  three', 9), 'one two…');
  assert.equal(excerptOf('one two three', 8), 'one two…');
  assert.equal(excerptOf('x'.repeat(100), 10), `${'x'.repeat(9)}…`);
  assert.equal(excerptOf(`${'\u{1f600}'.repeat(100)}`, 10), `${'\u{1f600}'.repeat(4)}…`);
});
