import type { ScanQueries } from '../../flux/scan-queries.ts';
import type { Influx } from '../contract.ts';
import { type MediaType, numberText, timeText } from '../rows/format.ts';
import { type ArrayPage, type Cells, type ListFrame, pageOf, readParts } from '../rows/parts.ts';

const HOUR_MS = 3_600_000;
const PART_MS_MAX = 7 * 86_400_000;
/** Rows of one query: InfluxDB holds a part whole. */
const ROWS = 20_000;
/** Most queries for a page of a monitor that has nothing to tell. */
const PARTS = 16;

type Kind = 'number' | 'bool' | 'text';

/** Fields of `scan` (core/measurements.ts) as they are told, in this order. */
const FIELDS: readonly (readonly [field: string, name: string, kind: Kind])[] = [
  ['ok', 'ok', 'bool'],
  ['reason', 'reason', 'text'],
  ['status', 'status', 'number'],
  ['bytes', 'bytes', 'number'],
  ['wire_bytes', 'wireBytes', 'number'],
  ['truncated', 'truncated', 'bool'],
  ['hops', 'hops', 'number'],
  ['matched', 'matched', 'bool'],
  ['dns_ms', 'dnsMs', 'number'],
  ['connect_ms', 'connectMs', 'number'],
  ['tls_ms', 'tlsMs', 'number'],
  ['ttfb_ms', 'ttfbMs', 'number'],
  ['transfer_ms', 'transferMs', 'number'],
  ['total_ms', 'totalMs', 'number'],
  ['late_ms', 'lateMs', 'number'],
  ['cert_days', 'certDays', 'number'],
];

export interface ScansAsked {
  readonly monitor: number;
  /** The named groups of its pattern. */
  readonly groups: readonly string[];
  readonly intervalMs: number;
  readonly startMs: number;
  readonly stopMs: number;
  readonly limit: number | undefined;
  readonly media: MediaType;
}

export interface ScanStore {
  readonly influx: Influx;
  readonly scanQueries: ScanQueries;
}

/** The scans of a monitor by time; a page is `limit` of them. */
export function readScans(
  { influx, scanQueries }: ScanStore,
  { monitor, groups, intervalMs, startMs, stopMs, limit, media }: ScansAsked,
  signal: AbortSignal,
): Promise<ArrayPage> {
  const labels = ['_time', ...FIELDS.map(([field]) => `${field}?`)];
  const rows = readParts({
    influx,
    signal,
    labels: [...labels, ...groups.map((name) => `value_${name}?`)],
    ...{ startMs, stopMs },
    partMs: partMsOf(intervalMs, limit ?? ROWS, stopMs - startMs),
    fluxOf: (start, stop) => scanQueries.results({ monitor: String(monitor), start, stop }),
  });
  return pageOf(rows, rowTextOf(media, groups), limit, frameOf(media, groups));
}

/** For a page no more than it needs, as far as that makes no crowd of queries. */
function partMsOf(intervalMs: number, limit: number, rangeMs: number): number {
  const mostMs = Math.min(PART_MS_MAX, Math.max(HOUR_MS, intervalMs * ROWS));
  return Math.ceil(Math.min(mostMs, Math.max(intervalMs * (limit + 1), rangeMs / PARTS)));
}

function frameOf(media: MediaType, groups: readonly string[]): ListFrame {
  if (media === 'application/json') return { open: '[', between: ',', close: ']' };
  if (media === 'application/x-ndjson') return { open: '', between: '', close: '' };
  const names = [
    'slot',
    ...FIELDS.map(([, name]) => name),
    ...groups.map((name) => `values.${name}`),
  ];
  return { open: `${names.join(',')}\r\n`, between: '', close: '' };
}

function rowTextOf(media: MediaType, groups: readonly string[]): (row: Cells) => string {
  if (media === 'text/csv') return csvOf;
  const end = media === 'application/x-ndjson' ? '}\n' : '}';
  return (row) => objectOf(row, groups) + end;
}

function objectOf(row: Cells, groups: readonly string[]): string {
  let text = `{"slot":"${timeText(row[0] ?? '')}"`;
  for (const [index, [, name, kind]] of FIELDS.entries()) {
    const value = jsonOf(row[index + 1] ?? '', kind);
    if (value !== undefined) text += `,"${name}":${value}`;
  }
  const values = groups.flatMap((name, index) => {
    const value = jsonOf(row[FIELDS.length + 1 + index] ?? '', 'number');
    return value === undefined ? [] : [`${JSON.stringify(name)}:${value}`];
  });
  return values.length === 0 ? text : `${text},"values":{${values.join(',')}}`;
}

/** Undefined: the scan has no such field. */
function jsonOf(cell: string, kind: Kind): string | undefined {
  if (cell === '') return undefined;
  if (kind === 'text') return JSON.stringify(cell);
  return kind === 'bool' ? String(cell === 'true') : numberText(cell);
}

function csvOf([slot = '', ...cells]: Cells): string {
  const texts = cells.map((cell) =>
    /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell,
  );
  return `${timeText(slot)},${texts.join(',')}\r\n`;
}
