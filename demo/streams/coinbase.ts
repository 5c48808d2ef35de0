import { upper } from '../books/book.ts';
import type { Quote } from '../market.ts';
import { createChanges, objectOf, type StreamScript, textsOf } from './stream.ts';

/** Without a subscription in this time the connection is ended. */
const PATIENCE_MS = 5_000;

const rowOf = (quote: Quote) => ({
  type: 'ticker',
  product_id: upper(quote, '-'),
  price: quote.last,
  volume_24_h: quote.volume,
  low_24_h: quote.bid,
  high_24_h: quote.ask,
  low_52_w: quote.bid,
  high_52_w: quote.ask,
  price_percent_chg_24_h: '0.1',
  best_bid: quote.bid,
  best_bid_quantity: '1.5',
  best_ask: quote.ask,
  best_ask_quantity: '2.5',
});

/** `/` of Advanced Trade: channels ticker and heartbeats; an unknown product is an error. */
export const coinbase: StreamScript = {
  serves: (url) => url.pathname === '/',
  open({ market, send, end, nowMs }) {
    const products = new Set<string>();
    const changes = createChanges(market, 'coinbase');
    changes(nowMs);
    let beating = false;
    let number = 0;
    const tell = (channel: string, events: readonly object[], now: number) => {
      const timestamp = new Date(now).toISOString().replace('Z', '000000Z');
      send({ channel, client_id: '', timestamp, sequence_num: number, events });
      number += 1;
    };
    const subscribe = (ids: readonly string[], now: number) => {
      const quotes = market.quotes('coinbase', now);
      const known = new Set(quotes.map((quote) => upper(quote, '-')));
      const wrong = ids.find((id) => !known.has(id));
      if (wrong) {
        send({ type: 'error', message: `${wrong} is not a valid product` });
        return;
      }
      for (const id of ids) products.add(id);
      tell('subscriptions', [{ subscriptions: { ticker: [...products] } }], now);
      const tickers = quotes.filter((quote) => ids.includes(upper(quote, '-'))).map(rowOf);
      tell('ticker', [{ type: 'snapshot', tickers }], now);
    };
    return {
      receive(text, now) {
        const { type, channel, product_ids } = objectOf(text) ?? {};
        if (type !== 'subscribe') send({ type: 'error', message: 'type is not supported' });
        else if (channel === 'heartbeats') beating = true;
        else if (channel === 'ticker') subscribe(textsOf(product_ids), now);
        else send({ type: 'error', message: 'channel is not supported' });
      },
      tick(now) {
        if (!beating && products.size === 0 && now - nowMs > PATIENCE_MS) {
          end(1008, 'no subscription');
          return;
        }
        if (beating) {
          const event = { current_time: `${new Date(now)}`, heartbeat_counter: String(number) };
          tell('heartbeats', [event], now);
        }
        const tickers = changes(now).filter((row) => products.has(upper(row, '-')));
        for (const row of tickers) tell('ticker', [{ type: 'update', tickers: [rowOf(row)] }], now);
      },
    };
  },
};
