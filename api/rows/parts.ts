import type { Influx } from '../contract.ts';
import { timeText } from '../http/moment.ts';
import { pickRows } from './store.ts';

export interface PartsOptions {
  readonly influx: Influx;
  /** The script of one part, its ends in RFC 3339. */
  readonly fluxOf: (start: string, stop: string) => string;
  /** The wanted columns; with `?` behind it one may be absent. */
  readonly labels: readonly string[];
  readonly startMs: number;
  /** Not included. */
  readonly stopMs: number;
  /** What InfluxDB holds of an answer depends on it, not on the range. */
  readonly partMs: number;
  readonly signal: AbortSignal;
}

/** Cells of the wanted columns, in the order asked. */
export type Cells = readonly string[];

/** Rows of a range, asked for part by part, so that neither side ever holds the whole of it. */
export async function* readParts(options: PartsOptions): AsyncGenerator<readonly Cells[], void> {
  const { influx, fluxOf, labels, startMs, stopMs, partMs, signal } = options;
  for (let fromMs = startMs; fromMs < stopMs; fromMs += partMs) {
    const flux = fluxOf(timeText(fromMs), timeText(Math.min(stopMs, fromMs + partMs)));
    for await (const { rows, indexes } of pickRows(influx, flux, labels, signal)) {
      yield rows.map((row) => indexes.map((index) => row[index] ?? ''));
    }
  }
}

/** What stands before the first row of a list, between two, and after the last. */
export interface ListFrame {
  readonly open: string;
  readonly between: string;
  readonly close: string;
}

const JSON_ARRAY: ListFrame = { open: '[', between: ',', close: ']' };

/** A bare list, as it is sent, and where the next page of it begins. */
export interface ArrayPage {
  /** RFC 3339; null: there is no more. */
  readonly next: string | null;
  readonly pieces: AsyncIterable<Buffer>;
}

/**
 * At most `limit` rows, all without one. Resolves when the first of them are there, so that what
 * goes wrong until then is still a clean answer. Their first cell is their time: that of the row
 * behind the page, which is read to know whether there is one, begins the next page.
 */
export async function pageOf(
  batches: AsyncGenerator<readonly Cells[], void>,
  rowText: (row: Cells) => string,
  limit: number | undefined,
  frame = JSON_ARRAY,
): Promise<ArrayPage> {
  if (limit === undefined) {
    return { next: null, pieces: await begun(listOf(batches, rowText, frame)) };
  }
  const taken: Cells[] = [];
  // Leaving the loop ends the query.
  for await (const batch of batches) {
    taken.push(...batch.slice(0, limit + 1 - taken.length));
    if (taken.length > limit) break;
  }
  const next = taken[limit]?.[0] ?? null;
  return { next, pieces: listOf([taken.slice(0, limit)], rowText, frame) };
}

async function* listOf(
  batches: AsyncIterable<readonly Cells[]> | Iterable<readonly Cells[]>,
  rowText: (row: Cells) => string,
  { open, between, close }: ListFrame,
): AsyncGenerator<Buffer, void> {
  let start = open;
  for await (const batch of batches) {
    if (batch.length === 0) continue;
    yield Buffer.from(start + batch.map(rowText).join(between));
    start = between;
  }
  yield Buffer.from(start === open ? open + close : close);
}

/** Waits for the first piece, and gives it back in its place. */
async function begun(pieces: AsyncGenerator<Buffer, void>): Promise<AsyncIterable<Buffer>> {
  const first = await pieces.next();
  return (async function* () {
    if (!first.done) yield first.value;
    yield* pieces;
  })();
}
