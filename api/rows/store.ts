import { TidemarkError } from '../../core/errors.ts';
import { columnIndexes } from '../../core/influx/rows.ts';
import type { RowBatch } from '../../core/influx/tables.ts';
import type { Influx } from '../contract.ts';
import type { PriceFormat } from './format.ts';
import { PriceTranscoder } from './transcode.ts';

/** Rows of one batch with the cells of the wanted columns where to find them. */
export interface PickedRows {
  readonly rows: readonly (readonly string[])[];
  /** Index into a row for each wanted label, in the order asked. */
  readonly indexes: readonly number[];
}

/**
 * Runs a Flux script and finds the wanted columns in each batch. What InfluxDB refuses is not the
 * caller's fault, so it never reaches a client as a 400, 401 or 404.
 */
export async function* pickRows(
  influx: Influx,
  flux: string,
  labels: readonly string[],
  signal: AbortSignal,
): AsyncGenerator<PickedRows, void> {
  let columns: RowBatch['columns'] | undefined;
  let indexes: readonly number[] = [];
  try {
    for await (const batch of influx.queryRows(flux, { signal })) {
      if (batch.rows.length === 0) continue;
      if (batch.columns !== columns) {
        columns = batch.columns;
        indexes = columnIndexes(columns, labels);
      }
      yield { rows: batch.rows, indexes };
    }
  } catch (error) {
    throw ours(error);
  }
}

interface PriceQuery {
  readonly flux: string;
  readonly format: PriceFormat;
  readonly signal: AbortSignal;
}

/**
 * Runs a Flux script of prices and gives its rows as pieces of some 64 kB in the wanted format. The
 * first piece comes as soon as there is a row; nothing comes when there is none.
 */
export async function* readPrices(
  influx: Influx,
  { flux, format, signal }: PriceQuery,
): AsyncGenerator<Buffer, void> {
  const transcoder = new PriceTranscoder(format);
  let begun = false;
  try {
    for await (const chunk of influx.queryCsv(flux, { signal })) {
      const full = transcoder.feed(chunk);
      if (begun) yield* full;
      else if (transcoder.rows > 0) {
        begun = true;
        yield Buffer.concat([...full, transcoder.takeAll()]);
      }
    }
    transcoder.end();
  } catch (error) {
    throw ours(error);
  }
  const last = transcoder.takeAll();
  if (last.length > 0) yield last;
}

/** What a client is told when InfluxDB fails us. */
function ours(cause: unknown): unknown {
  if (!(cause instanceof TidemarkError)) return cause;
  switch (cause.code) {
    case 'unauthorized':
    case 'forbidden':
    case 'not-found':
      // What to fix is for the operator: it is in the log and on /readyz.
      return new TidemarkError('unavailable', `the store refuses us: ${cause.message}`, { cause });
    case 'invalid':
    case 'conflict':
    case 'too-large':
      return new TidemarkError('internal', `our query was refused: ${cause.message}`, { cause });
    default:
      return cause;
  }
}
