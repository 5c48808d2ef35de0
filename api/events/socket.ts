import type { Context } from 'koa';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import { z } from 'zod';
import type { Clock } from '../../core/clock.ts';
import { messageOf } from '../../core/errors.ts';
import { textFrame } from './batch.ts';
import type { Ending, Peer, Seat } from './contract.ts';
import { eventKind } from './schemas.ts';
import { takeUpgrade, type Upgrade } from './upgrades.ts';

const FRAME_BYTES_MAX = 4_096;
/** Of pings, one a heartbeat: one who is behind comes to them late. */
const UNANSWERED_MAX = 3;
/** For the client's word about what it wants, where its address has none. */
const WORD_MS = 500;

const CLOSE: Readonly<Record<Ending, readonly [code: number, reason: string]>> = {
  slow: [1013, 'slow: read on from the last id'],
  closing: [1001, 'the server stops'],
  failed: [1013, 'events cannot be read: try again later'],
  revoked: [1008, 'the key is revoked or has expired'],
};
const NOT_UNDERSTOOD = 1003;

const word = z.strictObject({
  kinds: z.array(eventKind).min(1).max(16).optional(),
  after: z.int().min(0).max(999_999_999_999_999).optional(),
});

export interface SocketOptions {
  readonly clock: Clock;
  /** The client may still say what it wants: the first events wait a moment for that. */
  readonly mayAsk: boolean;
}

const server = new WebSocketServer({
  noServer: true,
  clientTracking: false,
  maxPayload: FRAME_BYTES_MAX,
  perMessageDeflate: false,
});

server.on('wsClientError', ({ message }, socket) => {
  const body = JSON.stringify({ error: { code: 'invalid', message } });
  socket.end(
    'HTTP/1.1 400 Bad Request\r\nConnection: close\r\nSec-WebSocket-Version: 13\r\n' +
      'Content-Type: application/json\r\n' +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    () => socket.destroy(),
  );
});

/** Goes on as a websocket for as long as the client stays. */
export function openSocket(ctx: Context, seat: Seat, options: SocketOptions): void {
  const upgrade = takeUpgrade(ctx.req);
  ctx.respond = false;
  if (upgrade === undefined || upgrade.socket.destroyed) {
    seat.leave();
    return;
  }
  // Also where the handshake fails.
  upgrade.socket.once('close', () => {
    seat.leave();
    // The answer has no connection any more; those who measure it wait for its end.
    ctx.res.emit('close');
  });
  server.handleUpgrade(ctx.req, upgrade.socket, upgrade.head, (socket) => {
    run(socket, { seat, upgrade, ...options });
  });
}

interface Running extends SocketOptions {
  readonly seat: Seat;
  readonly upgrade: Upgrade;
}

function run(socket: WebSocket, { seat, upgrade, clock, mayAsk }: Running): void {
  const peer = peerOf(socket, upgrade);
  const patience = new AbortController();
  let asked = false;
  let begun = false;
  const begin = (): void => {
    if (!begun) seat.start(peer);
    begun = true;
  };
  const listen = async (data: RawData, binary: boolean): Promise<void> => {
    const wanted = binary ? undefined : readWord(String(data));
    if (asked || wanted === undefined) {
      const reason = asked ? 'one message, at the start' : 'expected {"kinds":[...],"after":n}';
      socket.close(NOT_UNDERSTOOD, reason);
      return;
    }
    asked = true;
    await seat.ask(wanted);
    patience.abort();
  };
  socket.on('message', (data: RawData, binary: boolean) => {
    listen(data, binary).catch((error: unknown) =>
      socket.close(1013, messageOf(error).slice(0, 100)),
    );
  });
  // A frame that is too long or broken: `ws` has closed it, and `close` follows.
  socket.on('error', () => patience.abort());
  socket.on('close', () => patience.abort());
  if (mayAsk) clock.sleep(WORD_MS, patience.signal).then(begin, begin);
  else begin();
}

function readWord(text: string): z.output<typeof word> | undefined {
  try {
    return word.safeParse(JSON.parse(text)).data;
  } catch {
    // Not JSON: the client is told what was expected.
    return undefined;
  }
}

function peerOf(socket: WebSocket, { socket: raw }: Upgrade): Peer {
  let unanswered = 0;
  socket.on('pong', () => {
    unanswered = 0;
  });
  const write = (bytes: Buffer, done: () => void): void => {
    if (socket.readyState !== socket.OPEN || !raw.writable) done();
    else raw.write(bytes, () => done());
  };
  return {
    wire: 'ws',
    write,
    notice: (kind, data) => write(textFrame(JSON.stringify({ kind, data })), () => {}),
    beat() {
      if (unanswered >= UNANSWERED_MAX) {
        socket.terminate();
        return;
      }
      unanswered += 1;
      socket.ping();
    },
    end: (why) => socket.close(...CLOSE[why]),
    cut: () => socket.terminate(),
  };
}
