import type { Server } from 'node:http';
import type { Clock } from '../core/clock.ts';
import { books } from './books/list.ts';
import { createExchange } from './exchange.ts';
import { closeAll, createPageServer, type Handler, listen } from './http.ts';
import { createMarket } from './market.ts';
import { pageOf } from './news.ts';
import { type Sockets, serveStream } from './sockets.ts';
import { streams } from './streams/list.ts';

export interface DemoOptions {
  /** Loopback unless told otherwise. */
  readonly host?: string;
  /** The first of as many ports in a row as there are exchanges and one; 0: free ones. */
  readonly port: number;
  /** The same seed and the same time give the same prices and pages. */
  readonly seed: number;
  readonly pairsPerExchange?: number;
  readonly clock: Clock;
}

export interface DemoMarket {
  /** Exchange id -> base URL, for `EXCHANGE_<ID>_URL`. */
  readonly urls: Readonly<Record<string, string>>;
  /** Exchange id -> websocket address without path, for `EXCHANGE_<ID>_STREAM_URL`. */
  readonly streamUrls: Readonly<Record<string, string>>;
  /** The site with the feeds and pages. */
  readonly siteUrl: string;
  readonly feeds: readonly string[];
  readonly pages: readonly string[];
  close(): Promise<void>;
}

const PAIRS_PER_EXCHANGE = 120;

/**
 * A small market on loopback: each exchange at its real paths on a port of its own, the streams of
 * those that have one on the same port, and a site with two feeds and some pages.
 * @throws TidemarkError `unavailable` when a port is taken.
 */
export async function startDemoMarket(options: DemoOptions): Promise<DemoMarket> {
  const { clock, seed, host = '127.0.0.1' } = options;
  const pairsPerExchange = options.pairsPerExchange ?? PAIRS_PER_EXCHANGE;
  const market = createMarket({ seed, pairsPerExchange });
  const handlers: [string, Handler][] = Object.entries(books).map(([id, book]) => [
    id,
    createExchange(book, market, clock),
  ]);
  handlers.push([
    'site',
    ({ method, path, origin }) =>
      method === 'GET' ? pageOf(path, { seed, origin, nowMs: clock.nowMs() }) : undefined,
  ]);
  const servers: Server[] = [];
  const sockets: Sockets[] = [];
  const urls: Record<string, string> = {};
  const streamUrls: Record<string, string> = {};
  const close = async () => {
    for (const each of sockets) each.close();
    await closeAll(servers);
  };
  try {
    for (const [id, handler] of handlers) {
      const server = createPageServer(handler, clock);
      servers.push(server);
      const port = options.port === 0 ? 0 : options.port + servers.length - 1;
      const url = await listen(server, host, port);
      urls[id] = url;
      const script = streams[id];
      if (!script) continue;
      sockets.push(serveStream(server, { script, market, clock }));
      streamUrls[id] = url.replace('http:', 'ws:');
    }
  } catch (error) {
    await close();
    throw error;
  }
  const { site: siteUrl = '', ...exchangeUrls } = urls;
  return {
    urls: exchangeUrls,
    streamUrls,
    siteUrl,
    feeds: ['/feeds/news.rss', '/feeds/changes.atom'].map((path) => siteUrl + path),
    pages: ['/pages/ok', '/pages/gold', '/pages/moody'].map((path) => siteUrl + path),
    close,
  };
}
