import type { Pair } from '../market.ts';
import { type Book, barsOf, rowsAsked } from './book.ts';

const idOf = ({ base, quote }: Pair): string => `${base}${quote}`;

export const htx: Book = {
  answers: {
    // Bare numbers; `amount` counts base units and `vol` quote units.
    '/market/tickers': (market, nowMs) => {
      const data = market.quotes('htx', nowMs).map((row) => ({
        symbol: idOf(row),
        close: Number(row.last),
        amount: Number(row.volume),
        vol: Number(row.quoteVolume),
        count: 1_709,
        bid: Number(row.bid),
        ask: Number(row.ask),
      }));
      const token = { ...data[0], symbol: 'btc3lusdt' };
      const unlisted = { ...data[0], symbol: 'nodeusdt' };
      return JSON.stringify({ status: 'ok', ts: nowMs, data: [...data, token, unlisted] });
    },
    '/v1/common/symbols': (market) => {
      const listing = (pair: Pair) => ({
        'base-currency': pair.base,
        'quote-currency': pair.quote,
        'symbol-partition': 'main',
        symbol: idOf(pair),
        state: 'online',
        tags: '',
      });
      const token = {
        ...listing({ base: 'btc3l', quote: 'usdt' }),
        underlying: 'btcusdt',
        tags: 'etp,nav,holdinglimit',
      };
      const data = [...market.pairs('htx').map(listing), token];
      return JSON.stringify({ status: 'ok', data });
    },
  },
  candles(url, market, nowMs) {
    if (url.pathname !== '/market/history/kline') return undefined;
    const bars = barsOf(market, {
      exchange: 'htx',
      symbol: url.searchParams.get('symbol') ?? '',
      symbolOf: idOf,
      fromMs: Number.NaN,
      toMs: Number.NaN,
      nowMs,
      rowsMax: rowsAsked(url, 'size', { usual: 150, most: 2_000 }),
      keep: 'newest',
    });
    const wrong = { status: 'error', 'err-code': 'invalid-parameter', 'err-msg': 'invalid symbol' };
    if (!bars) return JSON.stringify({ ts: nowMs, ...wrong });
    const data = bars.map(({ startMs, open, high, low, close, volume, quoteVolume }) => ({
      id: startMs / 1_000,
      open: Number(open),
      close: Number(close),
      low: Number(low),
      high: Number(high),
      amount: Number(volume),
      vol: Number(quoteVolume),
      count: 6,
    }));
    return JSON.stringify({ status: 'ok', ts: nowMs, data: data.reverse() });
  },
};
