import { type Book, bare, barsOf, queryNumber } from './book.ts';

/** Whom the cryptowat.ch-shaped source speaks for: none of those that have a book of their own. */
export const VOICES = ['bisq', 'cexio', 'bitflyer'];

export const cryptowatch: Book = {
  answers: {
    '/markets/prices': (market, nowMs) => {
      const cells = VOICES.flatMap((exchange) =>
        market
          .quotes(exchange, nowMs)
          .map((row) => `"market:${exchange}:${row.base}${row.quote}":${Number(row.last)}`),
      );
      const perpetual = '"market:bitmex:btcusd-perpetual-futures":64000.5';
      const allowance = '{"cost":0.015,"remaining":9.985}';
      return `{"result":{${[...cells, perpetual].join(',')}},"allowance":${allowance}}`;
    },
  },
  candles(url, market, nowMs) {
    const [, exchange, symbol] = /^\/markets\/([^/]+)\/([^/]+)\/ohlc$/.exec(url.pathname) ?? [];
    if (exchange === undefined || symbol === undefined) return undefined;
    const found = VOICES.includes(exchange)
      ? barsOf(market, {
          exchange,
          symbol,
          symbolOf: ({ base, quote }) => base + quote,
          // By the end of a minute.
          fromMs: queryNumber(url, 'after') * 1_000 - 60_000,
          toMs: queryNumber(url, 'before') * 1_000,
          nowMs,
          rowsMax: 6_000,
          keep: 'newest',
        })
      : undefined;
    if (!found) return { status: 404, body: '{"error":"Exchange or market not found"}' };
    const rows = found.map(({ startMs, open, high, low, close, volume, quoteVolume }) => {
      const cells = [open, high, low, close, volume, quoteVolume].map(bare);
      return `[${startMs / 1_000 + 60},${cells.join(',')}]`;
    });
    return `{"result":{"60":[${rows.join(',')}]},"allowance":{"cost":15,"remaining":9985}}`;
  },
};
