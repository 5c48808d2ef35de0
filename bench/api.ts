/**
 * `GET /btcusd` over 38,690 rows (27 exchanges, 24 h of minutes) against the same Flux straight
 * from the engine, interleaved, on the embedded engine and on influxd; then the memory of the API's
 * process over an answer of 10 million rows. The API is a process of its own, as the client is.
 * Usage: node dist/bench/api.js [pairs of runs] [embedded|influxd]
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Agent, request } from 'undici';
import { createApp } from '../api/app.ts';
import { createRanks } from '../api/leaderboard/ranks.ts';
import { listen } from '../api/server.ts';
import { systemClock as clock } from '../core/clock.ts';
import { createInflux } from '../core/influx/influx.ts';
import { createLog } from '../core/log.ts';
import { createMetrics } from '../core/metrics.ts';
import { createHistoryQueries } from '../flux/history-queries.ts';
import { createMetricQueries } from '../flux/metric-queries.ts';
import { createPriceQueries } from '../flux/price-queries.ts';
import { createScanQueries } from '../flux/scan-queries.ts';
import type { Catalog } from '../registry/catalog.ts';
import {
  fakeAlerts,
  fakeChannels,
  fakeDeliveries,
  fakeSilences,
} from '../test/helpers/alert-desk.ts';
import { fakeBackfills } from '../test/helpers/backfills.ts';
import { fakeChoices, fakeExchanges } from '../test/helpers/choices.ts';
import { FakeEvents } from '../test/helpers/events.ts';
import { fakeArticles, fakeFeeds, fakeJobs, fakeRules } from '../test/helpers/feed-desk.ts';
import { influxdPath, startInfluxd } from '../test/helpers/influxd.ts';
import { servingWith } from '../test/helpers/keys.ts';
import { fakeMonitors } from '../test/helpers/monitor-desk.ts';
import { median } from './median.ts';

const log = createLog('warn');
const EXCHANGES = 27;
const ROWS = 38_690;
const LONG_DAYS = 30;
/** A price in so many seconds, for so many days, on every exchange: 10 million rows. */
const LONG_STEP_MS = 7_000;
const DAY_MINUTES = 1440;
const RATIO_AIM = 1.3;
const FIRST_BYTE_AIM_MS = 100;
const MEMORY_AIM_MB = 60;
const LINES_PER_WRITE = 10_000;

interface Engine {
  readonly name: string;
  readonly url: string;
  readonly token: string;
  readonly org: string;
  readonly bucket: string;
  stop(): Promise<void>;
}

const exchanges = Array.from({ length: EXCHANGES }, (_, i) => `ex${String(i).padStart(2, '0')}`);

async function openEmbedded(): Promise<Engine> {
  const { startEngine } = await import('../embedded/engine.ts');
  const dir = await mkdtemp(join(tmpdir(), 'tidemark-bench-api-'));
  const names = { org: 'tidemark', bucket: 'tidemark' };
  const engine = await startEngine({
    ...names,
    dir,
    host: '127.0.0.1',
    port: 0,
    retentionSeconds: (LONG_DAYS + 1) * DAY_MINUTES * 60,
    memoryBytesMax: 512e6,
    log,
  });
  return {
    ...names,
    name: 'embedded',
    url: engine.url,
    token: engine.token,
    async stop() {
      await engine.close();
      await rm(dir, { recursive: true });
    },
  };
}

async function openInfluxd(): Promise<Engine> {
  const { url, token, org, bucket, stop } = await startInfluxd();
  return { name: 'influxd', url, token, org, bucket, stop };
}

function connect({ url, token, org, bucket }: Omit<Engine, 'stop'>) {
  return createInflux({ url, token, org, bucket, timeoutMs: 120_000, clock });
}

/** The child: the API over the engine that its arguments name, on a free port. */
async function serve(engine: Omit<Engine, 'stop'>): Promise<void> {
  const influx = connect(engine);
  const queries = createPriceQueries({ bucket: engine.bucket });
  const entry = (pair: string) => ({ pair, base: pair.slice(0, 3), quote: 'usd', exchanges });
  const catalog: Catalog = {
    exchangesOf: async () => exchanges,
    nearPairs: async () => [],
    pairs: async () => [entry('btcusd')],
    exchanges: async () => [],
    listedExchanges: async () => exchanges,
  };
  const ranks = createRanks({ influx, flux: queries.pairRanks, clock, log });
  const serving = servingWith({ clock, log });
  const { keyring } = serving;
  const app = createApp({
    influx,
    bucket: influx.bucket,
    catalog,
    queries,
    metricQueries: createMetricQueries({ bucket: engine.bucket }),
    history: {
      queries: createHistoryQueries({ bucket: engine.bucket }),
      kept: { at: async () => ({ rawFromMs: 0, levels: [] }) },
    },
    runs: { newest: async () => undefined, at: async () => undefined },
    choices: fakeChoices([entry('btcusd')]),
    backfills: fakeBackfills(),
    monitors: fakeMonitors(),
    feeds: fakeFeeds(),
    rules: fakeRules(),
    articles: fakeArticles(),
    jobs: fakeJobs(),
    alerts: fakeAlerts(),
    channels: fakeChannels(),
    deliveries: fakeDeliveries(),
    tasks: { list: async () => [] },
    silences: fakeSilences(),
    hub: new FakeEvents().hub,
    assets: new Map(),
    scanQueries: createScanQueries({ bucket: engine.bucket }),
    knownExchanges: fakeExchanges,
    ranks,
    probes: [],
    metrics: createMetrics(),
    clock,
    log,
    retentionMs: 40 * DAY_MINUTES * 60_000,
    ...serving,
    host: '127.0.0.1',
    version: 'bench',
    newId: () => 'bench',
  });
  const server = await listen({ app, host: '127.0.0.1', port: 0, keyring, clock });
  let peakMb = 0;
  setInterval(() => {
    peakMb = Math.max(peakMb, process.memoryUsage.rss() / 1e6);
  }, 20);
  process.on('message', () => {
    const { user, system } = process.cpuUsage();
    process.send?.({ peakMb, cpuMs: (user + system) / 1000 });
    peakMb = 0;
  });
  process.send?.({ url: server.url });
  // Not to outlive a bench that was stopped.
  process.on('disconnect', () => process.exit());
}

async function fill(engine: Engine): Promise<void> {
  const influx = connect(engine);
  const nowMs = Date.now();
  let lines: string[] = [];
  const flush = async () => {
    const answer = await influx.write(lines.join('\n'), { gzip: false });
    if (answer.status !== 204) throw new Error(`write: ${answer.status} ${answer.text}`);
    lines = [];
  };
  const add = async (pair: string, exchange: string, agoMs: number) => {
    const time = `${nowMs - agoMs - 30_000}000000`;
    const price = (20_000 + (((agoMs / 1_000) * 7919) % 100_000) / 100).toFixed(2);
    lines.push(`price,exchange=${exchange},pair=${pair} price=${price} ${time}`);
    if (lines.length === LINES_PER_WRITE) await flush();
  };
  for (let row = 0; row < ROWS; row++) {
    await add('btcusd', exchanges[row % EXCHANGES]!, Math.floor(row / EXCHANGES) * 60_000);
  }
  for (const exchange of exchanges) {
    const lengthMs = (LONG_DAYS * DAY_MINUTES - 10) * 60_000;
    for (let ago = 0; ago < lengthMs; ago += LONG_STEP_MS) await add('longusd', exchange, ago);
  }
  await flush();
  const slotNs = BigInt(nowMs - 60_000) * 1_000_000n;
  await influx.write(`pair_rank,pair=btcusd,window=24h stddev=1,rank=4i,of=9i ${slotNs}`, {
    gzip: false,
  });
  await influx.close();
}

interface Timing {
  readonly ms: number;
  readonly firstMs: number;
  readonly bytes: number;
}

async function timed(url: string, options: Parameters<typeof request>[1]): Promise<Timing> {
  const startMs = clock.monotonicMs();
  const { body, statusCode } = await request(url, options);
  if (statusCode !== 200) throw new Error(`${url}: ${statusCode} ${await body.text()}`);
  let firstMs = 0;
  let bytes = 0;
  for await (const chunk of body) {
    if (bytes === 0) firstMs = clock.monotonicMs() - startMs;
    bytes += (chunk as Buffer).length;
  }
  return { ms: clock.monotonicMs() - startMs, firstMs, bytes };
}

async function ask(child: ChildProcess): Promise<{ peakMb: number; cpuMs: number }> {
  const answer = once(child, 'message');
  child.send('peak');
  const [message] = await answer;
  return message as { peakMb: number; cpuMs: number };
}

async function measure(engine: Engine, runs: number): Promise<boolean> {
  await fill(engine);
  const { stop: _, ...address } = engine;
  const child = fork(fileURLToPath(import.meta.url), ['serve', JSON.stringify(address)]);
  const dispatcher = new Agent();
  try {
    const [{ url }] = (await once(child, 'message')) as [{ url: string }];
    const prices = createPriceQueries({ bucket: engine.bucket });
    const query = prices.prices({ pair: 'btcusd', exchange: undefined, start: '1d' });
    const dialect = { header: true, delimiter: ',', annotations: ['datatype', 'group', 'default'] };
    const direct = () =>
      timed(`${engine.url}/api/v2/query?org=${engine.org}`, {
        dispatcher,
        method: 'POST',
        headers: { authorization: `Token ${engine.token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ query, type: 'flux', dialect }),
      });
    const ours = (path: string) => timed(url + path, { dispatcher });
    await checkRows(url);
    for (let i = 0; i < 5; i++) await Promise.all([direct(), ours('/btcusd')]);
    const before = await ask(child);
    const pairs: (readonly [Timing, Timing])[] = [];
    for (let i = 0; i < runs; i++) pairs.push([await direct(), await ours('/btcusd')]);
    const after = await ask(child);
    const long = await ours(`/longusd?duration=${LONG_DAYS}d`);
    const longest = await ask(child);
    const directMs = median(pairs.map(([timing]) => timing.ms));
    const oursMs = median(pairs.map(([, timing]) => timing.ms));
    const ratio = oursMs / directMs;
    const grownMb = longest.peakMb - after.peakMb;
    console.log(`\n${engine.name}, ${ROWS} rows, ${runs} pairs of runs`);
    console.log(`  direct: ${directMs.toFixed(1)} ms, first byte ${firstOf(pairs, 0)} ms`);
    console.log(`  API:    ${oursMs.toFixed(1)} ms, first byte ${firstOf(pairs, 1)} ms`);
    console.log(`  ratio ${ratio.toFixed(2)} (aim: at most ${RATIO_AIM})`);
    const later = median(pairs.map(([one, other]) => other.firstMs - one.firstMs));
    console.log(`  first byte ${later.toFixed(1)} ms later (aim: at most ${FIRST_BYTE_AIM_MS})`);
    console.log(`  API CPU ${((after.cpuMs - before.cpuMs) / runs).toFixed(1)} ms an answer`);
    console.log(
      `  pairs: ${pairs.map(([a, b]) => `${a.ms.toFixed(0)}/${b.ms.toFixed(0)}`).join(' ')}`,
    );
    console.log(
      `  ${(long.bytes / 1e6).toFixed(0)} MB answer in ${(long.ms / 1000).toFixed(1)} s: ` +
        `peak RSS ${longest.peakMb.toFixed(0)} MB, ${grownMb.toFixed(0)} MB over the short ones' ` +
        `(aim: at most ${MEMORY_AIM_MB})`,
    );
    return ratio <= RATIO_AIM && later <= FIRST_BYTE_AIM_MS && grownMb <= MEMORY_AIM_MB;
  } finally {
    child.kill();
    await dispatcher.close();
  }
}

/** A bench of wrong answers is worth nothing. */
async function checkRows(url: string): Promise<void> {
  const answer = await fetch(`${url}/btcusd`);
  if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
  const { rank, prices } = (await answer.json()) as { rank: string; prices: unknown[] };
  if (prices.length !== ROWS || rank !== '4/9') {
    throw new Error(`wanted ${ROWS} rows and rank 4/9, got ${prices.length} and ${rank}`);
  }
}

function firstOf(pairs: readonly (readonly [Timing, Timing])[], side: 0 | 1): string {
  return median(pairs.map((pair) => pair[side].firstMs)).toFixed(1);
}

async function main(): Promise<void> {
  const [, , first = '15', second] = process.argv;
  if (first === 'serve') return serve(JSON.parse(second ?? '{}') as Engine);
  console.log(`load ${loadavg()[0]?.toFixed(1)}, Node ${process.version}`);
  const engines: (() => Promise<Engine>)[] = [];
  if (second !== 'influxd') engines.push(openEmbedded);
  if (second !== 'embedded' && influxdPath() !== undefined) engines.push(openInfluxd);
  let fine = true;
  for (const open of engines) {
    const engine = await open();
    try {
      fine = (await measure(engine, Number(first))) && fine;
    } finally {
      await engine.stop();
    }
  }
  if (!fine) process.exitCode = 1;
}

await main();
