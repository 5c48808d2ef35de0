import { ifValid, TidemarkError } from './errors.ts';

/**
 * A Flux duration literal (`-24h`, `1d12h`, `1mo`, `90s`): calendar months and a fixed part are
 * kept apart, because a month has no fixed length.
 */
export interface Duration {
  /** As it was written. */
  readonly text: string;
  readonly negative: boolean;
  /** Calendar months, never negative. */
  readonly months: number;
  /** Fixed part in nanoseconds, never negative. */
  readonly ns: bigint;
}

const NS_PER_MS = 1_000_000n;
const MS_PER_DAY = 86_400_000n;

/** Nanoseconds of each fixed unit; the longest names come first in the patterns below. */
const FIXED_NS: Readonly<Record<string, bigint>> = {
  w: 7n * MS_PER_DAY * NS_PER_MS,
  d: MS_PER_DAY * NS_PER_MS,
  h: 3_600_000n * NS_PER_MS,
  m: 60_000n * NS_PER_MS,
  s: 1000n * NS_PER_MS,
  ms: NS_PER_MS,
  us: 1000n,
  µs: 1000n,
  ns: 1n,
};
const MONTHS: Readonly<Record<string, number>> = { y: 12, mo: 1 };

const TEXT_MAX = 64;
const MONTHS_MAX = 12_000n;
const WHOLE = /^-?(?:[0-9]+(?:mo|ms|us|µs|ns|y|w|d|h|m|s))+$/;
const SECONDS = /^(?:[0-9]{1,9}[wdhms])+$/;

/** What `parseDuration` and `wholeSecondsMs` read, for the documents of an API. */
export const durationPattern = WHOLE.source;
export const secondsPattern = SECONDS.source;

const PART = /(\d+)(mo|ms|us|µs|ns|y|w|d|h|m|s)/g;

export const durationHelp =
  'a Flux duration: whole numbers with the units y, mo, w, d, h, m, s, ms, us, ns, ' +
  'such as -24h, 90s or 1d12h';

/**
 * Reads a Flux duration literal. The grammar is `["-"] { digits unit }` of the Flux specification,
 * https://docs.influxdata.com/flux/v0/spec/lexical-elements/#duration-literals
 * @throws TidemarkError `invalid` with what was expected.
 */
export function parseDuration(text: string): Duration {
  if (text.length > TEXT_MAX || !WHOLE.test(text)) {
    throw new TidemarkError('invalid', `not a duration: ${quoted(text)}`, {
      details: { expected: durationHelp },
    });
  }
  let months = 0n;
  let ns = 0n;
  for (const [, digits, unit] of text.matchAll(PART)) {
    const count = BigInt(digits!);
    const fixed = FIXED_NS[unit!];
    if (fixed === undefined) months += count * BigInt(MONTHS[unit!]!);
    else ns += count * fixed;
  }
  if (months > MONTHS_MAX) {
    throw new TidemarkError('invalid', `duration is too long: ${quoted(text)}`);
  }
  return { text, negative: text.startsWith('-'), months: Number(months), ns };
}

/** The same length without sign or odd spelling, as Flux reads it: `1mo`, `36h`, `1500ms`. */
export function absoluteText(duration: Duration): string {
  const months = duration.months === 0 ? '' : `${duration.months}mo`;
  if (duration.ns === 0n) return months || '0s';
  for (const unit of ['d', 'h', 'm', 's', 'ms', 'us']) {
    const size = FIXED_NS[unit]!;
    if (duration.ns % size === 0n) return `${months}${duration.ns / size}${unit}`;
  }
  return `${months}${duration.ns}ns`;
}

/**
 * How far back from `nowMs` this duration reaches, in milliseconds, rounded up; the sign is
 * ignored. Months go by the UTC calendar and end on the last day of a shorter month, as Flux counts
 * them.
 */
export function spanMs(duration: Duration, nowMs: number): number {
  const fixedMs = Number((duration.ns + NS_PER_MS - 1n) / NS_PER_MS);
  return nowMs - monthsBefore(nowMs, duration.months) + fixedMs;
}

function monthsBefore(nowMs: number, months: number): number {
  if (months === 0) return nowMs;
  const now = new Date(nowMs);
  const first = new Date(nowMs);
  first.setUTCDate(1);
  first.setUTCMonth(now.getUTCMonth() - months);
  const lastDay = new Date(Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + 1, 0));
  first.setUTCDate(Math.min(now.getUTCDate(), lastDay.getUTCDate()));
  return first.getTime();
}

/**
 * Milliseconds of a duration without calendar units, for settings such as `PRICE_INTERVAL=1m`.
 * @throws TidemarkError `invalid` for months, years, a sign, or less than a whole millisecond.
 */
export function fixedMs(text: string): number {
  const duration = parseDuration(text);
  const { months, negative, ns } = duration;
  if (months > 0 || negative || ns % NS_PER_MS !== 0n) {
    throw new TidemarkError('invalid', `not a fixed length of time: ${quoted(text)}`, {
      details: { expected: 'units w, d, h, m, s, ms without a sign, such as 1m or 30d' },
    });
  }
  return Number(ns / NS_PER_MS);
}

/** The same; undefined for a text that is no such length, for borders that say so themselves. */
export function fixedMsOrNone(text: string): number | undefined {
  return ifValid(() => fixedMs(text));
}

/**
 * Milliseconds of a length of whole seconds, such as `90s`, `5m` or `1d12h`: of units w, d, h, m
 * and s, without a sign. Undefined: it is none.
 */
export function wholeSecondsMs(text: string): number | undefined {
  return SECONDS.test(text) ? fixedMsOrNone(text) : undefined;
}

/** Milliseconds since the epoch, as far back from now as a duration says; undefined: it is none. */
export function backMs(text: string, nowMs: number): number | undefined {
  return ifValid(() => nowMs - spanMs(parseDuration(text), nowMs));
}

/** The shortest exact text of whole milliseconds: 86400000 -> `1d`, 5400000 -> `90m`. */
export function formatMs(ms: number): string {
  return absoluteText({
    text: '',
    negative: false,
    months: 0,
    ns: BigInt(Math.trunc(ms)) * NS_PER_MS,
  });
}

function quoted(text: string): string {
  return JSON.stringify(text.length > TEXT_MAX ? `${text.slice(0, TEXT_MAX)}...` : text);
}
