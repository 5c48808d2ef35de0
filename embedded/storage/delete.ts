import type { DuckDBConnection } from '@duckdb/node-api';
import type { Series, TimeRange } from './contract.ts';
import type { Database } from './database.ts';
import type { PointTable } from './tables.ts';

export interface DeleteOptions {
  readonly database: Database;
  readonly table: PointTable;
  readonly series: readonly Series[];
  readonly range: TimeRange;
}

/**
 * Deletes points of the given series of one table; returns the series of them that have none left.
 */
export async function deletePoints(options: DeleteOptions): Promise<number[]> {
  const { database, table, series, range } = options;
  if (series.length === 0) return [];
  const chosen = `deleted_${table.code}`;
  return database.transaction(async (connection) => {
    await choose(connection, chosen, series);
    const inRange = `time >= ${range.startNs} AND time < ${range.stopNs}`;
    const isChosen = `sid IN (SELECT sid FROM ${chosen})`;
    await connection.run(`DELETE FROM ${table.name} WHERE ${inRange} AND ${isChosen}`);
    const left = await connection.run(`SELECT DISTINCT sid FROM ${table.name} WHERE ${isChosen}`);
    const alive = new Set((await left.getRows()).map(([sid]) => Number(sid)));
    const dead = series.filter((one) => !alive.has(one.sid)).map((one) => one.sid);
    await forgetSeries(connection, dead);
    await connection.run(`DROP TABLE ${chosen}`);
    return dead;
  });
}

export async function forgetSeries(
  connection: DuckDBConnection,
  sids: readonly number[],
): Promise<void> {
  if (sids.length === 0) return;
  await connection.run(`DELETE FROM meta.series WHERE sid IN (${sids.join(', ')})`);
}

async function choose(
  connection: DuckDBConnection,
  table: string,
  series: readonly Series[],
): Promise<void> {
  await connection.run(`CREATE OR REPLACE TEMP TABLE ${table} (sid INTEGER)`);
  const appender = await connection.createAppender(table, 'main', 'temp');
  try {
    for (const { sid } of series) {
      appender.appendInteger(sid);
      appender.endRow();
    }
  } finally {
    appender.closeSync();
  }
}
