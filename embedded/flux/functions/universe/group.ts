import { FluxError } from '../../error.ts';
import { noteGroup } from '../../plan/chain.ts';
import { GroupedRead } from '../../plan/grouped.ts';
import { Read } from '../../plan/read.ts';
import type { KeyOf } from '../../tables/group.ts';
import { groupBy, groupExcept, groupTables } from '../../tables/group.ts';
import type { Stream } from '../../tables/stream.ts';
import { asStream, Derived } from '../../tables/stream.ts';
import type { TableStream } from '../../values/value.ts';
import type { CallContext } from '../context.ts';
import { array, pipe, string } from '../params.ts';
import { builtin } from '../registry.ts';

/** What `group` was applied to: of two groupings in a row only the last one counts. */
const beforeGroup = new WeakMap<TableStream, TableStream>();

export const group = builtin({
  package: 'universe',
  name: 'group',
  params: { tables: pipe(), mode: string('by'), columns: array(string(), []) },
  call({ tables, mode, columns }, context) {
    if (mode !== 'by' && mode !== 'except') {
      throw new FluxError(`invalid group mode: must be "by" or "except", got "${mode}"`);
    }
    const stored = mode === 'by' && !columns.includes('_time') && !columns.includes('_value');
    if (stored && tables instanceof Read) return new GroupedRead(tables.use(), columns);
    if (stored && tables instanceof GroupedRead) return new GroupedRead(tables.source, columns);
    const keyOf = mode === 'by' ? groupBy(columns) : groupExcept(columns);
    const source = beforeGroup.get(tables) ?? tables;
    const grouped = groupStream(source, context, keyOf);
    beforeGroup.set(grouped, source);
    if (mode === 'by' && columns.length === 0) noteGroup(tables, grouped);
    return grouped;
  },
});

/** The rows in tables by new keys, in the order of the keys. All rows are held. */
export function groupStream(tables: TableStream, context: CallContext, keyOf: KeyOf): Stream {
  const source = asStream(tables, context).use();
  const options = { bounds: source.bounds, sorted: true };
  return new Derived(source.scope, options, (signal) =>
    groupTables(source.tables(signal), { keyOf, budget: source.scope.budget, signal }),
  );
}
