import assert from 'node:assert/strict';
import { afterEach, before, beforeEach, describe, it } from 'node:test';
import { TidemarkError } from '../../../core/errors.ts';
import { createHttp, type HttpClient } from '../../../core/http.ts';
import type { Log } from '../../../core/log.ts';
import { createMetrics } from '../../../core/metrics.ts';
import { createIngestMetrics } from '../../../ingest/metrics.ts';
import { chooseCcxt } from '../../../ingest/prices/ccxt/choose.ts';
import { type CcxtLibrary, loadCcxt } from '../../../ingest/prices/ccxt/library.ts';
import { refusalOfCcxt } from '../../../ingest/prices/ccxt/refusal.ts';
import { rowsOfTickers } from '../../../ingest/prices/ccxt/rows.ts';
import { chooseExchanges, exchanges } from '../../../ingest/prices/exchanges/list.ts';
import type { PriceSource } from '../../../ingest/prices/fetch.ts';
import { Refusal, type RefusalReason } from '../../../ingest/prices/refusal.ts';
import { startPrices } from '../../../ingest/prices/start.ts';
import { ManualClock } from '../../helpers/clock.ts';
import { type Reply, startUpstream, type Upstream } from '../../helpers/upstream.ts';

const HOUR_MS = 3_600_000;
/** LBank's own paths, as ccxt asks for them. */
const MARKETS = '/v2/accuracy.do';
const CONTRACTS = '/cfd/openApi/v1/pub/instrument?productGroup=SwapU';
const TICKERS = '/v2/ticker/24hr.do?symbol=all';

const JSON_TYPE = { 'content-type': 'application/json' };
const marketsOf = (symbols: readonly string[]) => ({
  body: {
    result: 'true',
    data: symbols.map((symbol) => ({
      ...{ symbol, quantityAccuracy: '4', minTranQua: '0.0001', priceAccuracy: '2' },
    })),
    error_code: 0,
  },
});
const tickerText = (symbol: string, latest: string): string =>
  `{"symbol":"${symbol}","ticker":{"high":"2","vol":6890.278900,"low":"1","change":"0.58",` +
  `"turnover":"202769821.06","latest":${latest}},"timestamp":1767225599908}`;
const tickersOf = (texts: readonly string[]) => ({
  headers: JSON_TYPE,
  body: `{"result":"true","data":[${texts.join(',')}],"error_code":0,"ts":1767225600000}`,
});
const NO_CONTRACTS = { body: { data: [], error_code: 0, result: 'true', success: true } };
const NAMES = Array.from({ length: 10 }, (_, index) => `c${index}_usdt`);
const GOOD = tickersOf(NAMES.map((name) => tickerText(name, '"1.50"')));

const silent: Log = {
  ...{ debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
  child: () => silent,
};

const isRefused = (reason: RefusalReason, pauseMs?: number) => (error: unknown) => {
  assert.ok(error instanceof Refusal, String(error));
  assert.equal(error.reason, reason, error.message);
  assert.equal(error.pauseMs, pauseMs);
  return true;
};
const isInvalid = (pattern: RegExp) => (error: unknown) => {
  assert.ok(error instanceof TidemarkError && error.code === 'invalid', String(error));
  assert.match(error.message, pattern);
  return true;
};

describe('the choice of exchanges of ccxt', () => {
  const never = () => assert.fail('ccxt was loaded');
  const idsOf = async (ids: readonly string[]) => (await chooseCcxt({ ids })).chosen;

  it('loads nothing unless one is asked for', async () => {
    const choice = { ids: ['kraken'], urls: { kraken: 'http://127.0.0.1:1' } };
    assert.deepEqual(await chooseCcxt(choice, never), { chosen: [], rest: choice });
    assert.deepEqual(await chooseCcxt({}, never), { chosen: [], rest: {} });
  });

  it('takes them by their ids in ccxt, and leaves the rest to the exchanges of our own', async () => {
    const urls = { kraken: 'http://127.0.0.1:1', lbank: 'http://127.0.0.1:2/' };
    const ids = ['ccxt:lbank', 'kraken', 'ccxt:whitebit', 'ccxt:lbank'];
    const { chosen, rest } = await chooseCcxt({ ids, urls });
    assert.deepEqual(
      chosen.map(({ adapter, baseUrl }) => [adapter.id, baseUrl]),
      [
        ['lbank', 'http://127.0.0.1:2'],
        ['whitebit', 'ccxt:whitebit'],
      ],
    );
    assert.deepEqual(
      chooseExchanges(rest).map(({ adapter, baseUrl }) => [adapter.id, baseUrl]),
      [['kraken', 'http://127.0.0.1:1']],
    );
  });

  it('refuses what it cannot do, saying what to write instead', async () => {
    await assert.rejects(idsOf(['ccxt:lbnak']), isInvalid(/no exchange lbnak; near: lbank/));
    await assert.rejects(idsOf(['ccxt:']), isInvalid(/ccxt has no exchange/));
    await assert.rejects(idsOf(['ccxt:__proto__']), isInvalid(/ccxt has no exchange/));
    await assert.rejects(idsOf(['ccxt:kraken']), isInvalid(/has kraken itself; write kraken/));
    await assert.rejects(idsOf(['ccxt:zaif']), isInvalid(/one for each market/));
    const urls = { lbank: 'http://127.0.0.1:2/v2' };
    await assert.rejects(chooseCcxt({ ids: ['ccxt:lbank'], urls }), isInvalid(/base URL of lbank/));
  });

  it('names the command when ccxt is not installed', async () => {
    const absent = () => loadCcxt('ccxt-that-is-not-installed');
    const choosing = chooseCcxt({ ids: ['ccxt:lbank'] }, absent);
    await assert.rejects(choosing, isInvalid(/npm install ccxt@4/));
    await assert.rejects(loadCcxt('node:path'), isInvalid(/npm install ccxt@4/));
  });

  it('can make every exchange of ccxt that is not one of ours and answers all tickers', async () => {
    const { exchanges: all } = await loadCcxt();
    const ours = new Set(exchanges.map(({ id }) => id));
    const results = await Promise.allSettled(
      all.filter((id) => !ours.has(id)).map((id) => idsOf([`ccxt:${id}`])),
    );
    const refused = results.flatMap((result) =>
      result.status === 'rejected' ? [String(result.reason.message)] : [],
    );
    assert.deepEqual(
      refused.filter((text) => !text.includes('one for each market')),
      [],
    );
    assert.ok(results.length - refused.length >= 60, `${results.length} less ${refused.length}`);
  });
});

describe('an exchange of ccxt', () => {
  let upstream: Upstream;
  let http: HttpClient;
  let clock: ManualClock;
  let source: PriceSource;
  let stale: Refusal[];
  const signal = new AbortController().signal;

  beforeEach(async () => {
    clock = new ManualClock();
    upstream = await startUpstream();
    http = createHttp({ clock, version: '1' });
    stale = [];
    upstream.set(MARKETS, marketsOf([...NAMES, 'btc3l_usdt', 'xrpbull_usdt']));
    upstream.set(CONTRACTS, NO_CONTRACTS);
    upstream.set(TICKERS, GOOD);
    const { chosen } = await chooseCcxt({ ids: ['ccxt:lbank'], urls: { lbank: upstream.url } });
    const onStaleList = (refusal: Refusal) => stale.push(refusal);
    const opened = chosen[0]?.open?.({ http, clock, deadlineMs: 5_000, onStaleList });
    assert.ok(opened);
    source = opened;
  });
  afterEach(async () => {
    await http.close();
    await upstream.close();
  });

  it('gives rows with the digits of the answer, and drops by reason', async () => {
    upstream.set(
      TICKERS,
      tickersOf([
        tickerText('c0_usdt', '37.930307309999996000'),
        tickerText('c1_usdt', '1.2e-8'),
        tickerText('c2_usdt', '"0"'),
        tickerText('c3_usdt', 'null'),
        tickerText('btc3l_usdt', '"1"'),
        tickerText('xrpbull_usdt', '"1"'),
        tickerText('renamed_usdt', '"1"'),
      ]),
    );
    const { rows, dropped } = await source.poll(signal);
    const row = { exchange: 'lbank', quote: 'usdt', exchangeTimeMs: 1767225599908 };
    const volumes = {
      volume: { floatText: '6890.278900' },
      quoteVolume: { floatText: '202769821.06' },
    };
    assert.deepEqual(rows, [
      {
        ...{ ...row, ...volumes, symbol: 'c0_usdt', base: 'c0', pair: 'c0usdt' },
        price: { floatText: '37.930307309999996000' },
      },
      {
        ...{ ...row, ...volumes, symbol: 'c1_usdt', base: 'c1', pair: 'c1usdt' },
        price: { floatText: '0.000000012' },
      },
    ]);
    assert.deepEqual(dropped, { 'no-price': 2, leveraged: 2, 'unknown-symbol': 1 });
  });

  it('asks at the base URL that is given, as ourselves', async () => {
    await source.poll(signal);
    assert.deepEqual([...upstream.requests].sort(), [CONTRACTS, MARKETS, TICKERS].sort());
    for (const headers of upstream.headers) assert.equal(headers['user-agent'], 'tidemark/1');
  });

  const BROKEN = tickersOf([tickerText('c0_usdt', '"soon"'), tickerText('c1_usdt', '"1"')]);
  const FAULTS: readonly [string, Reply, RefusalReason, number?][] = [
    ['429', { status: 429, headers: { 'retry-after': '7' } }, 'rate-limited', 7_000],
    ['403', { status: 403, body: 'no' }, 'forbidden', 300_000],
    ['503', { status: 503, body: '<html>' }, 'server-error'],
    ['a page', { headers: { 'content-type': 'text/html' }, body: '<html></html>' }, 'html'],
    ['a page called JSON', { headers: JSON_TYPE, body: ' <html></html>' }, 'html'],
    ['JSON cut by its sender', { headers: JSON_TYPE, body: GOOD.body.slice(0, 500) }, 'not-json'],
    ['a cut connection', { body: GOOD.body, cutAfter: 400 }, 'truncated'],
    ['JSON of another shape', { body: { data: { a: 1 } } }, 'error-body'],
    ['an empty body', { body: '' }, 'shape'],
    ['an answer without rows', tickersOf([]), 'empty'],
    // One such row spoils ccxt's whole answer: it goes no further than here.
    ['a row that ccxt trips over', BROKEN, 'shape'],
    [
      'an error that means slower',
      { body: { result: 'false', error_code: 10_004 } },
      'rate-limited',
      60_000,
    ],
    ['another error in a 200', { body: { result: 'false', error_code: 10_008 } }, 'error-body'],
  ];
  for (const [what, reply, reason, pauseMs] of FAULTS) {
    it(`refuses ${what} as ${reason}, and goes on afterwards`, async () => {
      upstream.set(TICKERS, reply, GOOD);
      await assert.rejects(source.poll(signal), isRefused(reason, pauseMs));
      assert.equal((await source.poll(signal)).rows.length, 10);
    });
  }

  it('hears the same of its markets, and begins once they are there', async () => {
    upstream.set(CONTRACTS, { status: 503, body: '' }, NO_CONTRACTS);
    await assert.rejects(source.poll(signal), isRefused('server-error'));
    assert.equal((await source.poll(signal)).rows.length, 10);
  });

  it('gives up at the deadline, and when it is told to', async () => {
    upstream.set(TICKERS, { silent: true });
    const late = source.poll(signal);
    const asked = async () => {
      while (!upstream.requests.includes(TICKERS)) await new Promise(setImmediate);
    };
    await asked();
    await Promise.all([assert.rejects(late, isRefused('deadline')), clock.advance(5_001)]);
    const leaving = new AbortController();
    const left = source.poll(leaving.signal);
    while (upstream.requests.filter((path) => path === TICKERS).length < 2) {
      await new Promise(setImmediate);
    }
    leaving.abort();
    await assert.rejects(left, isRefused('cancelled'));
  });

  it('has a lane like any other: points with its id, and none while it is paused', async () => {
    const urls = { lbank: upstream.url };
    const { chosen } = await chooseCcxt({ ids: ['ccxt:lbank'], urls });
    const lanes = chosen.map((each) => ({ ...each, intervalMs: 60_000, mode: 'poll' as const }));
    const tags: unknown[] = [];
    const prices = startPrices({
      choices: { lanes, offPairs: new Set() },
      ...{ http, clock, timer: clock.timer, log: silent },
      metrics: createIngestMetrics(createMetrics()),
      sink: {
        async accept(points) {
          for (const { measurement, tags: each } of points) {
            if (measurement === 'price') tags.push(each);
          }
        },
      },
      ensureMarkets: async (_exchange, list) =>
        list.map(({ symbol, base, quote }) => ({ symbol, pair: base + quote })),
      saveState: async () => {},
    });
    const until = async (what: () => boolean) => {
      while (!what()) await new Promise(setImmediate);
    };
    await until(() => prices.states()[0]?.state === 'ok');
    assert.equal(tags.length, 10);
    assert.deepEqual(tags[0], { exchange: 'lbank', pair: 'c0usdt' });
    upstream.set(TICKERS, { status: 429, headers: { 'retry-after': '200' } });
    // Each job has a place of its own in its minute.
    await clock.advance(70_000);
    await until(() => prices.states()[0]?.state === 'paused');
    const asked = upstream.requests.length;
    await clock.advance(70_000);
    assert.equal(upstream.requests.length, asked);
    await prices.close();
  });

  it('does not believe fewer than half of the rows', async () => {
    await source.poll(signal);
    upstream.set(TICKERS, tickersOf([tickerText('c0_usdt', '"1"')]));
    await assert.rejects(source.poll(signal), isRefused('shrunken'));
  });

  it('renews its markets each hour, and keeps the old ones while they cannot be renewed', async () => {
    await source.poll(signal);
    const asked = () => upstream.requests.filter((path) => path === MARKETS).length;
    upstream.set(MARKETS, { status: 500, body: '' });
    await clock.advance(HOUR_MS);
    assert.equal((await source.poll(signal)).rows.length, 10);
    assert.equal((await source.poll(signal)).rows.length, 10);
    assert.deepEqual([asked(), stale.map(({ reason }) => reason)], [2, ['server-error']]);
    upstream.set(MARKETS, marketsOf(NAMES.slice(0, 9)));
    await clock.advance(HOUR_MS / 12);
    const { dropped } = await source.poll(signal);
    assert.deepEqual([asked(), dropped], [3, { 'unknown-symbol': 1 }]);
  });
});

describe('what ccxt answers', () => {
  let library: CcxtLibrary;
  before(async () => {
    library = await loadCcxt();
  });

  it('is read as a spot market that trades, or dropped by reason', () => {
    const market = { id: 'x', base: 'AB', quote: 'USD', spot: true, active: true };
    const ticker = { last: '1', bid: 0.5, ask: null, baseVolume: '2', timestamp: '1767225599908' };
    const markets: Record<string, unknown> = {
      plain: market,
      perpetual: { ...market, id: 'p', spot: false, contract: true },
      index: { ...market, id: 'i', spot: false },
      halted: { ...market, id: 'h', active: false },
      bull: { ...market, id: 'b', base: 'ETHBULL' },
      pitbull: { ...market, id: 'q', base: 'PITBULL', active: undefined },
      named: { ...market, id: 'n', base: 'Soda Coin' },
      broken: { id: 'z' },
    };
    const names = [...Object.keys(markets), 'absent', 'constructor'];
    const tickers = Object.fromEntries(
      names.map((symbol) => [symbol, { ...ticker, symbol }] as const),
    );
    const { rows, dropped } = rowsOfTickers('some', { ...tickers, odd: 7 }, markets);
    assert.deepEqual(
      rows.map(({ symbol, pair }) => [symbol, pair]),
      [
        ['x', 'abusd'],
        ['q', 'pitbullusd'],
        ['n', 'sodacoinusd'],
      ],
    );
    assert.deepEqual(rows[0]?.bid, { floatText: '0.5' });
    assert.deepEqual(dropped, {
      ...{ derivative: 1, 'non-spot': 1, 'not-trading': 1, leveraged: 1 },
      ...{ 'unknown-symbol': 3, malformed: 1 },
    });
    for (const odd of [undefined, null, [], 'text']) {
      assert.throws(() => rowsOfTickers('some', odd, {}), isRefused('shape'));
    }
  });

  it('is refused with the reason that its error says', async () => {
    const ccxt = (await import('ccxt')).default as unknown as Record<string, new () => Error>;
    const reasonOf = (name: string) => {
      const Type = ccxt[name];
      assert.ok(Type, name);
      const { reason, pauseMs } = refusalOfCcxt(new Type());
      return [reason, pauseMs];
    };
    const wanted: Record<string, [RefusalReason, number | undefined]> = {
      RateLimitExceeded: ['rate-limited', 60_000],
      DDoSProtection: ['rate-limited', 60_000],
      OnMaintenance: ['maintenance', undefined],
      ExchangeNotAvailable: ['server-error', undefined],
      RequestTimeout: ['deadline', undefined],
      NetworkError: ['reset', undefined],
      InvalidNonce: ['reset', undefined],
      BadResponse: ['shape', undefined],
      NullResponse: ['shape', undefined],
      PermissionDenied: ['forbidden', 300_000],
      RestrictedLocation: ['forbidden', 300_000],
      BadSymbol: ['error-body', undefined],
      ExchangeError: ['error-body', undefined],
    };
    for (const [name, expected] of Object.entries(wanted)) {
      assert.deepEqual(reasonOf(name), expected, name);
    }
    assert.equal(refusalOfCcxt(new TypeError('x is undefined')).reason, 'shape');
    assert.equal(refusalOfCcxt('thrown text').reason, 'shape');
    assert.equal(library.exchanges.length > 90, true);
  });
});
