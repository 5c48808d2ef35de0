import type { Bounds, QueryScope } from '../tables/stream.ts';
import { Stream } from '../tables/stream.ts';
import type { Table } from '../values/value.ts';
import type { SplitPredicate } from './predicate.ts';
import { RawReader } from './raw.ts';
import { seriesTable } from './shape.ts';
import type { ReadSpec } from './source.ts';
import { selectSeries } from './source.ts';

/** `from |> range |> filter`: one table for each series. */
export class Read extends Stream {
  readonly spec: ReadSpec;
  readonly #before: Read | undefined;

  constructor(scope: QueryScope, spec: ReadSpec, before?: Read) {
    super(scope, spec.bounds);
    this.spec = spec;
    this.#before = before?.use();
  }

  /**
   * True where InfluxDB pushes down what follows: as long as no other function reads this or what
   * it was made from, and its storage does the filtering.
   */
  get exclusive(): boolean {
    return this.spec.stored && this.readers <= 1 && (this.#before?.exclusive ?? true);
  }

  /** Later ranges only narrow what is read, and are what windows are cut to. */
  narrow(bounds: Bounds): Read {
    return new Read(this.scope, { ...this.spec, bounds }, this);
  }

  where({ seriesTests, pointTests, stored }: SplitPredicate): Read {
    const spec = {
      ...this.spec,
      seriesTests: [...this.spec.seriesTests, ...seriesTests],
      pointTests: [...this.spec.pointTests, ...pointTests],
      stored: this.spec.stored && stored,
    };
    return new Read(this.scope, spec, this);
  }

  protected override async *read(signal: AbortSignal): AsyncGenerator<Table> {
    const { scope, spec } = this;
    const series = selectSeries(scope.reader, spec);
    const holding = scope.budget.hold();
    const raw = new RawReader(scope.reader, { spec, holding, signal });
    for await (const { series: one, points } of raw.read(series)) {
      if (points !== undefined) yield seriesTable(one, points, spec.bounds);
    }
  }
}
