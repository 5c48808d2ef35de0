/** Prices of a pair on every exchange: fetched for what is seen, with the newest added live. */
import { Problem, lines as readLines } from '../api.ts';
import { lengthMs } from '../format.ts';
import { nowMs } from '../time.ts';
import type { Subject } from './pair.ts';
import { lengthText, type Seen, windowMs } from './range.ts';
import { type Price, Series } from './series.ts';

/** Windows of a chart: more than a screen has columns. */
const WINDOWS_MAX = 1_400;
/** Exchanges are done one after the other: so far back the newest are asked for again. */
const TAIL_MS_MAX = 600_000;
const TAIL_SLOTS = 3;

export interface Query {
  readonly [name: string]: string;
  readonly start: string;
  readonly stop: string;
  readonly every: string;
  readonly fn: string;
}

export function pathOf({ pair }: Subject): string {
  return `/api/v1/pairs/${encodeURIComponent(pair)}/prices`;
}

/** What is asked for what is seen: the last price of each window. */
export function queryOf(seen: Seen, everyMs: number): Query {
  return {
    start: new Date(Math.floor(seen.fromMs)).toISOString(),
    stop: new Date(Math.ceil(seen.toMs)).toISOString(),
    every: lengthText(everyMs),
    fn: 'last',
  };
}

export interface Loaded {
  readonly series: Series;
  readonly everyMs: number;
}

/** Prices of what is seen, in the finest windows that are kept of that time. */
export async function loadPrices(
  subject: Subject,
  seen: Seen,
  signal: AbortSignal,
): Promise<Loaded> {
  const everyMs = windowMs(seen, WINDOWS_MAX, subject.intervalMs);
  try {
    return await loadWindows(subject, seen, { everyMs, signal });
  } catch (error) {
    const smallest =
      error instanceof Problem ? lengthMs(String(error.details.smallest)) : undefined;
    if (smallest === undefined || smallest <= everyMs) throw error;
    return loadWindows(subject, seen, { everyMs: smallest, signal });
  }
}

async function loadWindows(
  subject: Subject,
  seen: Seen,
  { everyMs, signal }: { readonly everyMs: number; readonly signal: AbortSignal },
): Promise<Loaded> {
  const series = new Series(seen.fromMs, seen.toMs - 1, everyMs);
  const query = { ...queryOf(seen, everyMs), format: 'ndjson' };
  for await (const prices of readLines<Price>(pathOf(subject), query, signal)) series.put(prices);
  return { series, everyMs };
}

/** The prices that were written last, each as it is. */
export async function readTail(subject: Subject, signal: AbortSignal): Promise<readonly Price[]> {
  const backMs = Math.min(TAIL_MS_MAX, Math.max(20_000, TAIL_SLOTS * subject.intervalMs));
  const start = new Date(nowMs() - Math.max(backMs, subject.intervalMs)).toISOString();
  const found: Price[] = [];
  const query = { start, format: 'ndjson' };
  for await (const prices of readLines<Price>(pathOf(subject), query, signal))
    found.push(...prices);
  return found;
}

/** Adds what is newer than a line's own newest: a chart that ends now moves on. */
export function addTail(series: Series, tail: readonly Price[]): void {
  series.put(tail.toSorted((a, b) => (a.time < b.time ? -1 : 1)));
}
