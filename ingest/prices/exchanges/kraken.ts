import { z } from 'zod';
import type { Assets, CandleSource, DropReason, MarketRef, PriceAdapter } from '../adapter.ts';
import { cells, collectCandles } from '../candles.ts';
import { remembered } from '../market-names.ts';
import { errorBody, Refusal } from '../refusal.ts';
import { collectRows, product, sides } from '../rows.ts';
import { openList, openMap, rowShape, shaped, texts } from '../shapes.ts';
import { krakenStream } from './kraken-stream.ts';

const answer = z.object({
  error: z.array(z.string()),
  result: openMap.optional(),
});

/** Index 1 of `v` and `p` is the last 24 h, index 0 is today since 00:00 UTC. */
const ticker = rowShape({
  a: texts(1),
  b: texts(1),
  c: texts(1),
  v: texts(2),
  p: texts(2),
});

/** Old asset names; `assetVersion=1` answers with the new ones, a proxy in between might not. */
const ALIASES = new Map([
  ['XBT', 'BTC'],
  ['XDG', 'DOGE'],
]);

/** What a key stands for; the same ones come at each poll. */
const marketOf = remembered((symbol): Assets | DropReason => {
  if (symbol.endsWith('.d')) return 'dark-pool';
  // `BTC/USD:BTNL` is another venue's book of the same pair.
  if (symbol.includes(':')) return 'non-spot';
  return sides(symbol, '/', ALIASES) ?? 'unknown-symbol';
});

function resultOf(body: unknown): Readonly<Record<string, unknown>> {
  const { error, result } = shaped(answer, body);
  if (error.length > 0) throw errorBody('kraken', error.join(', '));
  if (!result) throw new Refusal('shape', 'result: absent');
  return result;
}

const OLD_NAMES = new Map([...ALIASES].map(([old, name]) => [name, old]));

/** `XBTUSD` for BTC/USD: the name that every endpoint takes for every pair. */
function altName({ symbol }: MarketRef): string {
  return symbol
    .split('/')
    .map((asset) => OLD_NAMES.get(asset) ?? asset)
    .join('');
}

/**
 * Rows: start (s), open, high, low, close, vwap, volume, count; the last one is still open. Minutes
 * without a trade repeat the price, their volume is 0.
 * https://docs.kraken.com/api/docs/rest-api/get-ohlc-data
 */
const candles: CandleSource = {
  pageRowsMax: 720,
  // The newest 720 rows whatever `since` says, of which one is open.
  depthMs: 719 * 60_000,
  // One request a second for an address.
  spacingMs: 1_000,
  request(market, { fromMs }) {
    // `since` is exclusive.
    const pair = encodeURIComponent(altName(market));
    return `/0/public/OHLC?pair=${pair}&interval=1&since=${fromMs / 1_000 - 60}`;
  },
  parse(body) {
    // Under the pair's internal name (XXBTZUSD), beside `last`, the time to go on from.
    const rows = Object.values(resultOf(body)).find((value) => Array.isArray(value));
    return collectCandles(shaped(openList, rows), (raw) => {
      const [start, open, high, low, close, , volume] = cells(raw, 7) ?? [];
      return { startMs: Number(start) * 1_000, open, high, low, close, volume };
    });
  },
};

/** https://docs.kraken.com/api/docs/rest-api/get-ticker-information */
export const kraken: PriceAdapter = {
  id: 'kraken',
  baseUrl: 'https://api.kraken.com',
  byDefault: true,
  // With assetVersion=1 the keys are `BTC/USD`; without it a market list would be needed.
  requests: { tickers: ['/0/public/Ticker?assetVersion=1'], lists: [] },
  reads: { tickers: { error: true, result: { '*': ticker.members } } },
  candles,
  stream: krakenStream,
  parse([body]) {
    return collectRows('kraken', Object.entries(resultOf(body)), ([symbol, raw]) => {
      const assets = marketOf(symbol);
      if (typeof assets === 'string') return assets;
      if (!ticker.is(raw)) return 'malformed';
      const { a, b, c, v, p } = raw;
      return {
        symbol,
        assets,
        price: c[0],
        bid: b[0],
        ask: a[0],
        volume: v[1],
        quoteVolume: product(v[1] ?? '', p[1] ?? ''),
      };
    });
  },
};
