/** Roll-ups and the ranks made of them, on every engine, against a plain computation. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { systemClock } from '../../core/clock.ts';
import { createInflux, type Influx } from '../../core/influx/influx.ts';
import {
  type RankWindow,
  type RollupLevel,
  rollupBucket,
  rollupMeasurement,
  stepMs,
  windowMs,
} from '../../core/rollups.ts';
import type { ParameterValue } from '../../flux/literal.ts';
import { bind, loadTask } from '../../flux/load.ts';
import { ensureBuckets } from '../../tasks/buckets.ts';
import { boundTasks } from '../../tasks/desired.ts';
import { writeMarks } from '../../tasks/missed.ts';
import { stepsWithin } from '../../tasks/steps.ts';
import { forEachEngine } from '../helpers/engines.ts';
import { marketRanks, type PricePoint, pairRanks, type Ranked } from '../helpers/rank-oracle.ts';
import { type Candle, candles, gappyMarket, linesOf } from '../helpers/rollup-oracle.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** A day's end, so that days, hours and windows end with it; never more than a day ago. */
const END_MS = Math.floor(Date.now() / DAY_MS) * DAY_MS;
const sampling = { finestMs: 10_000, commonMs: 60_000 };
const retentions = { priceMs: 0, rollupMs: { '1m': 0, '5m': 0, '1h': 0, '1d': 0 } };
const CANDLE = {
  _time: 'time',
  exchange: 'string',
  pair: 'string',
  count: 'long',
  first: 'double',
  max: 'double',
  min: 'double',
  last: 'double',
  mean: 'double',
} as const;
const FIELDS = ['first', 'max', 'min', 'last', 'mean'] as const;

forEachEngine((name, start) => {
  describe(`roll-ups on ${name}`, () => {
    let engine: Awaited<ReturnType<typeof start>>;
    let influx: Influx;
    let bucket = '';
    let points: PricePoint[] = [];

    const write = async (list: readonly PricePoint[]) => {
      const answer = await influx.write(gzipSync(linesOf(list)), { gzip: true });
      assert.equal(answer.status, 204, answer.text);
    };
    const run = (mark: string, endMs: number, values: Record<string, ParameterValue> = {}) => {
      const task = boundTasks({ bucket, sampling }).find((one) => one.mark === mark)!;
      const flux = bind(loadTask(task.file), { ...task.values, ...values });
      return influx.collect(flux, {}, { now: new Date(endMs).toISOString() });
    };
    const runEach = async (mark: string, everyMs: number, fromMs: number) => {
      for (let ms = fromMs + everyMs; ms <= END_MS; ms += everyMs) await run(mark, ms);
    };

    before(async () => {
      engine = await start();
      const { url, token, org } = engine;
      bucket = engine.bucket;
      influx = createInflux({ url, token, org, bucket, timeoutMs: 60_000, clock: systemClock });
      await ensureBuckets(influx, boundTasks({ bucket, sampling }), retentions);
      points = gappyMarket(END_MS, { minutes: 1_440, missing: 0.03 });
      await write(points);
    });
    after(async () => {
      await influx?.close();
      await engine?.stop();
    });

    async function rolledUp(level: RollupLevel): Promise<Map<string, Candle>> {
      const flux = `from(bucket: "${rollupBucket(bucket, level)}")
        |> range(start: ${new Date(END_MS - DAY_MS).toISOString()})
        |> filter(fn: (r) => r._measurement == "${rollupMeasurement(level)}")
        |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value") |> group()`;
      const rows = await influx.collect(flux, CANDLE);
      return new Map(
        rows.map((row) => [`${row.exchange}/${row.pair}/${Date.parse(row._time)}`, row]),
      );
    }

    function equal(found: Map<string, Candle>, wanted: Map<string, Candle>): void {
      assert.deepEqual([...found.keys()].sort(), [...wanted.keys()].sort());
      for (const [key, candle] of wanted) {
        const other = found.get(key)!;
        assert.equal(other.count, candle.count, key);
        for (const field of FIELDS) {
          const error = Math.abs(other[field] - candle[field]);
          const exact = field === 'mean' ? 1e-12 * candle.mean : 0;
          assert.ok(error <= exact, `${key} ${field}: ${other[field]} is not ${candle[field]}`);
        }
      }
    }

    it('are right for steps one by one and for many at once, without empty ones', async () => {
      const fromMs = END_MS - 2 * HOUR_MS;
      const recent = points.filter(({ timeMs }) => timeMs >= fromMs);
      await runEach('rollup-5m', stepMs('5m'), fromMs);
      equal(await rolledUp('5m'), candles(recent, stepMs('5m')));
      const range = { start: new Date(fromMs), stop: new Date(END_MS) };
      await run('rollup-1m', END_MS, range);
      equal(await rolledUp('1m'), candles(recent, stepMs('1m')));
    });

    it('of days are made of those of hours', async () => {
      const range = { start: new Date(END_MS - DAY_MS), stop: new Date(END_MS) };
      await run('rollup-1h', END_MS, range);
      equal(await rolledUp('1h'), candles(points, stepMs('1h')));
      await run('rollup-1d', END_MS);
      equal(await rolledUp('1d'), candles(points, stepMs('1d')));
    });

    it('leave a mark of each step, empty or not, and none where they failed', async () => {
      await run('rollup-5m', END_MS - 40 * DAY_MS);
      const marks = async (mark: string, startMs: number) => {
        const flux = `from(bucket: "${bucket}") |> range(start: ${new Date(startMs).toISOString()})
          |> filter(fn: (r) => r._measurement == "rollup_step" and r.task == "${mark}")
          |> filter(fn: (r) => r._field == "series") |> group()`;
        const rows = await influx.collect(flux, { _time: 'time', _value: 'long' });
        return rows.map((row) => [(END_MS - Date.parse(row._time)) / 60_000, row._value] as const);
      };
      const [first, second] = await marks('rollup-5m', END_MS - 41 * DAY_MS);
      assert.deepEqual(first, [40 * 1_440 + 5, 0]);
      assert.deepEqual(second?.[0], 120);
      assert.deepEqual((await marks('rollup-1d', END_MS - 2 * DAY_MS))[0], [1_440, 20]);
      await assert.rejects(run('moments-5m', END_MS, { mark: 'doomed', into: 'nowhere' }));
      assert.deepEqual(await marks('doomed', END_MS - 2 * DAY_MS), []);
    });

    const RANKED = { stddev: 'double', rank: 'long', of: 'long' } as const;
    async function ranks(measurement: string, window: string, endMs = END_MS): Promise<Ranked[]> {
      const at = new Date(endMs).toISOString();
      const flux = `from(bucket: "${bucket}") |> range(start: ${at}, stop: ${at.replace('.000', '.001')})
        |> filter(fn: (r) => r._measurement == "${measurement}" and r.window == "${window}")
        |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value") |> group()`;
      const shape = { exchange: 'string?', pair: 'string', ...RANKED } as const;
      const rows = await influx.collect(flux, shape);
      const keyed = rows.map(({ exchange, pair, stddev, rank, of }) => {
        return { key: exchange === null ? pair : `${exchange}/${pair}`, stddev, rank, of };
      });
      return keyed.sort((a, b) => (a.key < b.key ? -1 : 1));
    }

    /** The worst relative difference of those that are told to be; a frozen market is exactly 0. */
    function assertRanks(found: readonly Ranked[], wanted: readonly Ranked[], told: RegExp) {
      const place = ({ key, rank, of }: Ranked) => `${key} ${rank}/${of}`;
      assert.deepEqual(found.map(place), wanted.map(place));
      for (const [index, { key, stddev }] of found.entries()) {
        const other = wanted[index]!.stddev;
        const error = other === 0 ? stddev : Math.abs(stddev - other) / other;
        assert.ok(error < (told.test(key) ? 1e-9 : 1e-6), `${key}: ${stddev} is not ${other}`);
      }
    }

    const exact = /^whole\/(?!newusd|gone)/;
    const none = /^$/;

    async function assertWindow(window: RankWindow, told: RegExp): Promise<void> {
      const ms = windowMs(window);
      assertRanks(await ranks('rank', window), marketRanks(points, END_MS, ms), told);
      assertRanks(await ranks('pair_rank', window), pairRanks(points, END_MS, ms), none);
    }

    /** Where prices are missing: by reading those that are there, and by what is noted. */
    async function assertBothWays(
      window: RankWindow,
      told: RegExp,
      values: Record<string, ParameterValue> = {},
    ): Promise<void> {
      for (const few of [2_000, 0]) {
        await run(`rank-${window}`, END_MS, { ...values, few, again: true });
        await run(`pair-rank-${window}`, END_MS, { ...values, few, again: true });
        await assertWindow(window, few > 0 ? /./ : told);
      }
    }

    it('give ranks of an hour, exact where no sample is missing', async () => {
      await runEach('moments-5m', stepMs('5m'), END_MS - HOUR_MS);
      await assertBothWays('1h', exact);
    });

    it('give the same once late prices have come and their steps are written again', async () => {
      const lateMs = END_MS - 7 * 60_000;
      const late = ['whole', 'gappy'].map((exchange) => {
        return { exchange, pair: 'frozenusd', timeMs: lateMs + 1_000, price: 0.3 };
      });
      await write(late);
      points = [...points, ...late];
      const endMs = END_MS - 5 * 60_000;
      await run('moments-5m', endMs, { all: true });
      await assertBothWays('1h', none);
    });

    it('give ranks of a week and a day, of the hours that there are', async () => {
      await runEach('moments-1h', stepMs('1h'), END_MS - DAY_MS);
      const moments = boundTasks({ bucket, sampling }).find(({ mark }) => mark === 'moments-1h')!;
      const before = { fromMs: END_MS - 7 * DAY_MS, toMs: END_MS - DAY_MS };
      await writeMarks(influx, moments, stepsWithin(before, HOUR_MS));
      await run('rank-7d', END_MS);
      await run('pair-rank-7d', END_MS);
      await assertWindow('7d', none);
      // The day as well, by its own script: 24 steps of an hour instead of 144 of ten minutes.
      const hours = { points: 'moments_1h', shortfalls: 'deficit_1h', source: 'moments-1h' };
      const steps = { step: '1h', steps: 24, regular: 60 };
      await assertBothWays('24h', exact, { ...hours, ...steps });
    });

    it('write a window once, and none while a step of it is missing', async () => {
      const runs = async () => {
        const flux = `from(bucket: "${bucket}") |> range(start: 2000-01-01T00:00:00Z)
          |> filter(fn: (r) => r._measurement == "rank" and r.window == "1h" and r._field == "of")
          |> group() |> keep(columns: ["_time"]) |> distinct(column: "_time")`;
        const rows = await influx.collect(flux, { _value: 'time' });
        return rows.map(({ _value }) => (Date.parse(_value) - END_MS) / 60_000);
      };
      await run('rank-1h', END_MS + 60_000);
      assert.deepEqual(await runs(), [0]);
      await run('moments-5m', END_MS + 10 * 60_000);
      await run('rank-1h', END_MS + 11 * 60_000);
      assert.deepEqual(await runs(), [0]);
      await run('moments-5m', END_MS + 5 * 60_000);
      await run('rank-1h', END_MS + 11 * 60_000);
      assert.deepEqual(await runs(), [0, 10]);
    });
  });

  describe(`ranks of a young installation on ${name}`, () => {
    it('are those of the prices so far, up to the slot of the run', async () => {
      const engine = await start();
      const { url, token, org, bucket } = engine;
      const influx = createInflux({
        url,
        token,
        org,
        bucket,
        timeoutMs: 60_000,
        clock: systemClock,
      });
      try {
        const tasks = boundTasks({ bucket, sampling });
        await ensureBuckets(influx, tasks, retentions);
        const points = gappyMarket(END_MS, { minutes: 3, missing: 0 });
        await influx.write(linesOf(points), { gzip: false });
        for (const { file, values, kind } of tasks) {
          if (kind !== 'rank') continue;
          const now = new Date(END_MS).toISOString();
          await influx.collect(bind(loadTask(file), values), {}, { now });
        }
        const flux = `from(bucket: "${bucket}") |> range(start: ${new Date(END_MS).toISOString()})
          |> filter(fn: (r) => r._field == "rank" and r._measurement =~ /rank/)
          |> group(columns: ["_measurement", "window"]) |> count()`;
        const rows = await influx.collect(flux, { window: 'string', _value: 'long' });
        const wanted = [marketRanks(points, END_MS).length, pairRanks(points, END_MS).length];
        const counts = rows.map(({ window, _value }) => `${window} ${_value}`).sort();
        const all = ['1h', '24h', '7d'].flatMap((window) => wanted.map((n) => `${window} ${n}`));
        assert.deepEqual(counts, all.sort());
      } finally {
        await influx.close();
        await engine.stop();
      }
    });
  });
});
