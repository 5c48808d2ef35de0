import type { Dispatcher } from 'undici';
import { BodyReader } from './body.ts';
import type { Line } from './line.ts';
import { codeOf, type Reason, reasonOfCode, ScanFailure } from './outcome.ts';
import { handshakeFailure } from './secure.ts';
import type { Stop } from './stop.ts';
import type { Stopwatch } from './stopwatch.ts';

/** One request to one origin. */
export interface ExchangeRequest {
  /** With the query. */
  readonly path: string;
  readonly method: string;
  /** Lower-case names; `host` is among them. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  /** Ask for the connection to be kept. */
  readonly keepAlive: boolean;
  /** What is wanted of a body, all bytes after decompression. */
  readonly limits: (status: number, headers: Headers) => BodyLimits;
}

export interface BodyLimits {
  /** Most that is read. */
  readonly bytesMax: number;
  /** Most that is kept. */
  readonly keepMax: number;
}

export type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** The answer as far as it was read. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Buffer;
  readonly wireBytes: number;
  readonly bodyBytes: number;
  readonly truncated: boolean;
  /** The connection may be used again. */
  readonly reusable: boolean;
}

/** What was seen before an exchange failed. */
export interface Progress {
  httpVersion: string | undefined;
  status: number | undefined;
  headers: Headers | undefined;
  body: BodyReader | undefined;
}

export interface ExchangeOptions {
  readonly line: Line;
  readonly stop: Stop;
  readonly watch: Stopwatch;
  readonly progress: Progress;
}

/** @throws ScanFailure, or Stopped when the scan ends; the line is then of no more use. */
export function exchange(request: ExchangeRequest, options: ExchangeOptions): Promise<Answer> {
  const { line, stop } = options;
  return stop.wait<Answer>((done, fail) => {
    const handler = new ExchangeHandler(request, options, { done, fail });
    line.onFirstBytes = () => handler.begin();
    options.watch.enter('firstByte');
    line.dispatch(
      {
        path: request.path,
        method: request.method as Dispatcher.HttpMethod,
        headers: request.headers,
        body: request.body ?? null,
      },
      handler,
    );
    return () => {
      handler.leave();
      line.hangUp();
    };
  });
}

interface Ends {
  readonly done: (answer: Answer) => void;
  readonly fail: (error: unknown) => void;
}

class ExchangeHandler implements Dispatcher.DispatchHandler {
  readonly #request: ExchangeRequest;
  readonly #options: ExchangeOptions;
  readonly #ends: Ends;
  #controller: Dispatcher.DispatchController | undefined;
  #over = false;

  constructor(request: ExchangeRequest, options: ExchangeOptions, ends: Ends) {
    this.#request = request;
    this.#options = options;
    this.#ends = ends;
  }

  /** Nobody waits any more. */
  leave(): void {
    this.#over = true;
    this.#options.progress.body?.close();
  }

  /** The first bytes of the answer have come. */
  begin(): void {
    if (this.#over) return;
    this.#options.watch.enter('transfer');
    this.#options.progress.httpVersion = this.#options.line.version;
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Headers,
  ): void {
    // 1xx announce; the answer is still to come.
    if (this.#over || (status >= 100 && status < 200)) return;
    const { progress } = this.#options;
    progress.status = status;
    progress.headers = headers;
    const odd = oddAnswer(status, progress.httpVersion);
    if (odd !== undefined) {
      this.#fail(new ScanFailure('protocol', `not HTTP: ${odd}`));
      return;
    }
    try {
      progress.body = new BodyReader({
        encoding: textOf(headers['content-encoding']),
        ...this.#request.limits(status, headers),
        onFull: () => this.#finish(false),
        onError: (error) => this.#fail(error),
        onDrain: () => this.#controller?.resume(),
      });
    } catch (error) {
      this.#fail(error);
    }
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#over) return;
    if (this.#options.progress.body?.write(chunk) === false) controller.pause();
  }

  onResponseEnd(): void {
    if (this.#over) return;
    const { body, headers } = this.#options.progress;
    const asked = this.#request.keepAlive;
    const kept = asked && !/\bclose\b/i.test(textOf(headers?.connection) ?? '');
    if (body) body.end(() => this.#finish(kept));
    else this.#fail(new ScanFailure('protocol'));
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.#over) return;
    const { progress, line } = this.#options;
    const told = codeOf(line.error).startsWith('ERR_SSL') ? line.error : undefined;
    this.#fail(exchangeFailure(told ?? error, progress));
  }

  #finish(reusable: boolean): void {
    const { progress, watch } = this.#options;
    const { status, headers, body } = progress;
    if (this.#over || status === undefined || !headers || !body) return;
    this.#over = true;
    watch.stop();
    const { wireBytes, decodedBytes: bodyBytes, truncated } = body;
    const counts = { wireBytes, bodyBytes, truncated };
    this.#ends.done({ status, headers, body: body.bytes(), ...counts, reusable });
  }

  #fail(error: unknown): void {
    if (this.#over) return;
    this.leave();
    this.#options.watch.stop();
    this.#ends.fail(error);
  }
}

/** What the parser lets pass and HTTP does not have. */
function oddAnswer(status: number, version: string | undefined): string | undefined {
  if (status < 100 || status > 599) return `status ${status}`;
  return version === undefined || version.startsWith('1.') ? undefined : `version ${version}`;
}

/** A header's value; the first one where it came more than once. */
export function textOf(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}

const CLIENT_CODES: Readonly<Record<string, Reason>> = {
  UND_ERR_HEADERS_OVERFLOW: 'too-large',
  UND_ERR_INVALID_ARG: 'invalid',
  UND_ERR_REQ_CONTENT_LENGTH_MISMATCH: 'invalid',
  ERR_ASSERTION: 'protocol',
};
const LARGE_HEADERS = 'the headers are larger than is read';

function exchangeFailure(error: Error, progress: Progress): ScanFailure {
  const code = codeOf(error);
  const began = progress.status !== undefined;
  const client = CLIENT_CODES[code];
  if (code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH') {
    // Before the headers are read to their end it means that they contradict each other.
    return new ScanFailure(began ? 'incomplete' : 'protocol', undefined, error);
  }
  if (client === 'too-large') return new ScanFailure(client, LARGE_HEADERS, error);
  if (client) return new ScanFailure(client, undefined, error);
  // The client means to give llhttp's code as well, but has it undefined.
  if (error.name === 'HTTPParserError') return parseFailure(error, began);
  // From TLS 1.3 on a server refuses a client without a certificate after the handshake.
  if (/^ERR_SSL|^EPROTO/.test(code)) return handshakeFailure(error, undefined);
  if (code === 'UND_ERR_SOCKET' && /bad (response|upgrade)/.test(error.message)) {
    return new ScanFailure('protocol', undefined, error);
  }
  const cut = code === 'UND_ERR_SOCKET' || code === 'ETIMEDOUT';
  const ended = cut || reasonOfCode(code) === 'reset';
  if (ended) return new ScanFailure(began ? 'incomplete' : 'reset', undefined, error);
  return new ScanFailure(reasonOfCode(code) ?? 'reset', undefined, error);
}

/** A connection that ends within the message is a parser's error too. */
function parseFailure(error: Error, began: boolean): ScanFailure {
  if (/EOF/.test(error.message)) {
    return new ScanFailure(began ? 'incomplete' : 'reset', undefined, error);
  }
  const why = /\(([^()]{1,80})\)$/.exec(error.message)?.[1];
  return new ScanFailure('protocol', why && `not HTTP: ${why}`, error);
}
