import type { Duplex } from 'node:stream';
import { Agent, type Dispatcher, WebSocket } from 'undici';
import { messageOf } from '../../../core/errors.ts';
import type { HttpResponse } from '../../../core/http.ts';
import { Refusal } from '../refusal.ts';
import { judgeStatus } from '../suspicion.ts';

/** Hears of one connection; nothing more after `onEnd`. */
export interface SocketListener {
  onOpen(): void;
  /** A message; undefined for a binary one. */
  onFrame(text: string | undefined): void;
  onEnd(end: SocketEnd): void;
}

export interface SocketEnd {
  /** What the other side said, for people. */
  readonly why: string;
  /** It was never open. */
  readonly refused: boolean;
  /** How long the host wants to be left alone, where its answer to the handshake said so. */
  readonly pauseMs?: number | undefined;
}

/** One websocket. */
export interface Socket {
  send(text: string): void;
  /** Ends at once, whatever the other side does; the listener hears nothing more. */
  terminate(): void;
}

/** Opens a websocket; the listener hears nothing before it has returned. */
export type Connect = (url: string, listener: SocketListener) => Socket;

export interface ConnectOptions {
  readonly userAgent: string;
  /** Most bytes of one message, after decompression. */
  readonly bytesMax: number;
  /** From the call to the open websocket, in ms. */
  readonly timeoutMs: number;
  readonly nowMs: () => number;
}

/** What the handshake brought, seen below the WebSocket interface, which does not tell it. */
interface Handshake {
  socket?: Duplex;
  refusal?: Refusal;
  error?: string;
}

/** Websockets of undici: compressed (permessage-deflate) where the server agrees. */
export function createConnect(options: ConnectOptions): Connect {
  return (url, listener) => {
    const handshake: Handshake = {};
    const agent = new Agent({
      allowH2: false,
      connect: { timeout: options.timeoutMs },
      maxHeaderSize: 64 * 1024,
      webSocket: { maxPayloadSize: options.bytesMax, maxFragments: 1024 },
    });
    const dispatcher = agent.compose(watch(handshake, options.nowMs));
    const headers = { 'user-agent': options.userAgent };
    const socket = new WebSocket(url, { dispatcher, headers });
    socket.binaryType = 'arraybuffer';
    let open = false;
    let over = false;
    const finish = (): void => {
      over = true;
      // A server that never answers the closing handshake must not keep the connection.
      handshake.socket?.destroy();
      agent.destroy().catch(() => 'whoever waits for its requests hears of the end');
    };
    const endOf = (why: string, refused: boolean): SocketEnd => ({
      why: handshake.refusal?.message ?? handshake.error ?? why,
      refused,
      pauseMs: handshake.refusal?.pauseMs,
    });
    socket.addEventListener('open', () => {
      if (over) return;
      open = true;
      listener.onOpen();
    });
    socket.addEventListener('message', ({ data }) => {
      if (!over) listener.onFrame(typeof data === 'string' ? data : undefined);
    });
    // Every error is followed by a close, which tells more.
    socket.addEventListener('error', () => undefined);
    socket.addEventListener('close', ({ code, reason }) => {
      if (over) return;
      finish();
      listener.onEnd(endOf(`closed with ${code} ${reason}`.trim(), !open));
    });
    return {
      send: (text) => {
        if (!over && socket.readyState === WebSocket.OPEN) socket.send(text);
      },
      terminate() {
        if (over) return;
        over = true;
        if (socket.readyState < WebSocket.CLOSING) socket.close();
        finish();
      },
    };
  };
}

/** Notes the socket, or why there is none. */
function watch(handshake: Handshake, nowMs: () => number): Dispatcher.DispatcherComposeInterceptor {
  return (dispatch) => (request, handler) =>
    dispatch(request, {
      onRequestStart: (...start) => handler.onRequestStart?.(...start),
      onRequestUpgrade(controller, status, headers, socket) {
        handshake.socket = socket;
        handler.onRequestUpgrade?.(controller, status, headers, socket);
      },
      onResponseStart(controller, status, headers, text) {
        handshake.refusal = refusalOf(status, headers, nowMs());
        handler.onResponseStart?.(controller, status, headers, text);
      },
      onResponseData: (...data) => handler.onResponseData?.(...data),
      onResponseEnd: (...end) => handler.onResponseEnd?.(...end),
      onResponseError(controller, error) {
        handshake.error ??= messageOf(error);
        handler.onResponseError?.(controller, error);
      },
    });
}

function refusalOf(
  status: number,
  headers: Readonly<Record<string, string | string[] | undefined>>,
  nowMs: number,
): Refusal {
  const texts = Object.entries(headers).map(([name, value]) => [name, String(value ?? '')]);
  const answer: HttpResponse = {
    status,
    headers: Object.fromEntries(texts) as Record<string, string>,
    body: Buffer.alloc(0),
    url: '',
    redirects: 0,
    durationMs: 0,
  };
  const refusal = judgeStatus(answer, { nowMs });
  return refusal ?? new Refusal('status', `status ${status} in place of 101`);
}
