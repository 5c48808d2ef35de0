import { fixedMs, formatMs } from '../core/duration.ts';
import { isCode, TidemarkError } from '../core/errors.ts';
import type { MetricQueries } from '../flux/metric-queries.ts';
import type { MetricEntry } from '../registry/metrics.ts';
import type { Influx } from './contract.ts';
import { numberText } from './format.ts';
import { readMoment, timeText } from './moment.ts';
import { pickRows } from './store.ts';

const SECOND_MS = 1_000;
const DAY_MS = 86_400_000;
const EVERY_MS = 60_000;
/** Windows of one query: what InfluxDB holds of an answer depends on it, not on the range. */
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

interface RecordsQuery {
  readonly start: string;
  readonly stop: string;
  readonly every?: string | undefined;
  readonly exchange?: string | undefined;
  readonly limit?: number | undefined;
  readonly cursor?: string | undefined;
}

/** @throws TidemarkError `invalid` naming the parameter that is wrong */
export function readRecordsQuery(
  query: RecordsQuery,
  { nowMs, retentionMs }: { readonly nowMs: number; readonly retentionMs: number },
): RecordsAsked {
  const exchange = query.exchange?.toLowerCase();
  if (exchange !== undefined && query.every !== undefined) {
    throw invalid('every', 'with exchange its values come as they were written');
  }
  const everyMs = readEvery(query.every);
  const given = query.cursor ?? query.start;
  const fromMs = readMoment(query.cursor === undefined ? 'start' : 'cursor', given, nowMs);
  const untilMs = readMoment('stop', query.stop, nowMs);
  if (fromMs >= untilMs && query.cursor === undefined) {
    throw invalid('start', 'it is not before stop');
  }
  // Nothing is kept from before, and nothing is known from after: not worth a query.
  const oldestMs = Math.max(fromMs, nowMs - retentionMs);
  const stepMs = exchange === undefined ? everyMs : 1;
  return {
    startMs: Math.floor(oldestMs / stepMs) * stepMs,
    stopMs: Math.min(untilMs, nowMs),
    everyMs,
    exchange,
    limit: query.limit,
  };
}

function readEvery(text: string | undefined): number {
  if (text === undefined) return EVERY_MS;
  const ms = lengthOf(text);
  if (ms !== undefined && ms >= SECOND_MS && ms <= DAY_MS && ms % SECOND_MS === 0) return ms;
  throw invalid('every', 'expected whole seconds, from 1s to 1d');
}

function lengthOf(text: string): number | undefined {
  try {
    return fixedMs(text);
  } catch (error) {
    if (isCode(error, 'invalid')) return undefined;
    throw error;
  }
}

function invalid(parameter: string, message: string): TidemarkError {
  return new TidemarkError('invalid', `parameter ${parameter}: ${message}`, {
    details: { parameter },
  });
}

/** One page: its rows as JSON, and where the next page begins. */
export interface RecordsPage {
  /** RFC 3339; null: there is no more. */
  readonly next: string | null;
  /** The JSON array in pieces; none is made before it is asked for. */
  readonly pieces: AsyncIterable<Buffer>;
}

export interface RecordsOptions {
  readonly influx: Influx;
  readonly queries: MetricQueries;
  readonly entry: MetricEntry;
  readonly signal: AbortSignal;
}

type Row = readonly [time: string, value: string];

/**
 * The records of a metric. Resolves when the first of them is there, so that what goes wrong until
 * then is still a clean answer.
 *
 * A page over all exchanges is `limit` windows, found by counting; one of a single exchange is
 * `limit` rows, one more of which is read to know whether there are more.
 */
export async function readRecords(
  options: RecordsOptions,
  asked: RecordsAsked,
): Promise<RecordsPage> {
  const { startMs, stopMs, everyMs, exchange, limit } = asked;
  if (exchange === undefined) {
    const endMs = limit === undefined ? stopMs : Math.min(stopMs, startMs + limit * everyMs);
    const next = endMs < stopMs ? timeText(endMs) : null;
    const rows = rowsOf(options, { ...asked, stopMs: endMs });
    return { next, pieces: await begun(jsonOf(rows)) };
  }
  const rows = rowsOf(options, asked);
  if (limit === undefined) return { next: null, pieces: await begun(jsonOf(rows)) };
  const { taken, more } = await take(rows, limit);
  return { next: more === undefined ? null : more[0], pieces: jsonOf([taken]) };
}

/** Part by part, so that neither side ever holds the whole range. */
async function* rowsOf(
  { influx, queries, entry, signal }: RecordsOptions,
  { startMs, stopMs, everyMs, exchange }: RecordsAsked,
): AsyncGenerator<readonly Row[], void> {
  const { pair, metric } = entry;
  const partMs = exchange === undefined ? everyMs * WINDOWS : DAY_MS;
  for (let fromMs = startMs; fromMs < stopMs; fromMs += partMs) {
    const toMs = Math.min(stopMs, fromMs + partMs);
    const range = { pair, metric, start: timeText(fromMs), stop: timeText(toMs) };
    const flux =
      exchange === undefined
        ? queries.records({ ...range, every: formatMs(everyMs) })
        : queries.exchangeRecords({ ...range, exchange });
    for await (const { rows, indexes } of pickRows(influx, flux, ['_time', '_value'], signal)) {
      const [time = 0, value = 0] = indexes;
      yield rows.map((row) => [row[time] ?? '', row[value] ?? ''] as const);
    }
  }
}

async function take(
  batches: AsyncGenerator<readonly Row[], void>,
  count: number,
): Promise<{ taken: readonly Row[]; more: Row | undefined }> {
  const taken: Row[] = [];
  // Leaving the loop ends the query.
  for await (const batch of batches) {
    taken.push(...batch.slice(0, count + 1 - taken.length));
    if (taken.length > count) break;
  }
  return { taken: taken.slice(0, count), more: taken[count] };
}

async function* jsonOf(
  batches: AsyncIterable<readonly Row[]> | Iterable<readonly Row[]>,
): AsyncGenerator<Buffer, void> {
  let open = '[';
  for await (const batch of batches) {
    if (batch.length === 0) continue;
    yield Buffer.from(open + batch.map(rowText).join(','));
    open = ',';
  }
  yield Buffer.from(open === '[' ? '[]' : ']');
}

function rowText([time, value]: Row): string {
  return `{"timestamp":"${time}","value":${numberText(value) ?? 'null'}}`;
}

/** Waits for the first piece, and gives it back in its place. */
async function begun(pieces: AsyncGenerator<Buffer, void>): Promise<AsyncIterable<Buffer>> {
  const first = await pieces.next();
  return (async function* () {
    if (!first.done) yield first.value;
    yield* pieces;
  })();
}
