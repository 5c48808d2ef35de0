import { civilFromDays } from '../flux/values/calendar.ts';
import { formatFloat, formatFraction } from '../flux/values/print.ts';
import type { Column, Value } from '../flux/values/value.ts';
import { Time, UInt } from '../flux/values/value.ts';

/** How a field's text is written, as Go's encoding/csv with CRLF line ends does it. */
export type Quote = (text: string) => string;

export function quoteFor(delimiter: string): Quote {
  const needed = new RegExp(`[\\r\\n"${delimiter.replace(/[\\\]^-]/g, '\\$&')}]|^[\\s\\u0085]`);
  return (text) => {
    if (text === '\\.') return '"\\."';
    if (!needed.test(text)) return text;
    return `"${text.replaceAll('"', '""').replaceAll('\r', '').replaceAll('\n', '\r\n')}"`;
  };
}

/** One value of a constant column. */
export function textOf(value: Value, quote: Quote): string {
  switch (typeof value) {
    case 'string':
      return quote(value);
    case 'number':
      return formatFloat(value);
    case 'bigint':
    case 'boolean':
      return String(value);
    default:
      if (value instanceof Time) return timeReader(new BigInt64Array([value.ns]))(0);
      return value instanceof UInt ? String(value.value) : '';
  }
}

/** The text of a column by row. */
export function textReader(column: Column, quote: Quote): (row: number) => string {
  const { values, nulls } = column;
  if (values === undefined) {
    const text = textOf(column.constant ?? null, quote);
    return () => text;
  }
  const read = valueReader(column, quote);
  return nulls ? (row) => (nulls[row] === 1 ? '' : read(row)) : read;
}

function valueReader(column: Column, quote: Quote): (row: number) => string {
  const { values, type } = column;
  if (values instanceof Float64Array) return (row) => formatFloat(values[row]!);
  if (values instanceof BigInt64Array) {
    return type === 'dateTime:RFC3339' ? timeReader(values) : (row) => String(values[row]!);
  }
  if (values instanceof BigUint64Array) return (row) => String(values[row]!);
  if (values instanceof Uint8Array) return (row) => (values[row] === 1 ? 'true' : 'false');
  return stringReader(values ?? [], quote);
}

function stringReader(values: readonly (string | null)[], quote: Quote): (row: number) => string {
  let last: string | null = null;
  let text = '';
  return (row) => {
    const value = values[row] ?? null;
    if (value === null) return '';
    // Tags repeat from row to row.
    if (value !== last) {
      last = value;
      text = quote(value);
    }
    return text;
  };
}

const TWO = Array.from({ length: 60 }, (_, value) => String(value).padStart(2, '0'));

/**
 * RFC 3339 with the shortest fraction. Reads each 64-bit integer as two halves, which is several
 * times faster than BigInt arithmetic, and keeps the text up to the minute.
 */
function timeReader(values: BigInt64Array): (row: number) => string {
  const low = new Uint32Array(values.buffer, values.byteOffset, values.length * 2);
  const high = new Int32Array(values.buffer, values.byteOffset, values.length * 2);
  let minuteOfPrefix = Number.NaN;
  let prefix = '';
  return (row) => {
    const upper = high[row * 2 + 1]! * 4_294_967_296;
    const upperRest = upper % 1e9;
    const rest = upperRest + low[row * 2]!;
    const carry = Math.floor(rest / 1e9);
    const seconds = Math.round((upper - upperRest) / 1e9) + carry;
    const minute = Math.floor(seconds / 60);
    if (minute !== minuteOfPrefix) {
      minuteOfPrefix = minute;
      prefix = minuteText(minute);
    }
    const nanoseconds = rest - carry * 1e9;
    const fraction = nanoseconds === 0 ? '' : formatFraction(nanoseconds);
    return `${prefix}${TWO[seconds - minute * 60]}${fraction}Z`;
  };
}

function minuteText(minute: number): string {
  const days = Math.floor(minute / 1440);
  const inDay = minute - days * 1440;
  const { year, month, day } = civilFromDays(days);
  const hour = Math.floor(inDay / 60);
  return `${String(year).padStart(4, '0')}-${TWO[month]}-${TWO[day]}T${TWO[hour]}:${TWO[inDay % 60]}:`;
}
