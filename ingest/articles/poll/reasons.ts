import type { HttpError, HttpFault } from '../../../core/http-error.ts';
import type { RefusalReason } from '../feed.ts';

/**
 * How a check of a feed or a visit to a page ended: a closed set, for metrics, rules of time and
 * people. The words of one case stand in its message.
 */
export const REASONS = {
  ok: 'read',
  'not-modified': 'nothing new, says the server (304)',
  same: 'the same body as the last time',
  'not-found': 'nothing there (404)',
  gone: 'gone for good (410)',
  refused: 'we may not (401, 403, 451)',
  challenge: 'a page that asks for a browser, of a guard in front of the site',
  'rate-limited': 'asked too often (429)',
  unavailable: 'the server failed (5xx)',
  status: 'a status that is no answer',
  timeout: 'no whole answer in time',
  dns: 'the name has no address',
  connect: 'no connection',
  tls: 'no trustworthy connection',
  reset: 'the connection ended before the answer',
  truncated: 'the answer ended early',
  'too-large': 'more bytes than are read',
  encoding: 'compressed in a way that cannot be undone',
  redirect: 'too many redirects, in a circle, or to nowhere',
  target: 'an address that we do not go to',
  protocol: 'not HTTP',
  empty: 'nothing in the answer',
  html: 'a web page, and no feed that it names can be read',
  'not-a-feed': 'neither a feed nor a web page',
  'too-deep': 'tags within tags without end',
  'too-complex': 'more tags than are read',
  slow: 'reading it takes too long',
  'not-html': 'a page of another type',
  'no-article': 'no article on the page',
  internal: 'a mistake of ours',
} as const;
export type Reason = keyof typeof REASONS;

const BY_FAULT: Readonly<Record<HttpFault, Reason>> = {
  deadline: 'timeout',
  cancelled: 'internal',
  dns: 'dns',
  connect: 'connect',
  tls: 'tls',
  reset: 'reset',
  truncated: 'truncated',
  'too-large': 'too-large',
  encoding: 'encoding',
  redirect: 'redirect',
  target: 'target',
  'content-type': 'not-html',
  protocol: 'protocol',
};

const BY_REFUSAL: Readonly<Record<RefusalReason, Reason>> = {
  empty: 'empty',
  html: 'html',
  'not-a-feed': 'not-a-feed',
  'too-large': 'too-large',
  'too-deep': 'too-deep',
  'too-complex': 'too-complex',
  timeout: 'slow',
  failed: 'internal',
};

/** Why nothing came of a visit. */
export interface Failure {
  readonly reason: Reason;
  readonly message: string;
  /** Of the last answer; null without one. */
  readonly status: number | null;
  /** What the server asked for, in milliseconds from now; at most a day. */
  readonly retryAfterMs?: number | undefined;
}

export function failureOfError(error: HttpError): Failure {
  return { reason: BY_FAULT[error.fault], message: error.message, status: null };
}

export function failureOfRefusal(
  refused: { readonly reason: RefusalReason; readonly message: string },
  status: number,
): Failure {
  return { reason: BY_REFUSAL[refused.reason], message: refused.message, status };
}

const BY_STATUS: Readonly<Record<number, Reason>> = {
  401: 'refused',
  403: 'refused',
  404: 'not-found',
  407: 'refused',
  410: 'gone',
  429: 'rate-limited',
  451: 'refused',
};

/** The reason of an answer that is no 2xx; undefined for one that is. */
export function refusedBy(
  status: number,
  headers: Readonly<Record<string, string>>,
): Reason | undefined {
  // Said by Cloudflare with its challenges, which come as 403 and 503.
  if (headers['cf-mitigated'] !== undefined) return 'challenge';
  if (status >= 200 && status < 300) return undefined;
  return BY_STATUS[status] ?? (status >= 500 ? 'unavailable' : 'status');
}
