import { FluxError } from '../error.ts';
import { civilFromDays, splitDay } from './calendar.ts';
import { compareStrings } from './compare.ts';
import { isRecord, isStream } from './types.ts';
import type { FluxRecord, Value } from './value.ts';
import { Dict, Duration, Regexp, Time, UInt } from './value.ts';

/** A float as Go's strconv.FormatFloat(v, 'f', -1, 64): shortest digits, never an exponent. */
export function formatFloat(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (value === Infinity) return '+Inf';
  if (value === -Infinity) return '-Inf';
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  const text = String(value);
  const exponentAt = text.indexOf('e');
  return exponentAt < 0 ? text : expand(text, exponentAt);
}

function expand(text: string, exponentAt: number): string {
  const negative = text.startsWith('-');
  const mantissa = text.slice(negative ? 1 : 0, exponentAt);
  const exponent = Number(text.slice(exponentAt + 1));
  const [whole = '', fraction = ''] = mantissa.split('.');
  const digits = whole + fraction;
  const point = whole.length + exponent;
  const plain =
    point <= 0
      ? `0.${'0'.repeat(-point)}${digits}`
      : point >= digits.length
        ? digits + '0'.repeat(point - digits.length)
        : `${digits.slice(0, point)}.${digits.slice(point)}`;
  return negative ? `-${plain}` : plain;
}

const two = (value: number): string => (value < 10 ? `0${value}` : `${value}`);

function formatDate(days: number): string {
  const { year, month, day } = civilFromDays(days);
  return `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}T`;
}

function formatClock(seconds: number): string {
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  return `${two(hours)}:${two(minutes)}:${two(seconds % 60)}`;
}

function formatSeconds(ns: bigint): { readonly text: string; readonly nanoseconds: number } {
  const { days, rest } = splitDay(ns);
  const inDay = Number(rest / 1_000_000_000n);
  const nanoseconds = Number(rest % 1_000_000_000n);
  return { text: formatDate(days) + formatClock(inDay), nanoseconds };
}

/** Go's time.RFC3339Nano: the fraction without its trailing zeros. */
export function formatTime(ns: bigint): string {
  const { text, nanoseconds } = formatSeconds(ns);
  return `${text}${formatFraction(nanoseconds)}Z`;
}

export function formatFraction(nanoseconds: number): string {
  if (nanoseconds === 0) return '';
  return `.${String(nanoseconds).padStart(9, '0').replace(/0+$/, '')}`;
}

/** As `string(v: time)` and interpolation print it: always nine digits. */
export function formatTimeFixed(ns: bigint): string {
  const { text, nanoseconds } = formatSeconds(ns);
  return `${text}.${String(nanoseconds).padStart(9, '0')}Z`;
}

const DURATION_UNITS: readonly (readonly [string, bigint])[] = [
  ['w', 604_800_000_000_000n],
  ['d', 86_400_000_000_000n],
  ['h', 3_600_000_000_000n],
  ['m', 60_000_000_000n],
  ['s', 1_000_000_000n],
  ['ms', 1_000_000n],
  ['us', 1_000n],
  ['ns', 1n],
];

/** `1y2mo3d`, as Flux writes a duration. */
export function formatDuration({ months, ns }: Duration): string {
  if (months === 0 && ns === 0n) return '0ns';
  const negative = months < 0 || ns < 0n;
  const absolute = Math.abs(months);
  let text = negative ? '-' : '';
  if (absolute >= 12) text += `${Math.floor(absolute / 12)}y`;
  if (absolute % 12 > 0) text += `${absolute % 12}mo`;
  let rest = ns < 0n ? -ns : ns;
  for (const [unit, size] of DURATION_UNITS) {
    if (rest >= size) text += `${rest / size}${unit}`;
    rest %= size;
  }
  return text;
}

/** What `"${value}"` and `string(v:)` give; not every type has it. */
export function stringify(value: Value): string {
  switch (typeof value) {
    case 'string':
      return value;
    case 'number':
      return formatFloat(value);
    case 'bigint':
    case 'boolean':
      return String(value);
    default:
      if (value instanceof UInt) return String(value.value);
      if (value instanceof Time) return formatTimeFixed(value.ns);
      if (value instanceof Duration) return formatDuration(value);
      throw new FluxError('invalid interpolation type');
  }
}

/** What `display(v:)` gives: every type has it. */
export function display(value: Value, indent = 0): string {
  if (value === null) return '<null>';
  if (typeof value === 'number') return displayFloat(value);
  if (typeof value !== 'object') return String(value);
  if (value instanceof Uint8Array) return `0x${Buffer.from(value).toString('hex')}`;
  if (value instanceof Regexp) return value.source;
  if (value instanceof Dict) {
    const pairs = [...value.entries].map(
      ([key, item]) => `${display(key, indent + 1)}: ${display(item, indent + 1)}`,
    );
    return pairs.length === 0 ? '[:]' : wrapped(['[', ']'], pairs, indent);
  }
  if (Array.isArray(value)) {
    const items = value.map((item: Value) => display(item, indent + 1));
    return wrapped(['[', ']'], items, indent);
  }
  if (isRecord(value)) return displayRecord(value, indent);
  if (isStream(value)) return '<stream>';
  return 'kind' in value ? '<function>' : stringify(value);
}

function displayRecord(value: FluxRecord, indent: number): string {
  const fields = [...value]
    .sort(([a], [b]) => compareStrings(a, b))
    .map(([label, item]) => `${label}: ${display(item, indent + 1)}`);
  return wrapped(['{', '}'], fields, indent);
}

/** More than three items stand on lines of their own. */
function wrapped([open, close]: [string, string], items: string[], indent: number): string {
  if (items.length <= 3) return open + items.join(', ') + close;
  const line = `\n${'    '.repeat(indent + 1)}`;
  return `${open}${line}${items.join(`,${line}`)}\n${'    '.repeat(indent)}${close}`;
}

/** Go's fmt.Print of a float: an exponent below 1e-4 and from 1e21. */
function displayFloat(value: number): string {
  const size = Math.abs(value);
  if (size === 0 || !Number.isFinite(value) || (size >= 1e-4 && size < 1e21)) {
    return formatFloat(value);
  }
  const [mantissa, exponent = ''] = value.toExponential().split('e');
  const sign = exponent.startsWith('-') ? '-' : '+';
  return `${mantissa}e${sign}${exponent.slice(1).padStart(2, '0')}`;
}
