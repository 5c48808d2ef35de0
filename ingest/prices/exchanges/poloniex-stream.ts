import { z } from 'zod';
import type { StreamSource } from '../adapter.ts';
import { errorBody } from '../refusal.ts';
import { collectRows } from '../rows.ts';
import { shaped } from '../shapes.ts';

const number = z.string().nullish();
const ticker = z.object({
  symbol: z.string(),
  close: number,
  quantity: number,
  amount: number,
  ts: z.string().optional(),
});
const message = z.object({
  event: z.string().optional(),
  channel: z.string().optional(),
  message: z.string().optional(),
  data: z.array(z.unknown()).optional(),
});

/**
 * https://api-docs.poloniex.com/spot/websocket/market-data
 *
 * One subscription has all markets; no bid or ask. The server ends a connection that sent nothing
 * for 30 s.
 */
export const poloniexStream: StreamSource = {
  url: 'wss://ws.poloniex.com/ws/public',
  book: 'never',
  volume: true,
  subscribe: () => [JSON.stringify({ event: 'subscribe', channel: ['ticker'], symbols: ['all'] })],
  symbolsPerConnectionMax: Number.POSITIVE_INFINITY,
  connectionsMax: 1,
  connectSpacingMs: 1_000,
  sendSpacingMs: 100,
  ping: { everyMs: 15_000, frame: () => JSON.stringify({ event: 'ping' }) },
  silenceMsMax: 35_000,
  open: (symbols) => ({
    read(frame) {
      const said = shaped(message, frame);
      if (said.event === 'subscribe') return { confirmed: 'all' };
      if (said.event === 'error') return { end: errorBody('poloniex', said.message ?? '') };
      if (said.channel !== 'ticker' || !said.data) return {};
      const prices = collectRows('poloniex', said.data, (raw) => {
        const row = ticker.safeParse(raw);
        if (!row.success) return 'malformed';
        const { symbol, close, quantity, amount, ts } = row.data;
        const assets = symbols.get(symbol) ?? 'unknown-symbol';
        if (typeof assets === 'string') return assets;
        const rest = { volume: quantity, quoteVolume: amount, exchangeTimeMs: Number(ts ?? 0) };
        return { symbol, assets, price: close, ...rest };
      });
      return { prices };
    },
  }),
};
