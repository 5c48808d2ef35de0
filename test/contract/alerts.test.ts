/** The rules of alerts on every engine: what they find, against a plain computation. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { type AlertRule, canaryRule, ratioRules, thresholdRules } from '../../core/alert-rules.ts';
import { systemClock } from '../../core/clock.ts';
import { createInflux, type Influx } from '../../core/influx/influx.ts';
import { createAlertQueries, type SeriesTags } from '../../flux/alert-queries.ts';
import { type AlertReader, createAlertReader, type FoundPoint } from '../../flux/alert-reader.ts';
import { bind, loadTask } from '../../flux/load.ts';
import { alertTasks } from '../../tasks/alert-tasks.ts';
import { findings, oddSeries } from '../helpers/alert-oracle.ts';
import { forEachEngine } from '../helpers/engines.ts';

const MINUTE_MS = 60_000;
const END_MS = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS - 30 * MINUTE_MS;
const STEP = { fromMs: END_MS - MINUTE_MS, toMs: END_MS };
const points = oddSeries(END_MS);
const [above, below] = ratioRules({ metrics: ['price'], direction: 'either' }) as [
  AlertRule,
  AlertRule,
];

const escaped = (text: string) => text.replace(/[ ,=]/g, '\\$&');

function shown(found: readonly FoundPoint[]) {
  return found
    .map(({ series, timeMs, value, average, samples }) => {
      return { series, timeMs, value, average, samples };
    })
    .sort((a, b) => (a.series < b.series ? -1 : 1));
}

forEachEngine((name, start) => {
  describe(`rules of alerts on ${name}`, () => {
    let engine: Awaited<ReturnType<typeof start>>;
    let influx: Influx;
    let reader: AlertReader;
    let bucket = '';

    const write = async (lines: readonly string[]) => {
      const answer = await influx.write(gzipSync(lines.join('\n')), { gzip: true });
      assert.equal(answer.status, 204, answer.text);
    };
    const run = async (rule: AlertRule, endMs = END_MS, everyMs = MINUTE_MS) => {
      const [task] = alertTasks({ bucket, alertRules: [rule], alertEveryMs: everyMs });
      const flux = bind(loadTask(task!.file), task!.values);
      await influx.collect(flux, {}, { now: new Date(endMs).toISOString() });
    };
    const threshold = (spec: Partial<Parameters<typeof thresholdRules>[0]>) =>
      thresholdRules({ metrics: ['price'], ...spec });
    const foundBy = async (rule: AlertRule) => {
      await run(rule);
      return (await reader.found(rule, STEP)).map(({ series, value }) => [series, value]).sort();
    };

    before(async () => {
      engine = await start();
      const { url, token, org } = engine;
      bucket = engine.bucket;
      influx = createInflux({ url, token, org, bucket, timeoutMs: 60_000, clock: systemClock });
      reader = createAlertReader(influx);
      await write(
        points.map(({ exchange, pair, timeMs, value }) => {
          const tags = `exchange=${escaped(exchange)},pair=${escaped(pair)}`;
          return `price,${tags} price=${value},volume=7 ${Math.round(timeMs * 1e3)}000`;
        }),
      );
      const latencies = [...Array(20).keys()].flatMap((i) => {
        const ms = END_MS - MINUTE_MS - i * MINUTE_MS;
        return [
          `scan,monitor=7 total_ms=20 ${ms}000000`,
          `scan,monitor=12 total_ms=20 ${ms}000000`,
        ];
      });
      await write([
        ...latencies,
        `scan,monitor=7 total_ms=61 ${END_MS - 12_000}000000`,
        `scan,monitor=12 total_ms=60 ${END_MS - 12_000}000000`,
      ]);
    });
    after(async () => {
      await influx?.close();
      await engine?.stop();
    });

    it('find each series that is beyond its mean of the hour before, and no other', async () => {
      for (const rule of [above, below]) {
        await run(rule);
        const wanted = findings(rule, points, { endMs: END_MS, stepMs: MINUTE_MS });
        const found = shown(await reader.found(rule, STEP));
        assert.deepEqual(
          found.map((one) => one.series),
          wanted.map((one) => one.series),
        );
        for (const [i, one] of found.entries()) {
          const { average, ...rest } = wanted[i]!;
          // The order of a sum is the engine's own.
          assert.ok(Math.abs(one.average! / average - 1) < 1e-12, `${one.series} ${one.average}`);
          assert.deepEqual({ ...one, average: 0 }, { ...rest, average: 0 });
        }
      }
    });

    it('do not find what is no finding: few points, exactly the factor, nothing above zero', async () => {
      const names = new Set((await reader.found(above, STEP)).map(({ pair }) => pair));
      for (const n of [2, 3, 5, 12, 60]) {
        assert.ok(names.has(`above${n}`), `above${n}`);
        assert.ok(!names.has(`exactly${n}`), `exactly${n}`);
      }
      const never = ['above0', 'above1', 'zero', 'negative', 'aaa-new', 'gone-new', 'edge-later'];
      for (const name of [...never, 'spike-stays', 'to-infinity']) {
        assert.ok(!names.has(name), name);
      }
      const lower = new Set((await reader.found(below, STEP)).map(({ pair }) => pair));
      for (const name of ['zzz-new', 'infinite-mean', 'third60']) assert.ok(!lower.has(name), name);
      assert.ok(lower.has('below60') && lower.has('to-negative'));
    });

    it('write the same points however often a step is evaluated', async () => {
      const read = `from(bucket: "${bucket}") |> range(start: -2h, stop: 1h)
        |> filter(fn: (r) => r._measurement == "alert" and r.rule == "${above.key}")
        |> keep(columns: ["_time", "_field", "exchange", "pair"]) |> group()`;
      await run(above);
      const once = (await influx.collect(read, {})).length;
      await run(above);
      assert.equal((await influx.collect(read, {})).length, once);
      assert.equal(once, 5 * findings(above, points, { endMs: END_MS, stepMs: MINUTE_MS }).length);
    });

    it('leave a mark of each step, with or without findings', async () => {
      const empty = { fromMs: END_MS + 10 * MINUTE_MS, toMs: END_MS + 11 * MINUTE_MS };
      await run(above, empty.toMs);
      await run(canaryRule, empty.toMs);
      const marks = await reader.marks({ fromMs: STEP.fromMs, toMs: empty.toMs });
      const of = (key: string) =>
        marks.filter(({ rule }) => rule === key).map(({ stepMs, found }) => [stepMs, found]);
      const count = findings(above, points, { endMs: END_MS, stepMs: MINUTE_MS }).length;
      assert.deepEqual(of(above.key), [
        [END_MS, count],
        [empty.toMs, 0],
      ]);
      assert.deepEqual(of('canary'), [[empty.toMs, 1]]);
      assert.deepEqual(await reader.found(above, empty), []);
      const [canary] = await reader.found(canaryRule, empty);
      assert.deepEqual([canary?.series, canary?.value], ['canary', 1]);
    });

    it('take other steps, factors and windows', async () => {
      const [rule] = ratioRules({ metrics: ['price'], factor: 1.5, windowMs: 600_000 });
      const stepMs = 10 * MINUTE_MS;
      await run(rule!, END_MS, stepMs);
      const wanted = findings(rule!, points, { endMs: END_MS, stepMs });
      const found = shown(await reader.found(rule!, { fromMs: END_MS - stepMs, toMs: END_MS }));
      assert.deepEqual(
        found.map(({ series, value, samples }) => [series, value, samples]),
        wanted.map(({ series, value, samples }) => [series, value, samples]),
      );
      assert.ok(wanted.length > 0);
    });

    it('compare the latency of monitors', async () => {
      const [rule] = ratioRules({ metrics: ['latency'] });
      assert.deepEqual(await foundBy(rule!), [['latency:7', 61]]);
      const [limit] = threshold({ metrics: ['latency'], above: 50, monitors: ['12'] });
      assert.deepEqual(await foundBy(limit!), [['latency:12', 60]]);
    });

    it('find what is beyond a limit, of all series or of some', async () => {
      const [high] = threshold({ above: 1e6 - 1, exchanges: ['kraken', 'okx'] });
      assert.deepEqual(await foundBy(high!), [
        ['price:kraken:aaa-new', 1_000_000],
        ['price:kraken:gone-new', 1_000_000],
        ['price:kraken:huge', 1e307],
        ['price:kraken:to-infinity', 1.7e308],
      ]);
      const pairs = ['several', 'new-elsewhere', 'odd name,=(x)|y', 'exactly5'];
      const [some] = threshold({ above: 6, pairs });
      assert.deepEqual(await foundBy(some!), [
        ['price:kraken:several', 9],
        ['price:okx:new-elsewhere', 50],
      ]);
      const [low] = threshold({ below: 0, pairs: ['to-negative', 'negative'] });
      assert.deepEqual(await foundBy(low!), [['price:kraken:to-negative', -9]]);
      const [odd] = threshold({
        above: 3,
        pairs: ['odd name,=(x)|y'],
        exchanges: ['ex.with (dots)'],
      });
      assert.deepEqual(await foundBy(odd!), [['price:ex.with (dots):odd name,=(x)|y', 4]]);
      const [dots] = threshold({ above: 3, exchanges: ['exxwith (dots)'] });
      assert.deepEqual(await foundBy(dots!), []);
    });

    it('are explained by the newest points, a rank, and a script that shows the same', async () => {
      const at = `${END_MS - MINUTE_MS}000000`;
      await write([`rank,exchange=kraken,pair=several,window=24h rank=3i,of=9i,stddev=1 ${at}`]);
      const tags = { exchange: 'kraken', monitor: null };
      const series: SeriesTags[] = [
        { ...tags, pair: 'several' },
        { ...tags, pair: 'gaps' },
        { exchange: 'ex.with (dots)', pair: 'odd name,=(x)|y', monitor: null },
      ];
      const details = await reader.details(above, series, END_MS);
      assert.equal(details.size, 3);
      const several = details.get('price:kraken:several')!;
      assert.deepEqual(several.rank, { rank: 3, of: 9 });
      assert.equal(several.recent.length, 20);
      assert.deepEqual(
        several.recent.slice(-5).map(([iso, value]) => [END_MS - Date.parse(iso), value]),
        [
          ...[
            [45_000, 4],
            [30_000, 9],
            [20_000, 9],
          ],
          ...[
            [10_000, 0.01],
            [0, 5],
          ],
        ],
      );
      assert.deepEqual(
        details.get('price:kraken:gaps')!.recent.map(([, value]) => value),
        [1, 1, 1, 3.5],
      );
      assert.equal(details.get('price:ex.with (dots):odd name,=(x)|y')!.recent.at(-1)![1], 4);
      const flux = createAlertQueries({ bucket }).check(above, series[0]!, STEP);
      const shape = { result: 'string', _value: 'text' } as const;
      const rows = await influx.collect(flux, shape);
      const of = (result: string) =>
        rows.filter((row) => row.result === result).map(({ _value }) => Number(_value));
      assert.deepEqual(of('average'), [1]);
      assert.deepEqual(of('samples'), [60]);
      assert.deepEqual(of('step'), [4, 9, 9, 0.01, 5]);
    });

    it('tell which prices were filled in, and which series have points at all', async () => {
      const ms = END_MS - 5_000;
      await write([`price,exchange=okx,pair=filled price=1,backfilled=true ${ms}000000`]);
      assert.deepEqual(await reader.backfilled(STEP), new Set([`okx:filled:${ms}`]));
      const seen = await reader.seen(above, STEP);
      assert.ok(seen.has('price:kraken:several') && seen.has('price:okx:filled'));
      assert.ok(!seen.has('price:kraken:gone') && !seen.has('price:kraken:edge-later'));
      const [latency] = ratioRules({ metrics: ['latency'] });
      assert.deepEqual(await reader.seen(latency!, STEP), new Set(['latency:7', 'latency:12']));
    });
  });
});
