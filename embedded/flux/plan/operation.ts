import type { PointType } from '../../storage/contract.ts';
import type { ColumnType } from '../values/value.ts';
import { COLUMN_TYPES } from './source.ts';

export type OperationName =
  | 'count'
  | 'sum'
  | 'mean'
  | 'stddev'
  | 'spread'
  | 'min'
  | 'max'
  | 'first'
  | 'last';

/** An aggregate or a selector of `_value`. */
export interface Operation {
  readonly name: OperationName;
  /** Of stddev. */
  readonly mode?: 'sample' | 'population';
}

const SELECTORS: ReadonlySet<OperationName> = new Set(['min', 'max', 'first', 'last']);
/** What InfluxDB computes in its storage: the columns of the answer are ordered differently. */
const STORED: ReadonlySet<OperationName> = new Set([
  'count',
  'sum',
  'mean',
  'min',
  'max',
  'first',
  'last',
]);

export function isSelector(operation: Operation): boolean {
  return SELECTORS.has(operation.name);
}

/** Whether InfluxDB's storage computes it, for single series or for groups of them. */
export function isStored(operation: Operation, grouped: boolean): boolean {
  return STORED.has(operation.name) && !(grouped && operation.name === 'mean');
}

/** Whether InfluxDB computes aggregateWindow of it in one go when storage does not. */
export function isFused({ name }: Operation): boolean {
  return name === 'mean' || name === 'sum' || name === 'count';
}

/** Whether SQL gives the answer for a type; where not, the columnar function says what is wrong. */
export function takesType(operation: Operation, type: PointType): boolean {
  if (operation.name === 'count' || operation.name === 'first' || operation.name === 'last') {
    return true;
  }
  return type !== 'string' && type !== 'bool';
}

export function resultType(operation: Operation, type: PointType): ColumnType {
  switch (operation.name) {
    case 'count':
      return 'long';
    case 'mean':
    case 'stddev':
      return 'double';
    default:
      return COLUMN_TYPES[type];
  }
}

/** What to compute for each unit and window: the value, of `first` and `last` the time. */
export function resultSql({ name, mode }: Operation, type: PointType): string {
  switch (name) {
    case 'count':
      return 'count(*)';
    case 'sum':
      return 'sum(p.value)';
    case 'mean':
      return 'avg(p.value)';
    case 'stddev':
      return mode === 'population' ? 'stddev_pop(p.value)' : 'stddev_samp(p.value)';
    case 'spread':
      return type === 'double'
        ? 'max(p.value) - min(p.value)'
        : 'max(p.value)::HUGEINT - min(p.value)::HUGEINT';
    case 'min':
    case 'max':
      return `${name}(p.value)`;
    case 'first':
      return 'min(p.time)';
    case 'last':
      return 'max(p.time)';
  }
}
