import { z } from 'zod';
import type { CandleSource, PriceAdapter } from '../adapter.ts';
import { errorBody } from '../refusal.ts';
import { collectRows } from '../rows.ts';
import { symbolTable } from '../symbols.ts';
import { assetsOf, minutesOf, minutesPath, priceOf, rowsOf, ticker } from './upbit.ts';

const MINUTE_MS = 60_000;
/** Korea's clock is UTC + 9 h the whole year. */
const KOREA_MS = 9 * 60 * MINUTE_MS;
/** Since 2026-10-13 a ticker request that names more is refused with 400. */
const MARKETS_PER_REQUEST_MAX = 200;

const listing = z.object({ market: z.string() });
/** The former API's way of failing, which the gateway still has: `5500 Invalid Parameter`. */
const failure = z.object({ status: z.string(), message: z.string() });

function answerOf(body: unknown): readonly unknown[] {
  const failed = failure.safeParse(body);
  if (failed.success) throw errorBody('bithumb', `${failed.data.status} ${failed.data.message}`);
  return rowsOf('bithumb', body);
}

/**
 * `trade_timestamp` is Korea's clock read as if it were UTC, 9 h ahead; date and time of the same
 * row are UTC. So the day and second are taken from these, and the milliseconds from the former.
 */
function timeMsOf(row: z.infer<typeof ticker>): number | undefined {
  const day = /^(\d{4})(\d\d)(\d\d)$/.exec(row.trade_date ?? '');
  const time = /^(\d\d)(\d\d)(\d\d)$/.exec(row.trade_time ?? '');
  if (!day || !time) return undefined;
  const secondMs = Date.parse(`${day.slice(1).join('-')}T${time.slice(1).join(':')}Z`);
  return secondMs + (Number(row.trade_timestamp ?? 0) % 1000);
}

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
  candles,
  symbols([body]) {
    return symbolTable(answerOf(body), (raw) => {
      const symbol = listing.safeParse(raw).data?.market ?? '';
      const as = assetsOf(symbol);
      return as && { symbol, as };
    });
  },
  parse(bodies, symbols) {
    return collectRows('bithumb', bodies.flatMap(answerOf), (raw) => {
      const row = ticker.safeParse(raw);
      if (!row.success) return 'malformed';
      const assets = symbols.get(row.data.market);
      if (assets === undefined) return 'unknown-symbol';
      if (typeof assets === 'string') return assets;
      return { ...priceOf(row.data, assets), exchangeTimeMs: timeMsOf(row.data) };
    });
  },
};
