/**
 * Passes over a thousand feeds of 50 items, each on a host of its own on loopback, as a worker does
 * them: asked, read, told apart, made harmless, matched by rules, saved. One of all new items, one
 * with one new item a feed, one of bodies that are what they were; then a feed of 20 MB alone.
 * Before and after each, feedsmith parses the same bodies and does nothing else. Points end in
 * memory; feedsmith, PostgreSQL and the server of the feeds have processes of their own.
 * Usage: node dist/bench/articles.js [pglite|postgres] [feeds] [rules]
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { systemClock as clock } from '../core/clock.ts';
import { silentLog as log } from '../core/log.ts';
import type { PointSink } from '../core/point.ts';
import { addFeeds } from '../registry/feeds.ts';
import { openRegistry } from '../registry/open.ts';
import { addRule } from '../registry/rules.ts';
import { startPostgres } from '../test/helpers/registry.ts';
import { feedSettings } from '../test/ingest/articles/visit-stage.ts';
import { openWorker } from '../test/ingest/articles/worker-stage.ts';
import { ITEMS } from './feed-bodies.ts';
import { watchLoop } from './loop-watch.ts';

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
  const any = n === 0 ? [{ text: 'word0' }, { text: 'story 7' }] : [{ text: `word${n}` }];
  const spec = { any, all: [], none: [], query: null };
  await addRule(database, { name: `rule ${n}`, feeds: null, spec });
}

/** Each is a host. */
async function watch(urls: readonly string[]): Promise<void> {
  const settings = { ...feedSettings, bodyBytesMax: 25_000_000 };
  const about = { name: null, tags: {}, settings };
  const feeds = urls.map((url) => ({ url, host: new URL(url).host, ...about }));
  await addFeeds(database, feeds);
}

const cpuSeconds = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

let points = 0;
/** Until everything that is due now was checked once, from the moment that the worker looks. */
async function pass(name: string, items: number, begin: () => Promise<void>): Promise<void> {
  const left = async (): Promise<number> => {
    const [row] = await database.query(
      'select count(*) as n from feed_state where owner is not null or due_ms < $1',
      [Date.now() + 1_000],
    );
    return Number(row?.n);
  };
  points = 0;
  const watched = watchLoop();
  const before = { ms: performance.now(), cpu: cpuSeconds() };
  await begin();
  while ((await left()) > 0) await clock.sleep(20);
  const seconds = (performance.now() - before.ms) / 1_000;
  const cpu = cpuSeconds() - before.cpu;
  const { p99Ms, maxMs, ownMaxMs } = watched();
  const [state] = await database.query(
    "select count(*) filter (where state <> 'ok') as failed, sum(articles) as made from feed_state",
  );
  console.log(
    `${name}: ${seconds.toFixed(2)} s, ${Math.round(items / seconds)} items/s; own CPU ` +
      `${cpu.toFixed(2)} s, ${Math.round(items / cpu)} items/CPU s; ${points} points, ` +
      `${state?.made} articles in all, ${state?.failed} feeds failed; event loop: p99 ` +
      `${p99Ms.toFixed(0)} ms, max ${maxMs.toFixed(0)} ms, own work at most ` +
      `${ownMaxMs.toFixed(0)} ms (wanted at most ${AIM_DELAY_MS}); load ${loadavg()[0]?.toFixed(1)}`,
  );
}

const run = promisify(execFile);
const aloneProgram = fileURLToPath(new URL('./feedsmith.js', import.meta.url));

async function tellAlone(first: number): Promise<void> {
  const { stdout } = await run(process.execPath, [aloneProgram, `${count}`, `${first}`]);
  const { wall, cpu } = JSON.parse(stdout) as { wall: number; cpu: number };
  console.log(`feedsmith alone: ${Math.round(wall)} items/s, ${Math.round(cpu)} items/CPU s`);
}

await watch(
  Array.from({ length: count }, (_, n) => {
    return `http://127.${1 + (n >> 16)}.${(n >> 8) & 255}.${n & 255}:${port}/feed/${n}`;
  }),
);
const sink: PointSink = {
  accept: async (batch) => {
    points += batch.length;
  },
};
const limits = { spacingMs: 0, deadlineMs: 30_000, leaseMs: 60_000 };
let worker: ReturnType<typeof openWorker> | undefined;
const dueAgain = async (): Promise<void> => {
  await database.query(`with due as (update feed_state set due_ms = 0)
    update article_hosts set due_ms = 0, free_ms = 0`);
  worker?.articles.wake();
};

const all = count * ITEMS;
await tellAlone(0);
await pass(`${kind}, ${count} feeds, ${rules} rules, all new`, all, async () => {
  worker = openWorker({ database, id: 'bench', limits, sink });
});
await tellAlone(0);
server.stdin.write('more\n');
await once(server.stdout, 'data');
await pass('one new item a feed', all, dueAgain);
await tellAlone(1);
await pass('nothing new', all, dueAgain);
await tellAlone(1);
await pass('a feed of 20 MB, all new', 7_200, async () => {
  await watch([`http://127.200.0.1:${port}/large`]);
  worker?.articles.wake();
});

await worker?.close();
server.stdin.end();
await database.close();
await postgres?.stop();
await rm(dir, { recursive: true, force: true });
