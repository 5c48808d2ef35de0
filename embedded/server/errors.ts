import { type ErrorCode, messageOf, TidemarkError } from '../../core/errors.ts';
import { FluxError } from '../flux/error.ts';

/** InfluxDB's error codes and the status of each. */
const STATUS = {
  'internal error': 500,
  'not implemented': 501,
  invalid: 400,
  'empty value': 400,
  'unprocessable entity': 422,
  conflict: 422,
  'not found': 404,
  unavailable: 503,
  forbidden: 403,
  'too many requests': 429,
  unauthorized: 401,
  'method not allowed': 405,
  'request too large': 413,
} as const;

export type InfluxCode = keyof typeof STATUS;

/** An answer that is an error, in InfluxDB's terms. */
export class InfluxError extends Error {
  override readonly name = 'InfluxError';
  readonly code: InfluxCode;

  constructor(code: InfluxCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }

  get status(): number {
    return STATUS[this.code];
  }
}

const FROM_OURS: Readonly<Record<ErrorCode, InfluxCode>> = {
  invalid: 'invalid',
  unauthorized: 'unauthorized',
  forbidden: 'forbidden',
  'not-found': 'not found',
  conflict: 'conflict',
  'too-large': 'request too large',
  timeout: 'unavailable',
  unavailable: 'unavailable',
  upstream: 'internal error',
  cancelled: 'unavailable',
  internal: 'internal error',
};

/** What InfluxDB says when the fault is its own; the log has the rest. */
const INTERNAL = 'An internal error has occurred - check server logs';

/** The answer for anything that was thrown. */
export function toInfluxError(error: unknown): InfluxError {
  if (error instanceof InfluxError) return error;
  if (error instanceof FluxError) return new InfluxError(error.code, error.message, error);
  if (error instanceof TidemarkError) {
    const code = FROM_OURS[error.code];
    return new InfluxError(code, code === 'internal error' ? INTERNAL : error.message, error);
  }
  return new InfluxError('internal error', INTERNAL, error);
}

/** InfluxDB's words for a body that is no JSON of the wanted shape. */
export function badJson(cause: unknown): InfluxError {
  return new InfluxError('invalid', `failed to unmarshal json: ${messageOf(cause)}`, cause);
}
