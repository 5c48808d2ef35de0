import type { Pair } from '../market.ts';
import { type Book, barsOf, queryNumber, rowsAsked, upper } from './book.ts';

const idOf = (pair: Pair): string => upper(pair, '_');
const refused = (label: string, message: string) => ({
  status: 400,
  body: JSON.stringify({ label, message }),
});
const DEPTH_MS = 10_000 * 60_000;

export const gate: Book = {
  answers: {
    '/api/v4/spot/tickers': (market, nowMs) => {
      const rows = market.quotes('gate', nowMs).map((row) => ({
        currency_pair: idOf(row),
        last: row.last,
        lowest_ask: row.ask,
        highest_bid: row.bid,
        change_percentage: '0.1',
        base_volume: row.volume,
        quote_volume: row.quoteVolume,
      }));
      const token = { etf_net_value: '2.46316141', etf_leverage: '2.28' };
      const nobody = { lowest_ask: '', highest_bid: '', base_volume: '0', quote_volume: '0' };
      return JSON.stringify([
        ...rows,
        { ...rows[0], currency_pair: 'BTC3L_USDT', ...token },
        { ...rows[0], currency_pair: 'OLD_USDT', ...nobody },
      ]);
    },
    '/api/v4/spot/currency_pairs': (market) => {
      const listing = ({ base, quote }: Pair, trade_status: string) => ({
        id: upper({ base, quote }, '_'),
        base: base.toUpperCase(),
        quote: quote.toUpperCase(),
        fee: '0.2',
        trade_status,
        type: 'normal',
      });
      const rows = market.pairs('gate').map((pair) => listing(pair, 'tradable'));
      const token = listing({ base: 'btc3l', quote: 'usdt' }, 'tradable');
      const old = listing({ base: 'old', quote: 'usdt' }, 'untradable');
      return JSON.stringify([...rows, token, old]);
    },
  },
  candles(url, market, nowMs) {
    if (url.pathname !== '/api/v4/spot/candlesticks') return undefined;
    const symbol = url.searchParams.get('currency_pair') ?? '';
    const fromMs = queryNumber(url, 'from') * 1_000;
    // Inclusive.
    const toMs = queryNumber(url, 'to') * 1_000 + 1;
    const tooOld = 'Candlestick too long ago. Maximum 10000 points ago are allowed';
    if (fromMs < nowMs - DEPTH_MS) return refused('INVALID_PARAM_VALUE', tooOld);
    const bars = barsOf(market, {
      exchange: 'gate',
      symbol,
      symbolOf: idOf,
      fromMs,
      toMs,
      nowMs,
      rowsMax: rowsAsked(url, 'limit', { usual: 1_000, most: 1_000 }),
      keep: 'newest',
    });
    if (!bars) return refused('INVALID_CURRENCY_PAIR', `Invalid currency pair ${symbol}`);
    const rows = bars.map(({ startMs, open, close, high, low, volume, quoteVolume, closed }) => {
      const start = String(startMs / 1_000);
      return [start, quoteVolume, close, high, low, open, volume, String(closed)];
    });
    return JSON.stringify(rows);
  },
};
