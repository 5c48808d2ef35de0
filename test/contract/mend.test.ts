/** Steps that were missed, and prices that came late, end up as if nothing had happened. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { systemClock } from '../../core/clock.ts';
import { createInflux, type Influx } from '../../core/influx/influx.ts';
import { silentLog } from '../../core/log.ts';
import { type RankWindow, windowMs } from '../../core/rollups.ts';
import { bind, loadTask } from '../../flux/load.ts';
import type { Database } from '../../registry/database.ts';
import { countDirty, markDirty } from '../../registry/dirty.ts';
import { migrate } from '../../registry/migrate.ts';
import { openPGlite } from '../../registry/pglite.ts';
import { ensureBuckets } from '../../tasks/buckets.ts';
import { boundTasks } from '../../tasks/desired.ts';
import { mendOnce } from '../../tasks/mend.ts';
import { markMissedSteps } from '../../tasks/missed.ts';
import { ManualClock } from '../helpers/clock.ts';
import { forEachEngine } from '../helpers/engines.ts';
import { marketRanks, type PricePoint } from '../helpers/rank-oracle.ts';
import { candles, gappyMarket, linesOf } from '../helpers/rollup-oracle.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const STEP_MS = 5 * MINUTE_MS;
/** An hour's end, with some of the next behind us. */
const NOW_MS = Math.floor(Date.now() / HOUR_MS - 1) * HOUR_MS;
const sampling = { finestMs: 60_000, commonMs: 60_000 };
const retentions = {
  priceMs: 2 * 24 * HOUR_MS,
  rollupMs: { '1m': 0, '5m': 0, '1h': 0, '1d': 0 },
};

forEachEngine((name, start) => {
  describe(`missed and dirty steps on ${name}`, () => {
    let engine: Awaited<ReturnType<typeof start>>;
    let influx: Influx;
    let registry: Database;
    let dir = '';
    let points: PricePoint[] = [];
    let lastMs = NOW_MS;
    // The end of the last step and what its own run is waited for.
    const clock = new ManualClock(NOW_MS + 4 * MINUTE_MS);
    const tasks = () => boundTasks({ bucket: influx.bucket, sampling });
    /** As they were before there were steps of ten minutes. */
    const tasksBefore = () => tasks().filter(({ mark }) => mark !== 'moments-10m');
    const older = () => ({ ...options(), tasks: tasksBefore() });
    const options = () => ({ influx, registry, tasks: tasks(), retentions, clock, log: silentLog });

    before(async () => {
      engine = await start();
      const { url, token, org, bucket } = engine;
      influx = createInflux({ url, token, org, bucket, timeoutMs: 60_000, clock: systemClock });
      dir = await mkdtemp(join(tmpdir(), 'tidemark-mend-'));
      registry = await openPGlite({ dir: join(dir, 'data'), log: silentLog });
      await migrate(registry);
      await ensureBuckets(influx, tasks(), retentions);
      points = gappyMarket(NOW_MS, { minutes: 90, missing: 0.02 });
      points = points.filter(({ pair }) => pair !== 'oftenusd');
      await influx.write(linesOf(points), { gzip: false });
    });
    after(async () => {
      await influx?.close();
      await registry?.close();
      await engine?.stop();
      await rm(dir, { recursive: true, force: true });
    });

    async function mendAll(how = options()): Promise<void> {
      while ((await mendOnce({ ...how, settleMs: 0 })) > 0);
    }

    async function assertCounts(): Promise<void> {
      for (const [level, everyMs] of [
        ['5m', STEP_MS],
        ['1h', HOUR_MS],
      ] as const) {
        const flux = `from(bucket: "${influx.bucket}_${level}") |> range(start: -2d)
          |> filter(fn: (r) => r._field == "count") |> group()`;
        const shape = {
          exchange: 'string',
          pair: 'string',
          _time: 'time',
          _value: 'long',
        } as const;
        const rows = await influx.collect(flux, shape);
        const found = rows.map(({ exchange, pair, _time, _value }) => {
          return `${exchange}/${pair}/${Date.parse(_time)} ${_value}`;
        });
        // Only whole steps are written.
        const endMs = Math.floor(lastMs / everyMs) * everyMs;
        const whole = points.filter(({ timeMs }) => timeMs < endMs);
        const wanted = [...candles(whole, everyMs)].map(([key, { count }]) => `${key} ${count}`);
        assert.deepEqual(found.sort(), wanted.sort());
      }
    }

    async function assertRanks(
      window: RankWindow,
      { endMs, error }: { readonly endMs: number; readonly error: number },
    ): Promise<void> {
      const at = new Date(endMs).toISOString();
      const read = `from(bucket: "${influx.bucket}")
        |> range(start: ${at}, stop: ${at.replace('.000', '.001')})
        |> filter(fn: (r) => r._measurement == "rank" and r._field == "stddev")
        |> filter(fn: (r) => r.window == "${window}") |> group()`;
      const shape = { exchange: 'string', pair: 'string', _value: 'double' } as const;
      const rows = await influx.collect(read, shape);
      const wanted = marketRanks(points, endMs, windowMs(window));
      assert.equal(rows.length, wanted.length);
      for (const { exchange, pair, _value } of rows) {
        const { stddev } = wanted.find(({ key }) => key === `${exchange}/${pair}`)!;
        assert.ok(Math.abs(_value - stddev) <= error * stddev, `${exchange}/${pair}`);
      }
    }

    it('are all found after an outage, and made good; those before the first price need nothing', async () => {
      // Of five minutes 18, and 17 in the hour and a half that ranks of an hour read; 1 whole
      // hour and a part of one, for both kinds; and days that are whole at midnight UTC.
      const found = await markMissedSteps(older());
      const days = new Set(points.map(({ timeMs }) => Math.floor(timeMs / 864e5)));
      const today = Math.floor((NOW_MS + MINUTE_MS) / 864e5);
      days.delete(today);
      assert.equal(found, 18 + 17 + 2 * 2 + days.size);
      await mendAll(older());
      await assertCounts();
      assert.equal(await markMissedSteps(older()), 0);
      assert.equal(await countDirty(registry), 0);
    });

    it('of a level that is new are made good, and the prices are ranked meanwhile', async () => {
      const slot = new Date(NOW_MS).toISOString();
      const rankNow = () => {
        const { file, values } = tasks().find(({ mark }) => mark === 'rank-24h')!;
        return influx.collect(bind(loadTask(file), values), {}, { now: slot });
      };
      await rankNow();
      await assertRanks('24h', { endMs: NOW_MS, error: 1e-9 });
      assert.equal(await markMissedSteps(options()), 9);
      assert.equal(await countDirty(registry), 9);
      await mendAll();
      await assertRanks('24h', { endMs: NOW_MS, error: 1e-9 });
      assert.equal(await markMissedSteps(options()), 0);
    });

    it('that were not written alone are found among the others', async () => {
      const fresh = [0, 1, 2].map((minute) => {
        return { exchange: 'whole', pair: 'btcusd', timeMs: NOW_MS + minute * MINUTE_MS, price: 7 };
      });
      points = [...points, ...fresh];
      await influx.write(linesOf(fresh), { gzip: false });
      lastMs = NOW_MS + STEP_MS;
      const clockLater = new ManualClock(NOW_MS + STEP_MS + 4 * MINUTE_MS);
      assert.equal(await markMissedSteps({ ...options(), clock: clockLater }), 2);
      assert.equal(await countDirty(registry), 1);
      assert.equal(await mendOnce({ ...options(), settleMs: 0, clock: clockLater }), 1);
      assert.equal(await markMissedSteps({ ...options(), clock: clockLater }), 0);
      await assertCounts();
    });

    it('whose prices came late count them, and so do the ranks', async () => {
      const late = [70, 33, 32, 2].flatMap((minute) => {
        const timeMs = NOW_MS - minute * MINUTE_MS + 1_000;
        return [
          { exchange: 'gappy', pair: 'btcusd', timeMs, price: 61_000 + minute },
          { exchange: 'whole', pair: 'lateusd', timeMs, price: 3 + minute },
        ];
      });
      points = [...points, ...late];
      await influx.write(linesOf(late), { gzip: false });
      for (const { timeMs } of late) {
        await markDirty(registry, { fromMs: timeMs, toMs: timeMs + 1 });
      }
      await mendAll();
      await assertCounts();
      // The newest hour ends with the step that was found missing above, the newest day before it.
      await assertRanks('1h', { endMs: NOW_MS + STEP_MS, error: 1e-6 });
      await assertRanks('24h', { endMs: NOW_MS, error: 1e-6 });
    });

    it('older than the prices are kept are left as they are', async () => {
      await markDirty(registry, { fromMs: NOW_MS - 9 * 864e5, toMs: NOW_MS - 9 * 864e5 + 1 });
      const asked: string[] = [];
      const collect: Influx['collect'] = async (flux) => {
        asked.push(flux);
        return [];
      };
      const watched = { ...influx, collect };
      assert.equal(await mendOnce({ ...options(), influx: watched, settleMs: 0 }), 1);
      assert.deepEqual(asked, []);
      assert.equal(await countDirty(registry), 0);
    });
  });
});
