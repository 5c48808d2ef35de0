import { errors } from 'undici';
import { z } from 'zod';
import { type ErrorCode, messageOf, TidemarkError } from '../errors.ts';
import { retryAfterMs } from '../http.ts';

/** What InfluxDB answered when it was not a success. */
export interface FailedAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** The start of the body. */
  readonly text: string;
}

const errorBody = z.object({ code: z.string().optional(), message: z.string() });

/**
 * Overload that InfluxDB 2.7 reports as the client's fault (400 `invalid`) or as a bug (500): only
 * the words tell. They are to be tried again later.
 */
const OVERLOAD = /queue length exceeded|memory allocation limit|cache-max-memory-size/;

/** True when the message says that InfluxDB is too busy, whatever the status says. */
export function isOverload(message: string): boolean {
  return OVERLOAD.test(message);
}

/** InfluxDB's own words: `message` of its JSON error, else the start of the text. */
export function answerMessage(text: string): string {
  try {
    const body = errorBody.safeParse(JSON.parse(text));
    if (body.success) return body.data.message;
  } catch {
    // Not JSON: a proxy's page. Its first words are the best there is.
  }
  return text.replace(/\s+/g, ' ').trim().slice(0, 300);
}

const CODE_BY_STATUS: Readonly<Record<number, ErrorCode>> = {
  400: 'invalid',
  401: 'unauthorized',
  403: 'forbidden',
  404: 'not-found',
  405: 'invalid',
  408: 'timeout',
  409: 'conflict',
  413: 'too-large',
  422: 'invalid',
  429: 'unavailable',
  499: 'cancelled',
  502: 'unavailable',
  503: 'unavailable',
  504: 'unavailable',
};

const ADVICE: Partial<Record<ErrorCode, string>> = {
  unauthorized: 'InfluxDB refused the token; check INFLUX_TOKEN',
  forbidden:
    'the InfluxDB token lacks a permission; give it read and write on the bucket and tasks',
  'not-found':
    'InfluxDB does not have it or the token may not see it; check INFLUX_ORG, INFLUX_BUCKET',
};

/** Turns a non-2xx answer into one of our errors, with what to fix where the user can fix it. */
export function answerError(answer: FailedAnswer, nowMs: number): TidemarkError {
  const said = answerMessage(answer.text);
  const code = codeOf(answer.status, said, answer.text);
  const advice = ADVICE[code];
  const message = said === '' ? `InfluxDB answered ${answer.status}` : `InfluxDB: ${said}`;
  return new TidemarkError(code, advice === undefined ? message : `${message} (${advice})`, {
    details: { status: answer.status, message: said },
    retryAfterMs: retryAfterMs(String(answer.headers['retry-after'] ?? ''), nowMs),
  });
}

function codeOf(status: number, said: string, text: string): ErrorCode {
  if (isOverload(said)) return 'unavailable';
  if (status === 422 && /"code"\s*:\s*"conflict"/.test(text)) return 'conflict';
  if (status >= 300 && status < 400) return 'upstream';
  return CODE_BY_STATUS[status] ?? (status >= 500 ? 'upstream' : 'invalid');
}

/** The error table that InfluxDB appends to a 200 when a query fails after its first row. */
export function tableError(message: string, reference: string): TidemarkError {
  const code: ErrorCode = isOverload(message) ? 'unavailable' : 'invalid';
  return new TidemarkError(code, `InfluxDB: ${message}`, { details: { message, reference } });
}

const TIMEOUTS: ReadonlySet<string> = new Set(['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT']);

/** Turns a failure of the connection into one of our errors. */
export function connectionError(cause: unknown, url: string): TidemarkError {
  if (cause instanceof TidemarkError) return cause;
  if (cause instanceof Error && (cause.name === 'AbortError' || cause.name === 'TimeoutError')) {
    return new TidemarkError('cancelled', 'the request to InfluxDB was cancelled', { cause });
  }
  const code = cause instanceof errors.UndiciError ? cause.code : '';
  const what = TIMEOUTS.has(code) ? 'did not answer in time' : `is away: ${reasonOf(cause)}`;
  return new TidemarkError('unavailable', `InfluxDB at ${url} ${what}`, { cause });
}

/** Several addresses tried and all refused come as one error without a message. */
function reasonOf(cause: unknown): string {
  const first: unknown = cause instanceof AggregateError ? cause.errors[0] : cause;
  const code = first instanceof Error && 'code' in first ? String(first.code) : '';
  const words = WORDS[code];
  return words === undefined ? messageOf(first) || 'connection failed' : `${words} (${code})`;
}

const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ENOTFOUND: 'there is no such host',
};
