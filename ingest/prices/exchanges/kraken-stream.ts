import { z } from 'zod';
import type { StreamNews, StreamSource, SymbolTable } from '../adapter.ts';
import { errorBody, Refusal } from '../refusal.ts';
import { collectRows, product } from '../rows.ts';
import { shaped } from '../shapes.ts';

const number = z.string().nullish();
const ticker = z.object({
  symbol: z.string(),
  last: number,
  bid: number,
  ask: number,
  volume: number,
  vwap: number,
  timestamp: z.string().optional(),
});
const message = z.object({
  channel: z.string().optional(),
  data: z.array(z.unknown()).optional(),
  method: z.string().optional(),
  success: z.boolean().optional(),
  error: z.string().optional(),
  /** Of a refused subscription; a confirmed one tells it in `result`. */
  symbol: z.string().optional(),
  result: z.object({ symbol: z.string().optional() }).optional(),
});
const status = z.object({ system: z.string() });

const SYMBOLS_PER_FRAME = 100;

/**
 * https://docs.kraken.com/api/docs/websocket-v2/ticker
 *
 * Frames come at trades (`event_trigger`), so that `last` is never behind; the other choice, at
 * each change of the best bid or ask, may miss a trade that changes neither. Every subscription is
 * confirmed on its own and followed by a snapshot. A heartbeat comes each second without news.
 */
export const krakenStream: StreamSource = {
  url: 'wss://ws.kraken.com/v2',
  book: 'at-trades',
  volume: true,
  subscribe(symbols) {
    const frames: string[] = [];
    for (let at = 0; at < symbols.length; at += SYMBOLS_PER_FRAME) {
      const symbol = symbols.slice(at, at + SYMBOLS_PER_FRAME);
      const params = { channel: 'ticker', symbol, event_trigger: 'trades', snapshot: true };
      frames.push(JSON.stringify({ method: 'subscribe', params }));
    }
    return frames;
  },
  symbolsPerConnectionMax: 500,
  connectionsMax: 6,
  connectSpacingMs: 1_000,
  // No figure is documented, only that too many messages are refused ("Exceeded msg rate").
  sendSpacingMs: 500,
  silenceMsMax: 10_000,
  open: (symbols) => ({
    read(frame) {
      const said = shaped(message, frame);
      if (said.channel === 'ticker') return readTickers(said.data ?? [], symbols);
      if (said.channel === 'status') return readStatus(said.data?.[0]);
      if (said.method === 'subscribe') return readAnswer(said);
      if (said.error !== undefined) return { end: errorBody('kraken', said.error) };
      return {};
    },
  }),
};

function readTickers(data: readonly unknown[], symbols: SymbolTable): StreamNews {
  const prices = collectRows('kraken', data, (raw) => {
    const row = ticker.safeParse(raw);
    if (!row.success) return 'malformed';
    const { symbol, last, bid, ask, volume, vwap, timestamp } = row.data;
    const assets = symbols.get(symbol) ?? 'unknown-symbol';
    if (typeof assets === 'string') return assets;
    return {
      symbol,
      assets,
      price: last,
      bid,
      ask,
      volume,
      quoteVolume: product(volume ?? '', vwap ?? ''),
      exchangeTimeMs: Date.parse(timestamp ?? '') || 0,
    };
  });
  return { prices };
}

function readStatus(raw: unknown): StreamNews {
  const { system } = shaped(status, raw);
  // The others (cancel_only, post_only, limit_only) still tell prices.
  return system === 'maintenance' ? { end: new Refusal('maintenance', 'kraken: maintenance') } : {};
}

function readAnswer({ success, error = '', symbol, result }: z.infer<typeof message>): StreamNews {
  const of = symbol ?? result?.symbol;
  if (of === undefined) return success ? {} : { end: errorBody('kraken', error) };
  return success || /already subscribed/i.test(error) ? { confirmed: [of] } : { refused: [of] };
}
