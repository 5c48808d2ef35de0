import { FluxError } from '../../error.ts';
import { ColumnBuilder } from '../../tables/builder.ts';
import { Derived, scopeOf } from '../../tables/stream.ts';
import { columnTypeOf, isRecord, typeName } from '../../values/types.ts';
import type { FluxArray, Table } from '../../values/value.ts';
import { any, array, pipe } from '../params.ts';
import { builtin } from '../registry.ts';

function arrayFrom(packagePath: string) {
  return builtin({
    package: packagePath,
    name: 'from',
    params: { rows: pipe(array(any())) },
    call({ rows }, context) {
      if (rows.length === 0) throw new FluxError('rows must be non-empty');
      const table = recordTable(rows);
      return new Derived(scopeOf(context), { sorted: true }, () => just(table));
    },
  });
}

async function* just(table: Table): AsyncGenerator<Table> {
  yield table;
}

/** One table of records; columns in the order in which their labels first come. */
function recordTable(rows: FluxArray): Table {
  const builders = new Map<string, ColumnBuilder>();
  rows.forEach((record, row) => {
    if (record === null || !isRecord(record)) {
      throw new FluxError(`array.from: rows must be records, got ${typeName(record)}`);
    }
    for (const [label, value] of record) {
      if (value === null) continue;
      const type = columnTypeOf(value);
      if (type === undefined) {
        throw new FluxError(
          `cannot represent the type ${typeName(value)} as column data (column "${label}")`,
        );
      }
      let builder = builders.get(label);
      if (builder === undefined) {
        builder = new ColumnBuilder(label, type, rows.length);
        builder.appendNulls(row);
        builders.set(label, builder);
      }
      if (builder.type !== type) {
        throw new FluxError(`array.from: column "${label}" has values of different types`);
      }
      builder.append(value);
    }
    for (const builder of builders.values()) {
      if (builder.length <= row) builder.appendRaw(null);
    }
  });
  const columns = [...builders.values()].map((builder) => builder.finish());
  return { key: [], columns, rowCount: rows.length };
}

export const arrays = [arrayFrom('array'), arrayFrom('experimental/array')];
