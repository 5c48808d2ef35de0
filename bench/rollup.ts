/**
 * What the roll-ups and moments of one step cost InfluxDB at 13,827 markets: at one price a minute,
 * and, of five minutes, at one a second (4.1 M prices a step).
 * Usage: node dist/bench/rollup.js [runs]
 */
import { loadavg } from 'node:os';
import { gzipSync } from 'node:zlib';
import { systemClock as clock } from '../core/clock.ts';
import { createInflux, type Influx } from '../core/influx/influx.ts';
import { bind, loadTask } from '../flux/load.ts';
import { ensureBuckets } from '../tasks/buckets.ts';
import { boundTasks } from '../tasks/desired.ts';
import { startInfluxd } from '../test/helpers/influxd.ts';
import { median } from './median.ts';
import { MARKETS, MINUTE_MS, rankMarket } from './rank-market.ts';

const HOUR_MS = 3_600_000;
const ORG = 'tidemark';
const retentions = { priceMs: 0, rollupMs: { '1m': 0, '5m': 0, '1h': 0, '1d': 0 } };
const runs = Number(process.argv[2] ?? 3);
const endMs = Math.floor(Date.now() / (24 * HOUR_MS)) * 24 * HOUR_MS;
const now = new Date(endMs).toISOString();

const server = await startInfluxd();
const to = (bucket: string) =>
  createInflux({
    url: server.url,
    token: server.token,
    org: ORG,
    bucket,
    timeoutMs: 600_000,
    clock,
  });
async function post(influx: Influx, lines: string): Promise<void> {
  const { status, text } = await influx.write(gzipSync(lines, { level: 1 }), { gzip: true });
  if (status !== 204) throw new Error(`write: ${status} ${text}`);
}

/** Each second of the last five minutes: the minute's price, moved a little. */
async function fillSeconds(influx: Influx, minutes: readonly string[]): Promise<void> {
  for (const [index, lines] of minutes.entries()) {
    const markets = lines.trimEnd().split('\n');
    for (let second = 0; second < 60; second++) {
      const timeMs = endMs - (minutes.length - index) * MINUTE_MS + second * 1_000;
      const moved = markets.map((line) => {
        const [series = '', price = ''] = line.split(' ');
        const value = Number(price.slice('price='.length)) * (1 + (second % 7) / 1_000);
        return `${series} price=${value} ${timeMs}000000`;
      });
      await post(influx, moved.join('\n'));
    }
  }
}

/** The hours that a day is made of. */
async function fillHours(lines: string): Promise<void> {
  const influx = to('tidemark_1h');
  for (let hour = 1; hour <= 24; hour++) {
    const timeMs = endMs - hour * HOUR_MS;
    const candles = lines.replace(/^price,(\S+) price=(\S+) \d+$/gm, (_, tags, price) => {
      const fields = `first=${price},max=${price},min=${price},last=${price},mean=${price}`;
      return `price_1h,${tags} ${fields},count=60i ${timeMs}000000`;
    });
    await post(influx, candles);
  }
  await influx.close();
}

async function measure(influx: Influx, intervalMs: number, marks: RegExp): Promise<void> {
  const { bucket } = influx;
  const tasks = boundTasks({ bucket, sampling: { finestMs: intervalMs, commonMs: intervalMs } });
  for (const { file, values, mark } of tasks.filter((task) => marks.test(task.mark))) {
    const flux = bind(loadTask(file), values);
    const [wall, cpu]: [number[], number[]] = [[], []];
    for (let run = 0; run < runs; run++) {
      const [cpuBefore, before] = [server.cpuSeconds(), performance.now()];
      await influx.collect(flux, {}, { now });
      wall.push((performance.now() - before) / 1_000);
      cpu.push(server.cpuSeconds() - cpuBefore);
    }
    const figures = `${median(wall).toFixed(2)} s, CPU ${median(cpu).toFixed(2)} s`;
    console.log(`${mark.padEnd(10)} a price each ${intervalMs / 1_000} s: ${figures}`);
  }
}

try {
  const [minutely, secondly] = [to('tidemark'), to('seconds')];
  await secondly.buckets.ensure({ retentionSeconds: 0 });
  for (const influx of [minutely, secondly]) {
    const sampling = { finestMs: 1_000, commonMs: 1_000 };
    await ensureBuckets(influx, boundTasks({ bucket: influx.bucket, sampling }), retentions);
  }
  const minutes: string[] = [];
  for (const { prices } of rankMarket(endMs, 60)) {
    await post(minutely, prices);
    minutes.push(prices);
  }
  await fillSeconds(secondly, minutes.slice(-5));
  await fillHours(minutes[0] ?? '');
  const load = loadavg().map((value) => value.toFixed(1));
  console.log(`${MARKETS} markets; load ${load.join(' ')}`);
  await measure(minutely, 60_000, /^(rollup|moments)/);
  await measure(secondly, 1_000, /^(rollup-(1|5)m|moments-5m)$/);
  await minutely.close();
  await secondly.close();
} finally {
  await server.stop();
}
