import { binance } from './binance.ts';
import { bitfinex } from './bitfinex.ts';
import { bithumb } from './bithumb.ts';
import { bitstamp } from './bitstamp.ts';
import type { Book } from './book.ts';
import { coinbase } from './coinbase.ts';
import { cryptocom } from './cryptocom.ts';
import { cryptowatch } from './cryptowatch.ts';
import { gemini } from './gemini.ts';
import { kraken } from './kraken.ts';
import { okx } from './okx.ts';
import { poloniex } from './poloniex.ts';
import { upbit } from './upbit.ts';

/** Exchange id -> its book, at the exchange's real paths. */
export const books: Readonly<Record<string, Book>> = {
  binance,
  bitfinex,
  bithumb,
  bitstamp,
  coinbase,
  cryptocom,
  cryptowatch,
  gemini,
  kraken,
  okx,
  poloniex,
  upbit,
};
