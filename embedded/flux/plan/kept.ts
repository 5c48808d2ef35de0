import type { Series } from '../../storage/contract.ts';
import { mergeTables } from '../tables/merge.ts';
import { Stream } from '../tables/stream.ts';
import { mapTables } from '../tables/transform.ts';
import type { Table } from '../values/value.ts';
import { labelsOf } from './labels-of.ts';
import type { Read } from './read.ts';
import { compareLabels } from './shape.ts';
import { selectSeries } from './source.ts';

/**
 * `... |> keep(columns: ...)` of a reading. InfluxDB pushes nothing down below it, but an aggregate
 * of the values reads the same ones with or without the other columns.
 */
export class KeptRead extends Stream {
  readonly source: Read;
  readonly columns: ReadonlySet<string>;
  /** Leaves only these columns to a table, as often as it is asked. */
  readonly cut: (table: Table) => Table;
  readonly exclusive = false;

  /** The caller says `use()` on the source. */
  constructor(source: Read, columns: ReadonlySet<string>, cut: (table: Table) => Table) {
    super(source.scope, source.bounds);
    this.source = source;
    this.columns = columns;
    this.cut = cut;
  }

  override get sorted(): boolean {
    return true;
  }

  /**
   * The series in the order of what is left of their group keys; undefined where two of them have
   * the same left, because those come as one table.
   */
  inOrder(series: readonly Series[]): readonly Series[] | undefined {
    const keyed = series.map((one) => ({
      one,
      labels: labelsOf(one).filter(([label]) => this.columns.has(label)),
    }));
    keyed.sort((a, b) => compareLabels(a.labels, b.labels));
    const same = keyed.some(
      ({ labels }, i) => i > 0 && compareLabels(keyed[i - 1]!.labels, labels) === 0,
    );
    return same ? undefined : keyed.map(({ one }) => one);
  }

  /** Handed on one by one where each is read in its place and alone in it, else held and merged. */
  protected override async *read(signal: AbortSignal): AsyncGenerator<Table> {
    const tables = mapTables(this.source.tables(signal), this.cut, signal);
    yield* this.#areInOrder() ? tables : mergeTables(tables, this.scope.budget);
  }

  #areInOrder(): boolean {
    const series = selectSeries(this.scope.reader, this.source.spec);
    const left = this.inOrder(series);
    return left?.every((one, at) => one === series[at]) === true;
  }
}
