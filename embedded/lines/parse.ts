import type { ParsedPoint } from '../storage/contract.ts';
import { readFields, scanFields } from './fields.ts';
import { parseInt64 } from './numbers.ts';
import {
  LineError,
  SPACE,
  scanMeasurement,
  scanTags,
  scanTime,
  skipSpace,
  type TagSpan,
} from './scan.ts';
import { decode, unescapeMeasurement, unescapeTag } from './unescape.ts';

export type Precision = 'ns' | 'us' | 'ms' | 's';

export const NS_PER_UNIT: Readonly<Record<Precision, bigint>> = {
  ns: 1n,
  us: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
};

export interface ParseOptions {
  readonly precision: Precision;
  /** The time of a line that has none, already cut to the precision. */
  readonly defaultNs: bigint;
}

/** Measurement and tags together, and key with field, as InfluxDB limits them. */
const KEY_BYTES_MAX = 65_535;
const FIELD_SEPARATOR_BYTES = 4;
const TIME_MIN = -(2n ** 63n) + 2n;
const TIME_MAX = 2n ** 63n - 2n;
const OUT_OF_RANGE = `time outside range ${TIME_MIN} - ${TIME_MAX}`;

export interface ParsedLine {
  readonly point: ParsedPoint;
  /** Where measurement and tags end in the line. */
  readonly keyEnd: number;
}

/** One line without its newline and leading space. Throws LineError. */
export function parseLine(line: Uint8Array, options: ParseOptions): ParsedLine {
  const name = scanMeasurement(line, 0);
  const { tags, end } = name.tags ? scanTags(line, name.end + 1) : { tags: [], end: name.end };
  const pairs = readTags(line, tags);
  if (end > KEY_BYTES_MAX) throw tooLong(end);
  const fieldsStart = skipSpace(line, end);
  const fieldsEnd = scanFields(line, fieldsStart);
  if (fieldsEnd === fieldsStart) throw new LineError('missing fields');
  const fields = readFields(line, fieldsStart, fieldsEnd);
  for (const field of fields) {
    const size = end + FIELD_SEPARATOR_BYTES + Buffer.byteLength(field.name);
    if (size > KEY_BYTES_MAX) throw tooLong(size);
  }
  const measurement = unescapeMeasurement(line, 0, name.end);
  const timeNs = readTime(line, fieldsEnd, options);
  return { point: { measurement, tags: pairs, fields, timeNs }, keyEnd: end };
}

function tooLong(size: number): LineError {
  return new LineError(`max key length exceeded: ${size} > ${KEY_BYTES_MAX}`);
}

const RESERVED = new Map([
  ['\u0000', '\\x00'],
  ['_field', '_field'],
  ['_measurement', '_measurement'],
  ['time', 'time'],
]);

function readTags(line: Uint8Array, spans: readonly TagSpan[]): (readonly [string, string])[] {
  const pairs = new Map<string, string>();
  for (const { start, equals, end } of spans) {
    const key = unescapeTag(line, start, equals);
    const reserved = line[start] === 0xff && equals === start + 1 ? '\\xff' : RESERVED.get(key);
    if (reserved) throw new LineError(`cannot use reserved tag key "${reserved}"`);
    if (pairs.has(key)) throw new LineError('duplicate tags');
    pairs.set(key, unescapeTag(line, equals + 1, end));
  }
  return [...pairs].sort(byKey);
}

function byKey(left: readonly [string, string], right: readonly [string, string]): number {
  return left[0] < right[0] ? -1 : 1;
}

function readTime(line: Uint8Array, fieldsEnd: number, options: ParseOptions): bigint {
  const start = skipSpace(line, fieldsEnd);
  const end = scanTime(line, start);
  if (end === start) return options.defaultNs;
  const ticks = parseInt64(decode(line, start, end));
  const timeNs = ticks * NS_PER_UNIT[options.precision];
  if (timeNs < TIME_MIN || timeNs > TIME_MAX) throw new LineError(OUT_OF_RANGE);
  for (let i = end; i < line.length; i++) {
    if (line[i] !== SPACE) throw new LineError('point is invalid');
  }
  return timeNs;
}
