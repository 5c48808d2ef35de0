import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { createHttp, type HttpClient } from '../../../core/http.ts';
import type { PriceAdapter } from '../../../ingest/prices/adapter.ts';
import { exchanges } from '../../../ingest/prices/exchanges/list.ts';
import { createPriceSource, type PriceSource } from '../../../ingest/prices/fetch.ts';
import { Refusal, type RefusalReason } from '../../../ingest/prices/refusal.ts';
import { ManualClock } from '../../helpers/clock.ts';
import { startUpstream, type Upstream } from '../../helpers/upstream.ts';

const HOUR_MS = 3_600_000;
const TICKERS = '/api/v3/ticker/24hr';
const LIST = '/api/v3/exchangeInfo?showPermissionSets=false';

const names = (count: number) => Array.from({ length: count }, (_, index) => `C${index}`);
const listOf = (bases: readonly string[]) => ({
  symbols: bases.map((baseAsset) => ({
    symbol: `${baseAsset}BTC`,
    status: 'TRADING',
    baseAsset,
    quoteAsset: 'BTC',
  })),
});
const tickersOf = (bases: readonly string[]) =>
  bases.map((base) => ({
    symbol: `${base}BTC`,
    lastPrice: '1.50',
    bidPrice: '1.4',
    askPrice: '1.6',
    volume: '1',
    quoteVolume: '1.5',
  }));

describe('a price source', () => {
  let upstream: Upstream;
  let http: HttpClient;
  let clock: ManualClock;
  let stale: Refusal[];
  const signal = new AbortController().signal;

  beforeEach(async () => {
    clock = new ManualClock();
    upstream = await startUpstream();
    http = createHttp({ clock, version: '1' });
    stale = [];
    upstream.set(LIST, { body: listOf(names(10)) });
    upstream.set(TICKERS, { body: tickersOf(names(10)), gzip: true });
  });
  afterEach(async () => {
    await http.close();
    await upstream.close();
  });

  const sourceOf = (adapter: PriceAdapter | undefined): PriceSource => {
    assert.ok(adapter);
    return createPriceSource({
      exchange: { adapter, baseUrl: upstream.url },
      http,
      clock,
      deadlineMs: 5_000,
      onStaleList: (refusal) => stale.push(refusal),
    });
  };
  const binance = () => sourceOf(exchanges.find(({ id }) => id === 'binance'));
  const refused = (reason: RefusalReason) => (error: unknown) => {
    assert.ok(error instanceof Refusal, String(error));
    assert.equal(error.reason, reason, error.message);
    return true;
  };

  it('asks for the list once and for the tickers at every poll', async () => {
    const source = binance();
    for (let poll = 0; poll < 3; poll += 1) {
      assert.equal((await source.poll(signal)).rows.length, 10);
    }
    assert.deepEqual(upstream.requests.filter((path) => path === LIST).length, 1);
    assert.deepEqual(upstream.requests.filter((path) => path === TICKERS).length, 3);
  });

  it('renews the list after an hour, so that new symbols are known', async () => {
    const source = binance();
    await source.poll(signal);
    upstream.set(TICKERS, { body: tickersOf(names(11)) });
    const before = await source.poll(signal);
    assert.deepEqual(before.dropped, { 'unknown-symbol': 1 });
    upstream.set(LIST, { body: listOf(names(11)) });
    clock.jump(HOUR_MS);
    assert.equal((await source.poll(signal)).rows.length, 11);
  });

  it('goes on with the old list while it cannot be renewed, asking now and then', async () => {
    const source = binance();
    await source.poll(signal);
    upstream.set(
      LIST,
      { status: 500, body: {} },
      { body: { symbols: [] } },
      { body: listOf(['A']) },
    );
    clock.jump(HOUR_MS);
    assert.equal((await source.poll(signal)).rows.length, 10);
    assert.equal((await source.poll(signal)).rows.length, 10);
    assert.deepEqual(
      stale.map(({ reason }) => reason),
      ['server-error'],
    );
    clock.jump(HOUR_MS / 12);
    await source.poll(signal);
    clock.jump(HOUR_MS / 12);
    await source.poll(signal);
    assert.deepEqual(
      stale.map(({ reason }) => reason),
      ['server-error', 'empty', 'shrunken'],
    );
  });

  it('has no rows without a list, and says whose trouble it is', async () => {
    upstream.set(LIST, { status: 418, body: { code: -1003, msg: 'banned' } });
    await assert.rejects(binance().poll(signal), refused('banned'));
  });

  it('neither believes nor learns from fewer than half of the last rows', async () => {
    const source = binance();
    await source.poll(signal);
    upstream.set(TICKERS, { body: tickersOf(names(4)) });
    await assert.rejects(source.poll(signal), refused('shrunken'));
    await assert.rejects(source.poll(signal), refused('shrunken'));
    upstream.set(TICKERS, { body: tickersOf(names(5)) });
    assert.equal((await source.poll(signal)).rows.length, 5);
    upstream.set(TICKERS, { body: tickersOf(names(2)) });
    await assert.rejects(source.poll(signal), refused('shrunken'));
    clock.jump(HOUR_MS / 2);
    assert.equal((await source.poll(signal)).rows.length, 2);
  });

  const faults: [string, Parameters<Upstream['set']>[1], RefusalReason][] = [
    ['a reset', { reset: true }, 'reset'],
    ['a cut body', { body: tickersOf(names(10)), cutAfter: 40 }, 'truncated'],
    ['a redirect', { status: 301, headers: { location: '/elsewhere' } }, 'redirect'],
    ['a page', { body: '<html>', headers: { 'content-type': 'text/html' } }, 'html'],
    ['half of a JSON text', { body: '[{"symbol":"C0BTC","lastPr' }, 'not-json'],
    ['an error in a 200', { body: { code: -1121, msg: 'Invalid symbol.' } }, 'error-body'],
    ['another shape', { body: { tickers: [] } }, 'shape'],
    ['no rows', { body: [] }, 'empty'],
  ];
  for (const [what, reply, reason] of faults) {
    it(`refuses ${what} as ${reason}, and takes the next good answer`, async () => {
      const source = binance();
      await source.poll(signal);
      upstream.set(TICKERS, reply);
      await assert.rejects(source.poll(signal), refused(reason));
      upstream.set(TICKERS, { body: tickersOf(names(10)) });
      assert.equal((await source.poll(signal)).rows.length, 10);
    });
  }

  it('leaves a server that never ends its answer at the deadline', async () => {
    const source = binance();
    upstream.set(TICKERS, { stall: true, body: tickersOf(names(10)) });
    const poll = assert.rejects(source.poll(signal), refused('deadline'));
    while (!upstream.requests.includes(TICKERS)) await new Promise(setImmediate);
    await clock.advance(5_000);
    await poll;
  });

  describe('where the request names the markets', () => {
    const paths: (readonly string[])[] = [];
    const adapter: PriceAdapter = {
      id: 'made-up',
      baseUrl: '',
      byDefault: false,
      requests: {
        lists: [{ path: '/list', refreshMs: HOUR_MS }],
        tickers: (symbols) => {
          paths.push([...symbols.keys()]);
          return [`/prices?of=${[...symbols.keys()].join(',')}`, '/more'];
        },
      },
      symbols: ([list]) =>
        new Map((list as string[]).map((base) => [base, { base, quote: 'usd' }])),
      parse: (bodies) => {
        const rows = (bodies.flat() as string[]).map((floatText, index) => ({
          ...{ exchange: 'made-up', symbol: `${index}`, base: 'a', quote: 'b', pair: 'ab' },
          price: { floatText },
        }));
        return { rows, dropped: {} };
      },
    };
    beforeEach(() => {
      paths.length = 0;
      upstream.set('/list', { body: ['a', 'b'] });
      upstream.set('/prices?of=a,b', { body: [1.0, 2] });
      upstream.set('/more', { body: [3] });
    });

    it('asks for the tickers after the lists', async () => {
      const { rows } = await sourceOf(adapter).poll(signal);
      const prices = rows.map((row) => row.price.floatText);
      assert.deepEqual(prices, ['1', '2', '3']);
      assert.deepEqual(paths, [['a', 'b']]);
    });

    it('renews the list at once when a market that it names is no more', async () => {
      const source = sourceOf(adapter);
      await source.poll(signal);
      await clock.advance(60_000);
      upstream.set('/prices?of=a,b', { status: 404, body: { error: 'no market b' } });
      upstream.set('/list', { body: ['a', 'c'] });
      upstream.set('/prices?of=a,c', { body: [4, 5] });
      await assert.rejects(source.poll(signal), refused('status'));
      assert.equal((await source.poll(signal)).rows.length, 3);
      upstream.set('/prices?of=a,c', { status: 404, body: { error: 'no market c' } });
      await assert.rejects(source.poll(signal), refused('status'));
      await assert.rejects(source.poll(signal), refused('status'));
      const asked = upstream.requests.filter((path) => path === '/list');
      assert.equal(asked.length, 2, 'not twice in a minute');
    });
  });

  it('reports a mistake of an adapter as one of ours', async () => {
    const broken: PriceAdapter = {
      id: 'broken',
      baseUrl: '',
      byDefault: false,
      requests: { lists: [], tickers: [TICKERS] },
      parse: () => {
        throw new TypeError('no');
      },
    };
    await assert.rejects(sourceOf(broken).poll(signal), refused('internal'));
  });
});
