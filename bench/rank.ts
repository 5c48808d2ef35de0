/**
 * The two rank tasks over 13,827 markets x 24 h of minutes, on influxd and on the embedded engine,
 * interleaved, with the ranks compared.
 * Usage: node dist/bench/rank.js [runs] [minutes] [embedded|influxd]
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { systemClock as clock } from '../core/clock.ts';
import { createInflux, type Influx } from '../core/influx/influx.ts';
import { silentLog as log } from '../core/log.ts';
import { bind, loadTask } from '../flux/load.ts';
import { influxdPath, startInfluxd } from '../test/helpers/influxd.ts';

const MARKETS = 13_827;
const EXCHANGES = 27;
const PAIRS = 7_000;
const MINUTE_MS = 60_000;
const TASKS = ['rank', 'pair-rank'] as const;
/** influxd, CPU seconds of one run. */
const CPU_AIM = 6;
const NAMES = { org: 'tidemark', bucket: 'tidemark' };

const runs = Number(process.argv[2] ?? 3);
const minutes = Number(process.argv[3] ?? 1_440);
const only = process.argv[4];
const slotMs = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS;

interface Engine {
  readonly name: string;
  readonly influx: Influx;
  cpuSeconds(): number;
  stop(): Promise<void>;
}

interface Measured {
  readonly wall: number[];
  readonly cpu: number[];
}

async function openInfluxd(): Promise<Engine> {
  const server = await startInfluxd();
  const { url, token } = server;
  const influx = createInflux({ url, token, ...NAMES, timeoutMs: 600_000, clock });
  const stop = async () => {
    await influx.close();
    await server.stop();
  };
  return { name: 'influxd', influx, cpuSeconds: server.cpuSeconds, stop };
}

async function openEmbedded(): Promise<Engine> {
  const { startEngine } = await import('../embedded/engine.ts');
  const dir = await mkdtemp(join(tmpdir(), 'tidemark-bench-rank-'));
  const options = { host: '127.0.0.1', port: 0, memoryBytesMax: 512e6 };
  const engine = await startEngine({
    ...NAMES,
    ...options,
    dir,
    retentionSeconds: 7 * 86_400,
    log,
  });
  const { url, token } = engine;
  const influx = createInflux({ url, token, ...NAMES, timeoutMs: 600_000, clock });
  // The engine is a thread of this process: the few ms of the client count as well.
  const cpuSeconds = () => (process.cpuUsage().user + process.cpuUsage().system) / 1e6;
  const stop = async () => {
    await influx.close();
    await engine.close();
    await rm(dir, { recursive: true, force: true });
  };
  return { name: 'embedded', influx, cpuSeconds, stop };
}

/** Exchanges of very different size over one set of pairs; some markets stand still. */
function* market(): Generator<string> {
  let seed = 12_345;
  const random = () => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return seed / 2 ** 32;
  };
  const share = Array.from({ length: EXCHANGES }, (_, e) => 1 / (e + 2));
  const whole = share.reduce((sum, part) => sum + part, 0);
  const series: { head: string; price: number; swing: number }[] = [];
  for (const [e, part] of share.entries()) {
    const last = e === EXCHANGES - 1;
    const size = last ? MARKETS - series.length : Math.round((MARKETS * part) / whole);
    const taken = new Set<number>();
    while (taken.size < size) {
      const pair = taken.size === 0 ? 0 : Math.floor(random() ** 1.7 * PAIRS);
      if (taken.has(pair)) continue;
      taken.add(pair);
      const name = pair === 0 ? 'btcusd' : `c${pair.toString(36)}usd`;
      const swing = pair % 37 === 5 ? 0 : 0.0001 + random() * 0.003;
      const head = `price,exchange=ex${String(e).padStart(2, '0')},pair=${name} price=`;
      series.push({ head, price: Math.exp(random() * 20 - 8), swing });
    }
  }
  for (let minute = minutes; minute > 0; minute--) {
    const time = ` ${BigInt(slotMs - minute * MINUTE_MS) * 1_000_000n}\n`;
    let lines = '';
    for (const one of series) {
      one.price *= 1 + (random() - 0.5) * one.swing;
      lines += one.head + Number(one.price.toPrecision(8)) + time;
    }
    yield lines;
  }
}

async function fill(engines: readonly Engine[]): Promise<void> {
  for (const lines of market()) {
    const body = gzipSync(lines, { level: 1 });
    const write = ({ influx }: Engine) => influx.write(body, { gzip: true });
    for (const answer of await Promise.all(engines.map(write))) {
      if (answer.status !== 204) throw new Error(`write: ${answer.status} ${answer.text}`);
    }
  }
}

async function measure(engine: Engine, task: string, into: Measured): Promise<void> {
  const flux = bind(loadTask(task), { bucket: NAMES.bucket });
  const cpu = engine.cpuSeconds();
  const start = performance.now();
  // As InfluxDB's task runner does: the written rows come back, and are thrown away.
  for await (const _ of engine.influx.queryRows(flux, { now: new Date(slotMs).toISOString() }));
  into.wall.push((performance.now() - start) / 1_000);
  into.cpu.push(engine.cpuSeconds() - cpu);
}

const SHAPE = {
  exchange: 'string?',
  pair: 'string',
  stddev: 'double',
  rank: 'long',
  of: 'long',
} as const;

async function written({ influx }: Engine, task: string): Promise<Map<string, number[]>> {
  const measurement = task.replace('-', '_');
  const [start, stop] = [slotMs, slotMs + 1].map((ms) => new Date(ms).toISOString());
  const flux = `from(bucket: "${NAMES.bucket}") |> range(start: ${start}, stop: ${stop})
    |> filter(fn: (r) => r._measurement == "${measurement}")
    |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value") |> group()`;
  const rows = await influx.collect(flux, SHAPE);
  return new Map(
    rows.map((row) => [`${row.exchange ?? ''}/${row.pair}`, [row.stddev, row.rank, row.of]]),
  );
}

/**
 * The deviations agree to 1e-9. Ranks may differ where two deviations differ in their last digits:
 * how many do is reported.
 */
function compare(one: Map<string, number[]>, other: Map<string, number[]>): string {
  if (one.size !== other.size) return `DIFFERENT: ${one.size} rows, ${other.size} rows`;
  let [worst, moved] = [0, 0];
  for (const [key, [stddev = 0, rank, of]] of one) {
    const [stddev2 = Number.NaN, rank2, of2] = other.get(key) ?? [];
    worst = Math.max(worst, Math.abs(stddev - stddev2) / (stddev || 1));
    if (Number.isNaN(stddev2) || of !== of2) return `DIFFERENT: ${key}`;
    if (rank !== rank2) moved++;
  }
  const same = worst < 1e-9 ? 'equal' : 'DIFFERENT';
  return `${same}: ${one.size} rows, deviation off by ${worst.toExponential(1)}, ${moved} moved`;
}

const median = (list: readonly number[]) => [...list].sort((a, b) => a - b)[list.length >> 1] ?? 0;

const engines: Engine[] = [];
try {
  if (only !== 'embedded' && influxdPath() !== undefined) engines.push(await openInfluxd());
  if (only !== 'influxd') engines.push(await openEmbedded());
  const load = loadavg().map((value) => value.toFixed(1));
  console.log(`${MARKETS} markets x ${minutes} minutes; load of this machine ${load.join(' ')}`);
  await fill(engines);
  for (const task of TASKS) {
    const results = new Map(engines.map(({ name }) => [name, { wall: [], cpu: [] } as Measured]));
    for (let run = 0; run < runs; run++) {
      for (const engine of engines) await measure(engine, task, results.get(engine.name)!);
    }
    for (const [name, { wall, cpu }] of results) {
      const verdict = name === 'influxd' ? ` (aim: CPU <= ${CPU_AIM} s)` : '';
      const figures = `${median(wall).toFixed(2)} s, CPU ${median(cpu).toFixed(2)} s`;
      console.log(`${task.padEnd(10)} ${name.padEnd(9)} ${figures}${verdict}`);
    }
    const [one, other] = await Promise.all(engines.map((engine) => written(engine, task)));
    if (one && other) console.log(`${task.padEnd(10)} answers   ${compare(one, other)}`);
  }
} finally {
  for (const engine of engines) await engine.stop();
}
