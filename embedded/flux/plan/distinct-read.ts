import type { Series } from '../../storage/contract.ts';
import { ColumnBuilder } from '../tables/builder.ts';
import { constantColumn } from '../tables/column.ts';
import { Stream } from '../tables/stream.ts';
import { sortTables } from '../tables/transform.ts';
import type { Table, TableStream } from '../values/value.ts';
import { aggregateUnits } from './dense.ts';
import { GroupedRead } from './grouped.ts';
import { labelOf } from './labels-of.ts';
import { Read } from './read.ts';
import type { GroupUnit } from './shape.ts';
import { boundColumns, groupSeries, seriesKey, unionLabels } from './shape.ts';
import { selectSeries } from './source.ts';

/** `distinct(column: tag)` over a reading: only which series have points is asked of storage. */
export function distinctRead(tables: TableStream, column: string): Stream | undefined {
  if (!(tables instanceof Read || tables instanceof GroupedRead)) return undefined;
  const points = new Set(['_time', '_value', '_start', '_stop']);
  return points.has(column) ? undefined : new DistinctRead(tables.use(), column);
}

class DistinctRead extends Stream {
  readonly #source: Read | GroupedRead;
  readonly #column: string;

  constructor(source: Read | GroupedRead, column: string) {
    super(source.scope, source.bounds);
    this.#source = source;
    this.#column = column;
  }

  override get sorted(): boolean {
    return true;
  }

  protected override read(signal: AbortSignal): AsyncIterable<Table> {
    return sortTables(this.#tables(signal), this.scope.budget);
  }

  async *#tables(signal: AbortSignal): AsyncGenerator<Table> {
    const source = this.#source;
    const series = await this.#withPoints(signal);
    if (source instanceof GroupedRead) {
      for (const unit of groupSeries(series, source.labels)) yield this.#table(unit);
      return;
    }
    for (const one of series) {
      yield this.#table({ series: [one], type: one.type, labels: [], values: [] });
    }
  }

  get #read(): Read {
    return this.#source instanceof GroupedRead ? this.#source.source : this.#source;
  }

  async #withPoints(signal: AbortSignal): Promise<Series[]> {
    const { spec } = this.#read;
    const { reader } = this.scope;
    const all = selectSeries(reader, spec);
    const found = new Set<Series>();
    for (const type of new Set(all.map((one) => one.type))) {
      const series = all.filter((one) => one.type === type);
      const { present } = await aggregateUnits(
        reader,
        series.map((one) => ({ series: [one], type })),
        { spec, operation: { name: 'count' }, grid: undefined, signal },
      );
      series.forEach((one, i) => {
        if (present[i] === 1) found.add(one);
      });
    }
    return all.filter((one) => found.has(one));
  }

  /** The group key, then each value once, in the order of the series; null where one lacks it. */
  #table(unit: GroupUnit): Table {
    const key = this.#key(unit);
    const [first] = unit.series;
    const values = new Set(unit.series.map((one) => labelOf(one, this.#column) ?? null));
    const builder = new ColumnBuilder('_value', 'string', values.size);
    // A column that no row has counts as an empty text.
    const known = unionLabels(unit.series).includes(this.#column);
    for (const value of known ? values : ['']) builder.append(value);
    const constants = key.map((label) => {
      const bound = boundColumns(this.#read.spec.bounds).find((one) => one.label === label);
      return bound ?? constantColumn(label, 'string', labelOf(first!, label) ?? '');
    });
    return { key, columns: [...constants, builder.finish()], rowCount: builder.length };
  }

  #key(unit: GroupUnit): readonly string[] {
    const source = this.#source;
    if (!(source instanceof GroupedRead)) return seriesKey(unit.series[0]!);
    if (source.source.exclusive) return ['_start', '_stop', ...unit.labels];
    return unit.labels.filter((_, i) => unit.values[i] !== undefined).sort();
  }
}
