import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { systemClock } from '../../../core/clock.ts';
import { silentLog } from '../../../core/log.ts';
import { readPage } from '../../../ingest/articles/pages/read-page.ts';
import { createPageReader } from '../../../ingest/articles/pages/reader.ts';
import { ManualClock } from '../../helpers/clock.ts';
import { pageShapes } from './pages-shapes.ts';

const shared = { clock: systemClock, log: silentLog };
const url = 'https://news.test/story';
let folder: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'page-reader-'));
});
after(() => rm(folder, { recursive: true }));

async function program(text: string): Promise<URL> {
  const path = join(folder, `${text.length}.mjs`);
  await writeFile(path, `import { parentPort } from 'node:worker_threads';\n${text}`);
  return pathToFileURL(path);
}
const page = (html: string) => ({ bytes: Buffer.from(html), contentType: 'text/html', url });

test('the thread answers as it would be answered here', async () => {
  const reader = createPageReader(shared);
  const all = [...pageShapes().map(({ html }) => html), '', '<p>x', '<div>'.repeat(2_000)];
  const answers = await Promise.all(all.map((html) => reader.read(page(html))));
  assert.deepEqual(
    answers,
    all.map((html) => readPage(page(html))),
  );
  await reader.close();
});

test('a page that takes too long is refused, the next one is read', async () => {
  const clock = new ManualClock();
  const slow = await program(
    `parentPort.on('message', ({ bytes }) => {
      for (; bytes.length === 3;);
      parentPort.postMessage({ value: { ok: false, reason: 'empty', message: '' } });
    });`,
  );
  const reader = createPageReader({ clock, log: silentLog, program: slow, taskMsMax: 1_000 });
  const first = reader.read(page('abc'));
  const second = reader.read(page('abcd'));
  await clock.advance(1_000);
  const answer = await first;
  assert.ok(!answer.ok && answer.reason === 'timeout');
  const next = await second;
  assert.ok(!next.ok && next.reason === 'empty');
  await reader.close();
});

test('a page that takes too much memory is refused, the next one is read', async () => {
  const greedy = await program(
    `parentPort.on('message', ({ bytes }) => {
      const all = [];
      for (; bytes.length === 3;) all.push(new Array(100_000).fill({ a: all.length }));
      parentPort.postMessage({ value: { ok: false, reason: 'empty', message: '' } });
    });`,
  );
  const reader = createPageReader({ ...shared, program: greedy, memoryMbMax: 32 });
  const [first, second] = await Promise.all([reader.read(page('abc')), reader.read(page('abcd'))]);
  assert.ok(!first.ok && first.reason === 'too-complex', JSON.stringify(first));
  assert.ok(!second.ok && second.reason === 'empty');
  await reader.close();
});

test('closing and giving up refuse what waits', async () => {
  const reader = createPageReader(shared);
  const left = new AbortController();
  const given = reader.read(page('<p>x'), { signal: left.signal });
  left.abort();
  const answer = await given;
  assert.ok(!answer.ok && answer.reason === 'failed');
  await reader.close();
  const late = await reader.read(page('<p>x'));
  assert.ok(!late.ok && late.reason === 'failed');
});
