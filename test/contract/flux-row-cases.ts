import type { TableCase } from './flux-table-data.ts';
import { cpu, idle, one, price, usage } from './flux-table-data.ts';

const columnCases: readonly TableCase[] = [
  one('keep', `${price} |> keep(columns: ["_time", "_value", "pair"])`),
  one('keep by function', `${usage} |> keep(fn: (column) => column =~ /^_/)`),
  one('drop', `${usage} |> drop(columns: ["_start", "_stop", "host"])`),
  one('rename', `${usage} |> rename(columns: {_value: "v", host: "machine"})`),
  one('rename by function', `${usage} |> rename(fn: (column) => "x" + column)`),
  one('duplicate', `${usage} |> duplicate(column: "_value", as: "copy")`),
  one('set', `${usage} |> set(key: "host", value: "z") |> limit(n: 1)`),
  {
    name: 'map',
    script: `${usage} |> map(fn: (r) => ({r with double: r._value * 2.0, big: r._value > 4.0}))`,
    anyColumnOrder: true,
  },
  {
    name: 'map to a few columns',
    script: `${usage} |> map(fn: (r) => ({_time: r._time, host: r.host, v: r._value}))`,
    anyColumnOrder: true,
  },
  one('map by row', `${usage} |> map(fn: (r) => ({r with text: string(v: r._value)}))`),
  one(
    'map with conditions',
    `${usage} |> map(fn: (r) => ({r with level: if r._value > 5.0 then "high" else "low"}))`,
  ),
  one(
    'map a missing column',
    `${usage} |> map(fn: (r) => ({r with zone: r.region, none: r.nope}))`,
  ),
  one(
    'map the group key',
    `${usage} |> filter(fn: (r) => r.host == "b" and r._value > 0.0 and r._value < 10.0) |> sort() |> map(fn: (r) => ({r with host: string(v: r._value)}))`,
  ),
  one(
    'map of a block',
    `${usage} |> map(fn: (r) => { y = r._value + 1.0 return {_time: r._time, y: y, a: 1} })`,
  ),
  one('toString', `${usage} |> toString()`),
  one('toInt', `${usage} |> toInt()`),
  one('toFloat', `${idle} |> toFloat()`),
  one('toBool', `${cpu} |> filter(fn: (r) => r._field == "ok") |> toString()`),
  one('fill', `${usage} |> aggregateWindow(every: 45s, fn: mean) |> fill(value: 0.0)`),
  one(
    'fill with the one before',
    `${usage} |> aggregateWindow(every: 45s, fn: mean) |> fill(usePrevious: true)`,
  ),
  one('fill a column that is not there', `${usage} |> fill(column: "nope", value: 1)`),
  one('timeShift', `${usage} |> timeShift(duration: -1h)`),
  one('truncateTimeColumn', `${usage} |> truncateTimeColumn(unit: 1m)`),
  one(
    'pivot',
    `${cpu} |> filter(fn: (r) => r._field == "usage" or r._field == "idle") |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")`,
  ),
  one(
    'pivot of all fields',
    `${cpu} |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")`,
  ),
  one(
    'pivot by two columns',
    `${price} |> group() |> pivot(rowKey: ["_time"], columnKey: ["exchange", "pair"], valueColumn: "_value")`,
  ),
  one(
    'fieldsAsCols',
    `import "influxdata/influxdb/schema" ${cpu} |> filter(fn: (r) => r.host == "a") |> schema.fieldsAsCols()`,
  ),
  one('columns', `${usage} |> columns()`),
  one('keys', `${usage} |> keys()`),
];

const rowCases: readonly TableCase[] = [
  one('sort', `${usage} |> sort()`),
  one(
    'sort downwards by two columns',
    `${price} |> group() |> sort(columns: ["pair", "_value"], desc: true)`,
  ),
  one('sort then limit', `${price} |> group() |> sort(columns: ["_value"]) |> limit(n: 5)`),
  one('limit with an offset', `${usage} |> limit(n: 2, offset: 3)`),
  one('tail', `${usage} |> tail(n: 2, offset: 1)`),
  one('top', `${price} |> group(columns: ["pair"]) |> top(n: 2)`),
  one('bottom', `${price} |> bottom(n: 1)`),
  one('distinct', `${usage} |> distinct()`),
  one('distinct of a tag', `${price} |> group() |> distinct(column: "pair")`),
  one('distinct of a key column', `${price} |> distinct(column: "pair")`),
  one('unique', `${usage} |> unique()`),
  one('unique by a tag', `${price} |> group() |> unique(column: "exchange")`),
  one('mode', `${usage} |> mode()`),
  one('difference', `${usage} |> difference()`),
  one(
    'difference of a counter',
    `${idle} |> difference(nonNegative: true, keepFirst: true, initialZero: true)`,
  ),
  one('difference that stays positive', `${usage} |> difference(nonNegative: true)`),
  one('derivative', `${usage} |> derivative(unit: 1m)`),
  one('derivative that stays positive', `${usage} |> derivative(unit: 10s, nonNegative: true)`),
  one('increase', `${usage} |> increase()`),
  one('cumulativeSum', `${idle} |> cumulativeSum()`),
  one('movingAverage', `${usage} |> movingAverage(n: 3)`),
  one('elapsed', `${usage} |> elapsed(unit: 1s)`),
  one('stateCount', `${usage} |> stateCount(fn: (r) => r._value > 2.0)`),
  one('stateDuration', `${usage} |> stateDuration(fn: (r) => r._value > 2.0, unit: 1s)`),
  one('histogram', `${usage} |> histogram(bins: [-5.0, 0.0, 5.0, 200.0])`),
  one(
    'reduce',
    `${usage} |> reduce(identity: {n: 0, total: 0.0}, fn: (r, accumulator) => ({n: accumulator.n + 1, total: accumulator.total + r._value}))`,
  ),
  one('quantile', `${usage} |> quantile(q: 0.5)`),
  one('quantile of many', `${price} |> group() |> quantile(q: 0.95)`),
  one('quantile by mean', `${usage} |> quantile(q: 0.3, method: "exact_mean")`),
  one('quantile by selection', `${usage} |> quantile(q: 0.3, method: "exact_selector")`),
  one('median', `${price} |> median()`),
  one('skew', `${usage} |> skew()`),
];

/** Columns with nulls: usage is written more often than idle. */
const SPARSE = `${cpu} |> filter(fn: (r) => r._field == "usage" or r._field == "idle" or r._field == "note") |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value") |> group() |> sort(columns: ["_time", "host"])`;

const nullCases: readonly TableCase[] = [
  ['sort', 'sort(columns: ["idle", "_time", "host"])'],
  ['sort downwards', 'sort(columns: ["note", "_time", "host"], desc: true)'],
  ['sum', 'sum(column: "idle")'],
  ['mean', 'mean(column: "idle")'],
  ['count', 'count(column: "note")'],
  ['stddev', 'stddev(column: "idle")'],
  ['min', 'min(column: "idle")'],
  ['last', 'last(column: "note")'],
  ['distinct', 'distinct(column: "note")'],
  ['unique', 'unique(column: "note")'],
  ['difference', 'difference(columns: ["idle"])'],
  ['cumulativeSum', 'cumulativeSum(columns: ["idle"])'],
  ['fill', 'fill(column: "note", usePrevious: true)'],
  ['filter by exists', 'filter(fn: (r) => exists r.idle)'],
  ['filter by a comparison', 'filter(fn: (r) => r.idle > 60)'],
  ['map', 'map(fn: (r) => ({r with sum: r.usage + float(v: r.idle)}))'],
  ['map by row', 'map(fn: (r) => ({r with text: if exists r.note then r.note else "none"}))'],
  ['group', 'group(columns: ["note"])'],
  ['mode', 'mode(column: "note")'],
  ['windows', 'window(every: 2m) |> sum(column: "idle")'],
  ['a window function over another column', 'aggregateWindow(every: 2m, column: "idle", fn: mean)'],
  [
    'aggregateWindow last of another column',
    'aggregateWindow(every: 2m, column: "note", fn: last)',
  ],
].map(([name, call]) => one(`nulls: ${name}`, `${SPARSE} |> ${call}`));

/** Functions of columns and rows, with and without nulls. */
export const rowFunctionCases: readonly TableCase[] = [...columnCases, ...rowCases, ...nullCases];
