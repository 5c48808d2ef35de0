import { upper } from '../books/book.ts';
import { createChanges, type StreamScript } from './stream.ts';

const PING_MS = 20_000;

/** `/ws/!miniTicker@arr`: nothing to subscribe, every second a list of the markets that changed. */
export const binance: StreamScript = {
  serves: (url) => decodeURIComponent(url.pathname) === '/ws/!miniTicker@arr',
  open({ market, send, ping, nowMs }) {
    const changes = createChanges(market, 'binance');
    let pingedMs = nowMs;
    return {
      receive: () => {},
      tick(now) {
        if (now - pingedMs >= PING_MS) {
          pingedMs = now;
          ping();
        }
        const rows = changes(now).map((row) => ({
          e: '24hrMiniTicker',
          E: now,
          s: upper(row),
          c: row.last,
          o: row.average,
          h: row.ask,
          l: row.bid,
          v: row.volume,
          q: row.quoteVolume,
        }));
        if (rows.length > 0) send(rows);
      },
    };
  },
};
