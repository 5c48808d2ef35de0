import type { measurements } from '../../core/measurements.ts';
import { type FieldValue, msToNs, type Point } from '../../core/point.ts';
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
    late_ms: lateMs,
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
