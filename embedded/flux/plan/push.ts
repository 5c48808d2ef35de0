import type { Stream } from '../tables/stream.ts';
import type { TableStream } from '../values/value.ts';
import type { AggregatedOptions } from './aggregated.ts';
import { AggregatedRead } from './aggregated.ts';
import { GroupedRead } from './grouped.ts';
import { KeptRead } from './kept.ts';
import { isSelector } from './operation.ts';
import { Read } from './read.ts';
import { WindowedRead } from './windowed.ts';

/**
 * The aggregate by SQL where the stream is still a reading of storage; undefined where the columnar
 * function has to do it.
 */
export function aggregateRead(
  tables: TableStream,
  column: string,
  options: Omit<AggregatedOptions, 'byTime'>,
): Stream | undefined {
  if (column !== '_value') return undefined;
  if (tables instanceof WindowedRead) {
    // Which row of a window comes first depends on the order of the group's series.
    const grouped = tables.source instanceof GroupedRead;
    if (grouped && isSelector(options.operation)) return undefined;
    return new AggregatedRead(tables.use(), options);
  }
  if (tables instanceof KeptRead) {
    // Which row of those with the same value is chosen is told by the columns that went.
    const possible = tables.columns.has('_value') && !isSelector(options.operation);
    return possible ? new AggregatedRead(tables.use(), options) : undefined;
  }
  if (tables instanceof Read || tables instanceof GroupedRead) {
    return new AggregatedRead(tables.use(), options);
  }
  return undefined;
}
