import { formatMs } from '../../core/duration.ts';
import { stepMs } from '../../core/rollups.ts';
import { HttpProblem } from '../http/errors.ts';
import { readMoment } from '../http/moment.ts';
import { invalidParameter, readEvery } from '../http/parameter.ts';
import {
  finestStepMs,
  type Kept,
  type Segment,
  type Stretch,
  segmentsOf,
  usable,
  widened,
} from './plan.ts';
import type { HistoryFn } from './read.ts';

const SECOND_MS = 1_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** Up to this, prices come as they were written unless windows are asked for. */
const RAW_MS_MAX = HOUR_MS;
/** Windows of an answer that does not say how long they are. */
const WINDOWS_USUAL = 1_500;
export const ROWS_MAX = 2_000_000;
const EVERY_MS_MAX = 366 * DAY_MS;
/** What is chosen from where nothing is asked for. */
const LADDER_MS = [
  ...[1, 2, 5, 10, 15, 30].map((seconds) => seconds * SECOND_MS),
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * 60_000),
  ...[1, 2, 3, 6, 12].map((hours) => hours * HOUR_MS),
  ...[1, 2, 7, 14, 30, 90, 180, 365].map((days) => days * DAY_MS),
];

export interface HistoryQuery {
  readonly start: string;
  readonly stop: string;
  readonly every?: string | undefined;
  readonly fn?: HistoryFn | undefined;
}

/** What was asked for, as far as it can be told without knowing what there is. */
export interface HistoryAsked extends Stretch {
  /** Undefined: to be chosen. */
  readonly everyMs: number | undefined;
  /** Undefined: not asked for. */
  readonly fn: HistoryFn | undefined;
}

/** @throws TidemarkError `invalid` naming the parameter that is wrong */
export function readHistoryQuery(query: HistoryQuery, nowMs: number): HistoryAsked {
  const startMs = Math.max(0, readTime('start', query.start, nowMs));
  const stopMs = Math.min(nowMs, readTime('stop', query.stop, nowMs));
  if (startMs >= nowMs) throw invalidParameter('start', 'it is in the future');
  if (startMs >= stopMs) throw invalidParameter('start', 'it is not before stop');
  const everyMs =
    query.every === undefined ? undefined : readEvery(query.every, SECOND_MS, EVERY_MS_MAX);
  return { startMs, stopMs, everyMs, fn: query.fn };
}

const EPOCH_SECONDS = /^\d{9,11}$/;
const EPOCH_MS = /^\d{12,14}$/;
/** A plus that was not escaped, as it is in `2022-01-20T16:33:00+01:00`, arrives as a blank. */
const LOST_PLUS = / (?=\d\d:\d\d$)/;

function readTime(name: string, text: string, nowMs: number): number {
  if (EPOCH_SECONDS.test(text)) return Number(text) * SECOND_MS;
  if (EPOCH_MS.test(text)) return Number(text);
  return Math.floor(readMoment(name, text.replace(LOST_PLUS, '+'), nowMs));
}

/** How the question is answered. */
export interface HistoryPlan extends Stretch {
  /** Undefined: prices as they were written. */
  readonly everyMs: number | undefined;
  readonly fn: HistoryFn | undefined;
  readonly segments: readonly Segment[];
}

/**
 * Chooses the windows where none are asked for, and what to read them from.
 * @throws HttpProblem 422 with the shortest windows that can be had, where it is too much or finer
 *   than what is kept
 */
export function planHistory(asked: HistoryAsked, kept: Kept, exchanges: number): HistoryPlan {
  const { startMs, stopMs, fn } = asked;
  const lengthMs = stopMs - startMs;
  const whole = startMs >= kept.rawFromMs;
  if (asked.everyMs === undefined && fn === undefined && whole && lengthMs <= RAW_MS_MAX) {
    const segments = [{ startMs, stopMs, source: 'raw' as const }];
    return { startMs, stopMs, everyMs: undefined, fn, segments };
  }
  const everyMs = asked.everyMs ?? shortest(kept, asked, lengthMs / WINDOWS_USUAL);
  if (everyMs === undefined) throw notKept(kept);
  const rows = (Math.ceil(lengthMs / everyMs) + 1) * exchanges;
  if (rows > ROWS_MAX) throw tooMuch(rows, shortest(kept, asked, rowsLeast(lengthMs, exchanges)));
  const levels = usable(kept, everyMs);
  const stretch = widened(kept, levels, asked);
  if (stretch === undefined) throw notSoFine(kept, asked);
  const segments = segmentsOf(stretch, levels, kept.rawFromMs);
  return { ...stretch, everyMs, fn: fn ?? 'mean', segments };
}

/** Length of windows that are few enough. */
function rowsLeast(lengthMs: number, exchanges: number): number {
  return lengthMs / Math.max(1, Math.floor(ROWS_MAX / exchanges) - 1);
}

/** The shortest usual window that is long enough and for which all is kept. */
function shortest(kept: Kept, { startMs }: Stretch, leastMs: number): number | undefined {
  return LADDER_MS.find(
    (everyMs) =>
      everyMs >= leastMs && finestStepMs(kept, usable(kept, everyMs), startMs) !== undefined,
  );
}

function tooMuch(rows: number, smallestMs: number | undefined): HttpProblem {
  const smallest = smallestMs === undefined ? undefined : formatMs(smallestMs);
  const message = `${rows} rows are more than one answer has: ${ROWS_MAX}`;
  return new HttpProblem(422, 'unprocessable', message, {
    details: { parameter: 'every', rows, most: ROWS_MAX, smallest },
  });
}

function notSoFine(kept: Kept, asked: HistoryAsked): HttpProblem {
  const stepMs = finestStepMs(kept, kept.levels, asked.startMs);
  if (stepMs === undefined) return notKept(kept);
  const smallest = formatMs(stepMs);
  const message = `parameter every: of the time of start only steps of ${smallest} are kept`;
  return new HttpProblem(422, 'unprocessable', message, {
    details: { parameter: 'every', smallest, multipleOf: smallest },
  });
}

function notKept({ rawFromMs, levels }: Kept): HttpProblem {
  const oldestMs = Math.min(rawFromMs, ...levels.map(({ keptFromMs }) => keptFromMs));
  const details = { parameter: 'start', oldest: new Date(oldestMs).toISOString() };
  return new HttpProblem(422, 'unprocessable', 'parameter start: nothing is kept of that time', {
    details,
  });
}

/** What is read, each named once: `5m`, `raw`. */
export function sourcesOf({ segments }: HistoryPlan): readonly string[] {
  const order = (source: Segment['source']) => (source === 'raw' ? 0 : stepMs(source));
  const sources = [...new Set(segments.map(({ source }) => source))];
  return sources.sort((a, b) => order(b) - order(a));
}
