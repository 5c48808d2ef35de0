import { z } from 'zod';
import type { StreamNews, StreamSource, SymbolTable } from '../adapter.ts';
import { errorBody } from '../refusal.ts';
import { collectRows } from '../rows.ts';
import { shaped } from '../shapes.ts';

const number = z.string().nullish();
const ticker = z.object({
  product_id: z.string(),
  price: number,
  volume_24_h: number,
  best_bid: number,
  best_ask: number,
});
type Ticker = z.infer<typeof ticker>;
const message = z.object({
  channel: z.string().optional(),
  type: z.string().optional(),
  message: z.string().optional(),
  timestamp: z.string().optional(),
  events: z
    .array(
      z.object({
        tickers: z.array(z.unknown()).optional(),
        subscriptions: z.object({ ticker: z.array(z.string()).optional() }).optional(),
      }),
    )
    .optional(),
});
type Message = z.infer<typeof message>;

const PRODUCTS_PER_FRAME = 100;
/** Markets against USDC that have a book of their own. */
const OWN_BOOKS: ReadonlySet<string> = new Set(['USDT-USDC', 'EURC-USDC']);

/** The channel of a market: those against USDC share the book of the one against USD. */
function channelOf(symbol: string): string {
  return OWN_BOOKS.has(symbol) ? symbol : symbol.replace(/-USDC$/, '-USD');
}

/** The markets that a channel tells of. */
function marketsOf(channel: string, symbols: SymbolTable): readonly string[] {
  const twin = channel.endsWith('-USD') ? `${channel}C` : '';
  return symbols.has(twin) && channelOf(twin) === channel ? [channel, twin] : [channel];
}

/**
 * https://docs.cdp.coinbase.com/coinbase-app/advanced-trade-apis/websocket/websocket-channels
 *
 * The feed of Advanced Trade, whose products are those of the polled list; the older Exchange feed
 * has fewer and refuses a whole request for one unknown product. `ticker` comes at trades, with bid
 * and ask; `ticker_batch` would come each 5 s and without them. The heartbeats keep quiet
 * subscriptions open. Unauthenticated, 8 messages a second are allowed.
 */
export const coinbaseStream: StreamSource = {
  url: 'wss://advanced-trade-ws.coinbase.com',
  book: 'at-trades',
  volume: true,
  subscribe(symbols) {
    const channels = [...new Set(symbols.map(channelOf))];
    const frames = [JSON.stringify({ type: 'subscribe', channel: 'heartbeats' })];
    for (let at = 0; at < channels.length; at += PRODUCTS_PER_FRAME) {
      const product_ids = channels.slice(at, at + PRODUCTS_PER_FRAME);
      frames.push(JSON.stringify({ type: 'subscribe', channel: 'ticker', product_ids }));
    }
    return frames;
  },
  symbolsPerConnectionMax: 1_000,
  connectionsMax: 3,
  connectSpacingMs: 1_000,
  sendSpacingMs: 250,
  silenceMsMax: 10_000,
  open: (symbols) => ({
    read(frame) {
      const said = shaped(message, frame);
      if (said.type === 'error') return readError(said.message ?? '', symbols);
      if (said.channel === 'ticker') return readTickers(said, symbols);
      if (said.channel === 'subscriptions') return readSubscriptions(said, symbols);
      return {};
    },
  }),
};

function readTickers(said: Message, symbols: SymbolTable): StreamNews {
  const exchangeTimeMs = Date.parse(said.timestamp ?? '') || 0;
  const entries: [string, Ticker | undefined][] = [];
  for (const raw of said.events?.flatMap(({ tickers }) => tickers ?? []) ?? []) {
    const row = ticker.safeParse(raw);
    if (!row.success) entries.push(['', undefined]);
    else for (const id of marketsOf(row.data.product_id, symbols)) entries.push([id, row.data]);
  }
  // Of two that a frame has of one market the later counts.
  const prices = collectRows('coinbase', entries.reverse(), ([symbol, row]) => {
    if (!row) return 'malformed';
    const assets = symbols.get(symbol) ?? 'unknown-symbol';
    if (typeof assets === 'string') return assets;
    const { price, best_bid: bid, best_ask: ask, volume_24_h: volume } = row;
    return { symbol, assets, price, bid, ask, volume, exchangeTimeMs };
  });
  return { prices };
}

/** Tells all subscriptions of the connection, each time that one is added. */
function readSubscriptions(said: Message, symbols: SymbolTable): StreamNews {
  const channels = said.events?.flatMap(({ subscriptions }) => subscriptions?.ticker ?? []) ?? [];
  return { confirmed: channels.flatMap((channel) => marketsOf(channel, symbols)) };
}

/** A product that the text names is refused; anything else ends the connection. */
function readError(text: string, symbols: SymbolTable): StreamNews {
  const named = text.match(/[A-Z0-9]+-[A-Z0-9]+/g) ?? [];
  const refused = named.flatMap((id) => marketsOf(id, symbols)).filter((id) => symbols.has(id));
  return refused.length > 0 ? { refused } : { end: errorBody('coinbase', text) };
}
