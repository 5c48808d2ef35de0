/**
 * Prices in windows over every engine: whatever is read from roll-ups equals what the prices
 * themselves give.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createKept } from '../../api/history/coverage.ts';
import { historyAnswer } from '../../api/history/schemas.ts';
import { systemClock } from '../../core/clock.ts';
import { createInflux, type Influx } from '../../core/influx/influx.ts';
import { type RollupLevel, rollupBucket } from '../../core/rollups.ts';
import { createHistoryQueries } from '../../flux/history-queries.ts';
import { errorOf, startApi, type TestApi } from '../helpers/api.ts';
import { type Engine, forEachEngine } from '../helpers/engines.ts';
import { historyCase, lineTimeMs } from '../helpers/history-case.ts';
import { type Candle, candlesOf } from '../helpers/price-oracle.ts';
import type { PricePoint } from '../helpers/rank-oracle.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
const TODAY_MS = Math.floor(Date.now() / DAY_MS) * DAY_MS;
/** Yesterday: soon after a day whose last hours have holes, and late, with the holes in its own. */
const MOMENTS_MS = [3, 18].map((hour) => TODAY_MS - DAY_MS + (hour + 1) * HOUR_MS - 1_043_456);
const RETENTION_MS = 3 * DAY_MS;
const LEVELS: readonly RollupLevel[] = ['1m', '5m', '1h', '1d'];

const cases = MOMENTS_MS.map((nowMs) => ({
  nowMs,
  at: new Date(nowMs).toISOString().slice(11, 16),
}));

forEachEngine((name, start) => {
  for (const { nowMs, at } of cases)
    describe(`GET /api/v1/pairs/{pair}/prices over ${name} at ${at}`, () => {
      const { points, late, dataOf } = historyCase(nowMs);
      let engine: Engine;
      let influx: Influx;
      let api: TestApi;
      let asked: string[] = [];

      const write = async (bucket: string, lines: readonly string[]) => {
        for (let from = 0; from < lines.length; from += 20_000) {
          const url = `${engine.url}/api/v2/write?org=${engine.org}&bucket=${bucket}`;
          const answer = await fetch(url, {
            method: 'POST',
            headers: { authorization: `Token ${engine.token}` },
            body: lines.slice(from, from + 20_000).join('\n'),
          });
          assert.equal(answer.status, 204, await answer.text());
        }
      };

      before(async () => {
        engine = await start();
        const { bucket } = engine;
        influx = createInflux({ ...engine, timeoutMs: 60_000, clock: systemClock });
        const kept = points.filter(({ timeMs }) => timeMs >= nowMs - RETENTION_MS);
        const price = (p: PricePoint) =>
          `price,exchange=${p.exchange},pair=btcusd price=${p.price} ${p.timeMs}000000`;
        await write(bucket, kept.map(price));
        for (const level of LEVELS) {
          const into = rollupBucket(bucket, level);
          await influx.buckets.ensure({ retentionSeconds: 0, name: into });
          const { rollups, marks } = dataOf(level);
          await write(into, rollups);
          const keptMarks = marks.filter((line) => {
            return lineTimeMs(line) >= nowMs - RETENTION_MS;
          });
          await write(bucket, keptMarks);
        }
        const clock = { ...systemClock, nowMs: () => nowMs };
        const queries = createHistoryQueries({ bucket });
        const rollupRetentionMs = { '1m': RETENTION_MS, '5m': 0, '1h': 0, '1d': 0 };
        const dirty = async () => [late];
        const retentionMs = RETENTION_MS;
        const options = { influx, queries, clock, retentionMs, rollupRetentionMs, dirty };
        const watched = {
          ...queries,
          raw: (range: Parameters<typeof queries.raw>[0]) => {
            asked.push('raw');
            return queries.raw(range);
          },
        };
        const history = { queries: watched, kept: createKept(options) };
        api = await startApi({ influx, history, clock, retentionMs });
      });
      after(async () => {
        await api?.close();
        await influx?.close();
        await engine?.stop();
      });

      const get = (query: string) => fetch(`${api.url}/api/v1/pairs/btcusd/prices?${query}`);
      const fetched = async (query: string) => {
        const answer = await get(query);
        assert.equal(answer.status, 200, await answer.clone().text());
        return historyAnswer.parse(await answer.json());
      };
      type Row = Record<string, number | string | null>;

      async function same(cut: {
        startMs: number;
        stopMs: number;
        every: string;
        everyMs: number;
      }) {
        const { startMs, stopMs, every, everyMs } = cut;
        const wanted = candlesOf(points, { startMs, stopMs, everyMs });
        assert.ok(wanted.length > 0);
        const range = `start=${startMs}&stop=${stopMs}&every=${every}`;
        const fns: Record<string, keyof Candle> = {
          ...{ mean: 'mean', min: 'low', max: 'high' },
          ...{ first: 'open', last: 'close', count: 'count' },
        };
        for (const exchange of [undefined, 'bitstamp']) {
          const only = wanted.filter((candle) => !exchange || candle.exchange === exchange);
          const place = exchange ? `&exchange=${exchange}` : '';
          for (const [fn, key] of Object.entries(fns)) {
            if (exchange && fn !== 'mean') continue;
            const { prices } = await fetched(`${range}&fn=${fn}${place}`);
            const found = (prices as Row[]).map((row) => row[fn === 'count' ? 'count' : 'price']);
            places(prices as Row[], only);
            for (const [index, value] of found.entries()) {
              const right = only[index]![key] as number;
              const bound = fn === 'mean' ? 1e-12 * right : 0;
              assert.ok(Math.abs((value as number) - right) <= bound, `${fn} ${value} ${right}`);
            }
          }
          const { prices } = await fetched(`${range}&fn=ohlc${place}`);
          places(prices as Row[], only);
          const names = ['open', 'high', 'low', 'close', 'count'] as const;
          for (const [index, row] of (prices as Row[]).entries()) {
            for (const column of names) assert.equal(row[column], only[index]![column], column);
          }
        }
      }

      function places(rows: readonly Row[], wanted: readonly Candle[]): void {
        const place = (exchange: unknown, time: unknown) => `${exchange} ${time}`;
        assert.deepEqual(
          rows.map((row) => place(row.exchange, row.time)),
          wanted.map(({ exchange, timeMs }) => place(exchange, new Date(timeMs).toISOString())),
        );
      }

      const WIDTHS: readonly (readonly [string, number])[] = [
        ['40s', 40 * SECOND_MS],
        ['1m', MINUTE_MS],
        ['5m', 5 * MINUTE_MS],
        ['7m', 7 * MINUTE_MS],
        ['1h', HOUR_MS],
        ['90m', 90 * MINUTE_MS],
        ['1d', DAY_MS],
      ];
      for (const [every, everyMs] of WIDTHS) {
        it(`equals the prices themselves in windows of ${every}, up to now, from any moment`, () =>
          same({ startMs: nowMs - 31 * HOUR_MS - 4567, stopMs: nowMs, every, everyMs }));
        it(`equals them in windows of ${every} between whole hours, over late steps and holes`, () => {
          const startMs = Math.floor(nowMs / HOUR_MS - 9) * HOUR_MS;
          return same({ startMs, stopMs: startMs + 8 * HOUR_MS, every, everyMs });
        });
      }

      it('reads whole steps of the coarsest level, and nothing else where that is enough', async () => {
        const startMs = Math.floor(nowMs / DAY_MS - 2) * DAY_MS;
        asked = [];
        const answer = await fetched(`start=${startMs}&stop=${startMs + DAY_MS}&every=1d&fn=ohlc`);
        assert.deepEqual([answer.sources, asked], [['1d'], []]);
      });

      it('says what it was read from', async () => {
        const answer = await get(`start=-31h&every=1h&fn=ohlc`);
        assert.equal(answer.headers.get('tidemark-source'), '1h, 5m, 1m, raw');
        await answer.body?.cancel();
      });

      it('goes beyond what is kept of the prices, moving the edges to whole steps', async () => {
        const startMs = Math.floor(nowMs / DAY_MS - 4) * DAY_MS + 13 * HOUR_MS + 61_500;
        const cut = { startMs: startMs - 61_500, stopMs: startMs + 90 * MINUTE_MS };
        const stopMs = cut.stopMs - 1_500;
        const answer = await fetched(`start=${startMs}&stop=${stopMs}&every=5m&fn=count`);
        assert.equal(answer.start, new Date(cut.startMs).toISOString());
        assert.deepEqual(answer.sources, ['5m']);
        const ended = Math.ceil(stopMs / (5 * MINUTE_MS)) * 5 * MINUTE_MS;
        assert.equal(answer.stop, new Date(ended).toISOString());
        const wanted = candlesOf(points, { ...cut, stopMs: ended, everyMs: 5 * MINUTE_MS });
        assert.deepEqual(
          (answer.prices as Row[]).map(({ count }) => count),
          wanted.map(({ count }) => count),
        );
      });

      it('refuses windows that are finer than what is kept, and names those that are not', async () => {
        const startMs = nowMs - 4.5 * DAY_MS;
        const answer = await get(`start=${startMs}&every=1m`);
        assert.equal(answer.status, 422);
        assert.equal((await errorOf(answer)).details.smallest, '5m');
      });

      it('gives prices as they were written when the range is short', async () => {
        const { prices, every, sources } = await fetched('start=-30m');
        const cut = { startMs: nowMs - 30 * MINUTE_MS, stopMs: nowMs };
        const wanted = candlesOf(points, { ...cut, everyMs: SECOND_MS });
        assert.deepEqual([every, sources], [null, ['raw']]);
        assert.deepEqual(
          (prices as Row[]).map(({ price }) => price),
          wanted.map(({ open }) => open),
        );
      });
    });
});
