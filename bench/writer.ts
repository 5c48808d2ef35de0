/**
 * The writer beside the official client's WriteApi with its defaults, interleaved in one run.
 * Points per second from the call until the real InfluxDB has acknowledged them, each poll on disk
 * (and synced) before that; client CPU seconds; fresh buckets, counts checked. What is left after
 * an outage: outage.ts. Usage: node dist/bench/writer.js [pairs]      (needs `make influxd`)
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Point as ClientPoint, InfluxDB } from '@influxdata/influxdb-client';
import { systemClock } from '../core/clock.ts';
import { createInflux } from '../core/influx/influx.ts';
import { fieldKey, type LineSource, type SeriesKey, seriesKey } from '../core/line-protocol.ts';
import { silentLog } from '../core/log.ts';
import type { PointBatch } from '../core/point.ts';
import { createWriter } from '../ingest/writer/writer.ts';
import { type Influxd, startInfluxd } from '../test/helpers/influxd.ts';
import { median } from './median.ts';

const MARKETS = 13_827;
const POLLS = 20;
const RATIO_AIM = 1.8;
const START_MS = Date.now() - POLLS * 60_000;

interface Account {
  readonly url: string;
  readonly token: string;
  readonly org: string;
  readonly bucket: string;
}

/** Both sides write the same: one poll of all markets at a time. */
interface Side {
  poll(timeMs: number): Promise<void>;
  /** Until everything is stored or given up. */
  finish(): Promise<void>;
}

const markets = Array.from({ length: MARKETS }, (_, i) => ({
  exchange: `exchange${i % 27}`,
  pair: `coin${Math.floor(i / 27)}usd`,
  price: 10 + (i * 7919) / 1000,
  volume: (100_000_000 + i * 123_457) / 10_000,
}));

const keys = markets.map(({ exchange, pair }) => seriesKey('price', { exchange, pair }));
const [priceKey, volumeKey] = [fieldKey('price'), fieldKey('volume')];

/** A poll as the ingest hands it over: lines are written of what there is, series are known. */
function batchOf(timeMs: number): PointBatch & LineSource {
  const timeNs = BigInt(timeMs) * 1_000_000n;
  const pointAt = (i: number) => {
    const { exchange, pair, price, volume } = markets[i] as (typeof markets)[number];
    return { measurement: 'price', tags: { exchange, pair }, fields: { price, volume }, timeNs };
  };
  return {
    length: MARKETS,
    pointAt,
    [Symbol.iterator]: () => markets.map((_, i) => pointAt(i))[Symbol.iterator](),
    addLine: (encoder, i) =>
      encoder.begin(keys[i] as SeriesKey) ??
      encoder.float(priceKey, markets[i]?.price as number) ??
      encoder.float(volumeKey, markets[i]?.volume as number) ??
      encoder.end(timeNs),
  };
}

async function ours(account: Account): Promise<Side> {
  const dir = await mkdtemp(join(tmpdir(), 'tidemark-bench-'));
  const target = createInflux({ ...account, timeoutMs: 30_000, clock: systemClock });
  const clock = systemClock;
  const own = { dir, target, clock, random: Math.random, log: silentLog };
  // As the product does it where the server is on the same machine.
  const writer = await createWriter({ ...own, compress: false });
  return {
    poll: (timeMs) => writer.accept(batchOf(timeMs)),
    async finish() {
      await writer.close({ drainMs: 120_000 });
      await target.close();
      await rm(dir, { recursive: true });
    },
  };
}

async function theirs({ url, token, org, bucket }: Account): Promise<Side> {
  const api = new InfluxDB({ url, token }).getWriteApi(org, bucket, 'ns', {
    writeFailed: () => undefined,
  });
  return {
    async poll(timeMs) {
      for (const { exchange, pair, price, volume } of markets) {
        api.writePoint(
          new ClientPoint('price')
            .tag('exchange', exchange)
            .tag('pair', pair)
            .floatField('price', price)
            .floatField('volume', volume)
            .timestamp(`${timeMs}000000`),
        );
      }
      // Its queue has no back-pressure of its own.
      await api.flush().catch(() => undefined);
    },
    async finish() {
      await api.close().catch(() => undefined);
    },
  };
}

async function store(server: Influxd, open: typeof ours, bucket: string) {
  const account = { url: server.url, token: server.token, org: server.org, bucket };
  const influx = createInflux({ ...account, timeoutMs: 60_000, clock: systemClock });
  await influx.buckets.ensure({ retentionSeconds: 0 });
  const side = await open(account);
  const cpu = process.cpuUsage();
  const startMs = performance.now();
  for (let poll = 0; poll < POLLS; poll++) await side.poll(START_MS + poll * 1_000);
  await side.finish();
  const seconds = (performance.now() - startMs) / 1_000;
  const used = process.cpuUsage(cpu);
  const flux = `from(bucket: "${bucket}") |> range(start: 0) |> filter(fn: (r) => r._field == "price") |> group() |> count()`;
  const [row] = await influx.collect(flux, { _value: 'long' });
  await influx.close();
  const points = MARKETS * POLLS;
  if (row?._value !== points) throw new Error(`${bucket}: ${row?._value} of ${points} stored`);
  return { perSecond: points / seconds, cpuSeconds: (used.user + used.system) / 1e6 };
}

const pairs = Number(process.argv[2] ?? 3);
const server = await startInfluxd();
const ratios: number[] = [];
const cpuRatios: number[] = [];
console.log(`load ${loadavg()[0]?.toFixed(2)}; ${MARKETS * POLLS} points of two fields a run`);
for (let pair = 0; pair < pairs; pair++) {
  const a = await store(server, ours, `ours${pair}`);
  const b = await store(server, theirs, `theirs${pair}`);
  ratios.push(a.perSecond / b.perSecond);
  cpuRatios.push(a.cpuSeconds / b.cpuSeconds);
  const show = ({ perSecond, cpuSeconds }: typeof a) =>
    `${Math.round(perSecond)} points/s, ${cpuSeconds.toFixed(2)} CPU s`;
  console.log(`store  ours ${show(a)}; client-js ${show(b)}`);
}
await server.stop();
console.log(`store: ${median(ratios).toFixed(2)} (wanted at least ${RATIO_AIM})`);
console.log(`store, CPU of the client: ${median(cpuRatios).toFixed(2)} (seen 0.1)`);
