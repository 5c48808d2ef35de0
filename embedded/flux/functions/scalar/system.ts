import { FluxError } from '../../error.ts';
import { compareStrings } from '../../values/compare.ts';
import { typeName } from '../../values/types.ts';
import type { Value } from '../../values/value.ts';
import { Duration, Time } from '../../values/value.ts';
import { any, duration, record, string, timeable } from '../params.ts';
import type { Entry } from '../registry.ts';
import { builtin, constant } from '../registry.ts';
import { instantOf } from '../universe/range.ts';
import { clockOf } from './clock.ts';

const BASIC_TYPES: ReadonlySet<string> = new Set([
  'string',
  'bytes',
  'int',
  'uint',
  'float',
  'bool',
  'time',
  'duration',
  'regexp',
]);

function isType(value: Value, type: string): boolean {
  return BASIC_TYPES.has(type) && typeName(value) === type;
}

const types: readonly Entry[] = [
  builtin({
    package: 'types',
    name: 'isType',
    params: { v: any(), type: string() },
    call: ({ v, type }) => isType(v, type),
  }),
  builtin({
    package: 'types',
    name: 'isNumeric',
    params: { v: any() },
    call: ({ v }) => ['int', 'uint', 'float'].some((type) => isType(v, type)),
  }),
];

const UTC: Value = new Map<string, Value>([
  ['zone', 'UTC'],
  ['offset', new Duration(0, 0n)],
]);

const timezone: readonly Entry[] = [
  constant('timezone', 'utc', UTC),
  builtin({
    package: 'timezone',
    name: 'fixed',
    params: { offset: duration() },
    call: ({ offset }) =>
      new Map<string, Value>([
        ['zone', 'UTC'],
        ['offset', offset],
      ]),
  }),
  builtin({
    package: 'timezone',
    name: 'location',
    params: { name: string() },
    call({ name }, context) {
      const location = new Map<string, Value>([
        ['zone', name],
        ['offset', new Duration(0, 0n)],
      ]);
      // Refuses a zone that does not exist.
      clockOf(location, context);
      return location;
    },
  }),
];

export const system: readonly Entry[] = [
  ...types,
  ...timezone,
  builtin({
    package: 'system',
    name: 'time',
    params: {},
    note: "the query's own now, the same for the whole query",
    call: (_, { now }) => now,
  }),
  builtin({ package: 'runtime', name: 'version', params: {}, call: () => 'embedded' }),
  builtin({
    package: 'influxdata/influxdb/tasks',
    name: 'lastSuccess',
    params: { orTime: timeable() },
    note: 'always orTime, as InfluxDB 2.7 answers in practice',
    call: ({ orTime }, context) => new Time(instantOf(orTime, context)),
  }),
  builtin({
    package: 'internal/debug',
    name: 'null',
    params: { type: string('int') },
    call: () => null,
  }),
  builtin({
    package: 'experimental',
    name: 'objectKeys',
    params: { o: record() },
    call({ o }) {
      if (o.size === 0) throw new FluxError('objectKeys: the record is empty');
      return [...o.keys()].sort(compareStrings);
    },
  }),
];
