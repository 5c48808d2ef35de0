import type { TableCase } from './flux-table-data.ts';
import { cpu, data, idle, one, price, usage } from './flux-table-data.ts';

const JOIN = `import "join" a = ${price} |> filter(fn: (r) => r.exchange == "kraken") |> group(columns: ["pair"]) b = ${price} |> filter(fn: (r) => r.exchange == "okx") |> filter(fn: (r) => r.pair != "xmrusd") |> group(columns: ["pair"])`;
const PLAIN = `a = ${price} |> filter(fn: (r) => r.exchange == "kraken") |> mean() b = ${price} |> filter(fn: (r) => r.exchange == "okx") |> max()`;

const joinCases: readonly TableCase[] = [
  one('join of two aggregates', `${PLAIN} join(tables: {a: a, b: b}, on: ["pair"])`),
  one(
    'join on time',
    `a = ${idle} b = ${usage} join(tables: {idle: a, usage: b}, on: ["_time", "host"])`,
  ),
  one(
    'join.inner',
    `${JOIN} join.inner(left: a, right: b, on: (l, r) => l._time == r._time, as: (l, r) => ({l with other: r._value}))`,
  ),
  one(
    'join.left',
    `${JOIN} join.left(left: a, right: b, on: (l, r) => l._time == r._time, as: (l, r) => ({_time: l._time, pair: l.pair, v: l._value, other: r._value}))`,
  ),
  one(
    'join.full',
    `${JOIN} join.full(left: a, right: b, on: (l, r) => l._time == r._time, as: (l, r) => ({pair: l.pair, v: l._value, other: r._value}))`,
  ),
  one(
    'join.time',
    `${JOIN} join.time(left: a, right: b, as: (l, r) => ({l with other: r._value}))`,
  ),
  one(
    'union',
    `a = ${usage} |> filter(fn: (r) => r.host == "a") b = ${usage} |> filter(fn: (r) => r.host != "a") union(tables: [a, b])`,
  ),
  one(
    'union of aggregates',
    `${PLAIN} union(tables: [a, b |> drop(columns: ["_time"])]) |> group(columns: ["pair"])`,
  ),
  {
    name: 'union then pivot',
    script: `a = ${price} |> mean() |> set(key: "kind", value: "mean") b = ${price} |> max() |> drop(columns: ["_time"]) |> set(key: "kind", value: "max") union(tables: [a, b]) |> pivot(rowKey: ["exchange", "pair"], columnKey: ["kind"], valueColumn: "_value")`,
    anyColumnOrder: true,
  },
  one(
    'findRecord',
    `import "array" r = ${price} |> mean() |> findRecord(fn: (key) => key.pair == "ethusd", idx: 0) array.from(rows: [{v: r._value, e: r.exchange}])`,
  ),
  one(
    'findColumn',
    `import "array" c = ${usage} |> findColumn(fn: (key) => key.host == "a", column: "_value") array.from(rows: [{n: length(arr: c), first: c[0]}])`,
  ),
  one(
    'tableFind',
    `import "array" t = ${usage} |> tableFind(fn: (key) => key.host == "b") r = t |> getRecord(idx: 1) c = t |> getColumn(column: "_value") array.from(rows: [{v: r._value, c: c[2]}])`,
  ),
  one('two yields', `${usage} |> yield(name: "raw") |> mean() |> yield(name: "mean")`),
  one(
    'array.from',
    `import "array" array.from(rows: [{a: 1, b: "x", c: 2.5, d: true, _time: 2024-01-01T00:00:00Z}, {a: 2, b: "y", c: 0.1, d: false, _time: 2024-01-01T00:00:01Z}])`,
  ),
];

const schemaCases: readonly TableCase[] = [
  ['tagValues', 'tagValues(bucket: "t", tag: "host", start: -1h)'],
  [
    'tagValues with a predicate',
    'tagValues(bucket: "t", tag: "pair", predicate: (r) => r.exchange == "okx", start: -1h)',
  ],
  ['tagValues of a tag that is not there', 'tagValues(bucket: "t", tag: "nope", start: -1h)'],
  ['tagKeys', 'tagKeys(bucket: "t", start: -1h)'],
  ['measurements', 'measurements(bucket: "t", start: -1h)'],
  ['fieldKeys', 'fieldKeys(bucket: "t", start: -1h)'],
  ['measurementFieldKeys', 'measurementFieldKeys(bucket: "t", measurement: "cpu", start: -1h)'],
  ['measurementTagKeys', 'measurementTagKeys(bucket: "t", measurement: "cpu", start: -1h)'],
  [
    'measurementTagValues',
    'measurementTagValues(bucket: "t", measurement: "cpu", tag: "region", start: -1h)',
  ],
].map(([name, call]) =>
  one(`schema.${name}`, `import "influxdata/influxdb/schema" schema.${call}`),
);

const tagCases: readonly TableCase[] = [
  one(
    'keep, group, distinct',
    `${data} |> keep(columns: ["host"]) |> group() |> distinct(column: "host")`,
  ),
  one('keys, keep, distinct', `${cpu} |> keys() |> keep(columns: ["_value"]) |> distinct()`),
  one('cardinality', 'import "influxdata/influxdb" influxdb.cardinality(bucket: "t", start: -1h)'),
];

const distinctCases: readonly TableCase[] = [
  one(
    'distinct of a tag by group',
    `${price} |> group(columns: ["pair"]) |> distinct(column: "exchange")`,
  ),
  one('distinct of a tag that some lack', `${usage} |> group() |> distinct(column: "region")`),
  one('distinct of a tag that none has', `${usage} |> group() |> distinct(column: "nope")`),
  one(
    'distinct of a tag where values pass',
    `${price} |> filter(fn: (r) => r._value > 500.0) |> group() |> distinct(column: "pair")`,
  ),
];

const errorCases: readonly TableCase[] = [
  one('no range', 'from(bucket: "t")'),
  one(
    'an empty range',
    'from(bucket: "t") |> range(start: 2024-01-01T00:00:00Z, stop: 2024-01-01T00:00:00Z)',
  ),
  one('no such bucket', 'from(bucket: "nope") |> range(start: -1h)'),
  one('a column that is not there', `${usage} |> sum(column: "nope")`),
  one('an aggregate of the group key', `${usage} |> sum(column: "host")`),
  one(
    'windows without a range',
    'import "array" array.from(rows: [{_time: 2024-01-01T00:00:00Z, _value: 1.0}]) |> window(every: 1m)',
  ),
  one('derivative of a string', `${cpu} |> filter(fn: (r) => r._field == "note") |> derivative()`),
  one('histogram of integers', `${idle} |> histogram(bins: [1.0])`),
];

/** Each script of a pair runs on its own: what one writes the next reads. */
export const writeCases: readonly TableCase[] = [
  one(
    'to',
    `${price} |> mean() |> map(fn: (r) => ({r with _time: 2024-01-01T00:10:00Z, _measurement: "rank"})) |> to(bucket: "w")`,
  ),
  one('what to wrote', 'from(bucket: "w") |> range(start: 2024-01-01T00:00:00Z)'),
  {
    anyColumnOrder: true,
    name: 'to with a field function',
    script: `${usage} |> map(fn: (r) => ({_time: r._time, _measurement: "made", host: r.host, v: r._value, n: 1})) |> to(bucket: "w", tagColumns: ["host"], fieldFn: (r) => ({v: r.v, n: r.n}))`,
  },
  one(
    'what the field function wrote',
    'from(bucket: "w") |> range(start: 2024-01-01T00:00:00Z) |> filter(fn: (r) => r._measurement == "made")',
  ),
  one(
    'wideTo',
    `import "influxdata/influxdb" ${cpu} |> filter(fn: (r) => r._field == "usage" or r._field == "idle") |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value") |> set(key: "_measurement", value: "wide") |> group(columns: ["_measurement", "host"]) |> influxdb.wideTo(bucket: "w")`,
  ),
  one(
    'what wideTo wrote',
    'from(bucket: "w") |> range(start: 2024-01-01T00:00:00Z) |> filter(fn: (r) => r._measurement == "wide") |> count()',
  ),
  one('to without a time', `${price} |> mean() |> to(bucket: "w")`),
];

/** Joins, unions, what scripts take out of tables, the dictionary, and errors. */
export const streamCases: readonly TableCase[] = [
  ...joinCases,
  ...schemaCases,
  ...tagCases,
  ...distinctCases,
  ...errorCases,
];
