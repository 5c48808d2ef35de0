import type { DuckDBConnection } from '@duckdb/node-api';
import type { RowBuffer } from './rows.ts';
import type { PointTable } from './tables.ts';

/**
 * Late and repeated points: they are put into a temporary table, the rows that they replace are
 * deleted, and they are inserted. Runs inside the commit's transaction, after its fresh rows.
 */
export async function replaceLate(
  connection: DuckDBConnection,
  table: PointTable,
  rows: RowBuffer,
  late: readonly number[],
): Promise<void> {
  const kept = lastOfEach(rows, late);
  const stage = `stage_${table.code}`;
  const columns = `sid INTEGER, time BIGINT, value ${table.sqlType}`;
  await connection.run(`CREATE OR REPLACE TEMP TABLE ${stage} (${columns})`);
  const appender = await connection.createAppender(stage, 'main', 'temp');
  try {
    table.appendTo(appender, rows, kept);
  } finally {
    appender.closeSync();
  }
  const same = `${table.name}.sid = s.sid AND ${table.name}.time = s.time`;
  await connection.run(`DELETE FROM ${table.name} USING ${stage} s WHERE ${same}`);
  await connection.run(`INSERT INTO ${table.name} SELECT sid, time, value FROM ${stage}`);
  await connection.run(`DROP TABLE ${stage}`);
}

/** The last write wins inside one batch too. */
function lastOfEach(rows: RowBuffer, late: readonly number[]): readonly number[] {
  const bySid = new Map<number, Map<bigint, number>>();
  for (const row of late) {
    const sid = rows.sids[row]!;
    const times = bySid.get(sid);
    if (times) times.set(rows.times[row]!, row);
    else bySid.set(sid, new Map([[rows.times[row]!, row]]));
  }
  const kept: number[] = [];
  for (const times of bySid.values()) kept.push(...times.values());
  return kept;
}
