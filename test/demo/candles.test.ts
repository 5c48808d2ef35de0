import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createHttp, type HttpClient } from '../../core/http.ts';
import { createMarket } from '../../demo/market.ts';
import { type DemoMarket, startDemoMarket } from '../../demo/start.ts';
import type { Candle, MarketRef, PriceAdapter, TimeRange } from '../../ingest/prices/adapter.ts';
import { exchanges } from '../../ingest/prices/exchanges/list.ts';
import { createPriceSource, refusalOf } from '../../ingest/prices/fetch.ts';
import { decodeJson, judgeStatus } from '../../ingest/prices/suspicion.ts';
import { ManualClock } from '../helpers/clock.ts';

const MINUTE_MS = 60_000;
const SEED = 5;
const PAIRS = 12;
/** Half a minute into a minute: the newest candle is open. */
const NOW_MS = Date.UTC(2026, 0, 2, 12, 0, 30);
const MINUTE_NOW_MS = NOW_MS - 30_000;

describe('the candles of the demo market', () => {
  const clock = new ManualClock(NOW_MS);
  const market = createMarket({ seed: SEED, pairsPerExchange: PAIRS });
  let demo: DemoMarket;
  let http: HttpClient;

  before(async () => {
    demo = await startDemoMarket({ port: 0, seed: SEED, pairsPerExchange: PAIRS, clock });
    http = createHttp({ clock, version: '1' });
  });
  after(async () => {
    await http.close();
    await demo.close();
  });

  /** What the adapter makes of its exchange's answer for one page. */
  async function page(adapter: PriceAdapter, ref: MarketRef, range: TimeRange) {
    const source = adapter.candles;
    assert.ok(source);
    const url = `${demo.urls[adapter.id]}${source.request(ref, range)}`;
    const bytesMax = 10_000_000;
    const answer = await http.fetch({ url, deadlineMs: 30_000, bytesMax, from: 'operator' });
    const refusal = judgeStatus(answer, { nowMs: NOW_MS, pauses: adapter.pauses });
    if (refusal) throw refusal;
    return source.parse(decodeJson(answer), ref);
  }

  async function firstMarket(adapter: PriceAdapter): Promise<MarketRef> {
    const exchange = { adapter, baseUrl: demo.urls[adapter.id] ?? '' };
    const source = createPriceSource({ exchange, http, clock, deadlineMs: 5_000 });
    const { rows } = await source.poll(new AbortController().signal);
    const row = rows.find(({ base }) => base === 'eth');
    assert.ok(row);
    return row;
  }

  const lastAt = ({ exchange, base, quote }: MarketRef, timeMs: number): number => {
    const quotes = market.quotes(exchange, timeMs);
    const found = quotes.find((each) => each.base === base && each.quote === quote);
    return Number(found?.last);
  };

  for (const adapter of exchanges) {
    if (!adapter.candles) continue;
    const { pageRowsMax } = adapter.candles;
    const minutes = Math.min(pageRowsMax, 700);

    it(`of ${adapter.id}: a full page whose closes are what a poll of that minute said`, async () => {
      const ref = await firstMarket(adapter);
      const range = { fromMs: MINUTE_NOW_MS - minutes * MINUTE_MS, toMs: MINUTE_NOW_MS };
      const candles = await page(adapter, ref, range);
      const inside = candles.filter(
        ({ startMs }) => startMs >= range.fromMs && startMs < range.toMs,
      );
      const starts = inside.map(({ startMs }) => startMs).sort((left, right) => left - right);
      const wanted = Array.from({ length: minutes }, (_, at) => range.fromMs + at * MINUTE_MS);
      assert.deepEqual(starts, wanted);
      for (const candle of inside) checkCandle(candle, lastAt(ref, candle.startMs + MINUTE_MS));
    });

    it(`of ${adapter.id}: nothing of the time to come, and an error for an unknown market`, async () => {
      const ref = await firstMarket(adapter);
      const range = { fromMs: MINUTE_NOW_MS - 5 * MINUTE_MS, toMs: MINUTE_NOW_MS + 5 * MINUTE_MS };
      const starts = (await page(adapter, ref, range)).map(({ startMs }) => startMs);
      assert.ok(starts.includes(MINUTE_NOW_MS - MINUTE_MS));
      assert.ok(starts.every((startMs) => startMs <= MINUTE_NOW_MS));
      const stranger = { ...ref, symbol: 'tNOBODY:NOTHING', base: 'nobody', quote: 'nothing' };
      const answer = await page(adapter, stranger, range).catch(refusalOf);
      if (Array.isArray(answer)) assert.deepEqual(answer, []);
      else assert.match(refusalOf(answer).reason, /^(error-body|status)$/);
    });
  }
});

function checkCandle(candle: Candle, close: number): void {
  assert.equal(Number(candle.close.floatText), close, new Date(candle.startMs).toISOString());
  assert.ok(Number(candle.high.floatText) >= Number(candle.open.floatText));
  assert.ok(Number(candle.low.floatText) <= Number(candle.open.floatText));
  const { volume } = candle;
  assert.ok(Number(typeof volume === 'object' ? volume.floatText : volume) > 0);
}
