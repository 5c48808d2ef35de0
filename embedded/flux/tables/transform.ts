import { FluxError } from '../error.ts';
import type { CallContext } from '../functions/context.ts';
import type { Table, TableStream } from '../values/value.ts';
import type { Budget } from './budget.ts';
import { mergeTables } from './merge.ts';
import type { Pause } from './pause.ts';
import { PAUSE, STEPS_PER_PAUSE, turn } from './pause.ts';
import type { Stream } from './stream.ts';
import { asStream, Derived } from './stream.ts';
import type { SortableKey } from './table.ts';
import { compareKeys, keyText, sortableKey } from './table.ts';

/** None, one or several tables; work that takes long pauses between them. */
export type TableAnswer = Table | Iterable<Table | Pause> | undefined;

/** What a function makes of one table. */
export type TableFunction = (table: Table) => TableAnswer | Promise<TableAnswer>;

/** Applies a function to every table, in the order that they arrive. */
export function eachTable(input: TableStream, context: CallContext, fn: TableFunction): Stream {
  const source = asStream(input, context).use();
  const options = { bounds: source.bounds, sorted: source.sorted };
  return new Derived(source.scope, options, (signal) =>
    mapTables(source.tables(signal), fn, signal),
  );
}

/** The answers of a function for each table, one after another. */
export async function* mapTables(
  tables: AsyncIterable<Table>,
  fn: TableFunction,
  signal: AbortSignal,
): AsyncGenerator<Table> {
  let steps = 0;
  for await (const table of tables) {
    const out = fn(table);
    const result = out instanceof Promise ? await out : out;
    steps += table.rowCount + STEPS_PER_TABLE;
    if (result !== undefined && Symbol.iterator in result) {
      for (const one of result) {
        if (one === PAUSE) steps = STEPS_PER_PAUSE;
        else {
          yield one;
          steps += STEPS_PER_TABLE;
        }
        if (steps < STEPS_PER_PAUSE) continue;
        steps = 0;
        await turn(signal);
      }
    } else if (result !== undefined) yield result;
    if (steps < STEPS_PER_PAUSE) continue;
    steps = 0;
    await turn(signal);
  }
}

/** What a table costs beside its rows, in steps of a loop over rows. */
const STEPS_PER_TABLE = 16;

/**
 * As `eachTable`, with the answers in the order of their group keys: what InfluxDB does where it
 * collects a function's tables before it hands them on. Two tables of one key are refused.
 */
export function eachTableSorted(
  input: TableStream,
  context: CallContext,
  fn: TableFunction,
): Stream {
  const source = asStream(input, context).use();
  const options = { bounds: source.bounds, sorted: true };
  return new Derived(source.scope, options, (signal) => {
    const mapped = mapTables(source.tables(signal), fn, signal);
    return source.sorted ? mapped : sortTables(mapped, source.scope.budget);
  });
}

/** The tables in the order of their group keys; all of them are held. */
export async function* sortTables(
  tables: AsyncIterable<Table>,
  budget: Budget,
): AsyncGenerator<Table> {
  const holding = budget.hold();
  try {
    const kept: { key: SortableKey; table: Table }[] = [];
    const seen = new Set<string>();
    for await (const table of tables) {
      const text = keyText(table);
      if (seen.has(text)) throw duplicateKey(table);
      seen.add(text);
      holding.addTable(table);
      kept.push({ key: sortableKey(table), table });
    }
    kept.sort((a, b) => compareKeys(a.key, b.key));
    for (const { table } of kept) yield table;
  } finally {
    holding.free();
  }
}

function duplicateKey(table: Table): FluxError {
  return new FluxError(`found duplicate table with key: ${describeKey(table)}`);
}

/** `{_measurement=cpu,host=a}`, for messages. */
export function describeKey(table: Table): string {
  const { parts } = sortableKey(table);
  return `{${parts.map((part) => `${part.label}=${String(part.raw)}`).join(',')}}`;
}

/** All tables of a stream, charged to the budget until `free` is called. */
export async function collect(
  source: Stream,
  signal: AbortSignal,
): Promise<{ readonly tables: Table[]; free(): void }> {
  const holding = source.scope.budget.hold();
  const tables: Table[] = [];
  try {
    for await (const table of source.tables(signal)) {
      holding.addTable(table);
      tables.push(table);
    }
  } catch (error) {
    holding.free();
    throw error;
  }
  return { tables, free: () => holding.free() };
}

/**
 * As `eachTable`, with tables of the same key put together and in the order of the keys: for
 * functions that change keys.
 */
export function eachTableMerged(
  input: TableStream,
  context: CallContext,
  fn: TableFunction,
): Stream {
  const source = asStream(input, context).use();
  const options = { bounds: source.bounds, sorted: true };
  return new Derived(source.scope, options, (signal) =>
    mergeTables(mapTables(source.tables(signal), fn, signal), source.scope.budget),
  );
}
