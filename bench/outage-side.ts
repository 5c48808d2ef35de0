/**
 * One side of outage.ts: takes lines as messages and answers each when it has taken them. `ours`:
 * when they are on disk. `client-js`: when its flush has returned, stored or not; that is all that
 * it tells. Arguments: ours or client-js, the place as JSON.
 */
import { InfluxDB, setLogger } from '@influxdata/influxdb-client';
import { systemClock as clock } from '../core/clock.ts';
import { createInflux } from '../core/influx/influx.ts';
import { silentLog } from '../core/log.ts';
import type { Point } from '../core/point.ts';
import { createWriter, defaultLimits } from '../ingest/writer/writer.ts';

interface Taker {
  take(lines: readonly string[]): Promise<void>;
  stop(): Promise<void>;
}

const [kind, text = '{}'] = process.argv.slice(2);
const { url, token, org, bucket, dir, scale } = JSON.parse(text);

function pointOf(line: string): Point {
  const [series = '', fields = '', time = ''] = line.split(' ');
  const [measurement = '', ...tags] = series.split(',');
  const pairs = (list: readonly string[]) =>
    list.map((each) => each.split('=') as [string, string]);
  return {
    measurement,
    tags: Object.fromEntries(pairs(tags)),
    fields: Object.fromEntries(
      pairs(fields.split(',')).map(([key, floatText]) => [key, { floatText }]),
    ),
    timeNs: BigInt(time),
  };
}

async function ours(): Promise<Taker> {
  const { baseMs, maxMs } = defaultLimits.backoff;
  const backoff = { baseMs: baseMs / scale, maxMs: maxMs / scale };
  const target = createInflux({ url, token, org, bucket, timeoutMs: 60_000, clock });
  const { random } = Math;
  const limits = { backoff };
  const writer = await createWriter({ dir, target, clock, random, log: silentLog, limits });
  return {
    take: (lines) => writer.accept(lines.map(pointOf)),
    async stop() {
      await writer.close();
      await target.close();
    },
  };
}

async function theirs(): Promise<Taker> {
  setLogger({ error: () => undefined, warn: () => undefined });
  const scaled =
    scale === 1
      ? {}
      : {
          ...{ flushInterval: 60_000 / scale, retryJitter: 200 / scale },
          ...{ minRetryDelay: 5_000 / scale, maxRetryDelay: 125_000 / scale },
          maxRetryTime: 180_000 / scale,
        };
  const api = new InfluxDB({ url, token }).getWriteApi(org, bucket, 'ns', {
    ...scaled,
    writeFailed: () => undefined,
  });
  return {
    async take(lines) {
      for (const line of lines) api.writeRecord(line);
      // Its queue has no back-pressure of its own.
      await api.flush().catch(() => 'counted by the server');
    },
    stop: () => api.close().catch(() => undefined),
  };
}

const taker = await (kind === 'ours' ? ours() : theirs());
process.on('message', async (message: string) => {
  if (message === 'stop') {
    await taker.stop();
    process.exit();
  }
  await taker.take(message.split('\n').filter((line) => line !== ''));
  process.send?.('taken');
});
process.send?.('ready');
