import type { LookupFunction } from 'node:net';
import type { Duplex, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { Agent, buildConnector, type Dispatcher } from 'undici';
import { childAbort } from './abort.ts';
import type { Clock } from './clock.ts';
import { faultOf, HttpError } from './http-error.ts';
import type { Address, TargetGate } from './targets.ts';

export interface HttpRequest {
  readonly url: string;
  readonly method?: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE' | 'PATCH';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** From the call to the last byte, redirects included. */
  readonly deadlineMs: number;
  /** Most bytes of the body, after decompression. */
  readonly bytesMax: number;
  /** How many redirects are followed; 0, the default, makes a redirect an error. */
  readonly redirectsMax?: number;
  /**
   * One request and no more: a redirect is an answer, and what met a connection just closed fails.
   * The body is read of a 2xx alone. For callers that count what they ask of a host.
   */
  readonly once?: boolean;
  /**
   * The begin of the body is enough: it is read to `bytesMax` whatever the status is, and that there
   * is more of it is no error.
   */
  readonly beginOnly?: boolean;
  /** Who named the URL: the operator's are trusted, a user's go through the gate. */
  readonly from: 'operator' | 'user';
  readonly signal?: AbortSignal;
}

export interface HttpResponse {
  readonly status: number;
  /** Lower-case names; a repeated header's values are joined by a comma. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** Where the answer came from, after redirects. */
  readonly url: string;
  readonly redirects: number;
  readonly durationMs: number;
}

/** The one way out: every request that the product makes to a URL that somebody gave. */
export interface HttpClient {
  /** Any status is an answer. @throws HttpError when there is no whole answer. */
  fetch(request: HttpRequest): Promise<HttpResponse>;
  close(): Promise<void>;
}

export interface HttpOptions {
  readonly clock: Clock;
  readonly version: string;
  /** Guards requests with `from: 'user'`; without one they are refused. */
  readonly gate?: TargetGate;
  readonly connectTimeoutMs?: number;
  readonly connectionsPerOrigin?: number;
}

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
/** Sent to the first origin only: a redirect elsewhere must not carry them along. */
const CREDENTIALS = ['authorization', 'cookie', 'proxy-authorization'];
const KEEP_ALIVE_MS = 30_000;

/** An HTTP/1.1 client: keep-alive, gzip and br, one absolute deadline, a cap on decoded bytes. */
export function createHttp(options: HttpOptions): HttpClient {
  const trusted = agent(options, undefined);
  const guarded = options.gate ? agent(options, options.gate) : undefined;
  const userAgent = `tidemark/${options.version}`;
  return {
    async fetch(request) {
      const dispatcher = request.from === 'operator' ? trusted : guarded;
      if (!dispatcher) throw new HttpError('target', 'no gate for addresses that users give');
      const { signal, release } = childAbort(request.signal);
      const late = options.clock.sleep(request.deadlineMs, signal).then(
        () => 'late' as const,
        () => 'done' as const, // cancelled: the answer came first, or the caller left
      );
      const job = { request, dispatcher, guarded, signal, userAgent, clock: options.clock };
      try {
        const work = follow(job);
        const first = await Promise.race([work, late]);
        if (first === 'done') return await work;
        if (first !== 'late') return first;
        // Whatever the abandoned request still says, the deadline is what the caller hears.
        work.catch(() => 'late');
        const { url, deadlineMs } = request;
        throw new HttpError('deadline', `no whole answer from ${hostOf(url)} in ${deadlineMs} ms`);
      } finally {
        release();
      }
    },
    async close() {
      await Promise.all([trusted.destroy(), guarded?.destroy()]);
    },
  };
}

function agent(options: HttpOptions, gate: TargetGate | undefined): Agent {
  const timeout = options.connectTimeoutMs ?? 5_000;
  const base = { allowH2: false, timeout };
  return new Agent({
    connections: options.connectionsPerOrigin ?? 4,
    keepAliveTimeout: KEEP_ALIVE_MS,
    keepAliveMaxTimeout: 10 * KEEP_ALIVE_MS,
    // The absolute deadline covers the whole exchange; two more timers would only disagree with it.
    headersTimeout: 0,
    bodyTimeout: 0,
    maxHeaderSize: 64 * 1024,
    connect: gate ? guardedConnector(gate, base) : base,
  });
}

/** Connects to the very addresses that the gate has checked: no second look-up in between. */
function guardedConnector(gate: TargetGate, base: object): buildConnector.connector {
  return (options, callback) => {
    const port = Number(options.port) || (options.protocol === 'https:' ? 443 : 80);
    gate.addresses(options.hostname, port).then(
      (found) => buildConnector({ ...base, lookup: fixedLookup(found) })(options, callback),
      (error: Error) => callback(error, null),
    );
  };
}

function fixedLookup(found: readonly Address[]): LookupFunction {
  return (_host, options, callback) => {
    const first = found[0];
    if (options.all || !first) callback(null, [...found]);
    else callback(null, first.address, first.family);
  };
}

interface Job {
  readonly request: HttpRequest;
  readonly dispatcher: Dispatcher;
  readonly guarded: Dispatcher | undefined;
  readonly signal: AbortSignal;
  readonly userAgent: string;
  readonly clock: Clock;
}

async function follow(job: Job): Promise<HttpResponse> {
  const { request, clock } = job;
  const startMs = clock.monotonicMs();
  const most = request.redirectsMax ?? 0;
  const first = parseUrl(request.url);
  let url = first;
  for (let redirects = 0; ; redirects += 1) {
    const answer = await exchange(job, url, url.origin === first.origin);
    const location = REDIRECTS.has(answer.statusCode) ? answer.headers.location : undefined;
    const { statusCode: status } = answer;
    const read = request.beginOnly || (request.once ? status < 300 : location === undefined);
    const last = request.once === true || location === undefined;
    const body = read ? await readBody(answer, request, job.signal) : Buffer.alloc(0);
    if (!read) answer.body.on('error', () => 'not read').destroy();
    if (last) {
      const durationMs = clock.monotonicMs() - startMs;
      return {
        status,
        headers: flatten(answer.headers),
        body,
        url: url.href,
        redirects,
        durationMs,
      };
    }
    const target = String(location).slice(0, 200);
    if (redirects >= most) throw new HttpError('redirect', `${url.host} redirects to ${target}`);
    url = parseUrl(String(location), url);
  }
}

function parseUrl(text: string, base?: URL): URL {
  const url = URL.canParse(text, base?.href) ? new URL(text, base?.href) : undefined;
  if (!url || !/^https?:$/.test(url.protocol)) {
    throw new HttpError('target', 'not an http or https URL');
  }
  if (url.username || url.password) throw new HttpError('target', 'a URL with credentials');
  return url;
}

/** One request and its headers. A request that met a connection just closed is sent once more. */
async function exchange(job: Job, url: URL, sameOrigin: boolean): Promise<Dispatcher.ResponseData> {
  const { request, signal } = job;
  // Another origin was named by whoever answered, not by the operator.
  const dispatcher = sameOrigin ? job.dispatcher : job.guarded;
  if (!dispatcher) throw new HttpError('target', `no gate for a redirect to ${url.host}`);
  const send = () =>
    dispatcher.request({
      origin: url.origin,
      path: `${url.pathname}${url.search}`,
      method: request.method ?? 'GET',
      headers: headersOf(job, sameOrigin),
      body: request.body ?? null,
      signal,
    });
  try {
    return await send();
  } catch (error) {
    const repeatable = request.body === undefined && !request.once && !signal.aborted;
    if (!repeatable || faultOf(error, false) !== 'reset' || error instanceof HttpError) {
      throw failure(error, signal, { host: url.host, bodyBegan: false });
    }
  }
  try {
    return await send();
  } catch (error) {
    throw failure(error, signal, { host: url.host, bodyBegan: false });
  }
}

function headersOf(job: Job, sameOrigin: boolean): Record<string, string> {
  const given = Object.entries(job.request.headers ?? {});
  const kept = given.filter(([name]) => sameOrigin || !CREDENTIALS.includes(name.toLowerCase()));
  return {
    'user-agent': job.userAgent,
    'accept-encoding': 'gzip, br',
    ...Object.fromEntries(kept.map(([name, value]) => [name.toLowerCase(), value])),
  };
}

async function readBody(
  answer: Dispatcher.ResponseData,
  { bytesMax, beginOnly }: HttpRequest,
  signal: AbortSignal,
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  let refused: HttpError | undefined;
  const collect = async (source: AsyncIterable<Buffer>): Promise<void> => {
    for await (const chunk of source) {
      size += chunk.length;
      if (size > bytesMax) {
        chunks.push(chunk.subarray(0, chunk.length - (size - bytesMax)));
        refused = new HttpError('too-large', `a body above ${bytesMax} bytes`);
        throw refused;
      }
      chunks.push(chunk);
    }
  };
  try {
    const decoder = decoderOf(answer.headers['content-encoding']);
    const body: Readable = answer.body;
    // An empty body (HEAD, 204) is not a stream of the announced encoding.
    const empty = answer.headers['content-length'] === '0' || answer.statusCode === 204;
    if (!decoder || empty) await collect(body);
    else await pipeline(body, decoder, collect);
  } catch (error) {
    answer.body.on('error', () => 'already reported').destroy();
    if (refused && beginOnly) return Buffer.concat(chunks);
    // The pipeline may report the stream that was torn down instead of the reason for it.
    throw refused ?? failure(error, signal, { host: 'the answer', bodyBegan: true });
  }
  return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks, size);
}

/** The decoder of a content encoding; undefined for none. */
function decoderOf(header: string | string[] | undefined): Duplex | undefined {
  const name = String(header ?? 'identity')
    .trim()
    .toLowerCase();
  if (name === 'identity' || name === '') return undefined;
  if (name === 'gzip' || name === 'x-gzip') return createGunzip();
  if (name === 'br') return createBrotliDecompress();
  if (name === 'deflate') return createInflate();
  throw new HttpError('encoding', `content encoding ${name.slice(0, 40)}`);
}

function failure(
  error: unknown,
  signal: AbortSignal,
  at: { host: string; bodyBegan: boolean },
): HttpError {
  if (error instanceof HttpError) return error;
  if (signal.aborted) return new HttpError('cancelled', 'the request was cancelled', error);
  const fault = faultOf(error, at.bodyBegan);
  const why = error instanceof Error ? error.message : String(error);
  return new HttpError(fault, `${at.host}: ${why || fault}`, error);
}

function flatten(headers: Dispatcher.ResponseData['headers']): Record<string, string> {
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) flat[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return flat;
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : 'nowhere';
}

/** `Retry-After` in milliseconds from now: seconds or an HTTP date (RFC 9110, 10.2.3). */
export function retryAfterMs(value: string | undefined, nowMs: number): number | undefined {
  const text = value?.trim() ?? '';
  if (/^\d{1,9}(\.\d+)?$/.test(text)) return Math.ceil(Number(text) * 1000);
  // A date in the sense of HTTP begins with a weekday: Date.parse alone would take "-1" for a year.
  if (!/^[A-Z][a-z]{2,8},? /.test(text)) return undefined;
  const dateMs = Date.parse(text);
  return Number.isNaN(dateMs) ? undefined : Math.max(0, dateMs - nowMs);
}
