import { FluxError } from '../error.ts';
import type { Duration } from './value.ts';

/** Calendar arithmetic on nanoseconds since the epoch, proleptic Gregorian, UTC. */
export const NS_PER_SECOND = 1_000_000_000n;
export const NS_PER_DAY = 86_400n * NS_PER_SECOND;
/** What InfluxDB takes a month for where a fixed length is needed: a twelfth of 365.25 days. */
const NS_PER_MONTH = 2_629_800n * NS_PER_SECOND;

export interface CivilDate {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  /** 1 to 31. */
  readonly day: number;
}

/** Days since the epoch of a date (H. Hinnant, chrono-compatible date algorithms). */
export function daysFromCivil({ year, month, day }: CivilDate): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra =
    yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

/** The inverse of `daysFromCivil`. */
export function civilFromDays(days: number): CivilDate {
  const z = days + 719_468;
  const era = Math.floor(z / 146_097);
  const doe = z - era * 146_097;
  const yoe = Math.floor(
    (doe - Math.floor(doe / 1460) + Math.floor(doe / 36_524) - Math.floor(doe / 146_096)) / 365,
  );
  const doy = doe - (365 * yoe + Math.floor(yoe / 4) - Math.floor(yoe / 100));
  const mp = Math.floor((5 * doy + 2) / 153);
  const day = doy - Math.floor((153 * mp + 2) / 5) + 1;
  const month = mp < 10 ? mp + 3 : mp - 9;
  return { year: yoe + era * 400 + (month <= 2 ? 1 : 0), month, day };
}

/** Rounds towards minus infinity; BigInt division rounds towards zero. */
export function floorDiv(value: bigint, by: bigint): bigint {
  const quotient = value / by;
  return value % by < 0n !== by < 0n && value % by !== 0n ? quotient - 1n : quotient;
}

export function floorMod(value: bigint, by: bigint): bigint {
  return value - floorDiv(value, by) * by;
}

/** The day of a time, and the nanoseconds since its midnight. */
export function splitDay(ns: bigint): { readonly days: number; readonly rest: bigint } {
  const days = floorDiv(ns, NS_PER_DAY);
  return { days: Number(days), rest: ns - days * NS_PER_DAY };
}

export function dateOf(ns: bigint): CivilDate {
  return civilFromDays(splitDay(ns).days);
}

/** Months since January 1970. */
export function monthsOf(ns: bigint): number {
  const { year, month } = dateOf(ns);
  return (year - 1970) * 12 + month - 1;
}

export function daysInMonth(year: number, month: number): number {
  const next = month === 12 ? { year: year + 1, month: 1 } : { year, month: month + 1 };
  return daysFromCivil({ ...next, day: 1 }) - daysFromCivil({ year, month, day: 1 });
}

/** Months first (the day is clamped to the month's last one), then nanoseconds. */
export function addDuration(ns: bigint, { months, ns: more }: Duration): bigint {
  return checkTime(addMonths(ns, months) + more);
}

export function subtractDuration(ns: bigint, { months, ns: less }: Duration): bigint {
  return checkTime(addMonths(ns, -months) - less);
}

export function addMonths(ns: bigint, months: number): bigint {
  if (months === 0) return ns;
  const { days, rest } = splitDay(ns);
  const { year, month, day } = civilFromDays(days);
  const total = year * 12 + month - 1 + months;
  const target = { year: Math.floor(total / 12), month: (((total % 12) + 12) % 12) + 1 };
  const clamped = Math.min(day, daysInMonth(target.year, target.month));
  return BigInt(daysFromCivil({ ...target, day: clamped })) * NS_PER_DAY + rest;
}

/** A duration as nanoseconds; months count as a twelfth of 365.25 days. */
export function nanosecondsOf({ months, ns }: Duration): bigint {
  return BigInt(months) * NS_PER_MONTH + ns;
}

const TIME_MAX = 2n ** 63n - 1n;

function checkTime(ns: bigint): bigint {
  if (ns <= TIME_MAX && ns >= -TIME_MAX - 1n) return ns;
  throw new FluxError('time is out of range: it must fit 64 bits of nanoseconds');
}
