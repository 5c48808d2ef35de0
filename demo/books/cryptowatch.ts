import type { Book } from './book.ts';

/** The exchanges that the cryptowat.ch-shaped source speaks for. */
const VOICES = ['bisq', 'gemini', 'cexio'];

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
};
