import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Clock } from '../core/clock.ts';
import { messageOf, TidemarkError } from '../core/errors.ts';
import { books } from './books/list.ts';
import { createMarket } from './market.ts';
import { type Page, pageOf } from './news.ts';

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
  /** The site with the feeds and pages. */
  readonly siteUrl: string;
  readonly feeds: readonly string[];
  readonly pages: readonly string[];
  close(): Promise<void>;
}

const PAIRS_PER_EXCHANGE = 120;
const compress = promisify(gzip);

type Handler = (path: string, origin: string) => Page;

/**
 * A small market on loopback: each exchange at its real paths on a port of its own, and a site with
 * two feeds and some pages. @throws TidemarkError `unavailable` when a port is taken.
 */
export async function startDemoMarket(options: DemoOptions): Promise<DemoMarket> {
  const { clock, seed } = options;
  const pairsPerExchange = options.pairsPerExchange ?? PAIRS_PER_EXCHANGE;
  const market = createMarket({ seed, pairsPerExchange });
  const handlers: [string, Handler][] = Object.entries(books).map(([id, book]) => [
    id,
    (path) => {
      const answer = Object.hasOwn(book.answers, path) ? book.answers[path] : undefined;
      if (answer) return json(200, answer(market, clock.nowMs()));
      return json(404, JSON.stringify({ error: 'not here', paths: Object.keys(book.answers) }));
    },
  ]);
  handlers.push(['site', (path, origin) => pageOf(path, { seed, origin, nowMs: clock.nowMs() })]);
  const servers: Server[] = [];
  const urls: Record<string, string> = {};
  try {
    for (const [id, handler] of handlers) {
      const server = createServer((request, response) => {
        answerRequest(request, response, { handler, clock }).catch(() => response.destroy());
      });
      servers.push(server);
      const port = options.port === 0 ? 0 : options.port + servers.length - 1;
      urls[id] = await listen(server, options.host ?? '127.0.0.1', port);
    }
  } catch (error) {
    await closeAll(servers);
    throw error;
  }
  const { site: siteUrl = '', ...exchangeUrls } = urls;
  return {
    urls: exchangeUrls,
    siteUrl,
    feeds: ['/feeds/news.rss', '/feeds/changes.atom'].map((path) => siteUrl + path),
    pages: ['/pages/ok', '/pages/gold', '/pages/moody'].map((path) => siteUrl + path),
    close: () => closeAll(servers),
  };
}

function json(status: number, body: string): Page {
  return { status, type: 'application/json; charset=utf-8', body };
}

interface Answering {
  readonly handler: Handler;
  readonly clock: Clock;
}

async function answerRequest(
  request: IncomingMessage,
  response: ServerResponse,
  { handler, clock }: Answering,
): Promise<void> {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.writeHead(405, { allow: 'GET, HEAD' }).end();
    return;
  }
  const page = handler(request.url ?? '/', `http://${request.headers.host ?? 'localhost'}`);
  if (page.delayMs) await clock.sleep(page.delayMs);
  // The host is part of a feed's links, so the tag is of the bytes, not of the time.
  const etag = `"${createHash('sha1').update(page.body).digest('base64url')}"`;
  if (page.status === 200 && request.headers['if-none-match'] === etag) {
    response.writeHead(304, { etag }).end();
    return;
  }
  const zipped = /\bgzip\b/.test(request.headers['accept-encoding'] ?? '');
  const body = zipped ? await compress(page.body) : Buffer.from(page.body);
  response.writeHead(page.status, {
    'content-type': page.type,
    'content-length': body.length,
    etag,
    vary: 'accept-encoding',
    ...(zipped && { 'content-encoding': 'gzip' }),
    ...page.headers,
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

function listen(server: Server, host: string, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => {
      const what = `the demo market cannot listen on ${host}:${port}: ${messageOf(cause)}`;
      reject(new TidemarkError('unavailable', what, { cause }));
    });
    server.listen(port, host, () => {
      const address = server.address();
      const bound = typeof address === 'object' && address ? address.port : port;
      resolve(`http://${host.includes(':') ? `[${host}]` : host}:${bound}`);
    });
  });
}

async function closeAll(servers: readonly Server[]): Promise<void> {
  await Promise.all(
    servers.map((server) => {
      server.closeAllConnections();
      return new Promise<void>((done) => server.close(() => done()));
    }),
  );
}
