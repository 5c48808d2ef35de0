import { type IncomingMessage, type Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type Koa from 'koa';
import { refuse, UPGRADE_WITH_BODY } from '../http/unread.ts';

/** The connection of a request that wants to speak another protocol. */
export interface Upgrade {
  readonly socket: Duplex;
  /** What came behind the head of the request. */
  readonly head: Buffer;
}

interface Waiting {
  readonly socket: Duplex;
  readonly response: ServerResponse;
  /** Ends the reading and gives what came until then. */
  readonly early: () => Buffer;
}

const waiting = new WeakMap<IncomingMessage, Waiting>();

/** What a client may say before its handshake is answered; it has no reason to say anything. */
const EARLY_BYTES_MAX = 16_384;

/**
 * Requests with `Upgrade` go the way of all others, with the same checks and errors; the route of
 * the websocket takes their connection, and who asks another route for it gets an answer as ever.
 * Node lets go of such a connection: it is neither read, nor timed, nor cut when the server closes.
 *
 * @returns cuts those that are still there
 */
export function routeUpgrades(server: Server, app: Koa): () => void {
  const answer = app.callback();
  const connections = new Set<Duplex>();
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    connections.add(socket);
    socket.once('close', () => connections.delete(socket));
    // Nobody listens to it from here on; without this a reset would end the process.
    socket.on('error', () => socket.destroy());
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      // Its body is not read as one any more.
      refuse(socket, UPGRADE_WITH_BODY);
      return;
    }
    const response = new ServerResponse(request);
    response.shouldKeepAlive = false;
    response.assignSocket(request.socket);
    response.once('finish', () => socket.end(() => socket.destroy()));
    waiting.set(request, { socket, response, early: listen(request, head, server.timeout) });
    void answer(request, response);
  });
  return () => {
    for (const socket of connections) socket.destroy();
  };
}

/** Reads on until the connection is taken: only who reads hears that a client has left. */
function listen({ socket }: IncomingMessage, head: Buffer, silenceMs: number): () => Buffer {
  const early = [head];
  let bytes = head.byteLength;
  const leave = (): void => void socket.destroy();
  const hear = (piece: Buffer): void => {
    early.push(piece);
    bytes += piece.byteLength;
    if (bytes > EARLY_BYTES_MAX) leave();
  };
  socket.setTimeout(silenceMs, leave);
  socket.on('data', hear);
  socket.once('end', leave);
  return () => {
    socket.setTimeout(0, leave);
    socket.off('data', hear);
    socket.off('end', leave);
    // It goes on flowing: who takes it listens at once.
    return Buffer.concat(early);
  };
}

/** The connection, once; undefined: the request did not ask for another protocol. */
export function takeUpgrade(request: IncomingMessage): Upgrade | undefined {
  const found = waiting.get(request);
  waiting.delete(request);
  if (found === undefined) return undefined;
  found.response.detachSocket(request.socket);
  return { socket: found.socket, head: found.early() };
}

/** Whether the request asks for a websocket. */
export function asksForSocket(request: IncomingMessage): boolean {
  return waiting.has(request) && request.headers.upgrade?.toLowerCase() === 'websocket';
}
