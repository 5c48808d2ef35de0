import { idOf, PING_MS, PING_TIMEOUT_MS, TOKEN } from '../books/kucoin.ts';
import type { Quote } from '../market.ts';
import { createChanges, objectOf, type StreamScript } from './stream.ts';

const TOPIC = '/market/ticker:all';
const frame = (quote: Quote) => ({
  type: 'message',
  topic: TOPIC,
  subject: idOf(quote),
  data: {
    bestAsk: quote.ask,
    bestAskSize: '1.5',
    bestBid: quote.bid,
    bestBidSize: '2.5',
    price: quote.last,
    sequence: String(quote.timeMs),
    size: '0.01',
    time: quote.timeMs,
  },
});

/** The address of the ticket (`POST /api/v1/bullet-public`): all tickers are one topic. */
export const kucoin: StreamScript = {
  serves: (url) => url.pathname === '/' || url.pathname === '/endpoint',
  open({ url, market, send, end, nowMs }) {
    const changes = createChanges(market, 'kucoin');
    let subscribed = false;
    let heardMs = nowMs;
    if (url.searchParams.get('token') === TOKEN) {
      send({ id: url.searchParams.get('connectId') ?? 'demo', type: 'welcome' });
    } else {
      send({ id: '0', type: 'error', code: 401, data: 'token is invalid' });
      end(1000, 'token is invalid');
    }
    return {
      receive(text, now) {
        heardMs = now;
        const { id, type, topic, response } = objectOf(text) ?? {};
        if (type === 'ping') {
          send({ id, type: 'pong', timestamp: now * 1_000 });
        } else if (type === 'subscribe' && topic === TOPIC) {
          subscribed = true;
          if (response === true) send({ id, type: 'ack' });
        } else if (type === 'subscribe') {
          send({ id, type: 'error', code: 404, data: `topic ${String(topic)} is not found` });
        } else {
          send({ id, type: 'error', code: 415, data: 'type is not supported' });
        }
      },
      tick(now) {
        if (now - heardMs > PING_MS + PING_TIMEOUT_MS) end(1000, 'ping timeout');
        else if (subscribed) for (const row of changes(now)) send(frame(row));
      },
    };
  },
};
