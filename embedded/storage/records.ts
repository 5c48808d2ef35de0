import type { DuckDBConnection } from '@duckdb/node-api';
import { type Database, sqlText } from './database.ts';

/** One JSON document of the engine's own (a bucket, a task, a run...). */
export interface StoredRecord {
  readonly kind: string;
  readonly id: string;
  readonly body: string;
}

/** What to change in one transaction: a record without a body is removed. */
export interface RecordChange {
  readonly kind: string;
  readonly id: string;
  readonly body?: string;
}

export async function loadRecords(database: Database): Promise<StoredRecord[]> {
  const result = await database.writer.run('SELECT kind, id, body FROM meta.records');
  const rows = await result.getRows();
  return rows.map(([kind, id, body]) => ({
    kind: String(kind),
    id: String(id),
    body: String(body),
  }));
}

/** Durable when it resolves. */
export async function saveRecords(
  database: Database,
  changes: readonly RecordChange[],
): Promise<void> {
  await database.transaction(async (connection) => {
    for (const change of changes) await saveRecord(connection, change);
  });
}

async function saveRecord(connection: DuckDBConnection, change: RecordChange): Promise<void> {
  const [kind, id] = [sqlText(change.kind), sqlText(change.id)];
  await connection.run(`DELETE FROM meta.records WHERE kind = ${kind} AND id = ${id}`);
  if (change.body === undefined) return;
  await connection.run(`INSERT INTO meta.records VALUES (${kind}, ${id}, $1)`, [change.body]);
}
