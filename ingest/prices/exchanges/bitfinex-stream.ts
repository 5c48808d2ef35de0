import { z } from 'zod';
import type { StreamNews, StreamSource, SymbolTable } from '../adapter.ts';
import { errorBody, Refusal } from '../refusal.ts';
import { collectRows } from '../rows.ts';
import { shaped } from '../shapes.ts';

const number = z.string().nullable();
/** BID, BID_SIZE, ASK, ASK_SIZE, CHANGE, CHANGE_RELATIVE, LAST, VOLUME, HIGH, LOW */
const ticker = z.tuple(
  [number, number, number, number, number, number, number, number],
  z.unknown(),
);
/** `[CHANNEL_ID, [..]]`; a heartbeat has the text `hb` in place of the numbers. */
const news = z.tuple([z.string(), z.unknown()], z.unknown());
const message = z.object({
  event: z.string(),
  chanId: z.string().optional(),
  symbol: z.string().optional(),
  code: z.string().optional(),
  msg: z.string().optional(),
  /** 0: in maintenance. */
  platform: z.object({ status: z.string() }).optional(),
});
type Message = z.infer<typeof message>;

/** The server restarts; maintenance begins; it is over, and all is to be subscribed anew. */
const CONNECT_ANEW: ReadonlySet<string> = new Set(['20051', '20060', '20061']);

/**
 * https://docs.bitfinex.com/docs/ws-general, https://docs.bitfinex.com/reference/ws-public-ticker
 *
 * One channel for each market, at most 25 on a connection and 20 new connections a minute. A
 * channel without news sends a heartbeat each 15 s. Confirmed channels begin with a snapshot.
 */
export const bitfinexStream: StreamSource = {
  url: 'wss://api-pub.bitfinex.com/ws/2',
  book: 'each-change',
  volume: true,
  subscribe: (symbols) =>
    symbols.map((symbol) => JSON.stringify({ event: 'subscribe', channel: 'ticker', symbol })),
  symbolsPerConnectionMax: 25,
  connectionsMax: 18,
  connectSpacingMs: 3_100,
  sendSpacingMs: 50,
  silenceMsMax: 35_000,
  open(symbols) {
    const channels = new Map<string, string>();
    return {
      read: (frame) =>
        Array.isArray(frame)
          ? readNews(frame, channels, symbols)
          : readMessage(shaped(message, frame), channels),
    };
  },
};

function readNews(
  frame: unknown,
  channels: ReadonlyMap<string, string>,
  symbols: SymbolTable,
): StreamNews {
  const [channel, body] = shaped(news, frame);
  if (body === 'hb') return {};
  const prices = collectRows('bitfinex', [body], (raw) => {
    const symbol = channels.get(channel) ?? '';
    const assets = symbols.get(symbol) ?? 'unknown-symbol';
    if (typeof assets === 'string') return assets;
    const row = ticker.safeParse(raw);
    if (!row.success) return 'malformed';
    const [bid, , ask, , , , price, volume] = row.data;
    return { symbol, assets, price, bid, ask, volume };
  });
  return { prices };
}

function readMessage(said: Message, channels: Map<string, string>): StreamNews {
  const { event, symbol, chanId, code, msg = '' } = said;
  if (event === 'subscribed' && symbol !== undefined && chanId !== undefined) {
    channels.set(chanId, symbol);
    return { confirmed: [symbol] };
  }
  if (event === 'error') {
    if (symbol !== undefined) return { refused: [symbol] };
    return { end: errorBody('bitfinex', `${code ?? ''} ${msg}`.trim()) };
  }
  if (event !== 'info') return {};
  const anew = said.platform?.status === '0' || CONNECT_ANEW.has(code ?? '');
  return anew ? { end: new Refusal('maintenance', `bitfinex: ${code ?? ''} ${msg}`) } : {};
}
