/**
 * What looking for gaps costs at 13,827 series x 24 h of minutes, on influxd and on the embedded
 * engine: witnesses of every exchange, one market, and many markets one by one.
 * Usage: node dist/bench/gaps.js [minutes] [embedded|influxd]
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { systemClock as clock } from '../core/clock.ts';
import { createInflux, type Influx } from '../core/influx/influx.ts';
import { silentLog as log } from '../core/log.ts';
import { startEngine } from '../embedded/engine.ts';
import { chooseWitnesses } from '../ingest/prices/backfill/gaps.ts';
import { createStoredPrices } from '../ingest/prices/backfill/stored.ts';
import { influxdPath, startInfluxd } from '../test/helpers/influxd.ts';
import { makeMarkets, marketStart, minuteLines } from './market.ts';

const MINUTE_MS = 60_000;
const RUNS = 3;
const NAMES = { org: 'tidemark', bucket: 'tidemark' };

const minutes = Number(process.argv[2] ?? 1_440);
const only = process.argv[3];
const markets = makeMarkets();
const largest = 'kraken';
const range = { fromMs: marketStart * 1_000, toMs: marketStart * 1_000 + minutes * MINUTE_MS };

interface Engine {
  readonly name: string;
  readonly influx: Influx;
  cpuSeconds(): number;
  stop(): Promise<void>;
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
  const dir = await mkdtemp(join(tmpdir(), 'tidemark-bench-gaps-'));
  const place = { dir, host: '127.0.0.1', port: 0, memoryBytesMax: 512e6 };
  const engine = await startEngine({ ...NAMES, ...place, retentionSeconds: 0, log });
  const { url, token } = engine;
  const influx = createInflux({ url, token, ...NAMES, timeoutMs: 600_000, clock });
  // The engine is a thread of this process: reading the rows counts as well.
  const cpuSeconds = () => (process.cpuUsage().user + process.cpuUsage().system) / 1e6;
  const stop = async () => {
    await influx.close();
    await engine.close();
    await rm(dir, { recursive: true, force: true });
  };
  return { name: 'embedded', influx, cpuSeconds, stop };
}

async function fill({ influx }: Engine): Promise<void> {
  for (let minute = 0; minute < minutes; minute += 1) {
    const body = gzipSync(minuteLines(markets, minute), { level: 1 });
    const answer = await influx.write(body, { gzip: true });
    if (answer.status !== 204) throw new Error(`write: ${answer.status} ${answer.text}`);
  }
}

const witnesses = chooseWitnesses(markets, [...new Set(markets.map((market) => market.exchange))]);
const own = markets.filter(({ exchange }) => exchange === largest);

const questions: Readonly<Record<string, (influx: Influx) => Promise<number>>> = {
  [`is any exchange missing a slot (${witnesses.length} pairs)`]: async (influx) => {
    let rows = 0;
    for (const pair of witnesses) {
      const found = await createStoredPrices(influx).pair(pair, range, MINUTE_MS);
      for (const slots of found.values()) rows += slots.size;
    }
    return rows;
  },
  'the slots of one market': async (influx) => {
    const { exchange, pair } = own[own.length - 1]!;
    const found = await createStoredPrices(influx).market({ exchange, pair }, range, MINUTE_MS);
    return found.size;
  },
  [`the slots of 200 markets (of ${own.length} of ${largest}), one by one`]: async (influx) => {
    const stored = createStoredPrices(influx);
    let rows = 0;
    for (const { exchange, pair } of own.slice(0, 200)) {
      rows += (await stored.market({ exchange, pair }, range, MINUTE_MS)).size;
    }
    return rows;
  },
  [`the slots of all ${own.length} markets of ${largest} in one query`]: async (influx) => {
    const [start, stop] = [range.fromMs, range.toMs].map((ms) => new Date(ms).toISOString());
    const flux = `from(bucket: "${NAMES.bucket}") |> range(start: ${start}, stop: ${stop})
      |> filter(fn: (r) => r._measurement == "price" and r._field == "price"
        and r.exchange == "${largest}")
      |> aggregateWindow(every: 1m, fn: last, createEmpty: false, timeSrc: "_start")`;
    let rows = 0;
    for await (const batch of influx.queryRows(flux)) rows += batch.rows.length;
    return rows;
  },
};

async function measure(engine: Engine): Promise<void> {
  for (const [name, ask] of Object.entries(questions)) {
    const walls: number[] = [];
    const cpus: number[] = [];
    let rows = 0;
    for (let run = 0; run < RUNS; run += 1) {
      const [wall, cpu] = [performance.now(), engine.cpuSeconds()];
      rows = await ask(engine.influx);
      walls.push((performance.now() - wall) / 1_000);
      cpus.push(engine.cpuSeconds() - cpu);
    }
    const best = (list: number[]) => Math.min(...list).toFixed(2);
    const line = `${best(walls)} s, ${best(cpus)} CPU s, ${rows.toLocaleString('en-US')} rows`;
    process.stdout.write(`${engine.name.padEnd(9)} ${name}: ${line}\n`);
  }
}

process.stdout.write(`${markets.length} series x ${minutes} minutes, load ${loadavg()[0]}\n`);
const engines = [
  ...(only === 'embedded' || influxdPath() === undefined ? [] : [openInfluxd]),
  ...(only === 'influxd' ? [] : [openEmbedded]),
];
for (const open of engines) {
  const engine = await open();
  try {
    await fill(engine);
    await measure(engine);
  } finally {
    await engine.stop();
  }
}
