import { withValues } from '../tables/column.ts';
import type { Stream } from '../tables/stream.ts';
import { Derived } from '../tables/stream.ts';
import type { Table, TableStream } from '../values/value.ts';
import { labelNames, labelValues } from './labels.ts';
import { Read } from './read.ts';

/**
 * `keep |> group |> distinct` and `keys |> keep |> distinct` over a reading ask only for what the
 * dictionary knows. Each step leaves a note on its stream, so that `distinct` can tell.
 */
interface Step {
  readonly read: Read;
  readonly done: 'keep' | 'keep group' | 'keys' | 'keys keep';
  readonly column: string;
}

const steps = new WeakMap<TableStream, Step>();
const NOT_LABELS: ReadonlySet<string> = new Set(['_time', '_value', '_start', '_stop']);

/** Notes `keep(columns: [column])`. */
export function noteKeep(from: TableStream, to: TableStream, columns: readonly string[]): void {
  const [column] = columns;
  if (column === undefined || columns.length !== 1) return;
  if (from instanceof Read) {
    if (!NOT_LABELS.has(column)) steps.set(to, { read: from, done: 'keep', column });
    return;
  }
  const before = steps.get(from);
  if (before?.done === 'keys' && before.column === column) {
    steps.set(to, { ...before, done: 'keys keep' });
  }
}

/** Notes `group()`. */
export function noteGroup(from: TableStream, to: TableStream): void {
  const before = steps.get(from);
  if (before?.done === 'keep') steps.set(to, { ...before, done: 'keep group' });
}

/** Notes `keys(column: column)`. */
export function noteKeys(from: TableStream, to: TableStream, column: string): void {
  if (from instanceof Read) steps.set(to, { read: from, done: 'keys', column });
}

/** `distinct(column: column)` answered by the dictionary, where the steps before allow it. */
export function distinctLabels(tables: TableStream, column: string): Stream | undefined {
  const step = steps.get(tables);
  if (step === undefined || step.column !== column) return undefined;
  const { read, done } = step;
  // A test of points cannot be answered without reading them.
  if (read.spec.pointTests.length > 0) return undefined;
  const { reader } = read.scope;
  if (done === 'keep group') return labelStream(read, () => labelValues(reader, read.spec, column));
  return done === 'keys keep' ? labelStream(read, () => labelNames(reader, read.spec)) : undefined;
}

/** One table with a `_value` column of texts and no group key. */
export function labelStream(read: Read, labels: () => string[]): Stream {
  return new Derived(read.scope, { bounds: read.bounds, sorted: true }, () => listTable(labels()));
}

async function* listTable(values: readonly string[]): AsyncGenerator<Table> {
  const column = withValues({ label: '_value', type: 'string' }, values);
  yield { key: [], columns: [column], rowCount: values.length };
}
