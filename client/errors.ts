/** What went wrong, as the API says it. */
export class TidemarkApiError extends Error {
  override readonly name = 'TidemarkApiError';
  /** Of HTTP; 0: no answer came. */
  readonly status: number;
  /** One of a closed set: `not-found`, `invalid`, `unavailable`...; `unreachable`: no answer came. */
  readonly code: string;
  /** What helps to put it right: which parameter, what is allowed, names that are near. */
  readonly details: Readonly<Record<string, unknown>>;
  /** Under which the log of the server knows the request. */
  readonly requestId: string | undefined;
  /** How long the server wants to be left alone; undefined: it does not say. */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, parts: ErrorParts, options?: ErrorOptions) {
    super(message, options);
    this.status = parts.status;
    this.code = parts.code;
    this.details = parts.details ?? {};
    this.requestId = parts.requestId;
    this.retryAfterMs = parts.retryAfterMs;
  }
}

interface ErrorParts {
  readonly status: number;
  readonly code: string;
  readonly details?: Readonly<Record<string, unknown>> | undefined;
  readonly requestId?: string | undefined;
  readonly retryAfterMs?: number | undefined;
}

/** The error that an answer is. Reads its body. */
export async function errorOf(answer: Response, nowMs: number): Promise<TidemarkApiError> {
  const text = await answer.text();
  const { error = {}, ...rest } = objectOf(text);
  const { code, message, details } = error as Readonly<Record<string, unknown>>;
  const said = typeof details === 'object' && details !== null ? { ...details } : rest;
  return new TidemarkApiError(
    typeof message === 'string' ? message : `the server answered ${answer.status}`,
    {
      status: answer.status,
      code: typeof code === 'string' ? code : 'unknown',
      details: said,
      requestId: answer.headers.get('x-request-id') ?? undefined,
      retryAfterMs: retryAfterMsOf(answer.headers.get('retry-after'), nowMs),
    },
  );
}

/** A proxy in between answers in its own words: those are no object. */
function objectOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
  } catch {
    return {};
  }
}

/** `Retry-After` in ms: whole seconds or a date (RFC 9110, 10.2.3); undefined for anything else. */
export function retryAfterMsOf(header: string | null, nowMs: number): number | undefined {
  if (header === null) return undefined;
  const text = header.trim();
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  const ms = /^[A-Z][a-z]{2,8},? /.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(ms) ? undefined : Math.max(0, ms - nowMs);
}
