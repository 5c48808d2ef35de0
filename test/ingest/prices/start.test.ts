import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { createHttp, type HttpClient } from '../../../core/http.ts';
import type { Log } from '../../../core/log.ts';
import { createMetrics, type Metrics } from '../../../core/metrics.ts';
import type { Point, PointSink } from '../../../core/point.ts';
import { createIngestMetrics } from '../../../ingest/metrics.ts';
import type { StoredSlot } from '../../../ingest/prices/announcer.ts';
import type { PriceChoices } from '../../../ingest/prices/choice.ts';
import { chooseExchanges } from '../../../ingest/prices/exchanges/list.ts';
import { type Prices, type PricesOptions, startPrices } from '../../../ingest/prices/start.ts';
import type { ExchangeState } from '../../../registry/exchanges.ts';
import { ManualClock } from '../../helpers/clock.ts';
import { startUpstream, type Upstream } from '../../helpers/upstream.ts';

const MINUTE_MS = 60_000;
const START_MS = Date.UTC(2026, 0, 1, 12, 0, 20);
const BITSTAMP = '/api/v2/ticker/';
const OKX = '/api/v5/market/tickers?instType=SPOT';

const bitstampRow = (pair: string) => ({ pair, last: '10.50', volume: '1', vwap: '10' });
const okxRow = (instId: string) => ({ instType: 'SPOT', instId, last: '11.25' });
const GOOD_BITSTAMP = { body: [bitstampRow('BTC/USD'), bitstampRow('ETH/USD')] };
const GOOD_OKX = { body: { code: '0', msg: '', data: [okxRow('BTC-USDT')] } };

describe('the price ingest', () => {
  let clock: ManualClock;
  let http: HttpClient;
  let metrics: Metrics;
  let servers: { bitstamp: Upstream; okx: Upstream };
  let stored: Point[];
  let slots: Point[];
  let saved: ExchangeState[];
  let logged: string[];
  let trouble: { sink?: Error; registry?: Error; save?: Error };
  let prices: Prices | undefined;

  beforeEach(async () => {
    clock = new ManualClock(START_MS);
    http = createHttp({ clock, version: '1' });
    metrics = createMetrics();
    servers = { bitstamp: await startUpstream(), okx: await startUpstream() };
    servers.bitstamp.set(BITSTAMP, GOOD_BITSTAMP);
    servers.okx.set(OKX, GOOD_OKX);
    [stored, slots, saved, logged, trouble] = [[], [], [], [], {}];
  });
  afterEach(async () => {
    await prices?.close();
    prices = undefined;
    await http.close();
    await Promise.all([servers.bitstamp.close(), servers.okx.close()]);
  });

  const choose = (
    intervalMs = MINUTE_MS,
    { ids = ['bitstamp', 'okx'], off = [] }: { ids?: string[]; off?: string[] } = {},
  ): PriceChoices => {
    const urls = { bitstamp: servers.bitstamp.url, okx: servers.okx.url };
    const chosen = chooseExchanges({ ids, urls });
    const lanes = chosen.map((exchange) => ({ ...exchange, intervalMs, mode: 'poll' as const }));
    return { lanes, offPairs: new Set(off) };
  };
  function start(more: Partial<PricesOptions> = {}): Prices {
    const line = (level: string) => (ids: object, message: string) =>
      void logged.push(`${level} ${message} ${JSON.stringify(ids)}`);
    const log: Log = {
      debug: () => {},
      info: line('info'),
      warn: line('warn'),
      error: line('error'),
      child: () => log,
    };
    prices = startPrices({
      choices: choose(),
      http,
      clock,
      timer: clock.timer,
      log,
      metrics: createIngestMetrics(metrics),
      sink: {
        async accept(points) {
          if (trouble.sink) throw trouble.sink;
          for (const point of points) (point.measurement === 'price' ? stored : slots).push(point);
        },
      },
      ensureMarkets: async (_exchange, markets) => {
        if (trouble.registry) throw trouble.registry;
        return markets.map(({ symbol, base, quote }) => ({ symbol, pair: base + quote }));
      },
      saveState: async (state) => {
        if (trouble.save) throw trouble.save;
        saved.push(state);
      },
      ...more,
    });
    return prices;
  }

  const stateOf = (id: string): Readonly<ExchangeState> => {
    const state = prices?.states().find(({ exchange }) => exchange === id);
    assert.ok(state);
    return state;
  };
  const stateIn = () => [stateOf('bitstamp').state, stateOf('okx').state];
  /** Waits for sockets, which no clock moves. */
  const until = async (what: () => boolean) => {
    while (!what()) await new Promise(setImmediate);
  };
  const attempts = (id: string) =>
    [...(counts().get(id) ?? new Map<string, number>()).values()].reduce((a, b) => a + b, 0);
  let text = '';
  const counts = () => {
    const found = new Map<string, Map<string, number>>();
    const line = /^tidemark_price_polls_total\{exchange="(.+)",outcome="(.+)"\} (\d+)$/gm;
    for (const [, id = '', outcome = '', count] of text.matchAll(line)) {
      found.set(id, (found.get(id) ?? new Map()).set(outcome, Number(count)));
    }
    return found;
  };
  /** Advances to the next slots and waits until both exchanges have polled `times` in all. */
  const polled = async (bitstamp: number, okx: number) => {
    for (;;) {
      text = (await metrics.read()).text;
      if (attempts('bitstamp') >= bitstamp && attempts('okx') >= okx) return;
      await new Promise(setImmediate);
    }
  };

  it('serves the first rows at once, under the current slot', async () => {
    start();
    assert.deepEqual(stateIn(), ['starting', 'starting']);
    await until(() => stored.length === 3);
    assert.equal(clock.nowMs(), START_MS);
    const slotNs = BigInt(Date.UTC(2026, 0, 1, 12)) * 1_000_000n;
    assert.ok(stored.every(({ timeNs }) => timeNs === slotNs));
    await polled(1, 1);
    assert.deepEqual(stateIn(), ['ok', 'ok']);
    const { rows, latenessMs, lastSuccessMs, lastError } = stateOf('bitstamp');
    assert.deepEqual([rows, latenessMs, lastSuccessMs, lastError], [2, 20_000, START_MS, null]);
  });

  it('says what is stored, of each exchange whose prices the sink has taken', async () => {
    const told: StoredSlot[] = [];
    start({ onStored: (slot) => told.push(slot) });
    await polled(1, 1);
    const slotMs = Date.UTC(2026, 0, 1, 12);
    assert.deepEqual(
      told.toSorted((a, b) => (a.exchange < b.exchange ? -1 : 1)),
      [
        { exchange: 'bitstamp', slotMs, markets: 2 },
        { exchange: 'okx', slotMs, markets: 1 },
      ],
    );
    trouble.sink = new Error('full');
    await clock.advance(MINUTE_MS);
    await polled(2, 2);
    assert.equal(told.length, 2);
  });

  it('lets the trouble of one exchange cost only itself, and says so once', async () => {
    start();
    await polled(1, 1);
    servers.okx.set(OKX, { status: 500, body: {} });
    for (let slot = 2; slot < 5; slot += 1) {
      await clock.advance(MINUTE_MS);
      await polled(slot, slot);
    }
    assert.deepEqual(stateIn(), ['ok', 'failing']);
    const { consecutiveFailures, lastError, rows } = stateOf('okx');
    assert.deepEqual([consecutiveFailures, rows], [3, 1]);
    assert.match(lastError ?? '', /^server-error: status 500/);
    assert.equal(stored.filter(({ tags }) => tags.exchange === 'bitstamp').length, 8);
    assert.equal(stored.filter(({ tags }) => tags.exchange === 'okx').length, 1);
    // The first and the second (a power of two), not the third.
    assert.equal(logged.filter((line) => line.startsWith('warn')).length, 2);
    servers.okx.set(OKX, GOOD_OKX);
    await clock.advance(MINUTE_MS);
    await polled(5, 5);
    assert.deepEqual(stateIn(), ['ok', 'ok']);
    assert.match(logged.at(-1) ?? '', /^info prices are back .*"after":3/);
  });

  it('leaves a host alone for as long as it asks, and no other', async () => {
    start();
    await polled(1, 1);
    servers.okx.set(OKX, { status: 429, headers: { 'retry-after': '150' }, body: {} }, GOOD_OKX);
    await clock.advance(MINUTE_MS);
    await polled(2, 2);
    assert.deepEqual(stateIn(), ['ok', 'paused']);
    assert.equal(stateOf('okx').pausedUntilMs, (stateOf('okx').lastAttemptMs ?? 0) + 150_000);
    await clock.advance(2 * MINUTE_MS);
    await polled(4, 2);
    assert.equal(servers.okx.requests.length, 2);
    assert.match(text, /slots_skipped_total\{exchange="okx",reason="paused"\} 2/);
    await clock.advance(MINUTE_MS);
    await polled(5, 3);
    assert.deepEqual(stateIn(), ['ok', 'ok']);
    assert.equal(stateOf('okx').pausedUntilMs, null);
  });

  it('counts every row that it leaves out', async () => {
    const dead = { ...bitstampRow('OLD/USD'), last: '0' };
    servers.bitstamp.set(BITSTAMP, { body: [bitstampRow('BTC/USD'), dead, { pair: null }] });
    start();
    await polled(1, 1);
    assert.deepEqual(stateOf('bitstamp').dropped, { dead: 1, malformed: 1 });
    assert.match(text, /price_rows_dropped_total\{exchange="bitstamp",reason="dead"\} 1/);
    assert.match(text, /price_rows\{exchange="bitstamp"\} 1/);
  });

  it('tells when the writer or the registry refuses, and goes on after it', async () => {
    trouble.registry = new Error('no database');
    start();
    await polled(1, 1);
    assert.match(stateOf('okx').lastError ?? '', /^registry: .*no database/);
    delete trouble.registry;
    trouble.sink = new Error('the spool is full');
    await clock.advance(MINUTE_MS);
    await polled(2, 2);
    assert.match(stateOf('okx').lastError ?? '', /^not-stored: the spool is full/);
    assert.equal(stored.length, 0);
    delete trouble.sink;
    await clock.advance(MINUTE_MS);
    await polled(3, 3);
    assert.deepEqual(stateIn(), ['ok', 'ok']);
    assert.equal(stored.length, 3);
  });

  it('saves states for other processes, and says once when it cannot', async () => {
    trouble.save = new Error('no database');
    start();
    await polled(1, 1);
    await clock.advance(MINUTE_MS);
    await polled(2, 2);
    assert.equal(logged.filter((line) => line.includes('not saved')).length, 1);
    delete trouble.save;
    await clock.advance(MINUTE_MS);
    await polled(3, 3);
    assert.deepEqual(new Set(saved.map(({ exchange }) => exchange)), new Set(['bitstamp', 'okx']));
    assert.ok(saved.every(({ state }) => state === 'ok'));
  });

  it('does not save more often than every five seconds while nothing changes', async () => {
    start({ choices: choose(1_000) });
    await polled(1, 1);
    // Past every phase, so that each second from here on holds one slot.
    await clock.advance(300);
    for (let second = 2; second <= 12; second += 1) {
      await clock.advance(1_000);
      await polled(second, second);
    }
    const times = saved.filter(({ exchange }) => exchange === 'okx').length;
    assert.ok(times >= 2 && times <= 4, `${times} times`);
  });

  it('closes with a poll on its way: cancelled, and not called a failure', async () => {
    servers.okx.set(OKX, { silent: true });
    start();
    await until(() => servers.okx.requests.length === 1);
    await prices?.close();
    assert.equal(stateOf('okx').consecutiveFailures, 0);
    assert.ok(!logged.some((line) => line.includes('okx')));
  });

  it('switches an exchange off and on while the others miss no slot', async () => {
    start();
    await polled(1, 1);
    await prices?.apply(choose(MINUTE_MS, { ids: ['bitstamp'] }));
    assert.deepEqual(
      prices?.states().map(({ exchange }) => exchange),
      ['bitstamp'],
    );
    for (let slot = 2; slot <= 4; slot += 1) {
      await clock.advance(MINUTE_MS);
      await polled(slot, 1);
    }
    assert.equal(servers.okx.requests.length, 1);
    await prices?.apply(choose());
    await polled(4, 2);
    await clock.advance(MINUTE_MS);
    await polled(5, 3);
    assert.equal(servers.bitstamp.requests.length, 5);
    assert.doesNotMatch(text, /slots_skipped_total\{exchange="bitstamp"/);
    assert.deepEqual(stateIn(), ['ok', 'ok']);
  });

  it('changes the pace of an exchange without a new start', async () => {
    start();
    await polled(1, 1);
    const before = stateOf('okx');
    const [bitstamp, okx] = choose().lanes;
    const mixed = {
      lanes: [bitstamp!, { ...okx!, intervalMs: 1_000 }],
      offPairs: new Set<string>(),
    };
    await prices?.apply(mixed);
    for (let second = 2; second <= 6; second += 1) {
      await clock.advance(1_000);
      await polled(1, second);
    }
    assert.equal(stateOf('okx'), before, 'the same state goes on');
    await prices?.apply(choose());
    await clock.advance(20_000);
    await polled(1, 7);
    await clock.advance(40_000);
    await polled(2, 8);
    const slots = stored
      .filter(({ tags }) => tags.exchange === 'okx')
      .map(({ timeNs }) => Number(timeNs / 1_000_000n) - START_MS);
    assert.deepEqual(slots, [-20_000, 0, 1_000, 2_000, 3_000, 4_000, 5_000, 40_000]);
  });

  it('writes no point of a pair that is off, from the next slot on, and counts it', async () => {
    start();
    await polled(1, 1);
    await prices?.apply(choose(MINUTE_MS, { off: ['btcusd'] }));
    await clock.advance(MINUTE_MS);
    await polled(2, 2);
    const pairs = () => stored.map(({ tags }) => tags.pair);
    assert.deepEqual(pairs().sort(), ['btcusd', 'btcusdt', 'btcusdt', 'ethusd', 'ethusd']);
    assert.deepEqual(stateOf('bitstamp').dropped, { 'switched-off': 1 });
    await prices?.apply(choose());
    await clock.advance(MINUTE_MS);
    await polled(3, 3);
    assert.equal(pairs().filter((pair) => pair === 'btcusd').length, 2);
  });

  it('carries out choices one after another, also while a poll hangs', async () => {
    servers.okx.set(OKX, { silent: true });
    start();
    await until(() => servers.okx.requests.length === 1);
    await Promise.all([
      prices?.apply(choose(MINUTE_MS, { ids: ['bitstamp'] })),
      prices?.apply(choose(MINUTE_MS, { ids: ['bitstamp', 'okx'] })),
      prices?.apply(choose(MINUTE_MS, { ids: ['okx'] })),
    ]);
    assert.deepEqual(
      prices?.states().map(({ exchange }) => exchange),
      ['okx'],
    );
    assert.equal(stateOf('okx').consecutiveFailures, 0, 'a cancelled poll is no failure');
  });

  it('hands the prices of a poll over together with its slot', async () => {
    const batches: string[][] = [];
    const sink: PointSink = {
      accept: async (points) => void batches.push([...points].map((point) => point.measurement)),
    };
    start({ sink });
    await polled(1, 1);
    assert.deepEqual(batches.toSorted(), [
      ['price', 'ingest'],
      ['price', 'price', 'ingest'],
    ]);
  });

  it('writes how punctual each slot was, also when nothing else came of it', async () => {
    start();
    await polled(1, 1);
    servers.okx.set(OKX, { status: 500, body: {} });
    await clock.advance(MINUTE_MS);
    await polled(2, 2);
    await until(() => slots.length === 4);
    const ofOkx = slots.filter(({ tags }) => tags.exchange === 'okx');
    assert.deepEqual(ofOkx, [
      {
        measurement: 'ingest',
        tags: { exchange: 'okx' },
        fields: { late_ms: 0, took_ms: 0, rows: 1n, ok: true },
        timeNs: BigInt(Date.UTC(2026, 0, 1, 12)) * 1_000_000n,
      },
      {
        measurement: 'ingest',
        tags: { exchange: 'okx' },
        fields: { late_ms: ofOkx[1]?.fields.late_ms, took_ms: 0, rows: 0n, ok: false },
        timeNs: BigInt(Date.UTC(2026, 0, 1, 12, 1)) * 1_000_000n,
      },
    ]);
  });
});
