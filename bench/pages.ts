/**
 * Reading pages: pages per second of CPU, and for how long the event loop waits while the thread
 * reads them. On the pages of Readability's tests where they are, else on pages that are made in
 * the shapes that publishers' systems make.
 * Usage: node dist/bench/pages.js [rounds]
 */
import { readdirSync, readFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { systemClock } from '../core/clock.ts';
import { silentLog } from '../core/log.ts';
import { readPage } from '../ingest/articles/pages/read-page.ts';
import { createPageReader } from '../ingest/articles/pages/reader.ts';
import { pagesFolder } from '../test/ingest/articles/pages-corpus.ts';
import { pageShapes } from '../test/ingest/articles/pages-shapes.ts';
import { median } from './median.ts';

/** As many as the pages of Readability's tests. */
const ROUNDS_OF_SHAPES = 22;
const folder = pagesFolder();
const bodies =
  folder === undefined
    ? pageShapes(ROUNDS_OF_SHAPES).map(({ html }) => Buffer.from(html))
    : readdirSync(folder).map((name) => readFileSync(join(folder, name, 'source.html')));
const page = (bytes: Buffer) => ({ bytes, contentType: 'text/html', url: 'https://news.test/a' });

const rounds = Number(process.argv[2] ?? 5);
const rates: number[] = [];
const times: number[] = [];
// The first round warms up.
for (let round = 0; round <= rounds; round += 1) {
  const before = process.cpuUsage();
  for (const body of bodies) {
    const start = process.cpuUsage();
    readPage(page(body));
    const { user, system } = process.cpuUsage(start);
    if (round > 0) times.push((user + system) / 1_000);
  }
  const { user, system } = process.cpuUsage(before);
  if (round > 0) rates.push((bodies.length * 1e6) / (user + system));
}
times.sort((a, b) => a - b);

const reader = createPageReader({ clock: systemClock, log: silentLog });
await reader.read(page(Buffer.from('<p>x')));
/** What the machine takes of the loop by itself, and with the thread at work. */
async function loopDelay(work: () => Promise<unknown>): Promise<string> {
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  await work();
  delay.disable();
  return `99 % ${(delay.percentile(99) / 1e6).toFixed(1)} ms, most ${(delay.max / 1e6).toFixed(1)} ms`;
}
let read = 0;
const idle = await loopDelay(() => systemClock.sleep(3_000));
const busy = await loopDelay(async () => {
  for (const body of bodies) if ((await reader.read(page(Buffer.from(body)))).ok) read += 1;
});
await reader.close();

const bytes = bodies.reduce((sum, { length }) => sum + length, 0);
console.log(
  `${folder === undefined ? 'made' : "Readability's"} pages: ${bodies.length}, ` +
    `${(bytes / bodies.length / 1_000).toFixed(0)} kB each, ${read} read`,
);
console.log(
  `${median(rates).toFixed(1)} pages/s of CPU; ms a page: median ${median(times).toFixed(1)}, ` +
    `95 % ${times[Math.floor(times.length * 0.95)]?.toFixed(1)}, most ${times.at(-1)?.toFixed(1)}`,
);
console.log(`event loop, nothing to do: ${idle}; while the thread reads: ${busy}`);
console.log(
  `load ${loadavg()
    .map((load) => load.toFixed(1))
    .join(' ')}`,
);
