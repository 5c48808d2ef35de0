/**
 * One pass over a thousand feeds of 50 items, each on a host of its own on loopback, and one of
 * 20 MB among them, as a worker makes it: asked, read, told apart, made harmless, matched by rules,
 * saved. Beside it feedsmith, which parses the same bodies and does nothing else. Points end in
 * memory; PostgreSQL and the server of the feeds have processes of their own on the same machine.
 * Usage: node dist/bench/articles.js [pglite|postgres] [feeds] [rules]
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { parseFeed as feedsmith } from 'feedsmith';
import { systemClock as clock } from '../core/clock.ts';
import { silentLog as log } from '../core/log.ts';
import { addFeeds } from '../registry/feeds.ts';
import { openRegistry } from '../registry/open.ts';
import { addRule } from '../registry/rules.ts';
import { startPostgres } from '../test/helpers/registry.ts';
import { feedSettings } from '../test/ingest/articles/visit-stage.ts';
import { openWorker } from '../test/ingest/articles/worker-stage.ts';
import { ITEMS, rssBody } from './feed-bodies.ts';

const AIM_DELAY_MS = 50;
const kind = process.argv[2] ?? 'postgres';
const count = Number(process.argv[3] ?? 1_000);
const rules = Number(process.argv[4] ?? 100);

const program = fileURLToPath(new URL('./feed-server.js', import.meta.url));
const server = spawn(process.execPath, [program], { stdio: ['pipe', 'pipe', 'inherit'] });
const port = Number(String((await once(server.stdout, 'data'))[0]));
const postgres = kind === 'postgres' ? await startPostgres() : undefined;
const dir = await mkdtemp(join(tmpdir(), 'tidemark-articles-'));
const databaseUrl = await postgres?.createDatabase();
const database = await openRegistry({ databaseUrl, dataDir: dir, log });

for (let n = 0; n < rules; n += 1) {
  const spec = { any: [{ text: `word${n}` }, { text: 'story 7' }], all: [], none: [], query: null };
  await addRule(database, {
    name: `rule ${n}`,
    feeds: null,
    spec: n === 0 ? spec : { ...spec, any: [{ text: `word${n}` }] },
  });
}
const urls = Array.from({ length: count }, (_, n) => {
  return `http://127.${1 + (n >> 16)}.${(n >> 8) & 255}.${n & 255}:${port}/feed/${n}`;
});
urls.splice(count >> 1, 0, `http://127.200.0.1:${port}/large`);
const settings = { ...feedSettings, bodyBytesMax: 25_000_000 };
const about = { name: null, tags: {}, settings };
await addFeeds(
  database,
  urls.map((url) => ({ url, host: new URL(url).host, ...about })),
);

const checked = 'select count(*) as n, sum(articles) as items from feed_state where checks > 0';
const cpuSeconds = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};
const delay = monitorEventLoopDelay({ resolution: 5 });
const before = { ms: performance.now(), cpu: cpuSeconds() };
delay.enable();
let points = 0;
const { close } = openWorker({
  ...{ database, id: 'bench', limits: { spacingMs: 5_000, deadlineMs: 30_000, leaseMs: 60_000 } },
  sink: {
    accept: async (batch) => {
      points += batch.length;
    },
  },
});
let [row] = await database.query(checked);
while (Number(row?.n) < urls.length) {
  await clock.sleep(100);
  [row] = await database.query(checked);
}
delay.disable();
const [seconds, cpu] = [(performance.now() - before.ms) / 1_000, cpuSeconds() - before.cpu];
const items = Number(row?.items);
const failed = await database.query("select count(*) as n from feed_state where state <> 'ok'");
await close();

const bodies = Array.from({ length: count }, (_, n) => rssBody(n).toString());
const cpuBefore = cpuSeconds();
for (const body of bodies) feedsmith(body);
const alone = cpuSeconds() - cpuBefore;

const maxMs = delay.max / 1e6;
const p99Ms = delay.percentile(99) / 1e6;
console.log(
  `${kind}: ${urls.length} feeds, ${items} articles, ${rules} rules, ${points} points, ` +
    `${Number(failed[0]?.n)} failed`,
);
console.log(
  `pass: ${seconds.toFixed(1)} s, ${Math.round(items / seconds)} items/s; ` +
    `CPU ${cpu.toFixed(1)} s, ${Math.round(items / cpu)} items/CPU s`,
);
console.log(`feedsmith, parsing alone: ${Math.round((count * ITEMS) / alone)} items/CPU s`);
console.log(
  `event loop delay: p99 ${p99Ms.toFixed(0)} ms, max ${maxMs.toFixed(0)} ms ` +
    `(wanted at most ${AIM_DELAY_MS})`,
);
console.log(
  `load ${loadavg()
    .map((load) => load.toFixed(1))
    .join(' ')}`,
);

server.stdin.end();
await database.close();
await postgres?.stop();
await rm(dir, { recursive: true, force: true });
