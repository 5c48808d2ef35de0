import type { Clock } from '../../core/clock.ts';
import type { HttpClient, HttpResponse } from '../../core/http.ts';
import { HttpError } from '../../core/http-error.ts';
import { isHost } from '../../registry/article-hosts.ts';
import type { HostHold } from './host-hold.ts';
import { pauseAskedMs } from './poll/hints.ts';
import { type Failure, failureOfError, refusedBy } from './poll/reasons.ts';

export interface Errand {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Meant for the site of the url alone. */
  readonly ownHeaders?: Readonly<Record<string, string>>;
  readonly bytesMax: number;
}

export interface HopTools {
  readonly http: HttpClient;
  readonly hold: HostHold;
  readonly clock: Clock;
  /** By the database's clock. */
  readonly nowMs: () => number;
  readonly signal: AbortSignal;
  /** For all requests of the errand together. */
  readonly deadlineMs: number;
}

/** A 2xx with its body, or a 304. */
export interface Arrival {
  readonly ok: true;
  readonly answer: HttpResponse;
  /** Where permanent redirects lead, for the next time; undefined: there were none. */
  readonly moved: string | undefined;
}

export type Outcome = Arrival | (Failure & { readonly ok: false });

/** On top of the deadline, for what is between a request and its end. */
const MARGIN_MS = 5_000;
const HOPS_MAX = 5;
/** A whole host is left alone for no longer, whatever one of its answers says. */
const HOST_PAUSE_MS_MAX = 3_600_000;
/** After a 429 that does not say for how long. */
const RATE_PAUSE_MS = 60_000;
const PERMANENT: ReadonlySet<number> = new Set([301, 308]);
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/**
 * Asks for a URL and follows its redirects, each request by the budget of the host that it goes to.
 * The deadline is for the requests, not for the waits between them.
 * @throws HostBusy, VisitLost, and TidemarkErrors of the registry.
 */
export async function fetchHops(errand: Errand, tools: HopTools): Promise<Outcome> {
  const { hold, nowMs } = tools;
  const seen = new Set<string>();
  let url = errand.url;
  let leftMs = tools.deadlineMs;
  let moved: string | undefined;
  let permanent = true;
  let repeated = false;
  for (;;) {
    const asked = await askOnce({ errand, url, deadlineMs: leftMs }, tools);
    leftMs -= asked.tookMs;
    if (asked.error) {
      // A connection that was kept may be closed just then; that says nothing of the host.
      if (asked.error.fault === 'reset' && !repeated) {
        repeated = true;
        hold.rest();
        continue;
      }
      await hold.release();
      return failed(failureOfError(asked.error));
    }
    const { answer } = asked;
    seen.add(url);
    const next = locationOf(answer, url);
    if (typeof next !== 'string' || seen.has(next) || seen.size > HOPS_MAX) {
      await hold.release(pauseOf(answer, nowMs()));
      if (next === undefined) return judged(answer, { nowMs: nowMs(), moved });
      return stray(answer, next);
    }
    // To the same host it goes on as soon as it may.
    if (new URL(next).host === new URL(url).host) hold.rest();
    else await hold.release();
    // One that stands unprotected is never remembered: whoever is in between could have said it.
    permanent &&= PERMANENT.has(answer.status) && !isDowngrade(url, next);
    if (permanent) moved = next;
    url = next;
  }
}

interface Ask {
  readonly errand: Errand;
  readonly url: string;
  readonly deadlineMs: number;
}

type Asked =
  | { readonly answer: HttpResponse; readonly error?: undefined; readonly tookMs: number }
  | { readonly error: HttpError; readonly tookMs: number };

/** One request. Its host is taken before it, and is to be given back or kept after it. */
async function askOnce({ errand, url, deadlineMs }: Ask, tools: HopTools): Promise<Asked> {
  const { http, hold, clock, signal } = tools;
  const late = new HttpError('deadline', `no whole answer in ${tools.deadlineMs} ms`);
  if (deadlineMs <= 0) return { error: late, tookMs: 0 };
  await hold.take(new URL(url).host, deadlineMs + MARGIN_MS);
  const headers = { ...errand.headers, ...(isSameSite(errand.url, url) && errand.ownHeaders) };
  const sinceMs = clock.monotonicMs();
  const tookMs = () => clock.monotonicMs() - sinceMs;
  const { bytesMax } = errand;
  try {
    const request = { url, headers, deadlineMs, bytesMax, from: 'user', once: true } as const;
    return { answer: await http.fetch({ ...request, signal }), tookMs: tookMs() };
  } catch (error) {
    if (error instanceof HttpError && error.fault !== 'cancelled') {
      return { error, tookMs: tookMs() };
    }
    await hold.release();
    throw error;
  }
}

/** How long the whole host is left alone for what it says. */
function pauseOf(
  { status, headers }: HttpResponse,
  nowMs: number,
): { pauseMs?: number; why?: string } {
  if (status !== 429 && status !== 503) return {};
  const askedMs = pauseAskedMs(headers, nowMs) ?? (status === 429 ? RATE_PAUSE_MS : 0);
  if (askedMs === 0) return {};
  const pauseMs = Math.min(askedMs, HOST_PAUSE_MS_MAX);
  return { pauseMs, why: `it answered ${status} and asked to be left alone` };
}

/** Undefined: no redirect; null: one to nowhere. */
function locationOf({ status, headers }: HttpResponse, url: string): string | null | undefined {
  const { location } = headers;
  if (!REDIRECTS.has(status) || location === undefined) return undefined;
  if (!URL.canParse(location, url)) return null;
  const next = new URL(location, url);
  next.hash = '';
  return /^https?:$/.test(next.protocol) && isHost(next.host) ? next.href : null;
}

/** The same origin, or the same name where it is protected: what was meant for one may go there. */
export function isSameSite(from: string, to: string): boolean {
  const [one, other] = [new URL(from), new URL(to)];
  if (one.origin === other.origin) return true;
  const usual = one.port === '' && other.port === '';
  return usual && one.hostname === other.hostname && other.protocol === 'https:';
}

function isDowngrade(from: string, to: string): boolean {
  return from.startsWith('https:') && to.startsWith('http:');
}

function stray({ status }: HttpResponse, next: string | null): Outcome {
  const where = next === null ? 'to what is no address' : 'in a circle, or too often';
  return failed({ reason: 'redirect', message: `it redirects ${where}`, status });
}

function judged(
  answer: HttpResponse,
  { nowMs, moved }: { nowMs: number; moved: string | undefined },
): Outcome {
  const { status, headers } = answer;
  const reason = status === 304 ? undefined : refusedBy(status, headers);
  if (reason === undefined) return { ok: true, answer, moved };
  const retryAfterMs = pauseAskedMs(headers, nowMs);
  return failed({ reason, message: `HTTP ${status}`, status, retryAfterMs });
}

function failed(failure: Failure): Outcome {
  return { ok: false, ...failure };
}
