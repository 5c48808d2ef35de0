import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { discoverFeeds } from '../../../ingest/articles/discover.ts';
import type { ParsedFeed, RefusedFeed } from '../../../ingest/articles/feed.ts';
import { type ParseOptions, parseFeed } from '../../../ingest/articles/parse-feed.ts';

const url = 'https://feeds.test/rss/all.xml';
const parse = (body: string, options: ParseOptions = { url }): ParsedFeed => {
  const parsed = parseFeed(Buffer.from(body), options);
  assert.ok(parsed.ok, parsed.ok ? '' : parsed.message);
  return parsed;
};
const refusal = (body: string | Buffer, options: ParseOptions = { url }): RefusedFeed => {
  const parsed = parseFeed(Buffer.from(body), options);
  assert.ok(!parsed.ok);
  return parsed;
};
const rss = (inside: string) =>
  `<?xml version="1.0"?><rss version="2.0"><channel><title>T</title>${inside}</channel></rss>`;

test('an RSS item is read with its extensions', () => {
  const { feed, items, damage } = parse(`<?xml version="1.0"?>
    <rss version="2.0" xmlns:d="http://purl.org/dc/elements/1.1/" xmlns:a="http://www.w3.org/2005/Atom"
      xmlns:c="http://purl.org/rss/1.0/modules/content/" xmlns:sy="http://purl.org/rss/1.0/modules/syndication/">
    <channel><title>News &amp; more</title><link>/</link><ttl>5</ttl><language>en</language>
      <a:link rel="self" href="/rss"/><a:link rel="hub" href="https://hub.test/"/>
      <sy:updatePeriod>hourly</sy:updatePeriod><sy:updateFrequency>2</sy:updateFrequency>
      <item><title> BTC  <![CDATA[<b>up</b>]]></title><link>a?id=1&amp;utm_source=rss#x</link>
        <guid isPermaLink="false">00123</guid><pubDate>Wed, 30 Sep 2026 17:17:54 GMT</pubDate>
        <a:updated>2026-10-01T00:00:00Z</a:updated><d:creator>Jane</d:creator>
        <author>bob@feeds.test (Bob)</author><category>btc</category><category>btc</category>
        <description>&lt;a href="/x"&gt;x&lt;/a&gt;</description><c:encoded><![CDATA[<p>all</p>]]></c:encoded>
        <enclosure url="/a.mp3" length="12" type="audio/mpeg"/><comments>/c</comments>
      </item></channel></rss>`);
  assert.deepEqual(damage, []);
  assert.deepEqual(
    [feed.title, feed.link, feed.self, feed.hub, feed.ttlMinutes, feed.updatePeriodMinutes],
    ['News & more', 'https://feeds.test/', 'https://feeds.test/rss', 'https://hub.test/', 5, 30],
  );
  assert.deepEqual(items, [
    {
      id: '00123',
      idIsLink: false,
      link: 'https://feeds.test/a?id=1#x',
      title: 'BTC up',
      summary: '<a href="https://feeds.test/x">x</a>',
      summaryType: 'html',
      content: '<p>all</p>',
      contentType: 'html',
      authors: [{ name: 'Jane' }, { name: 'Bob', email: 'bob@feeds.test' }],
      categories: ['btc'],
      published: Date.UTC(2026, 8, 30, 17, 17, 54),
      updated: Date.UTC(2026, 9, 1),
      enclosures: [{ url: 'https://feeds.test/a.mp3', type: 'audio/mpeg', bytes: 12 }],
      comments: 'https://feeds.test/c',
    },
  ]);
});

test('Atom keeps the order of words, its bases and its authors', () => {
  const { feed, items } = parse(`<a:feed xmlns:a="http://www.w3.org/2005/Atom" xml:base="/b/">
    <a:title type="html">A &amp;lt; B</a:title><a:author><a:name>Feed</a:name></a:author>
    <a:link href="home"/>
    <a:entry xml:base="c/"><a:id>i</a:id><a:title>x &lt;b&gt;</a:title><a:link href="d"/>
      <a:content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">one <em>two</em> three
        <img src="p.png"/></div></a:content><a:updated>2026-09-30T17:17:54Z</a:updated></a:entry>
    </a:feed>`);
  assert.deepEqual([feed.title, feed.link], ['A < B', 'https://feeds.test/b/home']);
  const [entry] = items;
  assert.deepEqual(
    [entry?.title, entry?.link, entry?.published],
    ['x <b>', 'https://feeds.test/b/c/d', undefined],
  );
  assert.match(
    entry?.content ?? '',
    /^one <em>two<\/em> three\s+<img src="https:\/\/feeds.test\/b\/c\/p.png">$/,
  );
  assert.deepEqual(entry?.authors, [{ name: 'Feed' }]);
});

test('a JSON Feed is read, with numbers for ids', () => {
  const { feed, items } = parse(
    JSON.stringify({
      version: 'https://jsonfeed.org/version/1',
      title: 'J',
      author: { name: 'A' },
      items: [{ id: 7, url: '/7', content_html: '<a href="x">y</a>', tags: ['t', 5] }, null, 'x'],
    }),
  );
  assert.deepEqual([feed.format, items.length, items[0]?.id], ['json', 1, '7']);
  assert.equal(items[0]?.content, '<a href="https://feeds.test/x">y</a>');
  assert.deepEqual([items[0]?.authors, items[0]?.categories], [[{ name: 'A' }], ['t', '5']]);
});

test('a feed that is cut keeps its whole items and says so, wherever it is cut', () => {
  const item = (n: number) => `<item><title>t${n}</title><guid>g${n}</guid></item>`;
  const whole = rss(item(1) + item(2) + item(3));
  const ends = [1, 2, 3].map((n) => whole.indexOf(item(n)) + item(n).length);
  for (let length = whole.indexOf('<item>'); length < whole.length - 1; length += 1) {
    const { items, damage } = parse(whole.slice(0, length));
    const want = ends.filter((end) => end <= length).length;
    assert.deepEqual(
      items.map(({ id }) => id),
      ['g1', 'g2', 'g3'].slice(0, want),
      `${length}`,
    );
    assert.ok(damage.includes('truncated'));
  }
});

test('damage is read over and named', () => {
  const warned = parse(`<br /><b>Warning</b>: x${rss('<item><title>a & b</title></item>')}`);
  assert.deepEqual([warned.items[0]?.title, warned.damage], ['a & b', ['junk-before']]);
  const control = parse(rss('<item><title>a\u0008b</title></item>'));
  assert.deepEqual([control.items[0]?.title, control.damage], ['ab', ['control-characters']]);
  const unclosed = parse(rss('<item><title>a</title><item><title>b</title></item>'));
  assert.deepEqual([unclosed.items.length, unclosed.damage], [2, ['unclosed']]);
  const prefix = parse(rss('<item><title>a</title><dc:creator>A</dc:creator></item>'));
  assert.deepEqual(
    [prefix.items[0]?.authors, prefix.damage],
    [[{ name: 'A' }], ['undeclared-prefix']],
  );
});

test('what is no feed is refused with a reason', () => {
  assert.equal(refusal('').reason, 'empty');
  assert.equal(refusal(' \n').reason, 'empty');
  assert.equal(refusal('{"error":"x"}').reason, 'not-a-feed');
  assert.equal(refusal('{"version":').reason, 'not-a-feed');
  assert.equal(refusal('[]').reason, 'not-a-feed');
  assert.equal(refusal('nothing').reason, 'not-a-feed');
  assert.equal(refusal('<opml><body/></opml>').reason, 'not-a-feed');
  assert.equal(refusal('<html><body>just a moment</body></html>').reason, 'html');
  assert.equal(refusal(Buffer.from([0x1f, 0x8b, 1, 2, 3])).reason, 'not-a-feed');
});

test('a web page names its feeds', () => {
  const page = `<!DOCTYPE html><html><head><base href="/b/"><LINK rel="alternate" title="All"
    type="application/rss+xml; charset=utf-8" href="all.xml?a=1&amp;b=2"><link rel=alternate
    type=text/html href=/en><link rel="alternate" type="application/feed+json" href="/j">
    <link rel="alternate" type="application/atom+xml" href="javascript:x"></head></html>`;
  const want = [
    { url: 'https://feeds.test/b/all.xml?a=1&b=2', type: 'application/rss+xml', title: 'All' },
    { url: 'https://feeds.test/j', type: 'application/feed+json', title: '' },
  ];
  assert.deepEqual(refusal(page).alternates, want);
  assert.deepEqual(discoverFeeds(page, url), want);
});

test('limits hold: bytes, inflated bytes, items, depth, elements, text', () => {
  assert.equal(refusal(rss(''), { limits: { bytesMax: 10 } }).reason, 'too-large');
  const bomb = gzipSync(Buffer.alloc(30_000_000, 32));
  assert.equal(refusal(bomb).reason, 'too-large');
  const many = parse(rss('<item><title>x</title></item>'.repeat(5)), { limits: { itemsMax: 3 } });
  assert.deepEqual([many.items.length, many.damage], [3, ['items-left-out']]);
  assert.equal(refusal(rss(`<item>${'<a>'.repeat(5_000)}`)).reason, 'too-deep');
  assert.equal(refusal(`<rss>${'<item>'.repeat(5_000)}`).reason, 'too-deep');
  assert.equal(
    refusal(rss('<a/>'.repeat(50)), { limits: { elementsMax: 40 } }).reason,
    'too-complex',
  );
  const long = parse(rss(`<item><description>${'x'.repeat(50)}</description></item>`), {
    limits: { textMax: 10 },
  });
  assert.deepEqual([long.items[0]?.summary, long.damage], ['x'.repeat(10), ['text-cut']]);
});

test('an id that is too long is none, for one that was cut could be another item', () => {
  const { items, damage } = parse(rss(`<item><guid>${'x'.repeat(5_000)}</guid></item>`));
  assert.deepEqual([items[0]?.id, damage], [undefined, ['text-cut']]);
});

test('entities of a DOCTYPE are neither expanded nor fetched', () => {
  const body = `<!DOCTYPE r [<!ENTITY a "boom"><!ENTITY b "&a;&a;"><!ENTITY f SYSTEM "file:///etc/passwd">]>
    ${rss('<item><title>&b;&f;&amp;</title></item>')}`;
  assert.equal(parse(body).items[0]?.title, '&b;&f;&');
});

test('names that objects have of themselves are only names', () => {
  const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty'];
  const inside = names.map((name) => `<${name} ${name}="x">polluted</${name}>`).join('');
  const { items } = parse(rss(`<item ${names.map((n) => `${n}="1"`).join(' ')}>${inside}</item>`));
  assert.equal(items.length, 1);
  assert.equal(Reflect.get({}, 'polluted'), undefined);
  const json = `{"version":"https://jsonfeed.org/version/1","__proto__":{"polluted":1},"items":[{"id":"1","__proto__":{"x":1}}]}`;
  assert.equal(parse(json).items.length, 1);
  assert.equal(Reflect.get({}, 'polluted'), undefined);
});

test('addresses that are not of the web are none', () => {
  for (const link of ['javascript:alert(1)', 'data:text/html,x', 'file:///etc/passwd', 'http://']) {
    const { items } = parse(rss(`<item><link>${link}</link><guid>g</guid></item>`));
    assert.equal(items[0]?.link, undefined, link);
  }
});

test('bodies made to be slow to read are not', () => {
  const parts = [
    '<',
    '<a ',
    '&',
    '<!--',
    '<![CDATA[',
    '<a b="',
    '&#',
    '<?',
    '</',
    '<a<',
    'href= ',
    '"<b ',
  ];
  for (const part of parts) {
    const noise = part.repeat(300_000 / part.length);
    for (const body of [
      noise,
      rss(noise),
      rss(`<item><description><![CDATA[${noise}]]></description></item>`),
      rss(`<item><title><![CDATA[${noise}]]></title></item>`),
      rss(`<item><author><![CDATA[${noise}]]></author></item>`),
    ]) {
      const before = process.cpuUsage();
      parseFeed(Buffer.from(body), { url });
      const { user } = process.cpuUsage(before);
      assert.ok(user < 2_000_000, `${part}: ${user / 1_000} ms`);
    }
  }
});
