import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { systemClock } from '../../../core/clock.ts';
import { readOpml, writeOpml } from '../../../ingest/articles/opml.ts';
import { createOpmlReader } from '../../../ingest/articles/opml-reader.ts';

const read = (text: string | Buffer, type?: string) => {
  const list = readOpml(Buffer.from(text as string), type);
  assert.ok(list.ok, list.ok ? '' : list.message);
  return list;
};
const refused = (text: string | Buffer) => {
  const list = readOpml(Buffer.from(text as string));
  assert.ok(!list.ok, 'it was read');
  return list.reason;
};
const opml = (body: string) => `<opml version="2.0"><head/><body>${body}</body></opml>`;
const urls = (text: string) => read(text).feeds.map(({ url }) => url);

describe('a list of subscriptions', () => {
  it('names feeds, their titles, pages and folders', () => {
    const { feeds, damage } = read(`<?xml version="1.0"?>
      <opml version="2.0"><head><title>mine</title></head><body>
        <outline text="News"><outline text="Tech &amp; Co">
          <outline type="rss" text="a" title="A &#252; &lt;b&gt;" xmlUrl=" https://a.example/rss?x=1&amp;y=2 "
            htmlUrl="https://a.example/"/>
        </outline></outline>
        <outline xmlUrl="https://b.example/" category="/Money/Coins,/Other"/>
        <outline text="a folder of none"/>
        <outline text="C" xmlurl="https://c.example/"><outline XMLURL="https://d.example/"/></outline>
      </body></opml>`);
    assert.deepEqual(damage, []);
    assert.deepEqual(feeds, [
      {
        url: 'https://a.example/rss?x=1&y=2',
        title: 'A ü <b>',
        link: 'https://a.example/',
        folder: 'News/Tech & Co',
      },
      { url: 'https://b.example/', title: undefined, link: undefined, folder: 'Money/Coins' },
      { url: 'https://c.example/', title: 'C', link: undefined, folder: undefined },
      { url: 'https://d.example/', title: undefined, link: undefined, folder: undefined },
    ]);
  });

  it('is read in other spellings: a namespace, no body, another charset, a byte order mark', () => {
    const one = '<outline xmlUrl="http://x.example/é"/>';
    assert.deepEqual(urls(`<opml xmlns="http://opml.org/spec2"><body>${one}</body></opml>`), [
      'http://x.example/é',
    ]);
    assert.deepEqual(urls(`<OPML>${one}</OPML>`), ['http://x.example/é']);
    const latin = Buffer.from(`<?xml version="1.0" encoding="iso-8859-1"?>${opml(one)}`, 'latin1');
    assert.equal(read(latin).feeds[0]?.url, 'http://x.example/é');
    const wide = Buffer.from(`\ufeff${opml(one)}`, 'utf16le');
    assert.equal(read(wide).feeds[0]?.url, 'http://x.example/é');
  });

  it('that is damaged keeps what is whole, and says so', () => {
    const list = read('<opml><body><outline xmlUrl="http://a/"/><outline xmlUrl="http://b');
    assert.deepEqual(
      [list.feeds.map(({ url }) => url), list.damage],
      [['http://a/'], ['truncated']],
    );
    assert.deepEqual(urls(`warning: x\n${opml('<outline xmlUrl="http://a/">')}`), ['http://a/']);
    const { feeds } = read(opml('<outline text="a&#0;\u0001b\ud800" xmlUrl="http://a/"/>'));
    assert.match(feeds[0]?.title ?? '', /^a\ufffdb\ufffd$/);
  });

  it('that is hostile is refused, or does no harm', () => {
    assert.equal(refused(''), 'empty');
    assert.equal(refused('{"feeds":[]}'), 'not-a-feed');
    assert.equal(refused('<rss><channel/></rss>'), 'not-a-feed');
    assert.equal(refused('<!doctype html><p>'), 'html');
    assert.equal(refused('<html><body/></html>'), 'html');
    assert.equal(refused(Buffer.alloc(1_048_577, ' ')), 'too-large');
    assert.equal(refused(opml('<outline>'.repeat(5_000))), 'too-deep');
    assert.equal(refused(opml('<outline/>'.repeat(30_000))), 'too-complex');
    const bomb = `<!DOCTYPE o [<!ENTITY a "http://x/"><!ENTITY b SYSTEM "file:///etc/passwd">]>`;
    assert.deepEqual(urls(bomb + opml('<outline xmlUrl="&a;&b;"/>')), ['&a;&b;']);
    assert.deepEqual(urls(opml('<outline __proto__="x" constructor="y"/>')), []);
    assert.equal(({} as { x?: string }).x, undefined);
    assert.equal(refused('\u0000\u0000\u0000'), 'empty');
  });

  it('is read in time linear in its length', () => {
    const attributes = Array.from({ length: 60_000 }, (_, n) => `a${n}="x"`).join(' ');
    const began = process.cpuUsage();
    assert.deepEqual(urls(opml(`<outline ${attributes} xmlUrl="http://a/"/>`)), ['http://a/']);
    urls(opml('<outline text="'.padEnd(1_000_000, '&lt;')));
    urls(opml('<outline '.repeat(110_000)));
    const { user, system } = process.cpuUsage(began);
    assert.ok(user + system < 2_000_000, `${user + system} µs`);
  });

  it('is read in a thread, where a hostile one holds nobody up', async () => {
    const reader = createOpmlReader({ clock: systemClock });
    const good = reader.read(Buffer.from(opml('<outline xmlUrl="http://a/"/>')), 'text/x-opml');
    const deep = reader.read(Buffer.from(opml('<outline>'.repeat(5_000))), '');
    const list = await good;
    assert.deepEqual(list.ok && list.feeds.map(({ url }) => url), ['http://a/']);
    const refusal = await deep;
    assert.equal(!refusal.ok && refusal.reason, 'too-deep');
    const late = assert.rejects(reader.read(Buffer.from(''), ''), { code: 'cancelled' });
    await reader.close();
    await late;
  });

  it('comes back as it was written, whatever is in it', () => {
    const feeds = [
      { url: 'https://a.example/?a=1&b=<2>', title: `"A" & 'b' <c>`, folder: undefined },
      { url: 'https://b.example/', title: 'Größe \u{1f600}', folder: 'News/Tech & Co' },
      { url: 'https://c.example/', title: 'c', folder: 'News/Tech & Co' },
    ].map((feed) => ({ ...feed, link: 'https://a.example/"' }));
    const text = writeOpml(feeds, { title: 'x]]> & y', createdMs: 0 });
    assert.deepEqual(read(text).feeds, feeds);
    assert.deepEqual(read(text).damage, []);
    assert.match(text, /<dateCreated>Thu, 01 Jan 1970 00:00:00 GMT</);
    assert.deepEqual(read(writeOpml([], { title: '', createdMs: 0 })).feeds, []);
  });
});
