import { fixedMs, formatMs } from '../../core/duration.ts';
import { timeText } from '../http/moment.ts';
import { readEvery } from '../http/parameter.ts';
import { pickRows } from '../rows/store.ts';
import type { MonitorDesk } from './desk.ts';
import type { SummaryAnswer } from './scan-schemas.ts';
import type { ScanStore } from './scans.ts';

const BUCKETS_MAX = 1_500;

export interface SummaryAsked {
  readonly monitor: number;
  readonly window: SummaryAnswer['window'];
  /** Of a bucket, as it was written; undefined: none are wanted. */
  readonly every: string | undefined;
  readonly nowMs: number;
}

/**
 * How the scans of a monitor ended and how long they took, over a window up to now.
 * @throws TidemarkError `invalid` naming the parameter
 */
export async function readSummary(
  store: ScanStore,
  { monitor, window, every, nowMs }: SummaryAsked,
  { meaningOf, signal }: Pick<MonitorDesk, 'meaningOf'> & { readonly signal: AbortSignal },
): Promise<SummaryAnswer> {
  const windowMs = fixedMs(window);
  const leastMs = Math.ceil(windowMs / BUCKETS_MAX / 1_000) * 1_000;
  const everyMs = every === undefined ? undefined : readEvery(every, leastMs, windowMs);
  const startMs = nowMs - windowMs;
  const range = { monitor: String(monitor), start: timeText(startMs), stop: timeText(nowMs + 1) };
  const reader = { store, range, signal, startMs };
  const [reasons, latency, steps] = await Promise.all([
    readReasons(reader, everyMs ?? windowMs),
    readLatency(reader),
    everyMs === undefined ? undefined : readSteps(reader, everyMs),
  ]);
  const part = (name: string) => latency.get(name) ?? null;
  const counts = countsOf(reasons, meaningOf);
  return {
    ...{ monitor, window, start: isoOf(startMs), stop: isoOf(nowMs) },
    scans: counts.up + counts.down + counts.unknown,
    ...counts,
    reasons: sumsOf(reasons),
    latencyMs: {
      ...{ mean: part('mean'), p50: part('p50'), p90: part('p90') },
      ...{ p99: part('p99'), max: part('max') },
    },
    phasesMs: {
      ...{ dns: part('dns_ms'), connect: part('connect_ms'), tls: part('tls_ms') },
      ...{ firstByte: part('ttfb_ms'), transfer: part('transfer_ms') },
    },
    lateMs: part('late_ms'),
    ...(steps && { buckets: bucketsOf(reasons, steps, meaningOf) }),
  };
}

interface Reader {
  readonly store: ScanStore;
  readonly range: { readonly monitor: string; readonly start: string; readonly stop: string };
  readonly startMs: number;
  readonly signal: AbortSignal;
}

interface Reasons {
  readonly startMs: number;
  readonly reason: string;
  readonly count: number;
}

async function readReasons(
  { store, range, signal }: Reader,
  everyMs: number,
): Promise<readonly Reasons[]> {
  const flux = store.scanQueries.reasons({ ...range, every: formatMs(everyMs) });
  const found: Reasons[] = [];
  for await (const row of cellsOf(store, flux, ['_time', 'reason', '_value'], signal)) {
    const [time = '', reason = '', count = ''] = row;
    found.push({ startMs: bucketAt(time, everyMs), reason, count: Number(count) });
  }
  return found;
}

async function readLatency({ store, range, signal }: Reader): Promise<Map<string, number>> {
  const parts = new Map<string, number>();
  const flux = store.scanQueries.latency(range);
  for await (const [part = '', value = ''] of cellsOf(store, flux, ['part', '_value'], signal)) {
    if (value !== '') parts.set(part, Number(value));
  }
  return parts;
}

/** By the begin of the bucket in ms and the part. */
async function readSteps(
  { store, range, signal }: Reader,
  everyMs: number,
): Promise<Map<string, number>> {
  const steps = new Map<string, number>();
  const flux = store.scanQueries.latencySteps({ ...range, every: formatMs(everyMs) });
  for await (const row of cellsOf(store, flux, ['_time', 'part', '_value'], signal)) {
    const [time = '', part = '', value = ''] = row;
    if (value !== '') steps.set(`${bucketAt(time, everyMs)} ${part}`, Number(value));
  }
  return steps;
}

/** The first window is said to begin with the range: told is where it would begin whole. */
function bucketAt(time: string, everyMs: number): number {
  return Math.floor(Date.parse(time) / everyMs) * everyMs;
}

async function* cellsOf(
  { influx }: ScanStore,
  flux: string,
  labels: readonly string[],
  signal: AbortSignal,
): AsyncGenerator<readonly string[], void> {
  for await (const { rows, indexes } of pickRows(influx, flux, labels, signal)) {
    for (const row of rows) yield indexes.map((index) => row[index] ?? '');
  }
}

type MeaningOf = MonitorDesk['meaningOf'];

function countsOf(reasons: readonly Reasons[], meaningOf: MeaningOf) {
  const counts = { up: 0, down: 0, unknown: 0 };
  for (const { reason, count } of reasons) counts[meaningOf(reason)] += count;
  const known = counts.up + counts.down;
  return { ...counts, uptime: known === 0 ? null : counts.up / known };
}

function sumsOf(reasons: readonly Reasons[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const { reason, count } of reasons) sums[reason] = (sums[reason] ?? 0) + count;
  return sums;
}

function bucketsOf(
  reasons: readonly Reasons[],
  steps: ReadonlyMap<string, number>,
  meaningOf: MeaningOf,
): NonNullable<SummaryAnswer['buckets']> {
  const byStart = new Map<number, Reasons[]>();
  for (const one of reasons) byStart.set(one.startMs, [...(byStart.get(one.startMs) ?? []), one]);
  const sorted = [...byStart].sort(([a], [b]) => a - b);
  return sorted.map(([startMs, found]) => ({
    start: isoOf(startMs),
    ...countsOf(found, meaningOf),
    meanMs: steps.get(`${startMs} mean`) ?? null,
    maxMs: steps.get(`${startMs} max`) ?? null,
  }));
}

function isoOf(ms: number): string {
  return new Date(ms).toISOString();
}
