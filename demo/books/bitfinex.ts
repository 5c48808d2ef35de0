import type { Pair, Quote } from '../market.ts';
import { type Book, bare, barsOf, queryNumber, rowsAsked } from './book.ts';

/** Bitfinex's own names of assets. */
const BITFINEX: Readonly<Record<string, string>> = {
  ...{ usdt: 'UST', usdc: 'UDC', dash: 'DSH', iota: 'IOT', algo: 'ALG', atom: 'ATO', mana: 'MNA' },
  ...{ qtum: 'QTM', storj: 'STJ' },
};

export function bitfinexSymbol({ base, quote }: Pair): string {
  const left = BITFINEX[base] ?? base.toUpperCase();
  const right = BITFINEX[quote] ?? quote.toUpperCase();
  return `t${left}${left.length === 3 && right.length === 3 ? '' : ':'}${right}`;
}

/** Bitfinex writes bare numbers, small ones with an exponent: text is built by hand. */
function bitfinexRow(symbol: string, row: Quote): string {
  const change = bare((Number(row.last) - Number(row.average)).toPrecision(6));
  const cells = [bare(row.bid), '12.5', bare(row.ask), '7.25', change, '0.001'];
  const rest = [bare(row.last), bare(row.volume), bare(row.ask), bare(row.bid)];
  return `["${symbol}",${[...cells, ...rest].join(',')}]`;
}

export const bitfinex: Book = {
  answers: {
    '/v2/tickers?symbols=ALL': (market, nowMs) => {
      const rows = market.quotes('bitfinex', nowMs);
      const texts = rows.map((row) => bitfinexRow(bitfinexSymbol(row), row));
      const first = rows[0];
      if (first) {
        texts.push(bitfinexRow('tBTCF0:USTF0', first), bitfinexRow('tTESTBTC:TESTUSD', first));
      }
      texts.push(
        '["fUSD",0.00044,0.00023,30,2253563.2,0.00026,2,415829.7,0,0.012,0.00027,1e8,0.0003]',
      );
      return `[${texts.join(',')}]`;
    },
  },
  candles(url, market, nowMs) {
    const key = /^\/v2\/candles\/trade:1m:(t[^/]+)\/hist$/.exec(decodeURIComponent(url.pathname));
    if (!key) return undefined;
    const oldestFirst = url.searchParams.get('sort') === '1';
    const bars = barsOf(market, {
      exchange: 'bitfinex',
      symbol: key[1] ?? '',
      symbolOf: bitfinexSymbol,
      fromMs: queryNumber(url, 'start'),
      // Inclusive.
      toMs: queryNumber(url, 'end') + 1,
      nowMs,
      rowsMax: rowsAsked(url, 'limit', { usual: 100, most: 10_000 }),
      keep: oldestFirst ? 'oldest' : 'newest',
    });
    // An unknown symbol has no candles; it is no error.
    const rows = (bars ?? []).map(({ startMs, open, close, high, low, volume }) => {
      return `[${startMs},${[open, close, high, low, volume].map(bare).join(',')}]`;
    });
    return `[${(oldestFirst ? rows : rows.reverse()).join(',')}]`;
  },
};
