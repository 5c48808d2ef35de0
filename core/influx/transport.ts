import {
  createTextDecoderCombiner,
  type SendOptions,
  type Transport,
} from '@influxdata/influxdb-client';
import { Agent, type Dispatcher, request as send } from 'undici';
import type { Clock } from '../clock.ts';
import { messageOf, TidemarkError } from '../errors.ts';
import { answerError, connectionError } from './errors.ts';
import { RequestWatch, type WatchOptions } from './watch.ts';

export interface TransportOptions {
  /** Base URL of InfluxDB; a path in it is kept in front of `/api/v2`. */
  readonly url: string;
  readonly token: string;
  /** Longest silence in milliseconds: connecting, before the first byte, between two chunks. */
  readonly timeoutMs: number;
  readonly connections: number;
  readonly clock: Clock;
  readonly watch?: WatchOptions;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

export interface Sending {
  readonly method: Dispatcher.HttpMethod;
  readonly path: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | Uint8Array;
  readonly signal?: AbortSignal | undefined;
  /** Safe to send again: once more when a kept-alive connection turns out to be dead. */
  readonly repeatable?: boolean;
}

const DEAD_CONNECTION: ReadonlySet<string | undefined> = new Set([
  'UND_ERR_SOCKET',
  'ECONNRESET',
  'EPIPE',
]);

/** Enough of an error to understand it; write errors quote whole lines, so it is not small. */
const ANSWER_BYTES_MAX = 64 * 1024 * 1024;

/**
 * The HTTP layer that the official client is given in place of its own: keep-alive pools, silence
 * time-outs, cancellation that closes the socket at once, one mapping of errors. The client's own
 * transport has none of these in its streaming call (it also reads no error before the next chunk).
 */
export class UndiciTransport implements Transport {
  readonly chunkCombiner = createTextDecoderCombiner();
  readonly #agent: Agent;
  readonly #base: string;
  readonly #headers: Record<string, string>;
  readonly #clock: Clock;
  readonly #watch: RequestWatch;

  constructor(options: TransportOptions) {
    this.#base = options.url.replace(/\/+$/, '');
    this.#clock = options.clock;
    this.#watch = new RequestWatch(options.watch ?? {}, options.clock, this.#base);
    this.#headers = { authorization: `Token ${options.token}`, 'user-agent': 'tidemark' };
    this.#agent = new Agent({
      connections: options.connections,
      connect: { timeout: options.timeoutMs },
      headersTimeout: options.timeoutMs,
      bodyTimeout: options.timeoutMs,
      keepAliveTimeout: 30_000,
    });
  }

  /** One request and its whole answer, whatever the status; fails only when the connection does. */
  fetch(sending: Sending): Promise<Answer> {
    return this.#watch.traces(sending.path) ? this.#fetchTraced(sending) : this.#fetch(sending);
  }

  async #fetchTraced(sending: Sending): Promise<Answer> {
    const span = this.#watch.begin(sending.path, sending.body);
    try {
      const answer = await this.#fetch(sending);
      span.set({ 'http.response.status_code': answer.status });
      span.end(answer.status < 400 ? undefined : { code: String(answer.status) });
      return answer;
    } catch (error) {
      span.end(error);
      throw error;
    }
  }

  async #fetch(sending: Sending): Promise<Answer> {
    const response = await this.#send(sending);
    try {
      const text = await readText(response);
      return { status: response.statusCode, headers: response.headers, text };
    } catch (cause) {
      throw connectionError(cause, this.#base);
    }
  }

  /** Streams the body of a success; reading slowly slows the server, leaving closes the socket. */
  stream(sending: Sending): AsyncGenerator<Uint8Array, void, undefined> {
    // Without traces there is nothing between the answer and who reads it.
    return this.#watch.traces(sending.path) ? this.#streamTraced(sending) : this.#stream(sending);
  }

  async *#streamTraced(sending: Sending): AsyncGenerator<Uint8Array, void, undefined> {
    const span = this.#watch.begin(sending.path, sending.body);
    let bytes = 0;
    try {
      for await (const chunk of this.#stream(sending)) {
        bytes += chunk.length;
        yield chunk;
      }
    } catch (error) {
      span.end(error);
      throw error;
    } finally {
      span.set({ 'tidemark.response.bytes': bytes });
      span.end();
    }
  }

  async *#stream(sending: Sending): AsyncGenerator<Uint8Array, void, undefined> {
    const response = await this.#send(sending);
    const { statusCode: status, headers } = response;
    try {
      if (status >= 300) {
        throw answerError({ status, headers, text: await readText(response) }, this.#clock.nowMs());
      }
      for await (const chunk of response.body) yield chunk;
    } catch (cause) {
      throw status < 300 ? cutError(cause, this.#base) : connectionError(cause, this.#base);
    } finally {
      response.body.destroy();
    }
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  // The three calls below are the official client's contract.

  async request(path: string, body: unknown, options: SendOptions): Promise<unknown> {
    const answer = await this.fetch(sendingOf(path, body, options));
    if (answer.status >= 300) throw answerError(answer, this.#clock.nowMs());
    if (answer.status === 204 || answer.text === '') return undefined;
    if (!String(answer.headers['content-type']).includes('json')) return answer.text;
    try {
      return JSON.parse(answer.text);
    } catch (cause) {
      throw new TidemarkError('upstream', `InfluxDB answered ${path} with broken JSON`, { cause });
    }
  }

  iterate(path: string, body: unknown, options: SendOptions): AsyncGenerator<Uint8Array> {
    return this.stream(sendingOf(path, body, options));
  }

  send(...[path, body, options, callbacks]: Parameters<Transport['send']>): void {
    const leaving = new AbortController();
    callbacks?.useCancellable?.({
      cancel: () => leaving.abort(),
      isCancelled: () => leaving.signal.aborted,
    });
    const signal = options.signal
      ? AbortSignal.any([options.signal, leaving.signal])
      : leaving.signal;
    const pump = async () => {
      for await (const chunk of this.iterate(path, body, { ...options, signal })) {
        if (callbacks?.next?.(chunk) !== false) continue;
        await new Promise<void>((resume) => callbacks.useResume?.(resume));
      }
    };
    pump().then(
      () => callbacks?.complete?.(),
      (error: unknown) =>
        callbacks?.error?.(error instanceof Error ? error : new Error(messageOf(error))),
    );
  }

  #send(sending: Sending): Promise<Dispatcher.ResponseData> {
    return this.#watch.answer(sending.path, () => this.#sendOften(sending));
  }

  async #sendOften(sending: Sending): Promise<Dispatcher.ResponseData> {
    try {
      return await this.#sendOnce(sending);
    } catch (cause) {
      const { code } = cause as { code?: string };
      if (!sending.repeatable || !DEAD_CONNECTION.has(code))
        throw connectionError(cause, this.#base);
    }
    try {
      return await this.#sendOnce(sending);
    } catch (cause) {
      throw connectionError(cause, this.#base);
    }
  }

  #sendOnce(sending: Sending): Promise<Dispatcher.ResponseData> {
    return send(this.#base + sending.path, {
      dispatcher: this.#agent,
      method: sending.method,
      headers: { ...this.#headers, ...sending.headers },
      body: sending.body ?? null,
      signal: sending.signal ?? null,
    });
  }
}

async function readText(response: Dispatcher.ResponseData): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > ANSWER_BYTES_MAX) {
      throw new TidemarkError('upstream', `InfluxDB answered more than ${ANSWER_BYTES_MAX} bytes`);
    }
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** The rows so far are not the whole answer: never to be taken for it. */
function cutError(cause: unknown, url: string): TidemarkError {
  const error = connectionError(cause, url);
  if (cause instanceof TidemarkError || error.code === 'cancelled') return error;
  return new TidemarkError('upstream', `InfluxDB at ${url} cut its answer: ${messageOf(cause)}`, {
    cause,
  });
}

function sendingOf(path: string, body: unknown, options: SendOptions): Sending {
  return {
    method: options.method as Dispatcher.HttpMethod,
    path,
    headers: { 'content-type': 'application/json; charset=utf-8', ...options.headers },
    ...(body ? { body: typeof body === 'string' ? body : JSON.stringify(body) } : {}),
    signal: options.signal,
  };
}
