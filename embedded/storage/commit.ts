import type { DuckDBAppender, DuckDBConnection } from '@duckdb/node-api';
import type { Database } from './database.ts';
import type { Dictionary, StoredSeries } from './dictionary.ts';
import { isLess } from './int64.ts';
import type { RowBuffer } from './rows.ts';
import { replaceLate } from './stage.ts';
import type { TableSet } from './table-set.ts';
import type { PointTable } from './tables.ts';

export interface CommitOptions {
  readonly database: Database;
  readonly dictionary: Dictionary;
  readonly rows: RowBuffer;
  readonly tables: TableSet;
}

interface Plan {
  /** Every table that gets rows. */
  readonly tables: Set<PointTable>;
  /** Rows newer than anything of their series: appended blindly. */
  readonly fresh: Int32Array;
  freshCount: number;
  /** Rows that may stand there already: they replace. */
  readonly late: Map<PointTable, number[]>;
}

/**
 * Writes the rows in one transaction, new series first. Durable when it resolves. Newer points are
 * appended; a point at or before its series' newest one goes through a delete and insert, so that
 * tables never hold two rows of one series and time and reads stay plain.
 */
export async function commitRows(options: CommitOptions): Promise<void> {
  const { database, dictionary, rows } = options;
  if (rows.length === 0 && dictionary.unsaved.length === 0) return;
  const plan = classify(options);
  const unsaved = dictionary.unsaved.length;
  try {
    await database.transaction(async (connection) => {
      await saveSeries(connection, dictionary.unsaved);
      for (const table of plan.tables) await table.prepare(connection);
      appendFresh(options, plan);
      for (const [table, late] of plan.late) await replaceLate(connection, table, rows, late);
    });
  } catch (error) {
    for (const table of plan.tables) table.reset();
    throw error;
  }
  for (const table of plan.tables) table.exists = true;
  dictionary.markSaved(unsaved);
}

/**
 * Also moves each series' newest time forward. Should the transaction fail, that time stays too
 * new, which costs the next point of the series the slower way and nothing else.
 */
function classify({ dictionary, rows, tables }: CommitOptions): Plan {
  const fresh = new Int32Array(rows.length);
  const plan: Plan = { tables: new Set(), fresh, freshCount: 0, late: new Map() };
  const last = new Int32Array(dictionary.last.buffer);
  let table: PointTable | undefined;
  let tableNumber = -1;
  for (let row = 0; row < rows.length; row++) {
    const sid = rows.sids[row]!;
    if (dictionary.tables[sid] !== tableNumber) {
      tableNumber = dictionary.tables[sid]!;
      table = tables.at(tableNumber);
      plan.tables.add(table);
    }
    const low = rows.timeHalves[row * 2]!;
    const high = rows.timeHalves[row * 2 + 1]!;
    const at = sid * 2;
    if (isLess(last[at + 1]!, last[at]!, high, low)) {
      last[at] = low;
      last[at + 1] = high;
      fresh[plan.freshCount++] = row;
    } else {
      const late = plan.late.get(table!);
      if (late) late.push(row);
      else plan.late.set(table!, [row]);
    }
  }
  return plan;
}

function appendFresh({ rows, dictionary, tables }: CommitOptions, plan: Plan): void {
  let table: PointTable | undefined;
  let tableNumber = -1;
  for (let i = 0; i < plan.freshCount; i++) {
    const row = plan.fresh[i]!;
    const sid = rows.sids[row]!;
    if (dictionary.tables[sid] !== tableNumber) {
      tableNumber = dictionary.tables[sid]!;
      table = tables.at(tableNumber);
    }
    table!.push(rows, row);
  }
  for (const touched of plan.tables) touched.flush();
}

async function saveSeries(
  connection: DuckDBConnection,
  unsaved: readonly StoredSeries[],
): Promise<void> {
  if (unsaved.length === 0) return;
  const appender = await connection.createAppender('series', 'meta');
  try {
    for (const stored of unsaved) appendSeries(appender, stored);
  } finally {
    appender.closeSync();
  }
}

function appendSeries(appender: DuckDBAppender, { bucketId, series }: StoredSeries): void {
  appender.appendInteger(series.sid);
  appender.appendVarchar(bucketId);
  appender.appendVarchar(series.measurement);
  appender.appendVarchar(series.field);
  appender.appendVarchar(series.type);
  appender.appendVarchar(JSON.stringify([...series.tags]));
  appender.endRow();
}
