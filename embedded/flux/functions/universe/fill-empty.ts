import type { Stream } from '../../tables/stream.ts';
import { takeRows } from '../../tables/table.ts';
import { eachTable } from '../../tables/transform.ts';
import type { Table, TableStream } from '../../values/value.ts';
import type { CallContext } from '../context.ts';
import { pipe } from '../params.ts';
import { builtin } from '../registry.ts';

/** A row of nulls in every table without rows; its group key keeps its values. */
export function fillEmpty(tables: TableStream, context: CallContext): Stream {
  return eachTable(tables, context, fillTable);
}

function fillTable(table: Table): Table {
  if (table.rowCount > 0) return table;
  const filled = takeRows(table, Int32Array.of(-1));
  const columns = filled.columns.map((column, index) =>
    table.key.includes(column.label) ? table.columns[index]! : column,
  );
  return { ...filled, columns };
}

export const tableFill = builtin({
  package: 'experimental/table',
  name: 'fill',
  params: { tables: pipe() },
  call: ({ tables }, context) => fillEmpty(tables, context),
});
