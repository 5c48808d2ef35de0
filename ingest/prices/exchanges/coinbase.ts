import { z } from 'zod';
import type { CandleSource, PriceAdapter } from '../adapter.ts';
import { collectCandles } from '../candles.ts';
import { errorBody } from '../refusal.ts';
import { collectRows } from '../rows.ts';
import {
  absent,
  maybe,
  maybeFlag,
  name,
  openList,
  optional,
  rowShape,
  shaped,
  text,
} from '../shapes.ts';
import { coinbaseStream } from './coinbase-stream.ts';

const answer = z.object({ products: openList });

const product = rowShape({
  product_id: name,
  product_type: text,
  base_currency_id: text,
  quote_currency_id: text,
  price: maybe,
  volume_24h: maybe,
  approximate_quote_24h_volume: maybe,
  status: optional,
  is_disabled: maybeFlag,
  trading_disabled: maybeFlag,
});
const failure = rowShape({ error: optional, message: optional, products: absent, candles: absent });

function refuseFailure(body: unknown): void {
  if (!failure.is(body)) return;
  const { error, message } = body;
  if (error ?? message) throw errorBody('coinbase', `${error ?? ''} ${message ?? ''}`.trim());
}

const history = z.object({ candles: openList });
/** `start` in seconds, as text. */
const candle = rowShape({
  start: text,
  low: maybe,
  high: maybe,
  open: maybe,
  close: maybe,
  volume: maybe,
});

/**
 * The newest first; minutes without a trade have no row.
 * https://docs.cdp.coinbase.com/api-reference/advanced-trade-api/ (public: product candles)
 */
const candles: CandleSource = {
  // 350 by its documents; both ends of the range count.
  pageRowsMax: 300,
  // 10 requests a second.
  spacingMs: 200,
  request({ symbol }, { fromMs, toMs }) {
    const product = `/api/v3/brokerage/market/products/${encodeURIComponent(symbol)}`;
    const range = `start=${fromMs / 1_000}&end=${toMs / 1_000}`;
    return `${product}/candles?${range}&granularity=ONE_MINUTE&limit=350`;
  },
  parse(body) {
    refuseFailure(body);
    return collectCandles(shaped(history, body).candles, (raw) => {
      if (!candle.is(raw)) return undefined;
      return { ...raw, startMs: Number(raw.start) * 1_000 };
    });
  },
};

/**
 * https://docs.cdp.coinbase.com/api-reference/advanced-trade-api/ (public: list public products)
 *
 * Coinbase has no all-ticker request with bid and ask: this one gives price and volume of every
 * product without a key. It tells no time of its own.
 */
export const coinbase: PriceAdapter = {
  id: 'coinbase',
  baseUrl: 'https://api.coinbase.com',
  byDefault: true,
  requests: { tickers: ['/api/v3/brokerage/market/products?product_type=SPOT'], lists: [] },
  reads: { tickers: { ...failure.members, products: product.members } },
  candles,
  stream: coinbaseStream,
  parse([body]) {
    refuseFailure(body);
    return collectRows('coinbase', shaped(answer, body).products, (raw) => {
      if (!product.is(raw)) return 'malformed';
      const data = raw;
      if (data.product_type === 'FUTURE') return 'derivative';
      if (data.product_type !== 'SPOT') return 'non-spot';
      const online = data.status === undefined || data.status === '' || data.status === 'online';
      if (!online || data.is_disabled || data.trading_disabled) return 'not-trading';
      return {
        symbol: data.product_id,
        assets: { base: data.base_currency_id, quote: data.quote_currency_id },
        price: data.price,
        volume: data.volume_24h,
        quoteVolume: data.approximate_quote_24h_volume,
      };
    });
  },
};
