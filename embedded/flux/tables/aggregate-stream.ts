import type { CallContext } from '../functions/context.ts';
import type { TableStream } from '../values/value.ts';
import type { Aggregate } from './aggregate.ts';
import { aggregateTable, count, mean, sum } from './aggregate.ts';
import type { Stream } from './stream.ts';
import { eachTableSorted } from './transform.ts';

/** What a stream aggregates, for aggregateWindow to put the steps together. */
export interface ColumnarAggregate {
  readonly source: TableStream;
  readonly aggregate: Aggregate;
  /** InfluxDB computes aggregateWindow of it in one go. */
  readonly fused: boolean;
}

const made = new WeakMap<TableStream, ColumnarAggregate>();

export function columnarAggregateOf(stream: TableStream): ColumnarAggregate | undefined {
  return made.get(stream);
}

/** One row for each table: the aggregate of one column. */
export function aggregateStream(
  tables: TableStream,
  context: CallContext,
  { column, aggregate }: { readonly column: string; readonly aggregate: Aggregate },
): Stream {
  const stream = eachTableSorted(tables, context, (table) =>
    aggregateTable(table, column, aggregate),
  );
  const fused = aggregate === mean || aggregate === sum || aggregate === count;
  made.set(stream, { source: tables, aggregate, fused });
  return stream;
}
