import { z } from 'zod';
import type { StreamNews, StreamSource, SymbolTable } from '../adapter.ts';
import { errorBody, Refusal } from '../refusal.ts';
import { collectRows } from '../rows.ts';
import { shaped } from '../shapes.ts';

const ticket = z.object({
  code: z.string(),
  msg: z.string().optional(),
  data: z
    .object({
      token: z.string(),
      instanceServers: z.array(z.object({ endpoint: z.url({ protocol: /^wss?$/ }) })),
    })
    .optional(),
});

const number = z.string().nullish();
const ticker = z.object({
  price: number,
  bestBid: number,
  bestAsk: number,
  time: z.string().optional(),
});
const message = z.object({
  type: z.string(),
  topic: z.string().optional(),
  /** The market, where the topic is that of all markets. */
  subject: z.string().optional(),
  code: z.string().optional(),
  data: z.unknown().optional(),
});

const TOPIC = '/market/ticker:all';

/**
 * https://www.kucoin.com/docs/websocket/spot-trading/public-channels/all-symbols-ticker
 *
 * A POST tells the address with a token in it. One topic has all markets: a frame for each change
 * of a market's best bid or ask, with the last price and no volume. The server ends a connection
 * that sent no ping for its `pingInterval` (18 s) and `pingTimeout` (10 s) together.
 */
export const kucoinStream: StreamSource = {
  url: 'wss://ws-api-spot.kucoin.com',
  ticket: {
    path: '/api/v1/bullet-public',
    urlOf(body, connectId) {
      const { code, msg = '', data } = shaped(ticket, body);
      if (code !== '200000') throw errorBody('kucoin', `${code} ${msg}`);
      const endpoint = data?.instanceServers[0]?.endpoint;
      if (!data || endpoint === undefined) throw new Refusal('shape', 'a ticket without a server');
      const url = new URL(endpoint);
      url.searchParams.set('token', data.token);
      url.searchParams.set('connectId', connectId);
      return url.href;
    },
  },
  book: 'each-change',
  volume: false,
  subscribe: () => [JSON.stringify({ id: '1', type: 'subscribe', topic: TOPIC, response: true })],
  symbolsPerConnectionMax: Number.POSITIVE_INFINITY,
  connectionsMax: 1,
  connectSpacingMs: 1_000,
  sendSpacingMs: 100,
  ping: { everyMs: 18_000, frame: (nowMs) => JSON.stringify({ id: `${nowMs}`, type: 'ping' }) },
  silenceMsMax: 30_000,
  open: (symbols) => ({
    read(frame) {
      const said = shaped(message, frame);
      if (said.type === 'ack') return { confirmed: 'all' };
      if (said.type === 'error') {
        return { end: errorBody('kucoin', `${said.code ?? ''} ${String(said.data)}`) };
      }
      return said.type === 'message' && said.topic === TOPIC ? readTicker(said, symbols) : {};
    },
  }),
};

function readTicker(said: z.infer<typeof message>, symbols: SymbolTable): StreamNews {
  const symbol = said.subject ?? '';
  const prices = collectRows('kucoin', [said.data], (raw) => {
    const assets = symbols.get(symbol) ?? 'unknown-symbol';
    if (typeof assets === 'string') return assets;
    const row = ticker.safeParse(raw);
    if (!row.success) return 'malformed';
    const { price, bestBid: bid, bestAsk: ask, time } = row.data;
    return { symbol, assets, price, bid, ask, exchangeTimeMs: Number(time ?? 0) };
  });
  return { prices };
}
