import { binance } from './binance.ts';
import { bitfinex } from './bitfinex.ts';
import { bitget } from './bitget.ts';
import { bithumb } from './bithumb.ts';
import { bitstamp } from './bitstamp.ts';
import type { Book } from './book.ts';
import { bybit } from './bybit.ts';
import { coinbase } from './coinbase.ts';
import { cryptocom } from './cryptocom.ts';
import { cryptowatch } from './cryptowatch.ts';
import { gate } from './gate.ts';
import { gemini } from './gemini.ts';
import { htx } from './htx.ts';
import { kraken } from './kraken.ts';
import { kucoin } from './kucoin.ts';
import { mexc } from './mexc.ts';
import { okx } from './okx.ts';
import { poloniex } from './poloniex.ts';
import { upbit } from './upbit.ts';

/** Exchange id -> its book, at the exchange's real paths. */
export const books: Readonly<Record<string, Book>> = {
  binance,
  bitfinex,
  bitget,
  bithumb,
  bitstamp,
  bybit,
  coinbase,
  cryptocom,
  cryptowatch,
  gate,
  gemini,
  htx,
  kraken,
  kucoin,
  mexc,
  okx,
  poloniex,
  upbit,
};
