import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { systemClock } from '../../../core/clock.ts';
import { silentLog } from '../../../core/log.ts';
import type { FeedItem } from '../../../ingest/articles/feed.ts';
import { hashContent } from '../../../ingest/articles/identity.ts';
import { parseFeed } from '../../../ingest/articles/parse-feed.ts';
import { createFeedReader } from '../../../ingest/articles/reader.ts';
import { ManualClock } from '../../helpers/clock.ts';

const shared = { clock: systemClock, log: silentLog };
const item = (n: number, text = '') =>
  `<item><title>t${n}</title><guid>g${n}</guid><description>${text}</description></item>`;
const rss = (items: string) => Buffer.from(`<rss><channel>${items}</channel></rss>`);
let folder: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'feed-reader-'));
});
after(() => rm(folder, { recursive: true }));

async function program(text: string): Promise<URL> {
  const path = join(folder, `${text.length}.mjs`);
  await writeFile(path, `import { parentPort } from 'node:worker_threads';\n${text}`);
  return pathToFileURL(path);
}

test('the thread answers as the parser does', async () => {
  const reader = createFeedReader(shared);
  const bodies = [rss(item(1) + item(2)), Buffer.from('<html></html>'), Buffer.from(''), rss('')];
  const copies = bodies.map((body) => Buffer.from(body));
  const answers = await Promise.all(
    bodies.map((body) => reader.read(body, { url: 'https://a.test/' })),
  );
  const want = copies.map((body) => {
    const parsed = parseFeed(body, { url: 'https://a.test/' });
    const hashed = (each: FeedItem) => ({ ...each, contentHash: hashContent(each) });
    return parsed.ok ? { ...parsed, items: parsed.items.map(hashed) } : parsed;
  });
  assert.deepEqual(answers, want);
  await reader.close();
});

test('a feed of 20 MB does not hold up the event loop', async () => {
  const reader = createFeedReader(shared);
  await reader.read(rss(item(0)));
  const text = '&lt;p&gt;word &amp;amp; word&lt;/p&gt; '.repeat(50);
  let body: Buffer | undefined = rss(
    Array.from({ length: 9_500 }, (_, n) => item(n, text)).join(''),
  );
  assert.ok(body.length > 18_000_000);
  const delay = monitorEventLoopDelay({ resolution: 5 });
  const asked = reader.read(body);
  body = undefined;
  delay.enable();
  const answer = await asked;
  delay.disable();
  assert.ok(answer.ok);
  assert.equal(answer.items.length, 9_500);
  // 50 ms are promised; a busy machine takes some of its own.
  assert.ok(delay.percentile(99) < 100e6, `${delay.percentile(99) / 1e6} ms`);
  await reader.close();
});

test('a body that catches the thread is refused, the next one is read', async () => {
  const clock = new ManualClock();
  const endless = await program(`parentPort.on('message', () => { for (;;); });`);
  const reader = createFeedReader({ clock, log: silentLog, program: endless, taskMsMax: 1_000 });
  const first = reader.read(rss(''));
  const second = reader.read(rss(''));
  await clock.advance(1_000);
  const answer = await first;
  assert.ok(!answer.ok && answer.reason === 'timeout');
  await clock.advance(1_000);
  const next = await second;
  assert.ok(!next.ok && next.reason === 'timeout');
  await reader.close();
});

test('a thread that ends refuses its body only', async () => {
  const broken = await program(
    `parentPort.on('message', ({ bytes }) => {
      if (bytes.length === 3) throw new Error('broken');
      parentPort.postMessage({ value: { ok: false, reason: 'empty', message: '' } });
    });`,
  );
  const reader = createFeedReader({ ...shared, program: broken });
  const [first, second] = await Promise.all([
    reader.read(Buffer.from('abc')),
    reader.read(Buffer.from('abcd')),
  ]);
  assert.ok(!first.ok && first.reason === 'failed');
  assert.match(first.message, /broken/);
  assert.ok(!second.ok && second.reason === 'empty');
  await reader.close();
});

test('closing refuses what waits', async () => {
  const reader = createFeedReader(shared);
  const asked = [reader.read(rss(item(1))), reader.read(rss(item(2)))];
  await reader.close();
  for (const answer of await Promise.all(asked))
    assert.ok(!answer.ok && answer.reason === 'failed');
  const late = await reader.read(rss(''));
  assert.ok(!late.ok);
});
