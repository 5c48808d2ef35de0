import { type ErrorCode, TidemarkError } from '../../core/errors.ts';
import type { HttpFault } from '../../core/http-error.ts';

/** Why nothing of a poll is written. A closed set: it is a metric's label. */
export type RefusalReason =
  | HttpFault
  | 'rate-limited' // 429, or a body that says so
  | 'banned' // 418, or 403 where that means a ban
  | 'forbidden' // 401, 403, 451: this address or region may not ask
  | 'maintenance'
  | 'server-error' // 5xx, and answers that say the service is down
  | 'status' // any other status that is not 200
  | 'html' // a page where JSON was due
  | 'not-json' // also a body cut in the middle
  | 'error-body' // an error inside a 200
  | 'shape' // JSON of another shape
  | 'empty' // a good answer without one usable row
  | 'shrunken' // fewer than half of the last accepted poll's rows
  | 'registry' // no series names to be had
  | 'not-stored' // the writer refused
  | 'internal'; // a bug of ours

const CODES: Partial<Record<RefusalReason, ErrorCode>> = {
  deadline: 'timeout',
  cancelled: 'cancelled',
  internal: 'internal',
  'rate-limited': 'unavailable',
  banned: 'unavailable',
  maintenance: 'unavailable',
  'server-error': 'unavailable',
  registry: 'unavailable',
  'not-stored': 'unavailable',
};

/** A poll that is refused as a whole. */
export class Refusal extends TidemarkError {
  readonly reason: RefusalReason;
  /** How long this host is to be left alone, when the answer calls for it. */
  readonly pauseMs: number | undefined;

  constructor(
    reason: RefusalReason,
    message: string,
    more: { pauseMs?: number | undefined; cause?: unknown } = {},
  ) {
    super(CODES[reason] ?? 'upstream', message, {
      details: { reason },
      retryAfterMs: more.pauseMs,
      cause: more.cause,
    });
    this.reason = reason;
    this.pauseMs = more.pauseMs;
  }
}

/** Where an answer says "slower" without saying for how long. */
export const RATE_LIMIT_PAUSE_MS = 60_000;

/** The reason that an error text itself gives, or `otherwise`. */
export function reasonOfText(text: string, otherwise: RefusalReason): RefusalReason {
  if (
    /rate[\s_-]?limit|too[\s_-]?(many|much|frequent)|exceeded? (the |frequency )?limit/i.test(text)
  )
    return 'rate-limited';
  if (/frequency of requests|request too frequent/i.test(text)) return 'rate-limited';
  if (/maintenance/i.test(text)) return 'maintenance';
  if (/unavailable|server is busy|EService:Busy|internal (server |system )?error/i.test(text))
    return 'server-error';
  return otherwise;
}

/** An error that an exchange put inside a 200: refused with the reason it gives. */
export function errorBody(exchange: string, text: string): Refusal {
  const reason = reasonOfText(text, 'error-body');
  const pauseMs = reason === 'rate-limited' ? RATE_LIMIT_PAUSE_MS : undefined;
  return new Refusal(reason, `${exchange} says: ${text.slice(0, 200)}`, { pauseMs });
}
