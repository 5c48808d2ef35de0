import { mergeTables } from '../tables/merge.ts';
import { Stream } from '../tables/stream.ts';
import { mapTables } from '../tables/transform.ts';
import type { WindowOptions } from '../tables/window.ts';
import { windowTables } from '../tables/window.ts';
import type { Table } from '../values/value.ts';
import type { GroupedRead } from './grouped.ts';
import type { Read } from './read.ts';
import type { FixedWindow } from './windows.ts';

export interface WindowChoice extends FixedWindow {
  readonly createEmpty: boolean;
}

/** `... |> window(every: ...)` of a reading: one table for each series (or group) and window. */
export class WindowedRead extends Stream {
  readonly source: Read | GroupedRead;
  readonly choice: WindowChoice;
  readonly #options: WindowOptions;

  /** The caller says `use()` on the source. */
  constructor(source: Read | GroupedRead, choice: WindowChoice, options: WindowOptions) {
    super(source.scope, source.bounds);
    this.source = source;
    this.choice = choice;
    this.#options = options;
  }

  get exclusive(): boolean {
    return this.readers <= 1 && this.source.exclusive;
  }

  override get sorted(): boolean {
    return true;
  }

  protected override read(signal: AbortSignal): AsyncIterable<Table> {
    const { budget } = this.scope;
    const cut = (table: Table) => windowTables(table, this.#options, budget);
    return mergeTables(mapTables(this.source.tables(signal), cut, signal), budget);
  }
}
