import { arrays } from './array/from.ts';
import { bucketFunctions } from './influxdata/buckets.ts';
import { from } from './influxdata/from.ts';
import { writers } from './influxdata/to.ts';
import { joins } from './join/join.ts';
import type { Entry } from './registry.ts';
import { schema } from './schema/schema.ts';
import { aggregateWindow } from './universe/aggregate-window.ts';
import { aggregates } from './universe/aggregates.ts';
import { columnFunctions } from './universe/columns.ts';
import { conversions } from './universe/conversions.ts';
import { covariances } from './universe/covariance.ts';
import { distincts } from './universe/distinct.ts';
import { fill } from './universe/fill.ts';
import { tableFill } from './universe/fill-empty.ts';
import { filter } from './universe/filter.ts';
import { finds } from './universe/find.ts';
import { group } from './universe/group.ts';
import { highest } from './universe/highest.ts';
import { histogram } from './universe/histogram.ts';
import { histogramQuantile } from './universe/histogram-quantile.ts';
import { hourSelection } from './universe/hour-selection.ts';
import { join } from './universe/join.ts';
import { map } from './universe/map.ts';
import { pivot } from './universe/pivot.ts';
import { range } from './universe/range.ts';
import { rates } from './universe/rates.ts';
import { reduce } from './universe/reduce.ts';
import { smoothing } from './universe/smoothing.ts';
import { sorting } from './universe/sorting.ts';
import { states } from './universe/states.ts';
import { times } from './universe/times.ts';
import { union } from './universe/union.ts';
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
  ...columnFunctions,
  map,
  reduce,
  ...rates,
  ...smoothing,
  fill,
  ...distincts,
  ...times,
  ...states,
  histogram,
  histogramQuantile,
  ...highest,
  ...covariances,
  hourSelection,
  ...conversions,
  ...finds,
  join,
  ...joins,
  ...arrays,
  ...bucketFunctions,
  ...schema,
  ...writers,
  pivot,
  union,
  yieldBuiltin,
];
