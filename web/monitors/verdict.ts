/** What the end of a scan means, in colours and words. Pure: no page needed. */
import type { MonitorSummary, Scan } from '../../client/types.ts';
import { lengthMs, moment, span } from '../format.ts';
import type { Cell, Tone } from '../parts/strip.ts';

/** These say nothing about the target: see docs/api.md. */
const UNKNOWN = new Set([
  ...['blocked', 'throttled', 'offline', 'timeout-match'],
  ...['local', 'cancelled', 'invalid', 'internal'],
]);

type Standing = 'up' | 'down' | 'unknown';

export function standingOf({ ok, reason }: Pick<Scan, 'ok' | 'reason'>): Standing {
  if (ok) return 'up';
  return UNKNOWN.has(reason) ? 'unknown' : 'down';
}

const TONES: Readonly<Record<string, Tone>> = { up: 'good', down: 'bad', unknown: 'warn' };

export function toneOf(state: string): Tone {
  return TONES[state] ?? 'none';
}

export function cellOf(scan: Scan): Cell {
  const { slot, reason, totalMs } = scan;
  return { tone: toneOf(standingOf(scan)), text: `${moment(slot)}: ${reason}, ${span(totalMs)}` };
}

/** "40 scans: 38 up, 2 down (timeout-connect); newest up". */
export function stripWords(scans: readonly Scan[]): string {
  const last = scans.at(-1);
  if (last === undefined) return 'no scans yet';
  const counts = { up: 0, down: 0, unknown: 0 };
  const reasons = new Set<string>();
  for (const scan of scans) {
    counts[standingOf(scan)] += 1;
    if (!scan.ok) reasons.add(scan.reason);
  }
  const told = Object.entries(counts).filter(([, count]) => count > 0);
  const words = told.map(([state, count]) => `${count} ${state}`).join(', ');
  const why = reasons.size === 0 ? '' : ` (${[...reasons].join(', ')})`;
  return `${scans.length} scans: ${words}${why}; newest ${standingOf(last)}`;
}

type Bucket = NonNullable<MonitorSummary['buckets']>[number];

function bucketCell({ start, up, down, unknown, meanMs }: Bucket): Cell {
  const tone = down > 0 ? 'bad' : up > 0 ? 'good' : unknown > 0 ? 'warn' : 'none';
  return {
    tone,
    text: `${moment(start)}: ${up} up, ${down} down, ${unknown} unknown, mean ${span(meanMs)}`,
  };
}

/** A cell for each step of the window, also for those without a scan. */
export function bucketCells(
  { start, stop, buckets = [] }: MonitorSummary,
  everyMs: number,
): Cell[] {
  const found = new Map(buckets.map((bucket) => [Date.parse(bucket.start), bucket]));
  const cells: Cell[] = [];
  const endMs = Date.parse(stop);
  for (let ms = Math.ceil(Date.parse(start) / everyMs) * everyMs; ms < endMs; ms += everyMs) {
    const bucket = found.get(ms);
    cells.push(bucket ? bucketCell(bucket) : { tone: 'none', text: `${moment(ms)}: no scan` });
  }
  return cells;
}

/** The value below which so many of them are; between two in proportion. */
export function quantile(values: readonly number[], part: number): number | undefined {
  if (values.length === 0) return undefined;
  const sorted = values.toSorted((a, b) => a - b);
  const at = (sorted.length - 1) * part;
  const low = sorted[Math.floor(at)]!;
  return low + (sorted[Math.ceil(at)]! - low) * (at - Math.floor(at));
}

/** Of an interval as the API tells it; a minute where it is none. */
export function intervalMs(text: string): number {
  return lengthMs(text) || 60_000;
}

/** Percent with the digits that matter near one. */
export function uptimeText(uptime: number | null | undefined): string {
  if (uptime === null || uptime === undefined) return '–';
  if (uptime === 1) return '100 %';
  return `${(Math.floor(uptime * 100_000) / 1000).toFixed(uptime > 0.99 ? 3 : 1)} %`;
}
