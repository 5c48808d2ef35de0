import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../core/clock.ts';
import { createInflux, type Influx } from '../../core/influx/influx.ts';
import { silentLog } from '../../core/log.ts';
import type { Point } from '../../core/point.ts';
import { Courier } from '../../ingest/writer/courier.ts';
import type { DeadLetter } from '../../ingest/writer/dead-letters.ts';
import { Delivery } from '../../ingest/writer/delivery.ts';
import { splitLines } from '../../ingest/writer/lines.ts';
import { type Engine, forEachEngine } from '../helpers/engines.ts';
import { deadLetters, inTemporaryDir, openWriter, until } from '../ingest/writer/support.ts';

const COUNT = 5_000;
const POISON = 3_210;

function recentPoints(): Point[] {
  const startNs = BigInt(Date.now() - COUNT) * 1_000_000n;
  return Array.from({ length: COUNT }, (_, n) => ({
    measurement: 'price',
    tags: { exchange: 'kraken', pair: `p${n % 40}usd` },
    fields: { price: n + 0.5 },
    timeNs: startNs + BigInt(n) * 1_000_000n,
  }));
}

async function storedPoints(influx: Influx): Promise<number> {
  const flux = `from(bucket: "${influx.bucket}") |> range(start: -2h) |> filter(fn: (r) => r._measurement == "price" and r._field == "price")`;
  const seen = new Set<number>();
  for await (const { _value } of influx.rows(flux, { _value: 'double' })) seen.add(_value);
  return seen.size;
}

/** Writes the points to a new bucket of one hour's retention; what died, what is there. */
async function throughWriter(influx: Influx, points: readonly Point[]) {
  return inTemporaryDir(async (dir) => {
    const writer = await openWriter(dir, influx);
    await writer.accept(points);
    await until(() => writer.stats().spoolBytes === 0, 'the points to be stored');
    await writer.close();
    const letters = await deadLetters(dir);
    return { letters, dead: writer.stats().deadPoints, stored: await storedPoints(influx) };
  });
}

async function withBucket(start: () => Promise<Engine>, use: (influx: Influx) => Promise<void>) {
  const engine = await start();
  const account = { ...engine, bucket: 'short', timeoutMs: 20_000, clock: systemClock };
  const influx = createInflux(account);
  try {
    await influx.buckets.ensure({ retentionSeconds: 3_600 });
    await use(influx);
  } finally {
    await influx.close();
    await engine.stop();
  }
}

forEachEngine((name, start) => {
  test(`${name}: a point of another type than its field costs only itself`, () =>
    withBucket(start, async (influx) => {
      const points = recentPoints();
      points[POISON] = { ...(points[POISON] as Point), fields: { price: 7n } };
      const { letters, dead, stored } = await throughWriter(influx, points);
      assert.equal(stored, COUNT - 1);
      assert.equal(dead, 1);
      assert.equal(letters[0]?.reason, 'type-conflict');
      assert.match(letters[0]?.line ?? '', /price=7i/);
    }));

  test(`${name}: a point older than the retention costs only itself`, () =>
    withBucket(start, async (influx) => {
      const points = recentPoints();
      const timeNs = BigInt(Date.now() - 30 * 3_600_000) * 1_000_000n;
      points[POISON] = { ...(points[POISON] as Point), timeNs };
      const { letters, dead, stored } = await throughWriter(influx, points);
      assert.equal(stored, COUNT - 1);
      assert.equal(dead, 1);
      assert.equal(letters[0]?.reason, 'outside-retention');
    }));

  test(`${name}: lines that it cannot parse cost only themselves`, () =>
    withBucket(start, async (influx) => {
      // The encoder writes no such lines, so they are put in its place.
      const bad = ["price,pair=x price='5'", 'price', 'price,pair= price=1 1', 'price price=1 x'];
      const lines = recentPoints().map(
        ({ tags, fields, timeNs }) =>
          `price,exchange=kraken,pair=${tags.pair} price=${fields.price} ${timeNs}`,
      );
      lines.splice(POISON, bad.length, ...bad);
      const letters: DeadLetter[] = [];
      const courier = new Courier({
        target: influx,
        backoff: { baseMs: 1, maxMs: 10 },
        fixWaitMs: 10,
        clock: systemClock,
        random: Math.random,
        log: silentLog,
        signal: () => new AbortController().signal,
        onRetry: () => {},
        compress: true,
      });
      const delivery = new Delivery({
        courier,
        triesBeforeTrial: 2,
        onStored: () => {},
        bury: async (more) => void letters.push(...more),
      });
      assert.ok(await delivery.deliver(splitLines(Buffer.from(`${lines.join('\n')}\n`))));
      assert.equal(await storedPoints(influx), COUNT - bad.length);
      assert.deepEqual(letters.map(({ line }) => line).sort(), [...bad].sort());
    }));
});
