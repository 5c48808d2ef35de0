import { array, int, pipe, string } from '../params.ts';
import { builtin } from '../registry.ts';
import { aggregates } from './aggregates.ts';
import { named, step } from './composed.ts';
import { group } from './group.ts';
import { sorting } from './sorting.ts';

/**
 * `highestMax` and its kin: one row of each group, then the first `n` of them. They are what Flux's
 * own text of them says, made of the built-ins, so that all of it is pushed down as it would be.
 */
function bestBuiltin(name: string, reducer: string, order: 'top' | 'bottom') {
  const reduce = named(aggregates, reducer);
  const cut = named(sorting, order);
  return builtin({
    package: 'universe',
    name,
    params: {
      tables: pipe(),
      n: int(),
      column: string('_value'),
      groupColumns: array(string(), []),
    },
    call({ tables, n, column, groupColumns }, context) {
      const grouped = step(group, context, { tables, columns: groupColumns });
      const reduced = step(reduce, context, { tables: grouped, column });
      const together = step(group, context, { tables: reduced, columns: [] });
      return step(cut, context, { tables: together, n, columns: [column] });
    },
  });
}

export const highest = [
  bestBuiltin('highestMax', 'max', 'top'),
  bestBuiltin('highestAverage', 'mean', 'top'),
  bestBuiltin('highestCurrent', 'last', 'top'),
  bestBuiltin('lowestMin', 'min', 'bottom'),
  bestBuiltin('lowestAverage', 'mean', 'bottom'),
  bestBuiltin('lowestCurrent', 'last', 'bottom'),
];
