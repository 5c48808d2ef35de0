/**
 * Reading feeds: items per second of CPU beside feedsmith, the same bodies, interleaved, medians.
 * Ours has more to do: bytes to text, dates to instants, relative addresses made absolute.
 * Usage: node dist/bench/feeds.js [rounds]
 */
import { loadavg } from 'node:os';
import { parseFeed as feedsmith } from 'feedsmith';
import { parseFeed } from '../ingest/articles/parse-feed.ts';
import { escaped, ITEMS, paragraph, rssBody } from './feed-bodies.ts';
import { median } from './median.ts';

const FEEDS = 100;

/** Ours makes each of its 1,000 addresses absolute. */
const relativeBody = (feed: number) =>
  rssBody(feed, { text: paragraph.replace('https://news.test', '') });

function atomBody(feed: number): Buffer {
  let entries = '';
  for (let n = 0; n < ITEMS; n += 1) {
    entries += `<entry><title>Story ${n} of feed ${feed}</title><id>urn:${feed}:${n}</id>
<link href="https://news${feed}.test/${n}"/><updated>2026-09-30T17:${10 + (n % 50)}:54Z</updated>
<author><name>Jane Doe</name></author><category term="Markets"/>
<content type="html">${escaped.repeat(20)}</content></entry>`;
  }
  return Buffer.from(`<?xml version="1.0" encoding="UTF-8"?><feed
xmlns="http://www.w3.org/2005/Atom"><title>Feed ${feed}</title><id>urn:${feed}</id>${entries}</feed>`);
}

type Reader = (body: Buffer) => number;
const readers: Readonly<Record<string, Reader>> = {
  tidemark: (body) => {
    const parsed = parseFeed(body, { url: 'https://news.test/feed' });
    return parsed.ok ? parsed.items.length : 0;
  },
  feedsmith: (body) => {
    const { feed } = feedsmith(body.toString());
    return (
      ('items' in feed ? feed.items?.length : 'entries' in feed ? feed.entries?.length : 0) ?? 0
    );
  },
};

function itemsPerSecond(reader: Reader, bodies: readonly Buffer[]): number {
  const before = process.cpuUsage();
  let items = 0;
  for (const body of bodies) items += reader(body);
  const { user, system } = process.cpuUsage(before);
  if (items !== bodies.length * ITEMS) throw new Error(`${items} items of ${bodies.length} feeds`);
  return (items * 1e6) / (user + system);
}

const rounds = Number(process.argv[2] ?? 7);
for (const [format, make] of Object.entries({
  rss: (feed: number) => rssBody(feed),
  atom: atomBody,
  'rss with relative addresses': relativeBody,
})) {
  const bodies = Array.from({ length: FEEDS }, (_, feed) => make(feed));
  const results = new Map<string, number[]>();
  // The first round warms up.
  for (let round = 0; round <= rounds; round += 1) {
    for (const [name, reader] of Object.entries(readers)) {
      const rate = itemsPerSecond(reader, bodies);
      if (round > 0) results.set(name, [...(results.get(name) ?? []), rate]);
    }
  }
  const bytes = bodies.reduce((sum, { length }) => sum + length, 0);
  const rates = [...results].map(([name, all]) => `${name} ${Math.round(median(all))}`);
  console.log(
    `${format}: ${(bytes / FEEDS / 1_000).toFixed(0)} kB a feed; items/s: ${rates.join(', ')}`,
  );
}
console.log(
  `load ${loadavg()
    .map((load) => load.toFixed(1))
    .join(' ')}`,
);
