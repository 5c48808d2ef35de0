import type { Series } from '../../storage/contract.ts';
import type { RawValue } from '../tables/column.ts';
import { compareRaw } from '../tables/table.ts';
import type { DenseCells } from './dense.ts';
import type { Operation } from './operation.ts';
import type { GroupUnit } from './shape.ts';
import { checkTypes } from './shape.ts';

/** What a selector found in one series. */
export interface Candidate {
  readonly series: Series;
  readonly cells: DenseCells;
  readonly slot: number;
}

/**
 * The answer of a group among those of its series, in their order: InfluxDB keeps the first of
 * equal ones, but the last series for `last`.
 */
export function bestOfGroup(
  operation: Operation,
  unit: GroupUnit,
  found: readonly Candidate[],
): Candidate | undefined {
  checkTypes({ series: found.map((one) => one.series), type: found[0]?.series.type ?? unit.type });
  let best: Candidate | undefined;
  for (const one of found) if (best === undefined || beats(operation, one, best)) best = one;
  return best;
}

function beats(operation: Operation, one: Candidate, best: Candidate): boolean {
  switch (operation.name) {
    case 'first':
      return timeOf(one) < timeOf(best);
    case 'last':
      return timeOf(one) >= timeOf(best);
    case 'min':
      return compareRaw(rawOf(one), rawOf(best)) < 0;
    default:
      return compareRaw(rawOf(one), rawOf(best)) > 0;
  }
}

function timeOf({ cells, slot }: Candidate): bigint {
  return cells.times?.[slot] ?? 0n;
}

function rawOf({ cells, slot }: Candidate): RawValue {
  return cells.values[slot] ?? null;
}
