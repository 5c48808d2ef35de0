import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { systemClock as clock } from '../../../../core/clock.ts';
import { createHttp, type HttpClient } from '../../../../core/http.ts';
import { silentLog } from '../../../../core/log.ts';
import { createMetrics } from '../../../../core/metrics.ts';
import type { Point } from '../../../../core/point.ts';
import { type DemoMarket, startDemoMarket } from '../../../../demo/start.ts';
import { createIngestMetrics } from '../../../../ingest/metrics.ts';
import type { PriceChoices } from '../../../../ingest/prices/choice.ts';
import { chooseExchanges } from '../../../../ingest/prices/exchanges/list.ts';
import { type Prices, startPrices } from '../../../../ingest/prices/start.ts';
import { createStreamMetrics } from '../../../../ingest/prices/streams/metrics.ts';
import { createConnect } from '../../../../ingest/prices/streams/socket.ts';
import { cronerTimer } from '../../../../ingest/slots.ts';
import { eventually } from '../../../helpers/eventually.ts';

describe('the price ingest in mode stream', () => {
  let market: DemoMarket;
  let http: HttpClient;
  let prices: Prices;
  let points: Point[];
  const pauses = new Map<string, number>();
  const metrics = createMetrics();

  const choices = (mode: 'poll' | 'stream'): PriceChoices => {
    const chosen = chooseExchanges({ ids: ['kraken', 'okx'], urls: market.urls });
    const lanes = chosen.map((exchange) => ({ ...exchange, intervalMs: 1_000, mode }));
    return { lanes, offPairs: new Set() };
  };
  const streaming = (): boolean[] => prices.states().map((state) => state.streaming);
  const counted = async (name: string): Promise<number> => {
    const { text } = await metrics.read();
    return Number(
      new RegExp(`^tidemark_${name}\\{exchange="kraken"\\} (\\d+)$`, 'm').exec(text)?.[1],
    );
  };

  beforeEach(async () => {
    market = await startDemoMarket({ host: '127.0.0.1', port: 0, seed: 1, clock });
    http = createHttp({ clock, version: '1' });
    points = [];
    const connect = { userAgent: 'tidemark/test', bytesMax: 1e6, timeoutMs: 5_000 };
    prices = startPrices({
      ...{ choices: choices('stream'), http, pauses, clock, log: silentLog },
      sink: { accept: async (more) => void points.push(...more) },
      ensureMarkets: async (_exchange, list) =>
        list.map(({ symbol, base, quote }) => ({ symbol, pair: base + quote })),
      saveState: async () => undefined,
      timer: cronerTimer(clock),
      metrics: createIngestMetrics(metrics),
      streams: {
        connect: createConnect({ ...connect, nowMs: clock.nowMs }),
        metrics: createStreamMetrics(metrics),
        random: Math.random,
        urls: market.streamUrls,
      },
    });
  });
  afterEach(async () => {
    await prices.close();
    await http.close();
    await market.close();
  });

  it('streams what has a stream, also while its host is paused, until it is to poll again', async () => {
    await eventually(() => assert.deepEqual(streaming(), [true, false]));
    await eventually(async () => assert.equal(await counted('price_stream_markets'), 120));
    assert.equal(await counted('price_stream_connections'), 1);
    const { kraken = '' } = market.urls;
    pauses.set(kraken, clock.nowMs() + 3_600_000);
    const before = points.length;
    const isNew = ({ measurement, tags }: Point): boolean =>
      measurement === 'price' && tags.exchange === 'kraken';
    await eventually(() => assert.ok(points.slice(before).filter(isNew).length >= 120));
    assert.equal(prices.states()[0]?.state, 'ok');
    pauses.delete(kraken);
    await prices.apply(choices('poll'));
    await eventually(() => assert.equal(prices.states()[0]?.state, 'ok'));
    assert.deepEqual(streaming(), [false, false]);
    assert.equal(await counted('price_stream_connections'), 0);
  });
});
