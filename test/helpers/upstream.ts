import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { gzipSync } from 'node:zlib';

/** What a path answers. */
export interface Reply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** An object is sent as JSON. */
  readonly body?: string | Buffer | object;
  readonly gzip?: boolean;
  /** Announces the whole body, sends this many bytes of it and cuts the connection. */
  readonly cutAfter?: number;
  /** Cuts the connection before any answer. */
  readonly reset?: boolean;
  /** Never answers. */
  readonly silent?: boolean;
  /** Sends the headers and one byte, then nothing more. */
  readonly stall?: boolean;
}

export type Answer = Reply | ((request: IncomingMessage) => Reply);

export interface Upstream {
  readonly url: string;
  /** Path with query of every request, in order. */
  readonly requests: readonly string[];
  readonly headers: readonly IncomingMessage['headers'][];
  /** How many connections were opened. */
  readonly connections: number;
  /** Answers `path` (with query) from now on; a list is used up one by one, its last one stays. */
  set(path: string, ...answers: Answer[]): void;
  close(): Promise<void>;
}

/** A local server that plays somebody else's, faults included. */
export async function startUpstream(): Promise<Upstream> {
  const answers = new Map<string, Answer[]>();
  const requests: string[] = [];
  const headers: IncomingMessage['headers'][] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    requests.push(path);
    headers.push(request.headers);
    const list = answers.get(path) ?? [];
    const answer = list.length > 1 ? list.shift() : list[0];
    const reply = typeof answer === 'function' ? answer(request) : answer;
    send(response, reply ?? { status: 404, body: { message: `no answer for ${path}` } });
  });
  server.on('connection', (socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    headers,
    get connections() {
      return connections;
    },
    set: (path, ...list) => void answers.set(path, list),
    close() {
      for (const socket of sockets) socket.destroy();
      return new Promise((done) => server.close(() => done()));
    },
  };
}

function send(response: ServerResponse, reply: Reply): void {
  if (reply.silent) return;
  if (reply.reset) {
    response.socket?.destroy();
    return;
  }
  const json = typeof reply.body === 'object' && !Buffer.isBuffer(reply.body);
  const text = json ? JSON.stringify(reply.body) : (reply.body ?? '');
  const plain = Buffer.isBuffer(text) ? text : Buffer.from(text as string);
  const body = reply.gzip ? gzipSync(plain) : plain;
  response.writeHead(reply.status ?? 200, {
    'content-type': 'application/json',
    'content-length': String(body.length),
    ...(reply.gzip && { 'content-encoding': 'gzip' }),
    ...reply.headers,
  });
  if (reply.stall) {
    response.write(body.subarray(0, 1));
  } else if (reply.cutAfter !== undefined) {
    response.write(body.subarray(0, reply.cutAfter), () => response.socket?.destroy());
  } else {
    response.end(body);
  }
}
