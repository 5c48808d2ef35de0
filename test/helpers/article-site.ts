/** One server that is every host of 127.0.0.0/8: feeds, pages, and a log of who was asked when. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Asked {
  readonly host: string;
  readonly path: string;
  readonly beganMs: number;
  /** When its answer or its connection ended; undefined: it has not. */
  endedMs: number | undefined;
}

export type Handler = (request: IncomingMessage, response: ServerResponse) => void;

export class ArticleSite {
  readonly asked: Asked[] = [];
  readonly #handlers: [RegExp, Handler][] = [];
  readonly #server: Server = createServer((request, response) => this.#answer(request, response));

  static async start(): Promise<ArticleSite> {
    const site = new ArticleSite();
    site.#server.listen(0, '0.0.0.0', 4_096);
    await once(site.#server, 'listening');
    return site;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  url(host: string, path: string): string {
    return `http://${host}:${this.port}${path}`;
  }

  /** The first one whose pattern fits a path answers it. */
  on(path: RegExp, handler: Handler): void {
    this.#handlers.push([path, handler]);
  }

  /** The same with an answer that does not change. */
  serve(path: RegExp, body: string | Buffer, headers: Record<string, string> = {}): void {
    this.on(path, (_request, response) => response.writeHead(200, headers).end(body));
  }

  asks(path: RegExp): readonly Asked[] {
    return this.asked.filter((one) => path.test(one.path));
  }

  /** The shortest time between the end of a request to a host and the begin of the next to it. */
  shortestGapMs(): number {
    let shortest = Number.POSITIVE_INFINITY;
    const ends = new Map<string, number>();
    for (const { host, beganMs, endedMs } of this.asked) {
      const before = ends.get(host);
      if (before !== undefined) shortest = Math.min(shortest, beganMs - before);
      ends.set(host, endedMs ?? Number.POSITIVE_INFINITY);
    }
    return shortest;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const { host = '' } = request.headers;
    const path = request.url ?? '';
    const beganMs = performance.now();
    const asked: Asked = { host: host.replace(/:\d+$/, ''), path, beganMs, endedMs: undefined };
    this.asked.push(asked);
    const end = (): void => {
      asked.endedMs ??= performance.now();
    };
    response.on('finish', end);
    response.on('close', end);
    const found = this.#handlers.find(([pattern]) => pattern.test(path));
    if (found) found[1](request, response);
    else response.writeHead(404).end();
  }
}
