import { z } from 'zod';
import type { StreamSource } from '../adapter.ts';
import { errorBody, Refusal } from '../refusal.ts';
import { collectRows } from '../rows.ts';
import { shaped } from '../shapes.ts';

const number = z.string().nullish();
const miniTicker = z.object({
  s: z.string(),
  c: number,
  v: number,
  q: number,
  E: z.string().optional(),
});
/** What is no array: a notice or an answer to a request. */
const message = z.object({
  e: z.string().optional(),
  error: z.object({ msg: z.string() }).optional(),
});

/**
 * https://developers.binance.com/docs/binance-spot-api-docs/web-socket-streams
 *
 * Every second one frame with the markets that changed, and no bid or ask: the all-market stream
 * that had them (`!ticker@arr`) is withdrawn. The URL alone subscribes, so the first frame is the
 * confirmation. Pings are those of the websocket itself.
 */
export const binanceStream: StreamSource = {
  url: 'wss://stream.binance.com:9443/ws/!miniTicker@arr',
  book: 'never',
  volume: true,
  subscribe: () => [],
  symbolsPerConnectionMax: Number.POSITIVE_INFINITY,
  connectionsMax: 1,
  connectSpacingMs: 1_000,
  sendSpacingMs: 0,
  silenceMsMax: 10_000,
  open: (symbols) => ({
    read(frame) {
      if (!Array.isArray(frame)) {
        const { e, error } = shaped(message, frame);
        if (error) return { end: errorBody('binance', error.msg) };
        // Sent ten minutes before the end: time enough to be connected elsewhere.
        if (e === 'serverShutdown') return { end: new Refusal('maintenance', 'serverShutdown') };
        return {};
      }
      const prices = collectRows('binance', frame, (raw) => {
        const row = miniTicker.safeParse(raw);
        if (!row.success) return 'malformed';
        const { s, c, v, q, E } = row.data;
        const assets = symbols.get(s) ?? 'unknown-symbol';
        if (typeof assets === 'string') return assets;
        const rest = { volume: v, quoteVolume: q, exchangeTimeMs: Number(E ?? 0) };
        return { symbol: s, assets, price: c, ...rest };
      });
      return { prices, confirmed: 'all' };
    },
  }),
};
