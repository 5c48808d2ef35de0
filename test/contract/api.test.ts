/** The API over every engine: what was written comes out, in order, with its rank. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createRanks } from '../../api/leaderboard/ranks.ts';
import { pairsAnswer } from '../../api/schemas.ts';
import { systemClock } from '../../core/clock.ts';
import { createInflux, type Influx } from '../../core/influx/influx.ts';
import { silentLog } from '../../core/log.ts';
import { createPriceQueries } from '../../flux/price-queries.ts';
import { errorOf, fakeCatalog, pricesOf, startApi, type TestApi } from '../helpers/api.ts';
import { type Engine, forEachEngine } from '../helpers/engines.ts';

const MINUTE_MS = 60_000;
/** The newest whole minute but one: in the past for every clock, and inside of an hour. */
const NEWEST_MS = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS - MINUTE_MS;
const exchanges = ['kraken', 'bitstamp', 'bitfinex'];
const PRICES = ['20966.789', '0.00000012', '1e21', '5', '123456789.123456789', '-1.5'];

const written = exchanges.flatMap((exchange, place) =>
  PRICES.map((price, i) => ({
    exchange,
    price,
    timeMs: NEWEST_MS - i * MINUTE_MS + place * 358,
  })),
);

forEachEngine((name, start) => {
  describe(`GET /{pair} over ${name}`, () => {
    let engine: Engine;
    let influx: Influx;
    let api: TestApi;

    before(async () => {
      engine = await start();
      const { bucket } = engine;
      influx = createInflux({ ...engine, timeoutMs: 30_000, clock: systemClock });
      const lines = written.map(
        ({ exchange, price, timeMs }) =>
          `price,exchange=${exchange},pair=btcusd price=${price},bid=1 ${timeMs}000000`,
      );
      lines.push(
        `price,exchange=okx,pair=abcusd price=7 ${NEWEST_MS}000000`,
        `pair_rank,pair=btcusd,window=24h stddev=1,rank=2i,of=9i ${NEWEST_MS - MINUTE_MS}000000`,
        `pair_rank,pair=btcusd,window=24h stddev=1,rank=4i,of=9i ${NEWEST_MS}000000`,
        `rank,exchange=kraken,pair=btcusd,window=24h stddev=1,rank=1i,of=3i ${NEWEST_MS}000000`,
      );
      const answer = await influx.write(lines.join('\n'), { gzip: false });
      assert.equal(answer.status, 204, answer.text);
      const queries = createPriceQueries({ bucket });
      const ranks = createRanks({
        influx,
        flux: queries.pairRanks,
        clock: systemClock,
        log: silentLog,
      });
      api = await startApi({ influx, queries, ranks });
    });
    after(async () => {
      await api?.close();
      await influx?.close();
      await engine?.stop();
    });

    const wanted = (list: typeof written) =>
      list
        .toSorted((a, b) => a.exchange.localeCompare(b.exchange) || a.timeMs - b.timeMs)
        .map(({ exchange, price, timeMs }) => ({
          price: Number(price),
          time: new Date(timeMs).toISOString(),
          exchange,
        }));

    it('gives every price by exchange and time, and the newest rank', async () => {
      const answer = await pricesOf(await fetch(`${api.url}/btcusd?duration=1h`));
      assert.deepEqual(answer, {
        pair: 'btcusd',
        rank: '4/9',
        duration: '1h',
        prices: wanted(written),
      });
    });

    it('gives those of one exchange with the rank there', async () => {
      const answer = await pricesOf(await fetch(`${api.url}/BTC/USD?exchange=kraken`));
      assert.equal(answer.rank, '1/3');
      assert.deepEqual(answer.prices, wanted(written.filter((row) => row.exchange === 'kraken')));
    });

    it('gives no rank where none is computed', async () => {
      const { rank, prices } = await pricesOf(await fetch(`${api.url}/btcusd?exchange=bitstamp`));
      assert.equal(rank, null);
      assert.equal(prices.length, PRICES.length);
    });

    for (const duration of ['150s', '-150s', '0d2m30s', '150000ms']) {
      it(`reads ${duration} back and no further`, async () => {
        const url = `${api.url}/btcusd?exchange=kraken&duration=${duration}`;
        const { prices } = await pricesOf(await fetch(url));
        // Between 1 and 2 minutes have passed since the newest slot, whatever the second now is.
        assert.ok(prices.length === 1 || prices.length === 2, `${prices.length} prices`);
      });
    }

    for (const duration of ['1mo', '1y1s', '36h', '1w', '1us', '1ns', '4w1d']) {
      const longMs = 400 * 24 * 60 * MINUTE_MS;
      it(`understands ${duration} as the engine does`, async () => {
        const long = await startApi({
          influx,
          queries: createPriceQueries({ bucket: engine.bucket }),
          retentionMs: longMs,
        });
        try {
          const answer = await fetch(`${long.url}/btcusd?duration=${duration}`);
          assert.equal(answer.status, 200, await answer.clone().text());
          await pricesOf(answer);
        } finally {
          await long.close();
        }
      });
    }

    it('is empty where nothing was written', async () => {
      assert.deepEqual((await pricesOf(await fetch(`${api.url}/ethbtc`))).prices, []);
    });

    it('gives the ranks of the list of pairs', async () => {
      const list = pairsAnswer.parse(await (await fetch(`${api.url}/api/v1/pairs`)).json());
      assert.equal(list.items.find(({ pair }) => pair === 'btcusd')?.rank, '4/9');
    });

    it('is 503 when the bucket is not there, and when the token is not good', async () => {
      const { url, org, bucket } = engine;
      const options = { url, org, bucket, timeoutMs: 5000, clock: systemClock };
      const strange = createInflux({ ...options, token: 'not-a-token' });
      const cases = [
        { influx, queries: createPriceQueries({ bucket: 'no-such-bucket' }) },
        { influx: strange, queries: createPriceQueries({ bucket }) },
      ];
      for (const parts of cases) {
        const broken = await startApi({ ...parts, catalog: fakeCatalog });
        const answer = await fetch(`${broken.url}/btcusd`);
        assert.equal(answer.status, 503);
        assert.ok(answer.headers.get('retry-after'));
        assert.equal((await errorOf(answer)).code, 'unavailable');
        await broken.close();
      }
      await strange.close();
    });
  });
});

it('is 503 when nothing listens where InfluxDB should be', async () => {
  const url = 'http://127.0.0.1:9';
  const options = { token: 'x', org: 'x', bucket: 'x', timeoutMs: 2000, clock: systemClock };
  const influx = createInflux({ ...options, url });
  const api = await startApi({ influx, queries: createPriceQueries({ bucket: 'x' }) });
  try {
    const answer = await fetch(`${api.url}/btcusd`);
    assert.equal(answer.status, 503);
    assert.equal(answer.headers.get('retry-after'), '5');
  } finally {
    await api.close();
    await influx.close();
  }
});
