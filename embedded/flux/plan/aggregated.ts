import { messageOf } from '../../../core/errors.ts';
import type { Series } from '../../storage/contract.ts';
import { paced } from '../tables/pause.ts';
import type { Stream as StreamType } from '../tables/stream.ts';
import { Stream } from '../tables/stream.ts';
import { mapTables, sortTables } from '../tables/transform.ts';
import type { Table } from '../values/value.ts';
import type { UnitAnswer } from './answer-table.ts';
import { answerTables } from './answer-table.ts';
import type { DenseCells } from './dense.ts';
import { aggregateUnits } from './dense.ts';
import { GroupedRead } from './grouped.ts';
import { KeptRead } from './kept.ts';
import { bestOfGroup } from './merge.ts';
import type { Operation } from './operation.ts';
import { isFused, isSelector, isStored, takesType } from './operation.ts';
import type { Read } from './read.ts';
import type { GroupUnit } from './shape.ts';
import { checkTypes, groupSeries, sortByKey } from './shape.ts';
import { selectSeries } from './source.ts';
import type { WindowChoice } from './windowed.ts';
import { WindowedRead } from './windowed.ts';
import type { WindowGrid } from './windows.ts';
import { windowGrid } from './windows.ts';

/** Cells (units times windows) of one statement: some tens of megabytes of answers. */
const CELLS_MAX = 1_000_000;
/** More windows than this for one series are left to the columnar functions. */
const WINDOWS_MAX = 4_000_000;

export interface AggregatedOptions {
  readonly operation: Operation;
  /** The same by the columnar functions: for what SQL cannot do (see `read`). */
  readonly columnar: () => StreamType;
  /** As aggregateWindow joins the windows again: one table per unit, `_time` from this bound. */
  readonly byTime?: TimeChoice | undefined;
}

export interface TimeChoice {
  readonly bound: '_start' | '_stop';
  /** Windows without points have a row too. */
  readonly createEmpty: boolean;
}

type Source = Read | GroupedRead | WindowedRead | KeptRead;

/**
 * An aggregate or selector over `_value` that DuckDB computes: one row per unit, or one per unit
 * and window. Where InfluxDB would not push it down, rows and columns come as its transformations
 * order them.
 */
export class AggregatedRead extends Stream {
  readonly source: Source;
  readonly options: AggregatedOptions;

  /** The caller says `use()` on the source. */
  constructor(source: Source, options: AggregatedOptions) {
    super(source.scope, source.bounds);
    this.source = source;
    this.options = options;
  }

  /** The windows of each unit as one table: takes the place of this stream. */
  byTime(byTime: TimeChoice, columnar: () => StreamType): AggregatedRead {
    return new AggregatedRead(this.source, { ...this.options, columnar, byTime });
  }

  protected override read(signal: AbortSignal): AsyncIterable<Table> {
    const { source, options } = this;
    const { operation, byTime } = options;
    const { choice } = this;
    const grid = choice === undefined ? undefined : windowGrid(choice, this.#read.spec.bounds);
    const units = this.#units();
    const tooFine = grid !== undefined && grid.count > WINDOWS_MAX;
    if (tooFine || !units.every((unit) => unit.series.every((s) => takesType(operation, s.type)))) {
      return options.columnar().tables(signal);
    }
    if (source instanceof KeptRead) return this.#keptTables(source, units, signal);
    const windowedGroups = this.#grouped && grid !== undefined;
    const stored = source.exclusive && !windowedGroups && isStored(operation, this.#grouped);
    const bare = this.#grouped && !this.#read.exclusive;
    const fused = byTime !== undefined && isFused(operation);
    const inOrder =
      stored || fused || (!this.#grouped && (grid === undefined || byTime !== undefined));
    const sorted = inOrder && !stored && !fused ? this.#sortUnits(units) : units;
    const tables = this.#guarded(sorted, { grid, stored, bare }, signal);
    return inOrder ? tables : sortTables(tables, this.scope.budget);
  }

  /** InfluxDB's storage has no part in it. */
  #keptTables(
    source: KeptRead,
    units: readonly GroupUnit[],
    signal: AbortSignal,
  ): AsyncIterable<Table> {
    const series = source.inOrder(units.map((unit) => unit.series[0]!));
    if (series === undefined) return this.options.columnar().tables(signal);
    const shape = { grid: undefined, stored: false, bare: false };
    return mapTables(this.#guarded(unitsOf(series), shape, signal), source.cut, signal);
  }

  #sortUnits(units: readonly GroupUnit[]): readonly GroupUnit[] {
    return unitsOf(sortByKey(units.map((unit) => unit.series[0]!)));
  }

  /** A selector of windows that InfluxDB's storage computes. */
  get selectsFromStorage(): boolean {
    return isSelector(this.options.operation) && this.choice !== undefined && !this.#grouped;
  }

  get choice(): WindowChoice | undefined {
    return this.source instanceof WindowedRead ? this.source.choice : undefined;
  }

  get #reading(): Read | GroupedRead {
    const { source } = this;
    return source instanceof WindowedRead || source instanceof KeptRead ? source.source : source;
  }

  get #read(): Read {
    const source = this.#reading;
    return source instanceof GroupedRead ? source.source : source;
  }

  #units(): GroupUnit[] {
    const series = selectSeries(this.scope.reader, this.#read.spec);
    const source = this.#reading;
    if (source instanceof GroupedRead) return groupSeries(series, source.labels);
    return unitsOf(series);
  }

  /** DuckDB refuses what overflows where InfluxDB answers infinity: then the columns do it. */
  async *#guarded(
    units: readonly GroupUnit[],
    shape: Shape,
    signal: AbortSignal,
  ): AsyncGenerator<Table> {
    const options = {
      ...this.options,
      ...shape,
      createEmpty: this.choice?.createEmpty ?? false,
      bounds: this.#read.spec.bounds,
    };
    let begun = false;
    try {
      const size = Math.max(1, Math.floor(CELLS_MAX / (shape.grid?.count ?? 1)));
      for (let from = 0; from < units.length; from += size) {
        const batch = units.slice(from, from + size);
        for (const answer of await this.#answers(batch, shape.grid, signal)) {
          begun = true;
          yield* paced(answerTables(answer, options), signal);
        }
      }
    } catch (error) {
      if (begun || !/out of range/i.test(messageOf(error))) throw error;
      yield* this.options.columnar().tables(signal);
    }
  }

  async #answers(
    batch: readonly GroupUnit[],
    grid: WindowGrid | undefined,
    signal: AbortSignal,
  ): Promise<UnitAnswer[]> {
    const { operation } = this.options;
    if (isSelector(operation) && this.#grouped) {
      return this.#selectedOfGroups(batch, signal);
    }
    if (operation.name === 'count' && grid === undefined && batch.some(isMixed)) {
      return this.#countsOfMixed(batch, signal);
    }
    for (const unit of batch) checkTypes(unit);
    const slots = new Map<GroupUnit, { cells: DenseCells; slot: number }>();
    for (const type of new Set(batch.map((unit) => unit.type))) {
      const units = batch.filter((unit) => unit.type === type);
      const cells = await aggregateUnits(this.scope.reader, units, {
        spec: this.#read.spec,
        operation,
        grid,
        signal,
      });
      units.forEach((unit, slot) => {
        slots.set(unit, { cells, slot });
      });
    }
    return batch.map((unit) => ({ unit, ...slots.get(unit)!, grouped: this.#grouped }));
  }

  get #grouped(): boolean {
    return this.#reading instanceof GroupedRead;
  }

  /** Each series' own answer, of all groups in one statement; then the best one of each group. */
  async #selectedOfGroups(batch: readonly GroupUnit[], signal: AbortSignal): Promise<UnitAnswer[]> {
    const { operation } = this.options;
    const answers = await this.#answersOfSeries(
      batch.flatMap((unit) => unit.series),
      signal,
    );
    return batch.flatMap((unit) => {
      const found = unit.series.flatMap((series) => answers.get(series) ?? []);
      const best = bestOfGroup(operation, unit, found);
      return best === undefined ? [] : [{ unit, ...best, grouped: true, selected: best.series }];
    });
  }

  /** Points are counted whatever their types are, as InfluxDB's storage does. */
  async #countsOfMixed(batch: readonly GroupUnit[], signal: AbortSignal): Promise<UnitAnswer[]> {
    const counts = await this.#answersOfSeries(
      batch.flatMap((unit) => unit.series),
      signal,
    );
    return batch.map((unit) => {
      const found = unit.series.flatMap((series) => counts.get(series) ?? []);
      const total = found.reduce((sum, one) => sum + BigInt(one.cells.values[one.slot]!), 0n);
      const present = Uint8Array.of(found.length === 0 ? 0 : 1);
      const values = BigInt64Array.of(total);
      const cells: DenseCells = { type: 'long', width: 1, present, values, times: undefined };
      return { unit, cells, slot: 0, grouped: true };
    });
  }

  async #answersOfSeries(
    all: readonly Series[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<Series, SeriesAnswer>> {
    const { operation } = this.options;
    const answers = new Map<Series, SeriesAnswer>();
    for (const type of new Set(all.map((series) => series.type))) {
      const ofType = all.filter((one) => one.type === type);
      for (let from = 0; from < ofType.length; from += CELLS_MAX) {
        const some = ofType.slice(from, from + CELLS_MAX);
        const units = some.map((one) => ({ series: [one], type }));
        const options = { spec: this.#read.spec, operation, grid: undefined, signal };
        const cells = await aggregateUnits(this.scope.reader, units, options);
        some.forEach((series, slot) => {
          if (cells.present[slot] === 1) answers.set(series, { series, cells, slot });
        });
      }
    }
    return answers;
  }
}

interface SeriesAnswer {
  readonly series: Series;
  readonly cells: DenseCells;
  readonly slot: number;
}

function unitsOf(series: readonly Series[]): GroupUnit[] {
  return series.map((one) => ({ series: [one], type: one.type, labels: [], values: [] }));
}

/** Series of different types in one group. */
function isMixed({ series, type }: GroupUnit): boolean {
  return series.some((one) => one.type !== type);
}

interface Shape {
  readonly grid: WindowGrid | undefined;
  readonly stored: boolean;
  readonly bare: boolean;
}
