import type { Socket } from 'node:net';
import { Client, type Dispatcher } from 'undici';
import type { Address } from '../../core/targets.ts';
import type { Secured } from './secure.ts';

/** A connection with what is known of it. */
export interface Connection {
  readonly socket: Socket;
  readonly address: Address;
  readonly secured?: Secured;
}

/** Kept without use; a server that says less is heard. */
export const IDLE_MS_MAX = 90_000;
const HEADER_BYTES_MAX = 64 * 1024;
/** Every request names its host: this one is never asked for. */
const NOWHERE = 'http://line.invalid';

type Handed = [error: Error, socket: null] | [error: null, socket: Socket];

/**
 * The HTTP client over one connection that was dialled elsewhere. A line whose connection has ended
 * can take another one, to any host: making a client costs more than a request does.
 */
export class Line {
  readonly #client: Client;
  #next: Socket | undefined;
  #connection: Connection | undefined;
  #error: Error | undefined;
  /** Called when the connection has ended, once. */
  onEnd: (() => void) | undefined;
  /** Called when the first bytes of the next answer have come, once. */
  onFirstBytes: (() => void) | undefined;
  /** `1.1`, as the first answer over the connection began; undefined before it. */
  version: string | undefined;

  constructor() {
    this.#client = new Client(NOWHERE, {
      // In a later turn: the client does not expect to have its connection at once.
      connect: (_options, callback) => queueMicrotask(() => callback(...this.#hand())),
      pipelining: 1,
      allowH2: false,
      // The deadline of the scan covers it all; two more timers would only disagree with it.
      headersTimeout: 0,
      bodyTimeout: 0,
      maxHeaderSize: HEADER_BYTES_MAX,
      keepAliveTimeout: IDLE_MS_MAX,
      keepAliveMaxTimeout: IDLE_MS_MAX,
    });
  }

  /** What requests go over; undefined when it has ended. */
  get connection(): Connection | undefined {
    return this.#connection;
  }

  /** Why the connection ended, where it said so: a request may only hear that it did. */
  get error(): Error | undefined {
    return this.#error;
  }

  take(connection: Connection): void {
    const { socket } = connection;
    this.#connection = connection;
    this.#next = socket;
    this.#error = undefined;
    this.version = undefined;
    socket.on('error', (error) => {
      this.#error ??= error;
    });
    // Before the client's own listener, which takes the bytes.
    socket.on('readable', () => this.#look(socket));
    socket.once('close', () => {
      this.#connection = undefined;
      const end = this.onEnd;
      this.onEnd = undefined;
      end?.();
    });
  }

  dispatch(request: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void {
    this.#client.dispatch(request, handler);
  }

  /** Ends the connection. */
  hangUp(): void {
    this.#connection?.socket.destroy();
  }

  async close(): Promise<void> {
    this.hangUp();
    await this.#client.destroy();
  }

  #look(socket: Socket): void {
    const tell = this.onFirstBytes;
    if (!tell) return;
    if (socket.readableLength === 0) return; // the end
    this.onFirstBytes = undefined;
    if (this.version === undefined) this.version = peekVersion(socket);
    tell();
  }

  #hand(): Handed {
    const socket = this.#next;
    this.#next = undefined;
    if (socket && !socket.destroyed) return [null, socket];
    const ended = Object.assign(new Error('the connection has ended'), { code: 'ECONNRESET' });
    return [this.#error ?? ended, null];
  }
}

/** The client does not tell the version of an answer: it is read here, and put back. */
function peekVersion(socket: Socket): string | undefined {
  const bytes: Buffer | null = socket.read();
  if (bytes === null) return undefined;
  socket.unshift(bytes);
  return /^HTTP\/(\d\.\d) /.exec(bytes.toString('latin1', 0, 9))?.[1];
}
