/**
 * The closed set of errors. Every failure that crosses a module border is one of these codes;
 * `api/http/errors.ts` is the one place that turns them into HTTP, and retry policy is a lookup here.
 */
export type ErrorCode =
  | 'invalid' // the caller's input is wrong: never retried
  | 'unauthorized' // no or wrong credentials
  | 'forbidden' // credentials are known but not enough
  | 'not-found'
  | 'conflict'
  | 'too-large'
  | 'timeout' // a deadline of ours passed
  | 'unavailable' // the other side is away or overloaded: retry later
  | 'upstream' // the other side answered nonsense
  | 'cancelled' // the caller left
  | 'internal'; // a bug of ours

const RETRYABLE: ReadonlySet<ErrorCode> = new Set(['timeout', 'unavailable', 'upstream']);

export interface ErrorOptions {
  /** What was wrong, where, what was expected: shown to the caller as `details`. */
  readonly details?: unknown;
  /** How long the other side asked us to wait, in milliseconds. */
  readonly retryAfterMs?: number | undefined;
  readonly cause?: unknown;
}

export class TidemarkError extends Error {
  override readonly name = 'TidemarkError';
  readonly code: ErrorCode;
  readonly details: unknown;
  readonly retryAfterMs: number | undefined;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = options.details;
    this.retryAfterMs = options.retryAfterMs;
  }

  get retryable(): boolean {
    return RETRYABLE.has(this.code);
  }
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

export function isCode(error: unknown, ...codes: ErrorCode[]): error is TidemarkError {
  return error instanceof TidemarkError && codes.includes(error.code);
}

/** What `read` gives; undefined where it throws `invalid`. Other errors are thrown. */
export function ifValid<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (isCode(error, 'invalid')) return undefined;
    throw error;
  }
}
