import { from } from './influxdata/from.ts';
import type { Entry } from './registry.ts';
import { aggregateWindow } from './universe/aggregate-window.ts';
import { aggregates } from './universe/aggregates.ts';
import { tableFill } from './universe/fill-empty.ts';
import { filter } from './universe/filter.ts';
import { group } from './universe/group.ts';
import { range } from './universe/range.ts';
import { sorting } from './universe/sorting.ts';
import { window } from './universe/windows.ts';
import { yieldBuiltin } from './universe/yield.ts';

/** Every function that reads or makes tables. */
export const tableEntries: readonly Entry[] = [
  ...from,
  range,
  filter,
  group,
  window,
  aggregateWindow,
  tableFill,
  ...aggregates,
  ...sorting,
  yieldBuiltin,
];
