import { binance } from './binance.ts';
import { bitfinex } from './bitfinex.ts';
import { bitstamp } from './bitstamp.ts';
import type { Book } from './book.ts';
import { coinbase } from './coinbase.ts';
import { cryptowatch } from './cryptowatch.ts';
import { kraken } from './kraken.ts';
import { okx } from './okx.ts';

/** Exchange id -> its book, at the exchange's real paths. */
export const books: Readonly<Record<string, Book>> = {
  binance,
  bitfinex,
  bitstamp,
  coinbase,
  cryptowatch,
  kraken,
  okx,
};
