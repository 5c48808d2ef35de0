import type { Stream } from '../tables/stream.ts';
import type { TableStream } from '../values/value.ts';
import type { AggregatedOptions } from './aggregated.ts';
import { AggregatedRead } from './aggregated.ts';
import { GroupedRead } from './grouped.ts';
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
  if (tables instanceof Read || tables instanceof GroupedRead) {
    return new AggregatedRead(tables.use(), options);
  }
  return undefined;
}
