import { formatMs } from '../../core/duration.ts';
import type { MetricQueries } from '../../flux/metric-queries.ts';
import type { MetricEntry } from '../../registry/metrics.ts';
import type { Influx } from '../contract.ts';
import { type RangeQuery, readRange } from '../http/moment.ts';
import { invalidParameter, readEvery } from '../http/parameter.ts';
import { numberText } from './format.ts';
import { type ArrayPage, type Cells, pageOf, readParts } from './parts.ts';

const SECOND_MS = 1_000;
const DAY_MS = 86_400_000;
const EVERY_MS = 60_000;
/** Windows of one query: more than the minutes of a day. */
const WINDOWS = 2_000;

/** What was asked for, checked. */
export interface RecordsAsked {
  readonly startMs: number;
  /** Not included. */
  readonly stopMs: number;
  readonly everyMs: number;
  readonly exchange: string | undefined;
  readonly limit: number | undefined;
}

interface RecordsQuery extends RangeQuery {
  readonly every?: string | undefined;
  readonly exchange?: string | undefined;
  readonly limit?: number | undefined;
}

/** @throws TidemarkError `invalid` naming the parameter that is wrong */
export function readRecordsQuery(
  query: RecordsQuery,
  { nowMs, retentionMs }: { readonly nowMs: number; readonly retentionMs: number },
): RecordsAsked {
  const exchange = query.exchange?.toLowerCase();
  if (exchange !== undefined && query.every !== undefined) {
    throw invalidParameter('every', 'with exchange its values come as they were written');
  }
  const everyMs = query.every === undefined ? EVERY_MS : readEvery(query.every, SECOND_MS, DAY_MS);
  const { startMs, stopMs } = readRange(query, { nowMs, retentionMs });
  const stepMs = exchange === undefined ? everyMs : 1;
  return {
    startMs: Math.floor(startMs / stepMs) * stepMs,
    stopMs,
    everyMs,
    exchange,
    limit: query.limit,
  };
}

export interface RecordsOptions {
  readonly influx: Influx;
  readonly queries: MetricQueries;
  readonly entry: MetricEntry;
  readonly signal: AbortSignal;
}

/** The records of a metric; a page is `limit` rows. */
export async function readRecords(
  { influx, queries, entry, signal }: RecordsOptions,
  asked: RecordsAsked,
): Promise<ArrayPage> {
  const { startMs, stopMs, everyMs, exchange, limit } = asked;
  const { pair, metric } = entry;
  const every = formatMs(everyMs);
  const rows = readParts({
    influx,
    signal,
    labels: ['_time', '_value'],
    startMs,
    stopMs,
    partMs: exchange === undefined ? everyMs * WINDOWS : DAY_MS,
    fluxOf: (start, stop) =>
      exchange === undefined
        ? queries.records({ pair, metric, every, start, stop })
        : queries.exchangeRecords({ pair, metric, exchange, start, stop }),
  });
  return pageOf(rows, rowText, limit);
}

function rowText([time = '', value = '']: Cells): string {
  return `{"timestamp":"${time}","value":${numberText(value) ?? 'null'}}`;
}
