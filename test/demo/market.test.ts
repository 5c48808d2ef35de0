import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createHttp, type HttpClient } from '../../core/http.ts';
import { type DemoMarket, startDemoMarket } from '../../demo/start.ts';
import type { ParsedPrices } from '../../ingest/prices/adapter.ts';
import { exchanges } from '../../ingest/prices/exchanges/list.ts';
import { createPriceSource } from '../../ingest/prices/fetch.ts';
import { ManualClock } from '../helpers/clock.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** Exchanges whose answer has nothing that a rule would drop. */
const ALL_GOOD = ['okx', 'upbit', 'bithumb'];
const START_MS = Date.UTC(2026, 0, 1, 12);

describe('the demo market', () => {
  const clock = new ManualClock(START_MS);
  let demo: DemoMarket;
  let http: HttpClient;

  before(async () => {
    demo = await startDemoMarket({ port: 0, seed: 7, pairsPerExchange: 60, clock });
    http = createHttp({ clock, version: '1' });
  });
  after(async () => {
    await http.close();
    await demo.close();
  });

  const get = (url: string, headers: Record<string, string> = {}) =>
    http.fetch({ url, headers, deadlineMs: 5_000, bytesMax: 1_000_000, from: 'operator' });
  const poll = (id: string, from: DemoMarket = demo): Promise<ParsedPrices> => {
    const adapter = exchanges.find((each) => each.id === id);
    assert.ok(adapter);
    const exchange = { adapter, baseUrl: from.urls[id] ?? '' };
    const source = createPriceSource({ exchange, http, clock, deadlineMs: 5_000 });
    return source.poll(new AbortController().signal);
  };
  const priceOf = async (id: string, pair: string): Promise<number> => {
    const row = (await poll(id)).rows.find((each) => each.pair === pair);
    assert.ok(row, `${id} ${pair}`);
    return Number(row.price.floatText);
  };

  for (const { id } of exchanges) {
    it(`plays ${id} at its real path, in its real shape, with rows that rules drop`, async () => {
      const { rows, dropped } = await poll(id);
      assert.equal(rows.length, id === 'cryptowatch' ? 180 : 60);
      assert.equal(dropped.malformed, undefined);
      if (!ALL_GOOD.includes(id)) assert.ok(Object.keys(dropped).length > 0);
      const pairs = rows.map((row) => `${row.exchange} ${row.pair}`);
      assert.equal(new Set(pairs).size, rows.length);
      assert.ok(rows.some((row) => row.base === 'btc'));
    });
  }

  it('is the same for the same seed and time, and another for another seed', async () => {
    const [twin, other] = await Promise.all(
      [7, 8].map((seed) => startDemoMarket({ port: 0, seed, pairsPerExchange: 60, clock })),
    );
    assert.ok(twin && other);
    try {
      const [here, same, different] = await Promise.all([
        poll('kraken'),
        poll('kraken', twin),
        poll('kraken', other),
      ]);
      assert.deepEqual(here, same);
      assert.notDeepEqual(here, different);
    } finally {
      await Promise.all([twin.close(), other.close()]);
    }
  });

  it('moves, with exchanges that agree within a per cent or two', async () => {
    const before = await priceOf('kraken', 'btcusd');
    clock.jump(MINUTE_MS);
    const now = await priceOf('kraken', 'btcusd');
    assert.notEqual(now, before);
    const others = await Promise.all(
      ['bitstamp', 'coinbase', 'bitfinex'].map((id) => priceOf(id, 'btcusd')),
    );
    for (const other of others) assert.ok(Math.abs(other / now - 1) < 0.02, `${other} and ${now}`);
  });

  it('has calm pairs and wild ones, so that a rank has something to rank', async () => {
    const prices = new Map<string, number[]>();
    for (let hour = 0; hour < 24; hour += 1) {
      clock.jump(DAY_MS / 24);
      for (const { pair, price } of (await poll('bitstamp')).rows) {
        prices.set(pair, [...(prices.get(pair) ?? []), Number(price.floatText)]);
      }
    }
    const spreads = [...prices.values()]
      .map((list) => {
        const mean = list.reduce((sum, price) => sum + price, 0) / list.length;
        const squares = list.reduce((sum, price) => sum + (price / mean - 1) ** 2, 0);
        return Math.sqrt(squares / list.length);
      })
      .sort((left, right) => left - right);
    const [calm = 0, wild = 0] = [spreads[5], spreads.at(-5)];
    assert.ok(wild > 4 * calm && wild < 1, `${calm} and ${wild}`);
    assert.equal(new Set(spreads.filter((spread) => spread > 0)).size > 50, true);
  });

  it('offers two feeds whose articles come every five minutes and have pages', async () => {
    const [news = '', changes = ''] = demo.feeds;
    const first = await get(news);
    assert.match(first.headers['content-type'] ?? '', /rss/);
    const links = [...first.body.toString().matchAll(/<link>(.+?)<\/link>/g)].map(([, url]) => url);
    assert.equal(links.length, 21);
    assert.equal((await get(links[1] ?? '')).status, 200);
    const etag = first.headers.etag ?? '';
    assert.equal((await get(news, { 'if-none-match': etag })).status, 304);
    clock.jump(5 * MINUTE_MS);
    assert.equal((await get(news, { 'if-none-match': etag })).status, 200);
    const atom = (await get(changes)).body.toString();
    assert.equal(atom.match(/<entry>/g)?.length, 20);
    assert.match(atom, /<updated>2026-\d\d-\d\dT\d\d:\d\d:00\.000Z<\/updated>/);
  });

  it('has a page in a mood: well, slow or away, by the minute', async () => {
    const moody = demo.pages.find((url) => url.endsWith('moody')) ?? '';
    const moods = { well: 0, slow: 0, away: 0 };
    for (let minute = 0; minute < 60; minute += 1) {
      clock.jump(MINUTE_MS);
      const sleeping = clock.waiting;
      const asked = get(moody);
      // The deadline of the request is one sleeper; the page's delay would be another.
      let answer: Awaited<typeof asked> | undefined;
      asked.then((value) => {
        answer = value;
      });
      while (!answer && clock.waiting < sleeping + 2) await new Promise(setImmediate);
      if (answer === undefined) {
        moods.slow += 1;
        await clock.advance(3_000);
        await asked;
      } else if (answer.status === 503) {
        assert.equal(answer.headers['retry-after'], '60');
        moods.away += 1;
      } else {
        moods.well += 1;
      }
    }
    assert.ok(moods.well > 30 && moods.slow > 0 && moods.away > 0, JSON.stringify(moods));
  });

  it('answers unknown paths with 404 and other methods with 405', async () => {
    const kraken = demo.urls.kraken ?? '';
    assert.equal((await get(`${kraken}/0/public/Nothing`)).status, 404);
    assert.equal((await get(`${kraken}/__proto__`)).status, 404);
    assert.equal((await get(`${demo.siteUrl}/nothing`)).status, 404);
    assert.equal((await get(`${demo.siteUrl}/`)).status, 200);
    const request = { url: `${kraken}/`, deadlineMs: 5_000, bytesMax: 1_000 };
    assert.equal((await http.fetch({ ...request, method: 'POST', from: 'operator' })).status, 405);
  });

  it('takes ports in a row, and says which one is taken', async () => {
    const taken = Number(new URL(demo.siteUrl).port);
    await assert.rejects(
      startDemoMarket({ port: taken, seed: 1, clock }),
      new RegExp(`cannot listen on 127.0.0.1:${taken}`),
    );
  });
});
