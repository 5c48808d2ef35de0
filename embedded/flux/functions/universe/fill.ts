import { FluxError } from '../../error.ts';
import { fluxTypeOf } from '../../tables/aggregate.ts';
import { ColumnBuilder } from '../../tables/builder.ts';
import type { RawValue } from '../../tables/column.ts';
import { constantColumn, hasNulls, nullColumn, rawAt, rawOf } from '../../tables/column.ts';
import { columnOf } from '../../tables/table.ts';
import { eachTable } from '../../tables/transform.ts';
import { withColumn } from '../../tables/window.ts';
import { columnTypeOf } from '../../values/types.ts';
import type { Column, ColumnType, Table, Value } from '../../values/value.ts';
import { any, bool, optional, pipe, string } from '../params.ts';
import { builtin } from '../registry.ts';

/** What takes the place of a null: a value, or the last one before it. */
type Filling =
  | { readonly kind: 'previous' }
  | { readonly kind: 'value'; readonly value: Value; readonly type: ColumnType };

export const fill = builtin({
  package: 'universe',
  name: 'fill',
  params: {
    tables: pipe(),
    column: string('_value'),
    value: optional(any()),
    usePrevious: optional(bool()),
  },
  call({ tables, column, value, usePrevious }, context) {
    if ((value === undefined) === (usePrevious === undefined)) {
      throw new FluxError('fill requires exactly one of value or usePrevious');
    }
    const filling = value === undefined ? ({ kind: 'previous' } as const) : valueFilling(value);
    return eachTable(tables, context, (table) => fillTable(table, column, filling));
  },
});

function valueFilling(value: Value): Filling {
  const type = columnTypeOf(value);
  if (type !== undefined) return { kind: 'value', value, type };
  throw new FluxError(
    'value type for fill must be a valid primitive type (bool, int, uint, float, string, time)',
  );
}

function fillTable(table: Table, label: string, filling: Filling): Table {
  const found = columnOf(table, label);
  if (found === undefined) {
    if (filling.kind === 'previous') return table;
    const added = constantColumn(label, filling.type, filling.value);
    return { ...table, columns: [...table.columns, added] };
  }
  if (filling.kind === 'value' && filling.type !== found.type) {
    const types = `${fluxTypeOf(found)}/${fluxTypeOf(filling)}`;
    throw new FluxError(`fill column type mismatch: ${types}`);
  }
  if (!hasNulls(found, table.rowCount)) return table;
  const filled = fillColumn(found, table, filling);
  return { ...table, columns: withColumn(table.columns, filled) };
}

function fillColumn(column: Column, table: Table, filling: Filling): Column {
  if (filling.kind === 'value' && column.values === undefined) {
    return constantColumn(column.label, column.type, filling.value);
  }
  if (column.values === undefined) return nullColumn(column.label, column.type);
  const builder = new ColumnBuilder(column.label, column.type, table.rowCount);
  let filler: RawValue = filling.kind === 'value' ? rawOf(filling.value) : null;
  for (let row = 0; row < table.rowCount; row++) {
    const raw = rawAt(column, row);
    if (raw !== null && filling.kind === 'previous') filler = raw;
    builder.appendRaw(raw ?? filler);
  }
  return builder.finish();
}
