import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { messageOf } from '../../../../core/errors.ts';
import { estimate } from '../../../../ingest/prices/backfill/estimate.ts';
import { chooseWitnesses, findGaps } from '../../../../ingest/prices/backfill/gaps.ts';
import { MINUTE_MS } from '../../../../ingest/prices/backfill/minutes.ts';
import { createPace } from '../../../../ingest/prices/backfill/pace.ts';
import {
  byImportance,
  fillableRange,
  planMarkets,
  spanText,
} from '../../../../ingest/prices/backfill/plan.ts';
import { adapterOf } from '../../../../ingest/prices/backfill/sources.ts';
import { judgeFailure, waitMs } from '../../../../ingest/prices/backfill/verdict.ts';
import { kraken } from '../../../../ingest/prices/exchanges/kraken.ts';
import { Refusal, type RefusalReason } from '../../../../ingest/prices/refusal.ts';
import type { Market } from '../../../../registry/markets.ts';
import { ManualClock } from '../../../helpers/clock.ts';
import { toyAdapter } from './toy.ts';

const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const NOW = Date.UTC(2026, 9, 2, 12, 0, 30);
const NOON = Date.UTC(2026, 9, 2, 12);

const market = (pair: string, more: Partial<Market> = {}): Market => ({
  ...{ exchange: 'toy', symbol: pair, base: pair.slice(0, -3), quote: pair.slice(-3), pair },
  ...{ clashed: false, firstSeenMs: 0, lastSeenMs: NOW },
  ...more,
});
const ask = (more: object = {}) => ({
  ...{ adapter: toyAdapter(), range: { fromMs: NOON - DAY_MS, toMs: NOON }, nowMs: NOW },
  ...{ stepMs: MINUTE_MS, retentionMs: 0 },
  ...more,
});

describe('what can be filled', () => {
  it('ends before what is not settled yet', () => {
    const { range, notes } = fillableRange(ask({ range: { fromMs: NOON - HOUR_MS, toMs: NOW } }));
    assert.deepEqual(range, { fromMs: NOON - HOUR_MS, toMs: NOON - MINUTE_MS });
    assert.deepEqual(notes, []);
    const all = ask({ range: { fromMs: NOON - MINUTE_MS, toMs: NOW } });
    assert.equal(fillableRange(all).range, undefined);
  });

  it('begins with the oldest candle of the exchange, and says so', () => {
    const { range, notes } = fillableRange(ask({ adapter: kraken }));
    assert.deepEqual(range?.fromMs, NOON - 719 * MINUTE_MS + 2 * MINUTE_MS);
    assert.deepEqual(notes, [
      'kraken has candles of the last 12 h only: from 2026-10-02T00:03Z on',
    ]);
  });

  it('begins with what InfluxDB keeps, and says so', () => {
    const { range, notes } = fillableRange(ask({ retentionMs: 12 * HOUR_MS }));
    assert.equal(range?.fromMs, NOON - 11 * HOUR_MS + MINUTE_MS);
    assert.match(notes[0] ?? '', /kept for 12h \(RETENTION\)/);
  });

  it('is nothing without candles, or before all of them', () => {
    const { candles: _, ...plain } = toyAdapter();
    const without = fillableRange(ask({ adapter: plain }));
    assert.deepEqual(without.notes, ['toy has no candles: nothing of it can be filled']);
    assert.equal(without.range, undefined);
    const old = { fromMs: NOON - 9 * DAY_MS, toMs: NOON - 8 * DAY_MS };
    assert.equal(fillableRange(ask({ adapter: kraken, range: old })).range, undefined);
  });

  it('leaves out markets that were gone by then', () => {
    const gone = market('olddusd', { lastSeenMs: NOON - 2 * DAY_MS });
    const { markets } = planMarkets([market('btcusd'), gone], ask());
    assert.deepEqual(
      markets.map(({ pair, adapter, stepMs }) => [pair, adapter, stepMs]),
      [['btcusd', 'toy', MINUTE_MS]],
    );
  });

  it('says spans in words', () => {
    const spans = [1_400, 89_000, 45 * MINUTE_MS, 719 * MINUTE_MS, 3 * DAY_MS].map(spanText);
    assert.deepEqual(spans, ['1 s', '89 s', '45 min', '12 h', '3 days']);
  });
});

describe('the order of markets', () => {
  it('is by volume within a currency, currencies side by side', () => {
    const markets = ['aaausd', 'bbbusd', 'cccusd', 'dddeur', 'eeeeur', 'fffbtc'].map((p) =>
      market(p),
    );
    const volumes = new Map([
      ['aaausd', 1],
      ['bbbusd', 300],
      ['cccusd', 20],
      ['eeeeur', 5],
      ['fffbtc', 0.001],
    ]);
    assert.deepEqual(
      byImportance(markets, volumes).map(({ pair }) => pair),
      ['bbbusd', 'eeeeur', 'fffbtc', 'cccusd', 'dddeur', 'aaausd'],
    );
  });
});

describe('an estimate', () => {
  it('counts pages and time by the pace of each exchange, side by side', () => {
    const range = { fromMs: 0, toMs: 1_440 * MINUTE_MS };
    const one = { ...market('btcusd'), adapter: 'kraken', stepMs: MINUTE_MS, range };
    const slow = toyAdapter({ spacingMs: 1_000, pageRowsMax: 720 }, 'kraken');
    const many = Array.from({ length: 1_500 }, () => one);
    assert.deepEqual(
      estimate(many, () => slow),
      { markets: 1_500, requests: 3_000, durationMs: 3_000_000 },
    );
    const fast = toyAdapter({ spacingMs: 1, pageRowsMax: 10_000 }, 'okx');
    const both = [one, { ...one, adapter: 'okx' }];
    assert.deepEqual(
      estimate(both, (id) => (id === 'okx' ? fast : slow)),
      { markets: 2, requests: 3, durationMs: 2_000 },
    );
  });
});

describe('gaps of exchanges', () => {
  const heard = (...slots: number[]) => new Set(slots.map((n) => NOON - n * MINUTE_MS));
  const search = (found: Map<string, Map<string, Set<number>>>, asked: object[] = []) => ({
    registry: { query: async () => asked as never },
    stored: { pair: async (pair: string) => found.get(pair) ?? new Map() },
    ...{ nowMs: NOW, lookbackMs: 5 * MINUTE_MS, retentionMs: 0 },
  });
  const polled = [{ adapter: toyAdapter(), intervalMs: 10_000 }];

  it('are the slots at which none of some pairs has a point', async () => {
    const found = new Map([
      ['btcusd', new Map([['toy', heard(4)]])],
      ['ethusd', new Map([['toy', heard(2, 4)]])],
    ]);
    const markets = [market('btcusd'), market('ethusd')];
    const range = { fromMs: NOON - 3 * MINUTE_MS, toMs: NOON - 2 * MINUTE_MS };
    const gap = { exchange: 'toy', stepMs: MINUTE_MS, range, slots: 1 };
    assert.deepEqual(await findGaps(polled, markets, search(found)), [gap]);
    const asked = [{ ...range, open: true }];
    assert.deepEqual(await findGaps(polled, markets, search(found, asked)), []);
  });

  it('are not looked for where there are no candles or no markets', async () => {
    const { candles: _, ...plain } = toyAdapter();
    const none = search(new Map());
    assert.deepEqual(await findGaps([{ adapter: plain, intervalMs: 1 }], [market('a')], none), []);
    assert.deepEqual(await findGaps(polled, [], none), []);
  });

  it('are seen by few pairs, three of each exchange where it has them', () => {
    const names = ['kraken', 'okx', 'upbit', 'one'];
    const listed = (exchange: string, pairs: string[]) => pairs.map((pair) => ({ exchange, pair }));
    const markets = [
      ...listed('kraken', ['btcusd', 'ethusd', 'xrpusd', 'adausd', 'rareusd']),
      ...listed('okx', ['btcusd', 'ethusd', 'xrpusd', 'adausd']),
      ...listed('upbit', ['btckrw', 'ethkrw', 'xrpkrw', 'adakrw', 'btcusd']),
      ...listed('one', ['loneusd']),
      ...listed('elsewhere', ['otherusd']),
    ];
    const chosen = chooseWitnesses(markets, names);
    assert.deepEqual(chosen, ['btcusd', 'adausd', 'ethusd', 'adakrw', 'btckrw', 'loneusd']);
  });
});

describe('after a failure', () => {
  const verdict = (reason: RefusalReason, failures: object = {}) =>
    judgeFailure(new Refusal(reason, 'x'), { refused: 0, failed: 1, ...failures });

  it('a market is given up for what was asked, an exchange for what it is', () => {
    const reasons: RefusalReason[] = ['status', 'error-body', 'shape', 'internal'];
    assert.deepEqual(new Set(reasons.map((reason) => verdict(reason))), new Set(['market']));
    assert.equal(verdict('status', { refused: 25 }), 'exchange');
    assert.equal(verdict('server-error'), 'again');
    assert.equal(verdict('server-error', { failed: 10 }), 'exchange');
    assert.equal(verdict('forbidden', { failed: 3 }), 'exchange');
    assert.equal(verdict('rate-limited', { failed: 1_000 }), 'again');
  });

  it('of our own nobody is given up', () => {
    assert.equal(judgeFailure(new Error('no InfluxDB'), { refused: 0, failed: 99 }), 'again');
  });

  it('the wait grows, to two minutes', () => {
    const waits = [1, 2, 3, 50].map((failed) => waitMs(failed, () => 1));
    assert.deepEqual(waits, [4_000, 8_000, 16_000, 120_000]);
    assert.equal(
      waitMs(1, () => 0),
      2_000,
    );
  });
});

describe('the pace', () => {
  it('keeps requests to one place apart, whoever makes them', async () => {
    const clock = new ManualClock();
    const pace = createPace(clock);
    const { signal } = new AbortController();
    const turns: string[] = [];
    const turn = async (place: string) => {
      await pace.turn(place, 1_000, signal);
      turns.push(`${place} ${clock.monotonicMs()}`);
    };
    const all = Promise.all([turn('a'), turn('a'), turn('b'), turn('a')]);
    await clock.advance(5_000);
    await all;
    assert.deepEqual(turns, ['a 0', 'b 0', 'a 1000', 'a 2000']);
    await turn('a');
    assert.equal(turns.at(-1), 'a 5000');
  });

  it('can be left', async () => {
    const leave = new AbortController();
    const pace = createPace(new ManualClock());
    await pace.turn('a', 1_000, leave.signal);
    const waiting = pace.turn('a', 1_000, leave.signal).catch(messageOf);
    leave.abort();
    assert.equal(await waiting, 'sleep was cancelled');
  });
});

describe('the source of a market', () => {
  it('is its exchange, or the server that speaks for many', () => {
    const of = (exchange: string, symbol: string) => adapterOf({ exchange, symbol });
    assert.equal(of('kraken', 'BTC/USD'), 'kraken');
    assert.equal(of('bitfinex', 'tDUSK:USD'), 'bitfinex');
    assert.equal(of('kraken', 'market:kraken:btcusd'), 'cryptowatch');
    assert.equal(of('kraken', 'kraken:btcusd'), 'cryptowatch');
  });
});
