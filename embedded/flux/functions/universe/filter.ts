import { FluxError } from '../../error.ts';
import { splitPredicate } from '../../plan/predicate.ts';
import { Read } from '../../plan/read.ts';
import { compileRow } from '../../rows.ts';
import type { Pausing } from '../../tables/pause.ts';
import { PAUSE, STEPS_PER_PAUSE } from '../../tables/pause.ts';
import { takeRows } from '../../tables/table.ts';
import { eachTable } from '../../tables/transform.ts';
import { typeName } from '../../values/types.ts';
import type { FluxFunction, Table, TableStream } from '../../values/value.ts';
import type { CallContext } from '../context.ts';
import { func, pipe, string } from '../params.ts';
import { builtin } from '../registry.ts';

export const filter = builtin({
  package: 'universe',
  name: 'filter',
  params: { tables: pipe(), fn: func(), onEmpty: string('drop') },
  call({ tables, fn, onEmpty }, context) {
    if (onEmpty !== 'drop' && onEmpty !== 'keep') {
      throw new FluxError(`onEmpty must be keep or drop, was "${onEmpty}"`);
    }
    if (tables instanceof Read && onEmpty === 'drop') {
      const split = splitPredicate(fn);
      const pushed = tables.where(split);
      return split.rest === undefined ? pushed : filterRows(pushed, context, split.rest, false);
    }
    return filterRows(tables, context, fn, onEmpty === 'keep');
  },
});

function filterRows(
  tables: TableStream,
  context: CallContext,
  fn: FluxFunction,
  keepEmpty: boolean,
) {
  return eachTable(tables, context, function* (table) {
    const kept = yield* keepRows(table, fn);
    if (kept.rowCount > 0 || keepEmpty) yield kept;
  });
}

/** The rows of which the function says true; a null counts as no. */
export function* keepRows(table: Table, fn: FluxFunction): Pausing<Table> {
  const test = compileRow(fn, table);
  const rows = new Int32Array(table.rowCount);
  let count = 0;
  for (let row = 0; row < table.rowCount; row++) {
    if (row % STEPS_PER_PAUSE === STEPS_PER_PAUSE - 1) yield PAUSE;
    const answer = test(row);
    if (answer === true) rows[count++] = row;
    else if (answer !== false && answer !== null) {
      throw new FluxError(
        `cannot use predicate with result of type ${typeName(answer)}; expected bool`,
      );
    }
  }
  return count === table.rowCount ? table : takeRows(table, rows.subarray(0, count));
}
