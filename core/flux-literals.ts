import { TidemarkError } from './errors.ts';

/** Nanoseconds of each fixed unit of a Flux duration; months and years are counted in months. */
const UNIT_NS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
  d: 86_400_000_000_000n,
  w: 604_800_000_000_000n,
};
const UNIT_MONTHS: Readonly<Record<string, number>> = { mo: 1, y: 12 };

export interface DurationParts {
  readonly months: number;
  readonly ns: bigint;
}

const INT_MAX = 2n ** 63n - 1n;

/** Terms as the parser gives them: `{magnitude, unit}`. */
export function readDuration(terms: readonly Readonly<Record<string, unknown>>[]): DurationParts {
  let months = 0;
  let ns = 0n;
  for (const { magnitude, unit } of terms) {
    const count = Number(magnitude);
    const perUnit = UNIT_NS[String(unit)];
    const monthsPerUnit = UNIT_MONTHS[String(unit)];
    if (!Number.isSafeInteger(count) || (perUnit === undefined && monthsPerUnit === undefined)) {
      throw new TidemarkError('invalid', `invalid duration ${count}${unit}`);
    }
    if (perUnit !== undefined) ns += BigInt(count) * perUnit;
    else months += count * monthsPerUnit!;
  }
  if (ns > INT_MAX || !Number.isSafeInteger(months)) {
    throw new TidemarkError('invalid', 'duration does not fit 64 bits of nanoseconds');
  }
  return { months, ns };
}

/** `1h30m`, `-1mo`; undefined when the text is none. */
export function parseDuration(text: string): DurationParts | undefined {
  const whole = /^(-?)((?:\d+(?:ns|us|µs|ms|mo|s|m|h|d|w|y))+)$/.exec(text);
  if (!whole) return undefined;
  const terms = [...whole[2]!.matchAll(/(\d+)(ns|us|µs|ms|mo|s|m|h|d|w|y)/g)];
  const { months, ns } = readDuration(terms.map(([, magnitude, unit]) => ({ magnitude, unit })));
  return whole[1] ? { months: months === 0 ? 0 : -months, ns: -ns } : { months, ns };
}

const TIME =
  /^(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9})\d*)?(Z|[+-]\d\d:\d\d))?$/;

/** RFC 3339 with any number of fraction digits, or a date alone; undefined when it is neither. */
export function parseTime(text: string): bigint | undefined {
  const parts = TIME.exec(text);
  if (!parts) return undefined;
  const [, year, month, day, hour = '0', minute = '0', second = '0', fraction = '', zone] = parts;
  const ms = Date.UTC(+year!, +month! - 1, +day!, +hour, +minute, +second);
  const date = new Date(ms);
  // Date.UTC takes years below 100 for the 1900s and carries over what is out of range.
  const exact = date.getUTCFullYear() === +year! && date.getUTCDate() === +day!;
  if (!exact || +month! > 12 || +hour > 23 || +minute > 59 || +second > 59) return undefined;
  const ns = BigInt(ms) * 1_000_000n + BigInt(fraction.padEnd(9, '0'));
  return ns - zoneOffset(zone);
}

function zoneOffset(zone: string | undefined): bigint {
  if (zone === undefined || zone === 'Z') return 0n;
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(4, 6));
  return BigInt(zone.startsWith('-') ? -minutes : minutes) * 60_000_000_000n;
}

export function readTimeLiteral(text: string): bigint {
  const ns = parseTime(text);
  if (ns === undefined || ns > INT_MAX || ns < -INT_MAX - 1n) {
    throw new TidemarkError('invalid', `time ${text} is not between the years 1677 and 2262`);
  }
  return ns;
}
