import { bare, upper } from '../books/book.ts';
import type { Quote } from '../market.ts';
import { createChanges, isObject, objectOf, type StreamScript, textsOf } from './stream.ts';

/** Numbers are bare, so the text is built by hand. */
function frame(type: 'snapshot' | 'update', quote: Quote): string {
  const cells = {
    bid: quote.bid,
    bid_qty: '1.5',
    ask: quote.ask,
    ask_qty: '2.25',
    last: quote.last,
    volume: quote.volume,
    vwap: quote.average,
    low: quote.bid,
    high: quote.ask,
    change: '0.0',
    change_pct: '0.0',
  };
  const numbers = Object.entries(cells).map(([key, text]) => `"${key}":${bare(text)}`);
  const time = new Date(quote.timeMs).toISOString().replace('Z', '000Z');
  const row = `{"symbol":"${upper(quote, '/')}",${numbers.join(',')},"timestamp":"${time}"}`;
  return `{"channel":"ticker","type":"${type}","data":[${row}]}`;
}

/** `/v2`: channel ticker, one confirmation for each symbol, heartbeats when nothing else is said. */
export const kraken: StreamScript = {
  serves: (url) => url.pathname === '/v2',
  open({ market, send, sendText, nowMs }) {
    const subscribed = new Set<string>();
    const changes = createChanges(market, 'kraken');
    changes(nowMs);
    const status = { version: '2.0.10', system: 'online', api_version: 'v2', connection_id: 7 };
    send({ channel: 'status', type: 'update', data: [status] });
    const answer = (now: number, more: object): void => {
      const time = new Date(now).toISOString().replace('Z', '000Z');
      send({ ...more, time_in: time, time_out: time });
    };
    const subscribe = (symbol: string, now: number): void => {
      const quote = market.quotes('kraken', now).find((each) => upper(each, '/') === symbol);
      if (!quote) {
        const error = `Currency pair not supported ${symbol}`;
        answer(now, { method: 'subscribe', error, success: false, symbol });
        return;
      }
      const result = { channel: 'ticker', event_trigger: 'trades', snapshot: true, symbol };
      answer(now, { method: 'subscribe', result, success: true });
      sendText(frame('snapshot', quote));
      subscribed.add(symbol);
    };
    return {
      receive(text, now) {
        const { method, params } = objectOf(text) ?? {};
        const asked = isObject(params) ? params : {};
        if (method === 'ping') answer(now, { method: 'pong' });
        else if (method === 'subscribe' && asked.channel === 'ticker') {
          for (const symbol of textsOf(asked.symbol)) subscribe(symbol, now);
        } else answer(now, { error: 'Malformed request', success: false });
      },
      tick(now) {
        const rows = changes(now).filter((row) => subscribed.has(upper(row, '/')));
        for (const row of rows) sendText(frame('update', row));
        if (rows.length === 0 && subscribed.size > 0) send({ channel: 'heartbeat' });
      },
    };
  },
};
