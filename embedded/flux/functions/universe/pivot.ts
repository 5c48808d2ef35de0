import { pivotTables } from '../../tables/pivot.ts';
import { asStream, Derived } from '../../tables/stream.ts';
import { array, pipe, string } from '../params.ts';
import { builtin } from '../registry.ts';

export const pivot = builtin({
  package: 'universe',
  name: 'pivot',
  params: {
    tables: pipe(),
    rowKey: array(string()),
    columnKey: array(string()),
    valueColumn: string(),
  },
  call({ tables, ...options }, context) {
    const source = asStream(tables, context).use();
    const { bounds, scope } = source;
    return new Derived(scope, { bounds, sorted: true }, (signal) =>
      pivotTables(source.tables(signal), options, scope.budget),
    );
  },
});
