import { toMicros } from '../../core/clock.ts';
import { measurements } from '../../core/measurements.ts';
import { type FieldValue, type FloatText, msToNs, type Point } from '../../core/point.ts';
import type { ScanResult } from './result.ts';
import type { Phase } from './stopwatch.ts';

/** A scan in its place: which monitor, which slot, and how late it began. */
export interface SlottedScan {
  /** The monitor's id: the only tag. URLs, reasons and texts would make a series of each. */
  readonly monitor: string;
  readonly slotMs: number;
  readonly lateMs: number;
  readonly result: ScanResult;
}

type FieldName = keyof typeof measurements.scan.fields;

const PHASE_FIELDS = {
  dns: 'dns_ms',
  connect: 'connect_ms',
  tls: 'tls_ms',
  firstByte: 'ttfb_ms',
  transfer: 'transfer_ms',
} as const satisfies Record<Phase, FieldName>;

/** Named groups have a prefix, so that no name can meet a field of the scan itself. */
export const GROUP_PREFIX = 'value_';

/** The line of one scan. What was not reached or not asked for has no field, rather than a zero. */
export function scanPoint({ monitor, slotMs, lateMs, result }: SlottedScan): Point {
  const fields: Partial<Record<FieldName, FieldValue>> = {
    ok: result.ok,
    reason: result.reason,
    hops: BigInt(Math.max(0, result.hops.length - 1)),
    total_ms: result.totalMs,
    late_ms: toMicros(lateMs),
  };
  if (result.status !== undefined) fields.status = BigInt(result.status);
  if (result.bodyBytes !== undefined) fields.bytes = BigInt(result.bodyBytes);
  if (result.wireBytes !== undefined) fields.wire_bytes = BigInt(result.wireBytes);
  if (result.matched !== undefined) fields.matched = result.matched;
  if (result.truncated) fields.truncated = true;
  const { tls } = result;
  if (tls) fields.cert_days = (tls.earliestExpiryMs - tls.notAfterMs) / DAY_MS + tls.daysLeft;
  for (const [phase, name] of Object.entries(PHASE_FIELDS)) {
    const ms = result.phases[phase as Phase];
    if (ms !== undefined) fields[name] = ms;
  }
  const values = Object.entries(result.match?.values ?? {});
  const groups = Object.fromEntries(values.map(([name, value]) => [GROUP_PREFIX + name, value]));
  const tags = { monitor };
  return { measurement: 'scan', tags, fields: { ...fields, ...groups }, timeNs: msToNs(slotMs) };
}

const DAY_MS = 86_400_000;

/** Fields as JSON holds them: numbers, texts, yes and no. */
export type PlainFields = Readonly<Record<string, number | boolean | string>>;

/** The fields of a point, to be kept until it is in the spool. */
export function plainFields({ fields }: Point): PlainFields {
  const plain = Object.entries(fields).map(([name, value]) => {
    return [name, typeof value === 'object' ? Number(value.floatText) : plainValue(value)];
  });
  return Object.fromEntries(plain);
}

function plainValue(value: Exclude<FieldValue, FloatText>): number | boolean | string {
  return typeof value === 'bigint' ? Number(value) : value;
}

export interface KeptScan {
  readonly monitor: number;
  readonly slotMs: number;
  readonly fields: PlainFields;
}

/** The point of fields that were kept: what is whole by the schema is whole again. */
export function keptPoint({ monitor, slotMs, fields }: KeptScan): Point {
  const typed = Object.entries(fields).map(([name, value]): [string, FieldValue] => {
    const whole = typeof value === 'number' && WHOLE.has(name) && Number.isInteger(value);
    return [name, whole ? BigInt(value) : value];
  });
  const tags = { monitor: String(monitor) };
  const timeNs = msToNs(slotMs);
  return { measurement: 'scan', tags, fields: Object.fromEntries(typed), timeNs };
}

const WHOLE: ReadonlySet<string> = new Set(
  Object.entries(measurements.scan.fields).flatMap(([name, { type }]) =>
    type === 'int' ? [name] : [],
  ),
);
