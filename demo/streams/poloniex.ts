import { upper } from '../books/book.ts';
import type { Quote } from '../market.ts';
import { createChanges, objectOf, type StreamScript, textsOf } from './stream.ts';

const SILENCE_MS = 30_000;
const DAY_MS = 86_400_000;

const rowOf = (quote: Quote, now: number) => ({
  symbol: upper(quote, '_'),
  startTime: quote.timeMs - DAY_MS,
  open: quote.average,
  high: quote.ask,
  low: quote.bid,
  close: quote.last,
  quantity: quote.volume,
  amount: quote.quoteVolume,
  tradeCount: 1_000,
  dailyChange: '0.0100',
  markPrice: quote.last,
  closeTime: quote.timeMs,
  ts: now,
});

/** `/ws/public`: channel ticker, `all` or named symbols; who is silent for 30 s is dropped. */
export const poloniex: StreamScript = {
  serves: (url) => url.pathname === '/ws/public',
  open({ market, send, end, nowMs }) {
    const subscribed = new Set<string>();
    const changes = createChanges(market, 'poloniex');
    changes(nowMs);
    let heardMs = nowMs;
    const isWanted = (quote: Quote) => subscribed.has('all') || subscribed.has(upper(quote, '_'));
    const tell = (quotes: readonly Quote[], now: number) => {
      const data = quotes.filter(isWanted).map((quote) => rowOf(quote, now));
      if (data.length > 0) send({ channel: 'ticker', data });
    };
    return {
      receive(text, now) {
        heardMs = now;
        const { event, channel, symbols } = objectOf(text) ?? {};
        if (event === 'ping') {
          send({ event: 'pong' });
        } else if (event === 'subscribe' && textsOf(channel)[0] === 'ticker') {
          for (const symbol of textsOf(symbols)) subscribed.add(symbol);
          send({ channel: 'ticker', event: 'subscribe', symbols });
          tell(market.quotes('poloniex', now), now);
        } else {
          const message = `Invalid channel value ${JSON.stringify(channel ?? null)}`;
          send({ event: 'error', message });
        }
      },
      tick(now) {
        const changed = changes(now);
        if (now - heardMs > SILENCE_MS) end(1000, 'Session has been idle for too long');
        else tell(changed, now);
      },
    };
  },
};
