import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linesOf } from '../../../ingest/articles/pages/page-text.ts';
import { plainMarkup } from '../../../ingest/articles/pages/plain-markup.ts';
import { sanitize } from '../../../ingest/articles/pages/sanitize.ts';

const base = 'https://base.test/a/';
const slow = (html: string) => {
  const clean = sanitize(html, base);
  return { html: clean, text: linesOf(clean, 200_000) };
};

test('markup of most feeds is plain, and made harmless in one go', () => {
  const html =
    '<div class="x"><h2>On <em>it</em></h2>\n<p>Up &amp; <a href="/b?c=1&amp;d=2">so on</a>&#8230;' +
    '<br/>and <span style="color:red">red</span></p> <ul><li>one</li><li> two </li></ul>' +
    '<figure><img class="y" src="https://i.test/a.png" alt="a &amp; b"><figcaption>c</figcaption>' +
    '</figure><p><a href="javascript:x()">no</a></p><p></p></div>';
  assert.deepEqual(plainMarkup(html, base), {
    html:
      '<div><h2>On <em>it</em></h2> <p>Up &amp; <a href="https://base.test/b?c=1&amp;d=2" ' +
      'rel="noopener nofollow">so on</a>…<br>and red</p> <ul><li>one</li><li> two </li></ul>' +
      '<figure><img src="https://i.test/a.png" alt="a &amp; b"><figcaption>c</figcaption></figure>' +
      '<p>no</p></div>',
    text: 'On it\nUp & so on…\nand red\none\ntwo\nc\nno',
  });
  assert.deepEqual(plainMarkup(html, base), slow(html));
});

test('what needs a parser is left to it', () => {
  for (const html of [
    ...['<script>x</script>', '<p onclick=x>y</p>', "<p title='x'>y</p>", '<!-- x -->', 'a < b'],
    ...['<p>x', '</p>', '<b><p>x</p></b>', '<p><p>x</p></p>', '<a href="x"><a href="y">z</a></a>'],
    ...['<b> &amp; x</b>', '<li>x</li>', '<td>x</td>', '<pre> x</pre>', 'x\u0001', '\ud800'],
    ...['<img>', '<svg/onload=x>', '<p/>', '<P>x</P>', `<p title="${'x'.repeat(3_000)}">y</p>`],
    ...['<b>'.repeat(50) + '</b>'.repeat(50), 'x'.repeat(200_000), '<a href="&colon;x">y</a>'],
  ]) {
    assert.equal(plainMarkup(html, base), undefined, html.slice(0, 60));
  }
});

/** What markup is put together from: what is usual, and what the rules of parsers are about. */
const PIECES: readonly string[] = [
  ...'p div b a span ul li ol h2 figure figcaption blockquote section em'
    .split(' ')
    .flatMap((name) => [`<${name}>`, `<${name} class="x y">`, `</${name}>`]),
  ...['<a href="https://x.test/a?b=1&amp;c=2">', '<a href="/rel">', '<a href="javascript:x">'],
  ...['<a href="HTTP://X.test/%2e%2e/b">', '<a href="https://x.test/a/../b c">', '<a href="">'],
  ...['<a href="https://x.test">', '<a href="https://u:p@x.test/">', '<a href="mailto:a@b.test">'],
  ...['<a href="//x.test/y">', '<a href="https://1.2/">', '<a href="https://xn--a.test/">'],
  ...['<br>', '<br/>', '<hr>', '<img src="https://i.test/a.png" alt="x &amp; y">'],
  ...['<img src="data:x">', '<script>', '<!-- x -->', '<table>', '<td>', '<', '>', '"', '&'],
  ...[' ', '  ', '\n', 'x', 'one two ', '&amp;', '&nbsp;', '&lt;', '&#32;', '&#8217;', '&notit;'],
  ...[' y', '\u00a0', 'é😀', ' &amp; z', 'AT&T', '&copy', '&#x1;', '\f', 'z\t'],
];

test('it is what the sanitiser and then the reader of lines make of the same', () => {
  let seed = 1;
  const random = (below: number): number => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff;
    return (seed >> 8) % below;
  };
  const markup = (): string => {
    const open: string[] = [];
    let html = '';
    for (let n = 1 + random(25); n > 0; n -= 1) {
      const piece = PIECES[random(PIECES.length)]!;
      const [, slash, name = ''] = /^<(\/?)([a-z0-9]+)/.exec(piece) ?? [];
      // Mostly well nested, or few would be plain.
      if (slash === '/' && random(6) > 0) html += open.length > 0 ? `</${open.pop()}>` : '';
      else html += piece;
      if (slash === '' && PIECES.includes(`</${name}>`)) open.push(name);
    }
    for (const name of open.toReversed()) if (random(60) > 0) html += `</${name}>`;
    return html;
  };
  let plain = 0;
  for (let n = 0; n < 40_000; n += 1) {
    const html = markup();
    const made = plainMarkup(html, base);
    if (made === undefined) continue;
    plain += 1;
    assert.deepEqual(made, slow(html), html);
  }
  assert.ok(plain > 4_000, `${plain} are plain`);
});
