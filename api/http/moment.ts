import { backMs, durationHelp, durationPattern, secondsPattern } from '../../core/duration.ts';
import { invalidParameter } from './parameter.ts';

const DATE = '[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])';
const HOUR = '(?:[01][0-9]|2[0-3]):[0-5][0-9]';
/** RFC 3339; seconds may be left out. */
const TIME = new RegExp(`^${DATE}T${HOUR}(?::[0-5][0-9](?:\\.[0-9]{1,9})?)?(?:Z|[+-]${HOUR})$`);

/** What `readMoment` takes, for the document of the API. */
export const momentPattern = oneOf(TIME.source, durationPattern);
/** A time, or a length of whole seconds that begins then. */
export const untilPattern = oneOf(TIME.source, secondsPattern);

/** Each of them is a whole line. */
export function oneOf(...patterns: readonly string[]): string {
  return `^(?:${patterns.map((pattern) => pattern.slice(1, -1)).join('|')})$`;
}

const expected = `a time such as 2022-01-20T16:33:00Z, or ${durationHelp}`;

/**
 * A time, or a length back from now, in ms since the epoch.
 * @throws TidemarkError `invalid` naming the parameter
 */
export function readMoment(name: string, text: string, nowMs: number): number {
  const ms = TIME.test(text) ? Date.parse(text) : backMs(text, nowMs);
  if (ms !== undefined && Number.isFinite(ms) && Math.abs(ms) <= MS_MAX) return ms;
  throw invalidParameter(name, text.slice(0, 64), { expected });
}

/** What a JavaScript date reaches. */
const MS_MAX = 8.64e15;

/** As Flux reads it and as InfluxDB writes it: no digits of a second where there are none. */
export function timeText(ms: number): string {
  return new Date(ms).toISOString().replace('.000Z', 'Z');
}

/** With three digits of a second; what no JavaScript date reaches is the last that it does. */
export function isoOf(ms: number): string {
  const time = Number.isFinite(ms) ? Math.max(-MS_MAX, Math.min(MS_MAX, ms)) : 0;
  return new Date(time).toISOString();
}

export function isoOrNull(ms: number | null): string | null {
  return ms === null ? null : isoOf(ms);
}

export interface RangeQuery {
  readonly start: string;
  readonly stop: string;
  /** Where a page begins, instead of `start`. */
  readonly cursor?: string | undefined;
}

/**
 * From when to before when, in ms. Nothing is kept from before the retention and nothing is known
 * from after now (which may be a slot itself): not worth a query.
 * @throws TidemarkError `invalid` naming the parameter
 */
export function readRange(
  { start, stop, cursor }: RangeQuery,
  { nowMs, retentionMs }: { readonly nowMs: number; readonly retentionMs: number },
): { readonly startMs: number; readonly stopMs: number } {
  const fromMs = readMoment(cursor === undefined ? 'start' : 'cursor', cursor ?? start, nowMs);
  const untilMs = readMoment('stop', stop, nowMs);
  if (fromMs >= untilMs && cursor === undefined) {
    throw invalidParameter('start', 'it is not before stop');
  }
  return { startMs: Math.max(fromMs, nowMs - retentionMs), stopMs: Math.min(untilMs, nowMs + 1) };
}
