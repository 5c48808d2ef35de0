import type { CandleSource, PriceAdapter } from '../adapter.ts';
import { remembered } from '../market-names.ts';
import { errorBody } from '../refusal.ts';
import { collectRows } from '../rows.ts';
import { type RowIn, rowShape, text } from '../shapes.ts';
import { symbolTable } from '../symbols.ts';
import {
  assetsOf,
  failureMembers,
  minutesOf,
  minutesPath,
  priceOf,
  rowsOf,
  ticker,
} from './upbit.ts';

const MINUTE_MS = 60_000;
/** Korea's clock is UTC + 9 h the whole year. */
const KOREA_MS = 9 * 60 * MINUTE_MS;
/** Since 2026-10-13 a ticker request that names more is refused with 400. */
const MARKETS_PER_REQUEST_MAX = 200;

const listing = rowShape({ market: text });
/** The former API's way of failing, which the gateway still has: `5500 Invalid Parameter`. */
const failure = rowShape({ status: text, message: text });

function answerOf(body: unknown): readonly unknown[] {
  if (failure.is(body)) throw errorBody('bithumb', `${body.status} ${body.message}`);
  return rowsOf('bithumb', body);
}

/**
 * `trade_timestamp` is Korea's clock read as if it were UTC, 9 h ahead; date and time of the same
 * row are UTC. So the day and second are taken from these, and the milliseconds from the former.
 */
function timeMsOf(row: RowIn<typeof ticker>): number | undefined {
  const { trade_date: day = '', trade_time: time = '', trade_timestamp: ms = '0' } = row;
  if (!/^\d{6}$/.test(time)) return undefined;
  const [hours, minutes, seconds] = [0, 2, 4].map((at) => Number(time.slice(at, at + 2))) as Three;
  if (hours > 23 || minutes > 59 || seconds > 59) return undefined;
  const secondMs = ((hours * 60 + minutes) * 60 + seconds) * 1_000;
  return dayMsOf(day) + secondMs + (Number(ms) % 1_000);
}

type Three = [number, number, number];

/** When `20260131` began, ms; NaN for what is no day. */
const dayMsOf = remembered((day) => {
  const [, ...parts] = /^(\d{4})(\d\d)(\d\d)$/.exec(day) ?? [];
  return Date.parse(`${parts.join('-')}T00:00:00Z`);
});

const candles: CandleSource = {
  pageRowsMax: 200,
  spacingMs: 100,
  request({ symbol }, { fromMs, toMs }) {
    // `to` is a time of Korea, told without a zone.
    const to = new Date(toMs + KOREA_MS).toISOString().slice(0, 19);
    return minutesPath(symbol, (toMs - fromMs) / MINUTE_MS, to);
  },
  parse: (body) => minutesOf(answerOf(body)),
};

/**
 * https://apidocs.bithumb.com/reference (API 2: its public part has Upbit's shapes)
 *
 * There is no request for all tickers: markets are named, 200 at most, in two or three requests of
 * the 150 a second that an address has. `market_warning` in the list is a word of caution to
 * people; such markets trade on.
 */
export const bithumb: PriceAdapter = {
  id: 'bithumb',
  baseUrl: 'https://api.bithumb.com',
  byDefault: true,
  requests: {
    tickers(symbols) {
      const markets = [...symbols.keys()].map(encodeURIComponent);
      const paths: string[] = [];
      for (let from = 0; from < markets.length; from += MARKETS_PER_REQUEST_MAX) {
        const some = markets.slice(from, from + MARKETS_PER_REQUEST_MAX);
        paths.push(`/v1/ticker?markets=${some.join(',')}`);
      }
      return paths;
    },
    // Short, since one market that is gone makes the request fail that still names it.
    lists: [{ path: '/v1/market/all', refreshMs: 5 * MINUTE_MS }],
  },
  reads: {
    tickers: { ...failureMembers, ...failure.members, ...ticker.members },
    lists: { ...failureMembers, ...failure.members, ...listing.members },
  },
  candles,
  symbols([body]) {
    return symbolTable(answerOf(body), (raw) => {
      const symbol = listing.is(raw) ? raw.market : '';
      const as = assetsOf(symbol);
      return as ? { symbol, as } : undefined;
    });
  },
  parse(bodies, symbols) {
    return collectRows('bithumb', bodies.flatMap(answerOf), (raw) => {
      if (!ticker.is(raw)) return 'malformed';
      const assets = symbols.get(raw.market);
      if (assets === undefined) return 'unknown-symbol';
      if (typeof assets === 'string') return assets;
      return priceOf(raw, assets, timeMsOf(raw));
    });
  },
};
