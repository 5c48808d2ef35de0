import { z } from 'zod';
import type { CandleSource, PriceAdapter } from '../adapter.ts';
import { cells, collectCandles } from '../candles.ts';
import { errorBody } from '../refusal.ts';
import { type Aliases, collectRows, sides } from '../rows.ts';
import {
  flag,
  maybe,
  name,
  openList,
  optional,
  type RowIn,
  rowShape,
  shaped,
  text,
} from '../shapes.ts';
import { type ListedSymbol, multiplies, symbolTable } from '../symbols.ts';
import { kucoinStream } from './kucoin-stream.ts';

const HOUR_MS = 3_600_000;

const list = z.object({ data: openList });
const listing = rowShape({
  /** Stays when a coin is renamed, `name` follows: GALAX-USDT is now GALA-USDT. */
  symbol: text,
  name: optional,
  baseCurrency: text,
  quoteCurrency: text,
  enableTrading: flag,
});

const answer = z.object({
  data: z.object({ time: z.string().optional(), ticker: openList }),
});
const ticker = rowShape({
  symbol: name,
  last: maybe,
  buy: maybe,
  sell: maybe,
  vol: maybe,
  volValue: maybe,
});
const failure = rowShape({ code: text, msg: maybe });

/** Ids that mean another coin elsewhere, and renamed ones. */
const ALIASES: Aliases = new Map([
  ['ALT', 'APTOSLAUNCHTOKEN'],
  ['BCHSV', 'BSV'],
  ['BIFI', 'BIFIF'],
  ['FUD', 'FTXUSERSDEBT'],
  ['KALT', 'ALT'],
  ['VAI', 'VAIOT'],
  ['WAX', 'WAXP'],
]);

function refuseFailure(body: unknown): void {
  if (failure.is(body) && body.code !== '200000') {
    throw errorBody('kucoin', `${body.code} ${body.msg ?? ''}`);
  }
}

/** BTC3L, and BTCUP or BTCDOWN where BTC is listed: JUP and SYRUP are coins of their own. */
function leveraged(base: string, bases: ReadonlySet<string>): boolean {
  const coin = /^(.{3,})(?:UP|DOWN)$/.exec(base)?.[1];
  return multiplies(base) || (coin !== undefined && bases.has(coin));
}

function listed(row: RowIn<typeof listing>, bases: ReadonlySet<string>): ListedSymbol {
  const { symbol, name, baseCurrency: base, quoteCurrency: quote, enableTrading } = row;
  if (leveraged(base, bases)) return { symbol, as: 'leveraged' };
  if (!enableTrading) return { symbol, as: 'not-trading' };
  // The table is by id: a coin that has one there is not looked at by its new name.
  const named = ALIASES.has(base) ? undefined : sides(name ?? '', '-');
  return { symbol, as: named ?? { base, quote } };
}

/**
 * Rows, the newest first: start (s), open, close, high, low, volume, turnover; minutes without a
 * trade are absent. https://www.kucoin.com/docs-new/rest/spot-trading/market-data/get-klines
 */
const candles: CandleSource = {
  // A day. The limit is 1,500, and it is not documented on which side `endAt` itself falls.
  pageRowsMax: 1_440,
  // Weight 3 of 2,000 in 30 s.
  spacingMs: 200,
  request({ symbol }, { fromMs, toMs }) {
    const range = `startAt=${fromMs / 1_000}&endAt=${toMs / 1_000}`;
    return `/api/v1/market/candles?type=1min&symbol=${encodeURIComponent(symbol)}&${range}`;
  },
  parse(body) {
    refuseFailure(body);
    return collectCandles(shaped(list, body).data, (raw) => {
      const [start, open, close, high, low, volume] = cells(raw, 6) ?? [];
      return { startMs: Number(start) * 1_000, open, high, low, close, volume };
    });
  },
};

/** https://www.kucoin.com/docs-new/rest/spot-trading/market-data/get-all-tickers */
export const kucoin: PriceAdapter = {
  id: 'kucoin',
  baseUrl: 'https://api.kucoin.com',
  byDefault: true,
  requests: {
    // Weight 15 of the 2,000 that an address has in 30 s.
    tickers: ['/api/v1/market/allTickers'],
    // Tells what trades, and a renamed coin's name.
    lists: [{ path: '/api/v2/symbols', refreshMs: HOUR_MS }],
  },
  reads: {
    tickers: { ...failure.members, data: { time: true, ticker: ticker.members } },
    lists: { ...failure.members, data: listing.members },
  },
  candles,
  stream: kucoinStream,
  symbols([body]) {
    refuseFailure(body);
    const rows = shaped(list, body).data.filter(listing.is);
    const bases = new Set(rows.map((row) => row.baseCurrency));
    return symbolTable(rows, (row) => listed(row, bases), ALIASES);
  },
  parse([body], symbols) {
    refuseFailure(body);
    const { time, ticker: entries } = shaped(answer, body).data;
    return collectRows('kucoin', entries, (raw) => {
      if (!ticker.is(raw)) return 'malformed';
      // `buy` is the best bid, `sell` the best ask.
      const { symbol, last, buy, sell, vol, volValue } = raw;
      const assets = symbols.get(symbol);
      if (assets === undefined) return 'unknown-symbol';
      if (typeof assets === 'string') return assets;
      return {
        symbol,
        assets,
        price: last,
        bid: buy,
        ask: sell,
        volume: vol,
        quoteVolume: volValue,
        exchangeTimeMs: Number(time ?? 0),
      };
    });
  },
};
