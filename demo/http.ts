import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Clock } from '../core/clock.ts';
import { messageOf, TidemarkError } from '../core/errors.ts';
import type { Page } from './news.ts';

/** A request as the pages of the demo see it. */
export interface Asked {
  readonly method: 'GET' | 'POST';
  /** With its query. */
  readonly path: string;
  /** As the client named this server: `http://host:port`. */
  readonly origin: string;
}

/** undefined: nothing answers this method here. */
export type Handler = (asked: Asked) => Page | undefined;

const compress = promisify(gzip);

export const json = (status: number, body: string): Page => ({
  status,
  type: 'application/json; charset=utf-8',
  body,
});

/** A server of pages, with ETags and gzip; not listening yet. */
export function createPageServer(handler: Handler, clock: Clock): Server {
  return createServer((request, response) => {
    answer(request, response, { handler, clock }).catch(() => response.destroy());
  });
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { handler, clock }: { handler: Handler; clock: Clock },
): Promise<void> {
  const origin = `http://${request.headers.host ?? 'localhost'}`;
  const method = request.method === 'HEAD' ? 'GET' : request.method;
  const known = method === 'GET' || method === 'POST';
  const page = known ? handler({ method, path: request.url ?? '/', origin }) : undefined;
  if (!page) {
    response.writeHead(405, { allow: 'GET, HEAD' }).end();
    return;
  }
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

/** Begins to listen; answers the base URL. @throws TidemarkError `unavailable` for a taken port. */
export function listen(server: Server, host: string, port: number): Promise<string> {
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

export async function closeAll(servers: readonly Server[]): Promise<void> {
  await Promise.all(
    servers.map((server) => {
      server.closeAllConnections();
      return new Promise<void>((done) => server.close(() => done()));
    }),
  );
}
