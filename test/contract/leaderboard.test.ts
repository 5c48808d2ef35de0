/** The leaderboard over every engine: what the rank tasks leave, in order, page by page. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ranksAnswer } from '../../api/leaderboard/ranks-schemas.ts';
import { createRuns } from '../../api/leaderboard/runs.ts';
import { systemClock } from '../../core/clock.ts';
import { createInflux, type Influx } from '../../core/influx/influx.ts';
import { rankBucket } from '../../core/rollups.ts';
import { createRankQueries } from '../../flux/rank-queries.ts';
import type { Catalog, PairEntry } from '../../registry/catalog.ts';
import { errorOf, fakeCatalog, open, startApi, type TestApi } from '../helpers/api.ts';
import { type Engine, forEachEngine } from '../helpers/engines.ts';
import { marketRanks, type PricePoint, pairRanks, type Ranked } from '../helpers/rank-oracle.ts';

const MINUTE_MS = 60_000;
const STEP_MS = 5 * MINUTE_MS;
const HOUR_MS = 3_600_000;
const RUN_MS = Math.floor(Date.now() / STEP_MS) * STEP_MS - STEP_MS;
const BEFORE_MS = RUN_MS - STEP_MS;
const REGULAR = 5;

/** An hour and a step of 60 markets, a price a minute; some lack prices, some stand still. */
function makePrices(): PricePoint[] {
  const points: PricePoint[] = [];
  for (const [e, exchange] of ['kraken', 'okx', 'bitstamp'].entries()) {
    for (let p = 0; p < 20; p++) {
      const pair = `coin${p}${['usd', 'eur', 'btc'][p % 3]}`;
      for (let minute = 1; minute <= 65; minute++) {
        if (p % 5 === 1 && (minute * 7 + e) % 4 === 0) continue;
        const wave = p === 4 ? 0 : Math.sin(minute * (p + 1)) * 0.001 * (((p * 7 + e) % 11) + 1);
        const price = 10 ** ((p % 6) - 2) * (1 + wave);
        points.push({ exchange, pair, timeMs: RUN_MS - minute * MINUTE_MS, price });
      }
    }
  }
  return points;
}

const points = makePrices();
const within = (endMs: number) =>
  points.filter(({ timeMs }) => timeMs >= endMs - HOUR_MS && timeMs < endMs);

function runLines(endMs: number): string[] {
  const time = `${endMs}000000`;
  const fields = ({ stddev, rank, of }: Ranked) => `stddev=${stddev},rank=${rank}i,of=${of}i`;
  const market = (one: Ranked) => {
    const [exchange, pair] = one.key.split('/');
    return `rank,exchange=${exchange},pair=${pair},window=1h ${fields(one)} ${time}`;
  };
  const markets = marketRanks(within(endMs), endMs);
  const pairs = pairRanks(within(endMs), endMs);
  return [
    ...markets.map(market),
    ...pairs.map((one) => `pair_rank,pair=${one.key},window=1h ${fields(one)} ${time}`),
    `rollup_step,task=rank-1h series=${markets.length}i ${time}`,
    `rollup_step,task=pair-rank-1h series=${pairs.length}i ${time}`,
  ];
}

/** The mean and deviation of each step as two points, and what steps lack, each the plain way. */
function momentLines(): string[] {
  const steps = new Map<string, number[]>();
  for (const { exchange, pair, timeMs, price } of points) {
    const key = `exchange=${exchange},pair=${pair} ${Math.floor(timeMs / STEP_MS) * STEP_MS}`;
    steps.set(key, [...(steps.get(key) ?? []), price]);
  }
  return [...steps].flatMap(([key, prices]) => {
    const [tags, time] = key.split(' ');
    const mean = prices.reduce((sum, price) => sum + price, 0) / prices.length;
    const sd = Math.sqrt(prices.reduce((sum, price) => sum + (price - mean) ** 2, 0));
    const n = REGULAR - prices.length;
    const deficit = `deficit_5m,${tags} n=${n},a=${n * Math.fround(mean)},aa=0,r=${n * (mean - Math.fround(mean))},q=0 ${time}000000`;
    return [
      `moments_5m,${tags} point=${mean - sd} ${time}000000`,
      `moments_5m,${tags} point=${mean + sd} ${Number(time) + STEP_MS / 2}000000`,
      ...(n === 0 ? [] : [deficit]),
    ];
  });
}

const entries: PairEntry[] = [...new Set(points.map(({ pair }) => pair))].sort().map((pair) => ({
  pair,
  base: pair.slice(0, -3),
  quote: pair.slice(-3),
  exchanges: ['bitstamp', 'kraken', 'okx'],
}));
const catalog: Catalog = {
  ...fakeCatalog,
  listedExchanges: async () => ['bitstamp', 'kraken', 'okx'],
  pairs: async ({ limit }) => entries.slice(0, limit),
};

/** By deviation over mean, the plain way: names in order, and each one's value. */
function volatilities(keyOf: (point: PricePoint) => string | undefined): [string, number][] {
  const prices = new Map<string, number[]>();
  for (const point of within(RUN_MS)) {
    const key = keyOf(point);
    if (key !== undefined) prices.set(key, [...(prices.get(key) ?? []), point.price]);
  }
  return [...prices]
    .map(([key, list]): [string, number] => {
      const mean = list.reduce((sum, price) => sum + price, 0) / list.length;
      const square = list.reduce((sum, price) => sum + (price - mean) ** 2, 0) / list.length;
      return [key, Math.sqrt(square) / mean];
    })
    .sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
}

forEachEngine((name, start) => {
  describe(`GET /api/v1/ranks over ${name}`, () => {
    let engine: Engine;
    let influx: Influx;
    let api: TestApi;
    let shiftMs = 0;
    const clock = { ...systemClock, monotonicMs: () => systemClock.monotonicMs() + shiftMs };

    const write = async (bucket: string, lines: readonly string[]) => {
      const url = `${engine.url}/api/v2/write?org=${engine.org}&bucket=${bucket}`;
      const headers = { authorization: `Token ${engine.token}` };
      const answer = await fetch(url, { method: 'POST', headers, body: lines.join('\n') });
      assert.equal(answer.status, 204, await answer.text());
    };

    before(async () => {
      engine = await start();
      const { bucket } = engine;
      influx = createInflux({ ...engine, timeoutMs: 60_000, clock });
      const price = (p: PricePoint) =>
        `price,exchange=${p.exchange},pair=${p.pair} price=${p.price} ${p.timeMs}000000`;
      await write(bucket, [...points.map(price), ...runLines(BEFORE_MS)]);
      const into = rankBucket(bucket);
      await influx.buckets.ensure({ retentionSeconds: 0, name: into });
      await write(into, momentLines());
      await write(bucket, [
        `rollup_step,task=moments-5m series=60i,regular=${REGULAR}i ${RUN_MS - STEP_MS}000000`,
      ]);
      const runs = createRuns({ influx, queries: createRankQueries({ bucket }), clock });
      api = await startApi({ influx, catalog, runs, clock });
    });
    after(async () => {
      await api?.close();
      await influx?.close();
      await engine?.stop();
    });

    const get = (query: string) => fetch(`${api.url}/api/v1/ranks?window=1h${query}`);
    const fetched = async (query: string) => {
      const answer = await get(query);
      assert.equal(answer.status, 200, await answer.clone().text());
      return ranksAnswer.parse(await answer.json());
    };

    it('is empty where nothing has been ranked', async () => {
      const answer = await fetch(`${api.url}/api/v1/ranks?window=7d`);
      const nothing = { window: '7d', by: 'stddev', time: null, items: [], next: null };
      assert.deepEqual(await answer.json(), nothing);
    });

    it('turns the pages of one run, also when a newer one has come', async () => {
      const first = await fetched('&limit=7');
      assert.equal(first.time, new Date(BEFORE_MS).toISOString());
      await write(engine.bucket, runLines(RUN_MS));
      shiftMs += 11_000;
      const items = [...first.items];
      for (let { next } = first; next !== null; ) {
        const more = await fetched(`&limit=7&cursor=${next}`);
        assert.equal(more.time, first.time);
        items.push(...more.items);
        next = more.next;
      }
      const wanted = pairRanks(within(BEFORE_MS), BEFORE_MS).sort((a, b) => a.rank - b.rank);
      assert.deepEqual(
        items.map(({ pair, rank, of, stddev }) => ({ key: pair, stddev, rank, of })),
        wanted,
      );
      assert.equal((await fetched('')).time, new Date(RUN_MS).toISOString());
    });

    it('gives the markets of an exchange, and keeps the rank where a quote is asked for', async () => {
      const { items } = await fetched('&exchange=KRAKEN&quote=EUR');
      const wanted = marketRanks(within(RUN_MS), RUN_MS)
        .filter(({ key }) => key.startsWith('kraken/') && key.endsWith('eur'))
        .sort((a, b) => a.rank - b.rank);
      assert.deepEqual(
        items.map(({ exchange, pair, rank, of }) => [`${exchange}/${pair}`, rank, of]),
        wanted.map(({ key, rank, of }) => [key, rank, of]),
      );
      assert.deepEqual(
        items.map(({ position, quote }) => [position, quote]),
        items.map((_, index) => [index + 1, 'eur']),
      );
    });

    const keys: readonly [string, string, (point: PricePoint) => string | undefined][] = [
      ['pairs', '', ({ pair }) => pair],
      ['markets', '&exchange=okx', (p) => (p.exchange === 'okx' ? p.pair : undefined)],
    ];
    for (const [what, query, keyOf] of keys) {
      it(`ranks ${what} anew by deviation over mean, whatever prices are missing`, async () => {
        const { items } = await fetched(`&by=volatility${query}`);
        const wanted = volatilities(keyOf);
        assert.deepEqual(
          items.map(({ pair }) => pair),
          wanted.map(([pair]) => pair),
        );
        for (const [index, { rank, of, volatility }] of items.entries()) {
          const right = wanted[index]![1];
          assert.deepEqual([rank, of], [index + 1, wanted.length]);
          assert.ok(Math.abs((volatility ?? 0) - right) <= 1e-11 * right, `${volatility}`);
        }
      });
    }

    it('reads the prices where there are no whole moments', async () => {
      const endMs = BEFORE_MS - STEP_MS;
      await write(engine.bucket, runLines(endMs));
      const { items } = await fetched(`&by=volatility&cursor=${endMs}-0`);
      const found = items.find(({ pair }) => pair === 'coin0usd');
      const list = within(endMs).filter(({ pair }) => pair === 'coin0usd');
      const mean = list.reduce((sum, { price }) => sum + price, 0) / list.length;
      assert.ok(Math.abs((found?.mean ?? 0) - mean) <= 1e-12 * mean, `${found?.mean} ${mean}`);
    });

    it('reads the prices where the window begins and ends within a step', async () => {
      const endMs = RUN_MS - 2 * MINUTE_MS;
      await write(engine.bucket, runLines(endMs));
      const { items } = await fetched(`&by=volatility&cursor=${endMs}-0`);
      const found = items.find(({ pair }) => pair === 'coin0usd');
      const list = within(endMs).filter(({ pair }) => pair === 'coin0usd');
      const mean = list.reduce((sum, { price }) => sum + price, 0) / list.length;
      assert.ok(Math.abs((found?.mean ?? 0) - mean) <= 1e-12 * mean, `${found?.mean} ${mean}`);
    });

    it('has an ETag until the next run', async () => {
      const etag = (await get('&limit=3')).headers.get('etag') ?? '';
      const url = `${api.url}/api/v1/ranks?window=1h&limit=3`;
      const again = await open(url, { 'if-none-match': etag });
      assert.equal(again.statusCode, 304);
      again.resume();
    });

    it('says what would have been right', async () => {
      const cases: [string, number, string][] = [
        ['&exchange=kraquen', 404, 'kraken'],
        ['&quote=usb', 404, 'usd'],
        ['&cursor=1-1', 410, 'begin again'],
        ['&cursor=x', 400, 'cursor'],
        ['&limit=0', 400, 'limit'],
        ['&by=price', 400, 'by'],
        ['&since=1h', 400, 'window'],
      ];
      for (const [query, status, text] of cases) {
        const answer = await get(query);
        assert.equal(answer.status, status, query);
        assert.ok(JSON.stringify(await errorOf(answer)).includes(text), query);
      }
      assert.equal((await fetch(`${api.url}/api/v1/ranks?window=2h`)).status, 400);
    });
  });
});
