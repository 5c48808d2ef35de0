import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { projectRoot } from '../../../core/paths.ts';
import { exchanges } from '../../../ingest/prices/exchanges/list.ts';
import { refuse, response } from '../../helpers/border.ts';
import { ERROR_BODIES } from '../../helpers/faults.ts';

const RATE_LIMIT_PAUSE_MS = 60_000;

describe('errors inside a 200', () => {
  for (const { id, candles } of exchanges) {
    it(`of ${id} are refused with the reason they give`, () => {
      // Gemini's and others' come with a status; these are what a proxy in between makes of them.
      const bodies = ERROR_BODIES[id] ?? [];
      assert.ok(bodies.length > 0, `no error body of ${id} in test/helpers/faults.ts`);
      for (const [body, reason] of bodies) {
        const refusal = refuse(id, response(200, body));
        assert.equal(refusal?.reason, reason, body);
        const pauseMs = reason === 'rate-limited' ? RATE_LIMIT_PAUSE_MS : undefined;
        assert.equal(refusal?.pauseMs, pauseMs, body);
      }
    });

    it(`of ${id} are no candles either`, () => {
      const market = { exchange: id, symbol: 'A', base: 'a', quote: 'b' };
      for (const [body] of ERROR_BODIES[id] ?? []) {
        assert.throws(() => candles?.parse(JSON.parse(body, textOf), market) ?? [], body);
      }
    });
  }

  it('of one exchange are never prices of another', () => {
    for (const [body] of Object.values(ERROR_BODIES).flat()) {
      for (const { id } of exchanges) assert.ok(refuse(id, response(200, body)), `${id}: ${body}`);
    }
  });
});

const textOf = (_key: string, value: unknown) => (typeof value === 'number' ? `${value}` : value);

const ODD = join(projectRoot, '..', 'shared', 'data', 'prices', '_odd-http');
const skip = existsSync(ODD) ? false : 'no recordings at ../shared/data/prices';

interface ErrorBody {
  readonly exchange: string;
  readonly http: number;
  readonly headers: Record<string, string>;
  readonly body: string;
}

/**
 * Exchange, status, reason and pause (ms) of each, in their order. `-`: a 200 of an exchange that
 * has no adapter, which nobody could judge.
 */
const REASONS: readonly string[] = [
  'kraken 200 server-error',
  'kraken 200 server-error',
  'kraken 200 rate-limited 60000',
  'kraken 200 rate-limited 60000',
  'kraken 200 error-body',
  'kraken 200 error-body',
  'kraken 200 server-error',
  'bitfinex 500 rate-limited 60000',
  'bitfinex 429 rate-limited 63000',
  'bitfinex 500 server-error',
  'bitfinex 503 server-error',
  'bitfinex 200 empty',
  'binance 418 banned 60000',
  'binance 429 rate-limited 60000',
  'binance 429 rate-limited 60000',
  'binance 400 status',
  'binance 503 server-error',
  'binance 400 status',
  'coinbase 429 rate-limited 60000',
  'coinbase 404 status',
  'okx 429 rate-limited 60000',
  'okx 200 error-body',
  'okx 503 server-error',
  'kucoin 429 rate-limited 60000',
  'kucoin 200 error-body',
  'gate 429 rate-limited 60000',
  'gate 400 status',
  'gate 500 server-error',
  'bybit 200 rate-limited 60000',
  'bybit 403 forbidden 1800000',
  'bybit 200 error-body',
  'bitstamp 200 maintenance',
  'bitstamp 404 status',
  'htx 200 rate-limited 60000',
  'htx 200 error-body',
  'htx 200 maintenance',
  'htx 200 rate-limited 60000',
  'mexc 400 status',
  'mexc 429 rate-limited 60000',
  'mexc 500 maintenance',
  'bitget 429 rate-limited 60000',
  'bitget 502 server-error',
  'bitget 400 status',
  'cryptocom 429 rate-limited 60000',
  'cryptocom 503 maintenance',
  'gemini 429 rate-limited 60000',
  'gemini 400 status',
  'poloniex 429 rate-limited 60000',
  'poloniex 200 error-body',
  'poloniex 500 server-error',
  'upbit 429 rate-limited 60000',
  'upbit 404 status',
  'bithumb 200 error-body',
  'bittrex 429 rate-limited 60000',
  'whitebit 400 status',
  'coinsbit 200 -',
  'cryptowatch 404 status',
  'cryptocompare 200 -',
];

describe('recorded answers of trouble', { skip }, () => {
  it('are each refused with a reason and a pause of their own', () => {
    const file = skip ? '[]' : readFileSync(join(ODD, 'error-bodies.json'), 'utf8');
    const bodies: ErrorBody[] = JSON.parse(file);
    const known = new Set(exchanges.map(({ id }) => id));
    const reasons = bodies.map(({ exchange, http, headers, body }) => {
      const isNobodys = http === 200 && !known.has(exchange);
      const refusal = isNobodys ? undefined : refuse(exchange, response(http, body, headers));
      return `${exchange} ${http} ${refusal?.reason ?? '-'} ${refusal?.pauseMs ?? ''}`.trim();
    });
    assert.deepEqual(reasons, REASONS);
  });

  it('write nothing, whichever exchange they are taken for', () => {
    interface Recorded {
      readonly status: number;
      readonly headers: Record<string, string[]>;
      readonly body: string;
    }
    const file = readFileSync(join(ODD, 'recorded-non200-or-nonjson.json'), 'utf8');
    const recorded: Recorded[] = JSON.parse(file);
    assert.equal(recorded.length, 22);
    const cut: Recorded = JSON.parse(
      readFileSync(join(ODD, 'truncated-body.cryptocom.json'), 'utf8'),
    );
    for (const { id } of exchanges) {
      for (const { status, headers, body } of recorded) {
        assert.ok(refuse(id, response(status, body, headers)), `${id} took a ${status}`);
      }
      assert.equal(refuse(id, response(200, cut.body))?.reason, 'not-json');
    }
  });
});
