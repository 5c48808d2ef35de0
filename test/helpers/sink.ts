/**
 * A write endpoint for tests that behaves as it is told: by default it takes every line, keeps each
 * (series, time) once and counts how often it came.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';

export interface SinkAnswer {
  readonly status: number;
  readonly message?: string;
  readonly headers?: Record<string, string>;
  /** Keep these lines although the status is no 204. Default: all of a 204, none otherwise. */
  readonly stored?: readonly string[];
}

/** Decides on a request; undefined cuts the connection. */
export type Behaviour = (lines: readonly string[], body: string) => SinkAnswer | undefined;

export class Sink {
  /** Fields by `series time`. */
  readonly points = new Map<string, string>();
  /** Every line in the order in which it was taken, repeats included. */
  readonly taken: string[] = [];
  requests = 0;
  behaviour: Behaviour = () => ({ status: 204 });
  readonly #server: Server = createServer((request, response) => {
    this.#answer(request, response).catch(() => request.destroy());
  });

  static async start(port = 0): Promise<Sink> {
    const sink = new Sink();
    await sink.listen(port);
    return sink;
  }

  async listen(port: number): Promise<void> {
    this.#server.listen(port, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.requests += 1;
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const raw = Buffer.concat(chunks);
    const zipped = request.headers['content-encoding'] === 'gzip';
    const body = (zipped ? gunzipSync(raw) : raw).toString('utf8');
    const lines = body.split('\n').filter((line) => line !== '');
    const answer = this.behaviour(lines, body);
    if (answer === undefined) {
      request.socket.destroy();
      return;
    }
    for (const line of answer.stored ?? (answer.status === 204 ? lines : [])) this.#take(line);
    response.writeHead(answer.status, answer.headers ?? {});
    const { message } = answer;
    response.end(message === undefined ? '' : JSON.stringify({ code: 'x', message }));
  }

  #take(line: string): void {
    const [, series = '', fields = '', time = ''] =
      /^((?:\\.|[^ \\])+) (.*) (-?\d+)$/s.exec(line) ?? [];
    this.points.set(`${series} ${time}`, fields);
    this.taken.push(line);
  }
}
