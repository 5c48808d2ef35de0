/** The scripts of flux/ on every engine: the same answers as a plain computation of them. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { systemClock } from '../../core/clock.ts';
import { createInflux, type Influx } from '../../core/influx/influx.ts';
import { bind, loadFlux, loadTask, readFlux } from '../../flux/load.ts';
import { createPriceQueries } from '../../flux/price-queries.ts';
import { ensureBuckets } from '../../tasks/buckets.ts';
import { boundTasks } from '../../tasks/desired.ts';
import { forEachEngine } from '../helpers/engines.ts';
import { marketRanks, oddMarket, pairRanks, type Ranked } from '../helpers/rank-oracle.ts';

const HOUR_MS = 3_600_000;
const SLOT_MS = Math.floor(Date.now() / HOUR_MS) * HOUR_MS;
const SLOT = new Date(SLOT_MS).toISOString();
/** When people ask: some seconds after the slot, as now() of the query. */
const ASKED = new Date(SLOT_MS + 20_000).toISOString();
const points = oddMarket(SLOT_MS);
const sampling = { finestMs: 600_000, commonMs: 600_000 };
const RANKED = { stddev: 'double', rank: 'long', of: 'long' } as const;

function closeTo(found: readonly Ranked[], wanted: readonly Ranked[]): void {
  const places = (list: readonly Ranked[]) =>
    list.map(({ key, rank, of }) => `${key} ${rank}/${of}`);
  assert.deepEqual(places(found), places(wanted));
  for (const [index, { key, stddev }] of found.entries()) {
    const other = wanted[index]!.stddev;
    // A frozen market is exactly 0; the others differ in the order of the summation.
    const error = Math.abs(stddev - other) / (other || 1);
    assert.ok(error < 1e-9, `${key}: ${stddev} is not ${other}`);
  }
}

forEachEngine((name, start) => {
  describe(`scripts of flux/ on ${name}`, () => {
    let engine: Awaited<ReturnType<typeof start>>;
    let influx: Influx;
    let bucket = '';

    before(async () => {
      engine = await start();
      const { url, token, org } = engine;
      bucket = engine.bucket;
      influx = createInflux({ url, token, org, bucket, timeoutMs: 60_000, clock: systemClock });
      const retentions = { priceMs: 0, rollupMs: { '1m': 0, '5m': 0, '1h': 0, '1d': 0 } };
      await ensureBuckets(influx, boundTasks({ bucket, sampling }), retentions);
      const lines = points.map(({ exchange, pair, price, timeMs }) => {
        const fields = `price=${price},bid=${price * 0.9}`;
        return `price,exchange=${exchange},pair=${pair} ${fields} ${timeMs}000000`;
      });
      const answer = await influx.write(gzipSync(lines.join('\n')), { gzip: true });
      assert.equal(answer.status, 204, answer.text);
    });
    after(async () => {
      await influx?.close();
      await engine?.stop();
    });

    const run = (flux: string, now: string) => influx.collect(flux, {}, { now });
    // Without moments, as in the first minutes: test/contract/rollups.test.ts has those with them.
    const task = (mark: string) => {
      const { file, values } = boundTasks({ bucket, sampling }).find((one) => one.mark === mark)!;
      return bind(loadTask(file), values);
    };
    const written = async (measurement: string, shape: object, key: (row: never) => string) => {
      const flux = `from(bucket: "${bucket}") |> range(start: ${SLOT}, stop: ${ASKED})
        |> filter(fn: (r) => r._measurement == "${measurement}")
        |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value") |> group()`;
      const rows = await influx.collect(flux, { _time: 'time', ...RANKED, ...shape });
      const ranked = rows.map((row) => {
        assert.equal(Date.parse(row._time), SLOT_MS);
        return { key: key(row as never), stddev: row.stddev, rank: row.rank, of: row.of };
      });
      return ranked.sort((a, b) => (a.key < b.key ? -1 : 1));
    };

    it('rank each market among its exchange', async () => {
      await run(task('rank-24h'), SLOT);
      const tags = { exchange: 'string', pair: 'string' } as const;
      const key = (row: { exchange: string; pair: string }) => `${row.exchange}/${row.pair}`;
      closeTo(await written('rank', tags, key), marketRanks(points, SLOT_MS));
    });

    it('rank each pair over all exchanges', async () => {
      await run(task('pair-rank-24h'), SLOT);
      const key = (row: { pair: string }) => row.pair;
      closeTo(await written('pair_rank', { pair: 'string' }, key), pairRanks(points, SLOT_MS));
    });

    it('write a slot once, however often it runs', async () => {
      for (const mark of ['rank-24h', 'pair-rank-24h']) await run(task(mark), SLOT);
      const count = `from(bucket: "${bucket}") |> range(start: -2d)
        |> filter(fn: (r) => r._measurement == "rank")
        |> keep(columns: ["_time", "_field", "exchange", "pair"]) |> group()`;
      const rows = await influx.collect(count, {});
      assert.equal(rows.length, 3 * marketRanks(points, SLOT_MS).length);
    });

    it('answer the newest rank, of a market and of a pair', async () => {
      const queries = createPriceQueries({ bucket });
      const shape = { rank: 'long', of: 'long' } as const;
      const rank = async (pair: string, exchange?: string) => {
        const rows = await influx.collect(queries.rank({ pair, exchange }), shape, { now: ASKED });
        return rows.map((row) => `${row.rank}/${row.of}`);
      };
      const of = (list: Ranked[], key: string) => {
        const found = list.find((entry) => entry.key === key)!;
        return [`${found.rank}/${found.of}`];
      };
      const markets = marketRanks(points, SLOT_MS);
      const pairs = pairRanks(points, SLOT_MS);
      for (const pair of ['coin0usd', 'frozena', 'deadusd', 'newusd']) {
        assert.deepEqual(await rank(pair, 'okx'), of(markets, `okx/${pair}`));
        assert.deepEqual(await rank(pair), of(pairs, pair));
      }
      assert.deepEqual(await rank('longdeadusd'), []);
      assert.deepEqual(await rank('coin0usd', 'nowhere'), []);
      const all = await influx.collect(
        queries.pairRanks(),
        { pair: 'string', ...shape },
        { now: ASKED },
      );
      const sorted = all.map(({ pair, rank, of }) => `${pair} ${rank}/${of}`).sort();
      assert.deepEqual(sorted, pairs.map(({ key, rank, of }) => `${key} ${rank}/${of}`).sort());
      // Ranks move every ten minutes: they are still there when the next run is ten minutes late.
      const now = new Date(SLOT_MS + 20 * 60_000).toISOString();
      assert.equal(
        (await influx.collect(queries.pairRanks(), shape, { now })).length,
        pairs.length,
      );
    });

    it('answer prices by exchange, then time', async () => {
      const queries = createPriceQueries({ bucket });
      const shape = { exchange: 'string', _time: 'time', _value: 'double' } as const;
      const wanted = (exchange?: string) =>
        points
          .filter((point) => point.pair === 'coin3usd' && point.timeMs < SLOT_MS + 20_000)
          .filter((point) => point.timeMs >= SLOT_MS + 20_000 - 2 * HOUR_MS)
          .filter((point) => exchange === undefined || point.exchange === exchange)
          .sort((a, b) => (a.exchange < b.exchange ? -1 : a.exchange > b.exchange ? 1 : 0))
          .map(({ exchange, timeMs, price }) => `${exchange} ${timeMs} ${price}`);
      for (const exchange of [undefined, 'ex-with.dots', 'nowhere']) {
        const flux = queries.prices({ pair: 'coin3usd', exchange, start: '2h' });
        const rows = await influx.collect(flux, shape, { now: ASKED });
        const found = rows.map((row) => `${row.exchange} ${Date.parse(row._time)} ${row._value}`);
        assert.deepEqual(found, wanted(exchange));
      }
    });

    it('tell how fresh exchanges and ranks are', async () => {
      const fresh = bind(loadFlux('exchanges-freshness'), { bucket, start: '-15m' });
      const shape = { exchange: 'string', _time: 'time' } as const;
      const rows = await influx.collect(fresh, shape, { now: ASKED });
      assert.deepEqual(
        rows.map(({ exchange, _time }) => [exchange, Date.parse(_time)]),
        ['bitfinex', 'ex-with.dots', 'kraken', 'okx'].map((exchange) => [exchange, SLOT_MS]),
      );
      const steps = { bucket, task: 'rank-24h', start: SLOT, stop: ASKED };
      const shapeOfStep = { _time: 'time', _value: 'long' } as const;
      const newest = await influx.collect(bind(loadFlux('rollup-steps'), steps), shapeOfStep);
      assert.deepEqual(
        newest.map(({ _time, _value }) => [Date.parse(_time), _value]),
        [[SLOT_MS, marketRanks(points, SLOT_MS).length]],
      );
      const begin = bind(loadFlux('prices-begin'), { bucket, start: '-40h', stop: '0s' });
      const [first] = await influx.collect(begin, { _time: 'time' }, { now: ASKED });
      assert.equal(Date.parse(first?._time ?? ''), points[0]?.timeMs);
    });

    it('keep hostile values out of the script', async () => {
      const text = 'import "array"\nvalue = ""\narray.from(rows: [{v: value}])';
      const hostile = [
        '"',
        '\\',
        '${1}',
        '$${x}',
        '\n"',
        'a\\"+die(msg: "x")+"',
        '\u0001\t',
        'ß€😀',
      ];
      for (const value of hostile) {
        const rows = await influx.collect(bind(readFlux('echo', text), { value }), { v: 'string' });
        assert.deepEqual(rows, [{ v: value }]);
      }
    });
  });
});
