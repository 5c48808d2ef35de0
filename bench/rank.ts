/**
 * The ranks of 24 h of 13,827 markets: from moments against the naive script that reads the prices
 * (bench/naive), interleaved, at one price a minute; the same ranks at one price a second, whose
 * 1.19 G prices are made here and only their moments stored; and with a deficit of every market.
 * Usage: node dist/bench/rank.js [runs] [minutes] [embedded|influxd]
 */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { systemClock as clock } from '../core/clock.ts';
import { createInflux, type Influx } from '../core/influx/influx.ts';
import { silentLog as log } from '../core/log.ts';
import { projectRoot } from '../core/paths.ts';
import { bind, loadTask, readFlux } from '../flux/load.ts';
import { ensureBuckets } from '../tasks/buckets.ts';
import { boundTasks } from '../tasks/desired.ts';
import { influxdPath, startInfluxd } from '../test/helpers/influxd.ts';
import { MARKETS, MINUTE_MS, NAMES as MOMENTS, rankMarket, STEP_MS } from './rank-market.ts';

const SECOND_MS = 1_000;
const HOUR_MS = 3_600_000;
const TASKS = ['rank', 'pair-rank'] as const;
const NAMES = { org: 'tidemark', bucket: 'tidemark' };
const SECONDS = 'seconds';
/** Of the naive time; and of its own, once the prices come each second. */
const LIMITS = { moments: 0.7, seconds: 1.2 };
const retentions = { priceMs: 0, rollupMs: { '1m': 0, '5m': 0, '1h': 0, '1d': 0 } };

const runs = Number(process.argv[2] ?? 5);
const minutes = Number(process.argv[3] ?? 1_440);
const only = process.argv[4];
const endMs = Math.floor(Date.now() / HOUR_MS) * HOUR_MS;
const now = new Date(endMs).toISOString();

interface Engine {
  readonly name: string;
  /** For the bucket of minutes, of their ranks, and the same of the seconds. */
  readonly buckets: Readonly<Record<'prices' | 'moments' | 'seconds' | 'secondMoments', Influx>>;
  cpuSeconds(): number;
  stop(): Promise<void>;
}

async function connect(url: string, token: string): Promise<Engine['buckets']> {
  const to = (bucket: string) =>
    createInflux({ url, token, org: NAMES.org, bucket, timeoutMs: 600_000, clock });
  const [prices, seconds] = [to(NAMES.bucket), to(SECONDS)];
  await seconds.buckets.ensure({ retentionSeconds: 0 });
  for (const [influx, ms] of [
    [prices, MINUTE_MS],
    [seconds, SECOND_MS],
  ] as const) {
    const sampling = { finestMs: ms, commonMs: ms };
    await ensureBuckets(influx, boundTasks({ bucket: influx.bucket, sampling }), retentions);
  }
  return {
    ...{ prices, seconds },
    ...{ moments: to(`${NAMES.bucket}_rank`), secondMoments: to(`${SECONDS}_rank`) },
  };
}

async function openInfluxd(): Promise<Engine> {
  const { url, token, cpuSeconds, stop } = await startInfluxd();
  return { name: 'influxd', buckets: await connect(url, token), cpuSeconds, stop };
}

async function openEmbedded(): Promise<Engine> {
  const { startEngine } = await import('../embedded/engine.ts');
  const dir = await mkdtemp(join(tmpdir(), 'tidemark-bench-rank-'));
  const where = { ...NAMES, host: '127.0.0.1', port: 0, dir };
  const engine = await startEngine({ ...where, memoryBytesMax: 512e6, retentionSeconds: 0, log });
  // The engine is a thread of this process: the few ms of the client count as well.
  const cpuSeconds = () => (process.cpuUsage().user + process.cpuUsage().system) / 1e6;
  const stop = async () => {
    await engine.close();
    await rm(dir, { recursive: true, force: true });
  };
  return { name: 'embedded', buckets: await connect(engine.url, engine.token), cpuSeconds, stop };
}

async function post(influx: Influx, lines: string): Promise<void> {
  if (lines === '') return;
  const { status, text } = await influx.write(gzipSync(lines, { level: 1 }), { gzip: true });
  if (status !== 204) throw new Error(`write: ${status} ${text}`);
}

async function fill(engines: readonly Engine[]): Promise<void> {
  for (const { prices, moments, secondMoments } of rankMarket(endMs, minutes)) {
    const writes = engines.flatMap(({ buckets }) => [
      post(buckets.prices, prices),
      post(buckets.moments, moments),
      post(buckets.secondMoments, secondMoments),
    ]);
    await Promise.all(writes);
  }
  const marks = (regular: number) => {
    const steps = Array.from(
      { length: (24 * HOUR_MS) / STEP_MS },
      (_, i) => endMs - (i + 1) * STEP_MS,
    );
    const fields = `series=${MARKETS}i,regular=${regular}i`;
    return steps.map((ms) => `rollup_step,task=${MOMENTS.mark} ${fields} ${ms}000000\n`).join('');
  };
  for (const { buckets } of engines) {
    await post(buckets.prices, marks(STEP_MS / MINUTE_MS));
    await post(buckets.seconds, marks(STEP_MS / SECOND_MS));
  }
}

/** InfluxDB tidies its files after a filling; that is nobody's query. */
async function settle(engine: Engine): Promise<void> {
  for (let quiet = 0, tries = 0; quiet < 3 && tries < 300; tries++) {
    const before = engine.cpuSeconds();
    await clock.sleep(1_000);
    quiet = engine.cpuSeconds() - before < 0.05 ? quiet + 1 : 0;
  }
}

type Way = 'naive' | 'moments' | 'seconds';

function scriptOf(task: string, way: Way): string {
  if (way === 'naive') {
    const text = readFileSync(join(projectRoot, 'bench', 'naive', `${task}.flux`), 'utf8');
    return bind(readFlux(task, text), { bucket: NAMES.bucket });
  }
  const [bucket, ms] = way === 'moments' ? [NAMES.bucket, MINUTE_MS] : [SECONDS, SECOND_MS];
  const tasks = boundTasks({ bucket, sampling: { finestMs: ms, commonMs: ms } });
  const { file, values } = tasks.find(({ mark }) => mark === `${task}-24h`)!;
  return bind(loadTask(file), { ...values, again: true });
}

interface Measured {
  readonly wall: number[];
  readonly cpu: number[];
}

async function measure(engine: Engine, script: string, into: Measured): Promise<void> {
  const cpu = engine.cpuSeconds();
  const start = performance.now();
  for await (const _ of engine.buckets.prices.queryRows(script, { now }));
  into.wall.push((performance.now() - start) / 1_000);
  into.cpu.push(engine.cpuSeconds() - cpu);
}

const median = (list: readonly number[]) => [...list].sort((a, b) => a - b)[list.length >> 1] ?? 0;

/** All ways in turn, `runs` times; medians, and the ratios of the medians. */
async function compareWays(engine: Engine, task: string, ways: readonly Way[], note = '') {
  const results = new Map(ways.map((way) => [way, { wall: [], cpu: [] } as Measured]));
  for (let run = 0; run < runs; run++) {
    for (const way of ways) await measure(engine, scriptOf(task, way), results.get(way)!);
  }
  const of = (way: Way, unit: keyof Measured) => median(results.get(way)?.[unit] ?? []);
  const base = (way: Way): Way => (way === 'seconds' ? 'moments' : 'naive');
  for (const way of ways) {
    const ratio = (unit: keyof Measured) => (of(way, unit) / of(base(way), unit)).toFixed(2);
    const limit = way === 'naive' ? '' : `at most ${LIMITS[way]}`;
    const against =
      way === 'naive'
        ? ''
        : ` = ${ratio('wall')} wall, ${ratio('cpu')} CPU of ${base(way)} (${limit})`;
    const figures = `${of(way, 'wall').toFixed(2)} s, CPU ${of(way, 'cpu').toFixed(2)} s`;
    console.log(
      `${engine.name.padEnd(9)} ${(task + note).padEnd(20)} ${way.padEnd(8)} ${figures}${against}`,
    );
  }
}

async function deviations({ buckets }: Engine, filter: string): Promise<Map<string, number>> {
  const [start, stop] = [endMs, endMs + 1].map((ms) => new Date(ms).toISOString());
  const flux = `from(bucket: "${NAMES.bucket}") |> range(start: ${start}, stop: ${stop})
    |> filter(fn: (r) => ${filter} and r._field == "stddev") |> group()`;
  const shape = { exchange: 'string?', pair: 'string', _value: 'double' } as const;
  const rows = await buckets.prices.collect(flux, shape);
  return new Map(rows.map((row) => [`${row.exchange ?? ''}/${row.pair}`, row._value]));
}

async function checkEqual(engine: Engine, task: string): Promise<void> {
  const measurement = task.replace('-', '_');
  const naive = await deviations(engine, `r._measurement == "naive_${measurement}"`);
  const found = await deviations(
    engine,
    `r._measurement == "${measurement}" and r.window == "24h"`,
  );
  let worst = naive.size === found.size ? 0 : Number.POSITIVE_INFINITY;
  for (const [key, wanted] of naive) {
    const error = Math.abs((found.get(key) ?? Number.NaN) - wanted) / (wanted || 1);
    worst = Math.max(worst, Number.isNaN(error) ? Number.POSITIVE_INFINITY : error);
  }
  const verdict = worst < 1e-9 ? 'equal' : 'DIFFERENT';
  console.log(
    `${engine.name} ${task}: ${verdict}, ${found.size} rows, off by ${worst.toExponential(1)}`,
  );
}

/** As if each market had missed one price of one step. */
async function missOne({ buckets }: Engine): Promise<void> {
  const flux = `from(bucket: "${NAMES.bucket}_rank") |> range(start: ${new Date(endMs - STEP_MS).toISOString()})
    |> last() |> group()`;
  const shape = { exchange: 'string', pair: 'string', _value: 'double' } as const;
  const rows = await buckets.moments.collect(flux, shape, { now });
  const lines = rows.map(({ exchange, pair, _value: a }) => {
    const fields = `n=1,a=${a},aa=${a * a},r=0,q=0`;
    const tags = `exchange=${exchange},pair=${pair}`;
    return `${MOMENTS.shortfalls},${tags} ${fields} ${endMs - STEP_MS}000000\n`;
  });
  await post(buckets.moments, lines.join(''));
}

const engines: Engine[] = [];
try {
  if (only !== 'embedded' && influxdPath() !== undefined) engines.push(await openInfluxd());
  if (only !== 'influxd') engines.push(await openEmbedded());
  const load = () =>
    loadavg()
      .map((value) => value.toFixed(1))
      .join(' ');
  console.log(`${MARKETS} markets x ${minutes} minutes; load ${load()}`);
  await fill(engines);
  console.log(`filled; load ${load()}`);
  for (const engine of engines) {
    await settle(engine);
    for (const task of TASKS) {
      await compareWays(engine, task, ['naive', 'moments', 'seconds']);
      await checkEqual(engine, task);
    }
    await missOne(engine);
    for (const task of TASKS) await compareWays(engine, task, ['naive', 'moments'], ', deficits');
  }
  console.log(`load ${load()}`);
} finally {
  for (const { buckets, stop } of engines) {
    for (const influx of Object.values(buckets)) await influx.close();
    await stop();
  }
}
