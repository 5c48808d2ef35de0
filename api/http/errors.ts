import type { Context, Next } from 'koa';
import { type ErrorCode, messageOf, TidemarkError } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';

const STATUS: Readonly<Record<ErrorCode, number>> = {
  invalid: 400,
  unauthorized: 401,
  forbidden: 403,
  'not-found': 404,
  conflict: 409,
  'too-large': 413,
  // Nobody reads this one: the client has left. It is what the metrics count.
  cancelled: 499,
  internal: 500,
  upstream: 502,
  unavailable: 503,
  timeout: 504,
};

const RETRY_AFTER_S = 5;

/** Errors that only HTTP has: their code is not one of core/errors.ts. */
export class HttpProblem extends Error {
  override readonly name = 'HttpProblem';
  readonly status: number;
  readonly code: string;
  readonly details: unknown;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    code: string,
    message: string,
    rest: { readonly details?: unknown; readonly headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.details = rest.details;
    this.headers = rest.headers ?? {};
  }
}

export interface ErrorBody {
  readonly error: { readonly code: string; readonly message: string; readonly details?: unknown };
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: ErrorBody;
}

/**
 * What a client is told about anything that was thrown; the unknown tells it nothing but the id.
 */
export function answerFor(error: unknown, requestId: string): Answer {
  if (error instanceof HttpProblem) {
    const { status, headers, code, message, details } = error;
    return { status, headers, body: bodyOf(code, message, details) };
  }
  if (error instanceof TidemarkError && error.code !== 'internal') {
    const { code, message, details } = error;
    return {
      status: STATUS[code],
      headers: headersOf(error),
      body: bodyOf(code, message, details),
    };
  }
  const body = bodyOf('internal', 'something went wrong here; the log knows more', { requestId });
  return { status: STATUS.internal, headers: {}, body };
}

function bodyOf(code: string, message: string, details: unknown): ErrorBody {
  return { error: details === undefined ? { code, message } : { code, message, details } };
}

function headersOf(error: TidemarkError): Record<string, string> {
  if (error.code === 'unauthorized') return { 'WWW-Authenticate': 'Bearer realm="tidemark"' };
  if (!error.retryable) return {};
  const seconds =
    error.retryAfterMs === undefined ? RETRY_AFTER_S : Math.ceil(error.retryAfterMs / 1000);
  return { 'Retry-After': String(Math.max(1, seconds)) };
}

/** The only catch of the API. Must stand outside of every handler. */
export function catchErrors(log: Log) {
  return async (ctx: Context, next: Next): Promise<void> => {
    try {
      await next();
    } catch (error) {
      const { status, headers, body } = answerFor(error, ctx.state.requestId);
      report(log, ctx, status, error);
      // An answer that has begun can only be cut off; api/http/stream.ts has done so.
      if (ctx.headerSent || !ctx.writable) return;
      ctx.respond = true;
      ctx.status = status;
      ctx.set({ 'Cache-Control': 'no-store', ...headers });
      ctx.remove('ETag');
      ctx.body = body;
      ctx.type = 'application/json';
    }
  };
}

function report(log: Log, ctx: Context, status: number, error: unknown): void {
  if (status < 500) return;
  const ids = { requestId: ctx.state.requestId, route: ctx.state.route, status };
  if (status === STATUS.internal) {
    const stack = error instanceof Error ? error.stack : undefined;
    log.error({ ...ids, reason: messageOf(error), stack }, 'request failed by a bug');
  } else {
    log.warn({ ...ids, reason: messageOf(error) }, 'request failed');
  }
}
