import { type IncomingMessage, type Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type Koa from 'koa';

/** The connection of a request that wants to speak another protocol. */
export interface Upgrade {
  readonly socket: Duplex;
  /** What came behind the head of the request. */
  readonly head: Buffer;
}

const waiting = new WeakMap<IncomingMessage, Upgrade & { readonly response: ServerResponse }>();

/**
 * Requests with `Upgrade` go the way of all others, with the same checks and errors; the route of
 * the websocket takes their connection, and who asks another route for it gets an answer as ever.
 */
export function routeUpgrades(server: Server, app: Koa): void {
  const answer = app.callback();
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    // Nobody listens to it from here on; without this a reset would end the process.
    socket.on('error', () => socket.destroy());
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      // Its body is not read as one any more.
      socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
      return;
    }
    const response = new ServerResponse(request);
    response.shouldKeepAlive = false;
    response.assignSocket(request.socket);
    response.once('finish', () => socket.end());
    waiting.set(request, { socket, head, response });
    void answer(request, response);
  });
}

/** The connection, once; undefined: the request did not ask for another protocol. */
export function takeUpgrade(request: IncomingMessage): Upgrade | undefined {
  const found = waiting.get(request);
  waiting.delete(request);
  found?.response.detachSocket(request.socket);
  return found;
}

/** Whether the request asks for a websocket. */
export function asksForSocket(request: IncomingMessage): boolean {
  return waiting.has(request) && request.headers.upgrade?.toLowerCase() === 'websocket';
}
