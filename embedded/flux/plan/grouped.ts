import { groupBy, groupTables } from '../tables/group.ts';
import { Stream } from '../tables/stream.ts';
import type { Table } from '../values/value.ts';
import { RawReader } from './raw.ts';
import type { Read } from './read.ts';
import type { GroupPart } from './shape.ts';
import { checkTypes, groupSeries, groupTable } from './shape.ts';
import { selectSeries } from './source.ts';

/**
 * `... |> group(columns: ...)` by what the dictionary knows. As long as nothing else reads the
 * source, InfluxDB's storage does the grouping and leaves `_start` and `_stop` in the key.
 */
export class GroupedRead extends Stream {
  readonly source: Read;
  /** What the script named, `_start` and `_stop` included. */
  readonly columns: readonly string[];

  /** The caller says `use()` on the source. */
  constructor(source: Read, columns: readonly string[]) {
    super(source.scope, source.bounds);
    this.source = source;
    this.columns = columns;
  }

  /** The tags, `_measurement` and `_field` among the columns. */
  get labels(): readonly string[] {
    return this.columns.filter((label) => label !== '_start' && label !== '_stop');
  }

  get exclusive(): boolean {
    return this.readers <= 1 && this.source.exclusive;
  }

  protected override read(signal: AbortSignal): AsyncIterable<Table> {
    if (this.source.exclusive) return this.#groups(signal);
    const { budget } = this.scope;
    return groupTables(this.source.tables(signal), {
      keyOf: groupBy(this.columns),
      budget,
      signal,
    });
  }

  async *#groups(signal: AbortSignal): AsyncGenerator<Table> {
    const { scope } = this;
    const { spec } = this.source;
    const holding = scope.budget.hold();
    const raw = new RawReader(scope.reader, { spec, holding, signal });
    for (const unit of groupSeries(selectSeries(scope.reader, spec), this.labels)) {
      try {
        const buffers = await raw.readBatch(unit.series);
        const parts: GroupPart[] = [];
        for (const series of unit.series) {
          const points = buffers.get(series.sid)?.finish();
          if (points !== undefined) parts.push({ series, points });
        }
        const type = parts[0]?.series.type;
        if (type === undefined) continue;
        checkTypes({ series: parts.map((part) => part.series), type });
        yield groupTable({ ...unit, type }, parts, spec.bounds);
      } finally {
        holding.free();
      }
    }
  }
}
