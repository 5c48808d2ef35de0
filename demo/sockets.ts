import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Clock } from '../core/clock.ts';
import type { Market } from './market.ts';
import type { Session, StreamScript } from './streams/stream.ts';

export interface Sockets {
  /** Ends every connection at once. */
  close(): void;
}

interface StreamOptions {
  readonly script: StreamScript;
  readonly market: Market;
  readonly clock: Clock;
}

const SECOND_MS = 1_000;
const FRAME_BYTES_MAX = 64 * 1024;

/** Plays an exchange's stream on its server. Sessions have a turn each second of the clock. */
export function serveStream(server: Server, options: StreamOptions): Sockets {
  const { clock, script } = options;
  const sockets = new WebSocketServer({ noServer: true, maxPayload: FRAME_BYTES_MAX });
  const sessions = new Map<WebSocket, Session>();
  const closing = new AbortController();
  let ticking = false;

  const tick = async () => {
    if (ticking) return;
    ticking = true;
    try {
      while (sessions.size > 0) {
        await clock.sleep(SECOND_MS - (clock.nowMs() % SECOND_MS), closing.signal);
        for (const session of sessions.values()) session.tick(clock.nowMs());
      }
    } finally {
      ticking = false;
    }
  };
  const begin = (socket: WebSocket, url: URL) => {
    sessions.set(socket, openSession(socket, url, options));
    socket.on('close', () => sessions.delete(socket));
    socket.on('error', () => socket.terminate());
    tick().catch(() => 'the demo is closing');
  };
  server.on('upgrade', (request, socket, head) => {
    const path = request.url ?? '/';
    const url = URL.canParse(path, 'http://demo') ? new URL(path, 'http://demo') : undefined;
    if (!url || !script.serves(url)) {
      refuse(socket as Socket);
      return;
    }
    sockets.handleUpgrade(request, socket, head, (open) => begin(open, url));
  });
  return {
    close() {
      closing.abort();
      for (const socket of sessions.keys()) socket.terminate();
    },
  };
}

function refuse(socket: Socket): void {
  socket.end('HTTP/1.1 404 Not Found\r\nconnection: close\r\ncontent-length: 0\r\n\r\n');
}

function openSession(socket: WebSocket, url: URL, { script, market, clock }: StreamOptions) {
  const session = script.open({
    url,
    market,
    nowMs: clock.nowMs(),
    send: (frame) => socket.send(JSON.stringify(frame)),
    sendText: (frame) => socket.send(frame),
    ping: () => socket.ping(),
    end: (code, reason) => socket.close(code, reason),
  });
  socket.on('message', (data, isBinary) => {
    if (isBinary) socket.close(1003, 'text frames only');
    else session.receive(String(data), clock.nowMs());
  });
  return session;
}
