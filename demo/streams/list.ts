import { binance } from './binance.ts';
import { bitfinex } from './bitfinex.ts';
import { coinbase } from './coinbase.ts';
import { kraken } from './kraken.ts';
import { kucoin } from './kucoin.ts';
import { poloniex } from './poloniex.ts';
import type { StreamScript } from './stream.ts';

/** Exchange id -> its websocket, at the exchange's real path. */
export const streams: Readonly<Partial<Record<string, StreamScript>>> = {
  binance,
  bitfinex,
  coinbase,
  kraken,
  kucoin,
  poloniex,
};
