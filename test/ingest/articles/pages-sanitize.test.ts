import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseHTML } from 'linkedom';
import { wellFormed } from '../../../core/charset.ts';
import { ALLOWED, sanitize } from '../../../ingest/articles/pages/sanitize.ts';

const base = 'https://news.test/a/b';
const clean = (html: string) => sanitize(html, base);

/** Beginnings of programs in every place that parsers have been led to find one. */
const HOSTILE: readonly string[] = [
  '<script>alert(1)</script>',
  '<ScRiPt src=//evil.test/x.js></sCrIpT>',
  '<scr<script>ipt>alert(1)</scr</script>ipt>',
  '<img src=x onerror=alert(1)>',
  '<img src="x" onerror="alert(1)"/onload=alert(1)>',
  '<img/src=`x`onerror=alert(1)>',
  '<img src=1 alt="</p><script>alert(1)</script>">',
  '<img src=1 alt="\'\\"><svg onload=alert(1)>',
  '<a href="javascript:alert(1)">x</a>',
  '<a href=" \u0001java\tscript\n:alert(1)">x</a>',
  '<a href="&#x6A;avascript&colon;alert(1)">x</a>',
  '<a href="&#0000106&#0000097vascript:alert(1)">x</a>',
  '<a href="vbscript:x">x</a><a href="data:text/html,<script>alert(1)</script>">x</a>',
  '<a href="jar:javascript:alert(1)">x</a><a href="blob:https://x/1">x</a>',
  '<a href="//user:password@evil.test/">x</a>',
  '<img src="data:image/svg+xml,<svg onload=alert(1)>">',
  '<img srcset="javascript:alert(1) 1x, //evil.test/x 2x">',
  '<svg><script>alert(1)</script></svg><svg/onload=alert(1)>',
  '<svg><style><img src=x onerror=alert(1)></style></svg>',
  '<svg></p><style><a id="</style><img src=1 onerror=alert(1)>">',
  '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">',
  '<math><mi><img src onerror=alert(1)></mi><annotation-xml encoding="text/html"><script>alert(1)</script>',
  '<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>',
  '<noscript><p title="</noscript><img src=x onerror=alert(1)>"></noscript>',
  '<template><script>alert(1)</script></template><template shadowrootmode=open><img onerror=x src=x>',
  '<style>@import "//evil.test"; </style><p style="background:url(javascript:alert(1))">x</p>',
  '<style><!--</style><script>alert(1)//--></script>',
  '<title><img src=x onerror=alert(1)></title><textarea></textarea><script>alert(1)</script>',
  '<xmp><img src=x onerror=alert(1)></xmp><plaintext><script>alert(1)</script>',
  '<listing>&lt;img src=x onerror=alert(1)&gt;</listing>',
  '<iframe src="javascript:alert(1)"></iframe><iframe srcdoc="<script>alert(1)</script>">',
  '<object data="x"><embed src="x"><param value=x></object><applet code=x>',
  '<base href="javascript:/"><meta http-equiv=refresh content="0;url=javascript:alert(1)">',
  '<link rel=stylesheet href="//evil.test"><form action="javascript:alert(1)"><button formaction=x>',
  '<input autofocus onfocus=alert(1)><select><option><script>alert(1)</script></select>',
  '<details open ontoggle=alert(1)><summary>x</summary></details>',
  '<p __proto__="x" constructor="y" onclick=alert(1) id=window name=document class=admin>x</p>',
  '<constructor><toString><hasownproperty>x',
  '<p title="<!--"><!--><img src=x onerror=alert(1)>--><!--!><script>alert(1)</script>-->',
  '<![CDATA[<script>alert(1)</script>]]><?xml <script>alert(1)</script> ?><!x <img onerror=x>>',
  '&lt;script&gt;alert(1)&lt;/script&gt;&amp;lt;img src=x onerror=alert(1)&amp;gt;',
  '<table><td><p><tr><script>alert(1)</script><img src=x onerror=alert(1)></table>',
  '<p>\u0000<scr\u0000ipt>alert(1)</scr\u0000ipt>\u0001\u007f\ud800',
  '<a href="https://x.test/"><p onclick=x><div><a href=x><span><p>x</a></div><li></p></br>',
  '<p><x><div>one</p>two</x></div></p><pre>\n\n  a\n</pre> <b> </b>',
  '<p',
  '<a href="',
  '<!--',
  '</',
  '<img src=x alt="',
  '&#x110000;&#xd800;&#0;',
];

function assertHarmless(html: string, from: string): void {
  const { document } = parseHTML(`<html><body>${html}</body></html>`);
  for (const element of document.querySelectorAll('body *')) {
    const name = element.localName;
    const allowed = ALLOWED.get(name);
    assert.ok(allowed, `<${name}> of ${from}`);
    for (const { name: attribute, value } of element.attributes) {
      assert.ok(allowed.includes(attribute), `${attribute} of ${from}`);
      if (attribute === 'href') assert.match(value, /^(https?:\/\/|mailto:)/, from);
      if (attribute === 'src') assert.match(value, /^https?:\/\//, from);
    }
  }
  // Another parser's view: no sign of markup but in the tags of the list.
  const tag = /<\/?([a-z0-9]+)(?: (?:href|rel|src|alt|start|colspan|rowspan)="[^"<>]*")*>/g;
  const rest = html.replace(tag, (_, name: string) => (ALLOWED.has(name) ? '' : '<'));
  assert.doesNotMatch(rest, /[<>]/, from);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  assert.doesNotMatch(html, /[\u0000-\u0008\u000b\u000e-\u001f\u007f]/, from);
  assert.equal(wellFormed(html), html, from);
}

function assertSettled(html: string, options: { charsMax?: number } = {}): void {
  const once = sanitize(html, base, options);
  assertHarmless(once, html);
  assert.equal(sanitize(once, base, options), once, html);
}

test('nothing of a hostile text is a program, a style, a form or a frame', () => {
  for (const html of HOSTILE) assertSettled(html);
});

test('the same within everything else, and cut anywhere', () => {
  const around = ['<p>#</p>', '<table><tr><td>#', '<svg>#</svg><p>x', '<pre>#', '<a href=/x>#</a>'];
  for (const html of HOSTILE) {
    for (const each of around) assertSettled(each.replace('#', () => html));
    for (let at = 1; at < html.length; at += 7) assertSettled(html.slice(0, at));
  }
});

test('what is put together by chance is harmless too, and sanitised again the same', () => {
  const names =
    'p div a img b ul li table tr td pre svg math style script title template x font br';
  const pieces = [
    ...names
      .split(' ')
      .flatMap((name) => [`<${name}>`, `</${name}>`, `<${name} href=/x src=y onx=1>`]),
    ...['text', ' ', '\n', '&lt;', '&amp;', '&nbsp;', '<', '"', "'", '<!--', '-->', '&#1;'],
    ...HOSTILE,
  ];
  let state = 42;
  const next = (below: number): number => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return Math.floor((state / 2147483648) * below);
  };
  for (let round = 0; round < 1_000; round += 1) {
    const count = 2 + next(25);
    const html = Array.from({ length: count }, () => pieces[next(pieces.length)]).join('');
    assertSettled(html);
    if (round % 10 === 0) assertSettled(html, { charsMax: 2_000 + next(300) });
  }
});

test('what is allowed stays as it is', () => {
  const kept =
    '<h2>Title</h2><p>One <b>two</b> <em>three</em><br>four &amp; five &lt;six&gt;</p><ol start="3"><li>x</li></ol>' +
    '<blockquote><p>said</p></blockquote><table><tbody><tr><th colspan="2">a</th><td></td></tr></tbody></table>' +
    '<pre>  a\n   b</pre><figure><img src="https://cdn.test/i.png" alt="a chart"><figcaption>c</figcaption></figure>' +
    '<p><a href="mailto:a@b.test" rel="noopener nofollow">mail</a></p>';
  assert.equal(clean(kept), kept);
});

test('what is not allowed is left out, what is in it stays', () => {
  assert.equal(
    clean('<font color=red>a</font> <section class=x><p id=y>b</p></section>'),
    'a <div><p>b</p></div>',
  );
  assert.equal(clean('<a href="javascript:x">text</a><img alt="no address">'), 'text');
  assert.equal(clean('a<p> </p><div></div><ul><li></li></ul>b'), 'a b');
  assert.equal(clean('x<strike>y</strike><form>z<button>no</button></form>'), 'x<s>y</s>z');
});

test('what programs, styles, forms and other languages say is no text', () => {
  const hidden =
    'script style template noscript iframe object svg math select textarea button title';
  for (const name of hidden.split(' ')) {
    assert.equal(clean(`a<${name}>no</${name}>b`), 'ab', name);
  }
});

test('a link with a password in it is no link', () => {
  assert.equal(clean('<a href="https://user:password@x.test/">x</a>'), 'x');
  assert.equal(clean('<a href="https://user@x.test/">x</a><img src="//:p@x.test/i">'), 'x');
});

test('deep nesting and long texts end in time linear in their length', () => {
  const before = process.cpuUsage();
  assertHarmless(clean('<b>'.repeat(1_000_000)), 'b');
  assertHarmless(clean(`${'<div>'.repeat(300)}x`), 'div');
  assert.equal(clean(`${'<div>'.repeat(300)}x`).match(/<div>/g)?.length, 100);
  for (const piece of [
    '<',
    '&',
    '<a href=/x>',
    '<img src=x>',
    '<p>x',
    '</x>',
    '<!--',
    '<p a=',
    '"',
  ]) {
    const html = clean(piece.repeat(300_000));
    assert.ok(html.length <= 500_000, piece);
  }
  const { user, system } = process.cpuUsage(before);
  assert.ok(user + system < 30e6, `${(user + system) / 1e6} s of CPU`);
});
