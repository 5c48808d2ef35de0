import type { PointType, Series } from './contract.ts';
import type { Database } from './database.ts';
import type { Dictionary } from './dictionary.ts';
import type { TableSet } from './table-set.ts';
import type { PointTable } from './tables.ts';
import { codeOf, POINT_TYPES } from './types.ts';

/** Reads the dictionary and each series' newest time back; finds the tables that exist. */
export async function recover(
  database: Database,
  dictionary: Dictionary,
  tables: TableSet,
): Promise<void> {
  await restoreSeries(database, dictionary);
  for (const table of await existingTables(database, tables)) {
    table.exists = true;
    await restoreLast(database, dictionary, table);
  }
}

async function restoreSeries(database: Database, dictionary: Dictionary): Promise<void> {
  const columns = 'sid, bucket, measurement, field, type, tags';
  const result = await database.writer.stream(`SELECT ${columns} FROM meta.series ORDER BY sid`);
  for await (const chunk of result) {
    for (const [sid, bucket, measurement, field, type, tags] of chunk.getRows()) {
      const series: Series = {
        sid: Number(sid),
        measurement: String(measurement),
        field: String(field),
        type: pointType(String(type)),
        tags: new Map(JSON.parse(String(tags)) as [string, string][]),
      };
      dictionary.restore({ bucketId: String(bucket), series });
    }
  }
}

async function existingTables(database: Database, tables: TableSet): Promise<PointTable[]> {
  const result = await database.writer.run(
    "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'points' AND NOT temporary",
  );
  return (await result.getRows()).flatMap(([name]) => {
    const parts = /^b_([0-9a-z]+)_([a-z]+)$/.exec(String(name));
    if (!parts) return [];
    return [tables.at(tables.numberOf(parts[1]!, codeOf(pointType(parts[2]!))))];
  });
}

async function restoreLast(
  database: Database,
  dictionary: Dictionary,
  table: PointTable,
): Promise<void> {
  const sql = `SELECT sid, max(time) FROM ${table.name} GROUP BY sid`;
  for await (const chunk of await database.writer.stream(sql)) {
    for (const [sid, last] of chunk.getRows()) dictionary.setLast(Number(sid), last as bigint);
  }
}

function pointType(text: string): PointType {
  const known = POINT_TYPES.find((type) => type === text);
  if (!known) throw new Error(`the stored point type ${text} is unknown`);
  return known;
}
