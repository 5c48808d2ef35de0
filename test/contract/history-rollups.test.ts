/** Prices in windows from what the tasks of flux/tasks really write, on every engine. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createKept } from '../../api/history/coverage.ts';
import { historyAnswer } from '../../api/history/schemas.ts';
import { systemClock } from '../../core/clock.ts';
import { createInflux, type Influx } from '../../core/influx/influx.ts';
import { rollupBucket, stepMs } from '../../core/rollups.ts';
import { createHistoryQueries } from '../../flux/history-queries.ts';
import { bind, loadTask } from '../../flux/load.ts';
import { boundTasks } from '../../tasks/desired.ts';
import { startApi, type TestApi } from '../helpers/api.ts';
import { type Engine, forEachEngine } from '../helpers/engines.ts';
import { candlesOf } from '../helpers/price-oracle.ts';
import type { PricePoint } from '../helpers/rank-oracle.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const NOW_MS = Math.floor(Date.now() / HOUR_MS) * HOUR_MS - 23 * MINUTE_MS - 3_456;
const BEGIN_MS = Math.floor(NOW_MS / HOUR_MS - 3) * HOUR_MS;
const LEVELS = ['1m', '5m', '1h'] as const;
const sampling = { finestMs: 15_000, commonMs: 15_000 };

const points: PricePoint[] = [];
for (const [e, exchange] of ['bitfinex', 'kraken'].entries()) {
  for (let timeMs = BEGIN_MS; timeMs < NOW_MS; timeMs += 15_000) {
    const slot = (timeMs - BEGIN_MS) / 15_000;
    // Some prices are missing, and on one exchange half an hour of them.
    if ((slot * 7 + e) % 11 === 0 || (e === 1 && slot > 200 && slot < 320)) continue;
    points.push({ exchange, pair: 'btcusd', timeMs, price: 20_000 + ((slot * 37) % 101) / 8 });
  }
}

forEachEngine((name, start) => {
  describe(`prices from the roll-ups of ${name}`, () => {
    let engine: Engine;
    let influx: Influx;
    let api: TestApi;

    before(async () => {
      engine = await start();
      const { bucket } = engine;
      influx = createInflux({ ...engine, timeoutMs: 60_000, clock: systemClock });
      const lines = points.map(
        (p) => `price,exchange=${p.exchange},pair=btcusd price=${p.price} ${p.timeMs}000000`,
      );
      assert.equal((await influx.write(lines.join('\n'), { gzip: false })).status, 204);
      const tasks = boundTasks({ bucket, sampling });
      for (const level of LEVELS) {
        await influx.buckets.ensure({ retentionSeconds: 0, name: rollupBucket(bucket, level) });
        const task = tasks.find(({ mark }) => mark === `rollup-${level}`)!;
        const step = stepMs(level);
        const flux = bind(loadTask(task.file), task.values);
        for (let slotMs = BEGIN_MS + step; slotMs <= NOW_MS; slotMs += step) {
          await influx.collect(flux, {}, { now: new Date(slotMs).toISOString() });
        }
      }
      const clock = { ...systemClock, nowMs: () => NOW_MS };
      const queries = createHistoryQueries({ bucket });
      const rollupRetentionMs = { '1m': 0, '5m': 0, '1h': 0, '1d': 0 };
      const retentionMs = 48 * HOUR_MS;
      const dirty = async () => [];
      const options = { influx, queries, clock, retentionMs, rollupRetentionMs, dirty };
      api = await startApi({ influx, clock, history: { queries, kept: createKept(options) } });
    });
    after(async () => {
      await api?.close();
      await influx?.close();
      await engine?.stop();
    });

    for (const [every, sources] of [
      ['1m', ['1m', 'raw']],
      ['15m', ['5m', '1m', 'raw']],
      ['2h', ['1h', '5m', '1m', 'raw']],
    ] as const) {
      it(`are those of the prices, in windows of ${every}`, async () => {
        const startMs = BEGIN_MS + 3 * MINUTE_MS + 7_000;
        const query = `start=${startMs}&every=${every}`;
        const url = `${api.url}/api/v1/pairs/btcusd/prices?${query}`;
        const everyMs = { '1m': 1, '15m': 15, '2h': 120 }[every] * MINUTE_MS;
        const wanted = candlesOf(points, { startMs, stopMs: NOW_MS, everyMs });
        const ohlc = historyAnswer.parse(await (await fetch(`${url}&fn=ohlc`)).json());
        assert.deepEqual(ohlc.sources, sources);
        assert.deepEqual(
          ohlc.prices,
          wanted.map(({ exchange, timeMs, mean: _, ...numbers }) => {
            return { ...numbers, time: new Date(timeMs).toISOString(), exchange };
          }),
        );
        const mean = historyAnswer.parse(await (await fetch(url)).json());
        for (const [index, row] of mean.prices.entries()) {
          const found = 'price' in row ? (row.price ?? 0) : 0;
          assert.ok(Math.abs(found - wanted[index]!.mean) < 1e-12 * found);
        }
      });
    }
  });
});
