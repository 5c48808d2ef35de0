import type { TableCase } from './flux-table-data.ts';
import { cpu, data, idle, one, price, usage } from './flux-table-data.ts';

const aggregates = ['mean', 'sum', 'count', 'min', 'max', 'first', 'last', 'stddev', 'spread'];
const windows = [
  'mean',
  'sum',
  'count',
  'min',
  'max',
  'first',
  'last',
  'stddev',
  'spread',
  'median',
];

function aggregateCases(): TableCase[] {
  return [
    ...aggregates.map((fn) => one(`${fn} of each series`, `${usage} |> ${fn}()`)),
    ...aggregates.map((fn) => one(`${fn} of integers`, `${idle} |> ${fn}()`)),
    ...aggregates.map((fn) => one(`${fn} of one group`, `${usage} |> group() |> ${fn}()`)),
    ...aggregates.map((fn) =>
      one(`${fn} by a tag that some lack`, `${usage} |> group(columns: ["region"]) |> ${fn}()`),
    ),
    ...windows.map((fn) =>
      one(`aggregateWindow ${fn}`, `${usage} |> aggregateWindow(every: 2m, fn: ${fn})`),
    ),
    ...windows.map((fn) =>
      one(
        `aggregateWindow ${fn} without empty windows`,
        `${usage} |> aggregateWindow(every: 45s, fn: ${fn}, createEmpty: false)`,
      ),
    ),
    ...['mean', 'last', 'max', 'stddev', 'count'].map((fn) =>
      one(
        `aggregateWindow ${fn} of groups`,
        `${price} |> group(columns: ["exchange"]) |> aggregateWindow(every: 3m, fn: ${fn})`,
      ),
    ),
    ...['mean', 'count', 'first', 'stddev'].map((fn) =>
      one(`window then ${fn}`, `${usage} |> window(every: 3m) |> ${fn}()`),
    ),
    one('count of unsigned', `${cpu} |> filter(fn: (r) => r._field == "big") |> sum()`),
    one('first of strings', `${cpu} |> filter(fn: (r) => r._field == "note") |> first()`),
    one('last of booleans', `${cpu} |> filter(fn: (r) => r._field == "ok") |> last()`),
    one(
      'sums that pass the range of integers',
      `${data} |> filter(fn: (r) => r._field == "free") |> sum()`,
    ),
    one('population deviation', `${usage} |> stddev(mode: "population")`),
    one(
      'aggregates of every field at once',
      `${cpu} |> filter(fn: (r) => r._field != "note") |> count()`,
    ),
    one(
      'min of two fields of different types',
      `${cpu} |> filter(fn: (r) => r._field == "idle" or r._field == "usage") |> min()`,
    ),
    one(
      'custom window function',
      `${usage} |> aggregateWindow(every: 2m, fn: (column, tables=<-) => tables |> stddev(mode: "population"))`,
    ),
    one(
      'custom window function with a column',
      `${usage} |> aggregateWindow(every: 3m, fn: (column, tables=<-) => tables |> quantile(q: 0.9, column: column))`,
    ),
  ];
}

const windowCases: readonly TableCase[] = [
  one('offset windows', `${usage} |> aggregateWindow(every: 2m, offset: 30s, fn: mean)`),
  one('times from the start', `${usage} |> aggregateWindow(every: 2m, fn: sum, timeSrc: "_start")`),
  one('another time column', `${usage} |> aggregateWindow(every: 2m, fn: max, timeDst: "at")`),
  one('overlapping windows', `${usage} |> aggregateWindow(every: 1m, period: 3m, fn: mean)`),
  one('windows with gaps', `${usage} |> window(every: 3m, period: 1m) |> count()`),
  one('windows with empty ones', `${usage} |> window(every: 3m, createEmpty: true) |> count()`),
  one('windows of raw rows', `${usage} |> window(every: 4m)`),
  one('months', `${usage} |> aggregateWindow(every: 1mo, fn: mean)`),
  one('a day', `${usage} |> aggregateWindow(every: 1d, fn: count)`),
  one(
    'a place',
    `import "timezone" option location = timezone.location(name: "Europe/Paris") ${usage} |> aggregateWindow(every: 1d, fn: count)`,
  ),
  one('timedMovingAverage', `${usage} |> timedMovingAverage(every: 1m, period: 3m)`),
  one(
    'windows after a map',
    `${usage} |> map(fn: (r) => ({r with _value: r._value * 2.0})) |> aggregateWindow(every: 2m, fn: mean)`,
  ),
  one(
    'windows of stddev after a map',
    `${usage} |> map(fn: (r) => ({r with _value: r._value * 2.0})) |> aggregateWindow(every: 2m, fn: stddev, createEmpty: false)`,
  ),
  one(
    'windows of no rows',
    `${usage} |> filter(fn: (r) => r._value > 1000.0) |> aggregateWindow(every: 2m, fn: mean)`,
  ),
];

const groupCases: readonly TableCase[] = [
  one('group by one tag', `${usage} |> group(columns: ["host"])`),
  one('group by nothing', `${price} |> group()`),
  one('group by two tags', `${price} |> group(columns: ["pair", "exchange"]) |> sum()`),
  one(
    'group except',
    `${usage} |> group(columns: ["_time", "_value", "host"], mode: "except") |> sum()`,
  ),
  one(
    'group by field',
    `${cpu} |> filter(fn: (r) => r._field == "idle" or r._field == "big") |> group(columns: ["_field"]) |> last()`,
  ),
  one(
    'group twice',
    `${price} |> group(columns: ["pair"]) |> group(columns: ["exchange"]) |> mean()`,
  ),
  one('group by time', `${usage} |> group(columns: ["_time"]) |> sum()`),
  one(
    'group after an aggregate',
    `${price} |> mean() |> group(columns: ["exchange"]) |> sort(desc: true)`,
  ),
  one(
    'group of a variable used twice',
    `d = ${price} d |> group(columns: ["pair"]) |> mean() |> yield(name: "a") d |> max() |> yield(name: "b")`,
  ),
  one('group by a column that is not there', `${usage} |> group(columns: ["nope"]) |> count()`),
  one(
    'types that cannot be grouped',
    `${cpu} |> filter(fn: (r) => r._field == "idle" or r._field == "usage") |> group()`,
  ),
];

const filterCases: readonly TableCase[] = [
  one('a value', `${usage} |> filter(fn: (r) => r._value > 3.0)`),
  one(
    'values of several types',
    `${cpu} |> filter(fn: (r) => r._field != "big") |> filter(fn: (r) => r._value > 6)`,
  ),
  one('a missing tag', `${usage} |> filter(fn: (r) => r.region != "eu")`),
  one('exists', `${usage} |> filter(fn: (r) => exists r.region)`),
  one('not exists', `${usage} |> filter(fn: (r) => not exists r.region)`),
  one(
    'a pattern',
    `${data} |> filter(fn: (r) => r._measurement =~ /^c/ and r.host !~ /b/) |> count()`,
  ),
  one(
    'or over tags',
    `${price} |> filter(fn: (r) => r.pair == "btcusd" or r.exchange == "okx") |> first()`,
  ),
  one(
    'time and value',
    `${usage} |> filter(fn: (r) => r._time >= 2024-01-01T00:02:00Z and r._value < 5.0)`,
  ),
  one(
    'tag and value mixed',
    `${usage} |> filter(fn: (r) => r.host == "a" and r._value > 3.0 or r.host == "b" and r._value < 3.0)`,
  ),
  one('arithmetic', `${usage} |> filter(fn: (r) => r._value * 2.0 > 10.0)`),
  one(
    'contains',
    `${price} |> filter(fn: (r) => contains(value: r.pair, set: ["btcusd", "xmrusd"])) |> count()`,
  ),
  one('strings', `${cpu} |> filter(fn: (r) => r._field == "note" and r._value != "n0")`),
  one('nothing', `${usage} |> filter(fn: (r) => r._value > 1000.0)`),
  one(
    'nothing, kept',
    `${usage} |> filter(fn: (r) => r._value > 1000.0, onEmpty: "keep") |> count()`,
  ),
  one('an outer variable', `limit = 3.0 ${usage} |> filter(fn: (r) => r._value >= limit)`),
  one('an unsorted tag key', `${data} |> filter(fn: (r) => r._measurement == "mem")`),
];

/** Aggregates, windows, groups and filters. */
export const tableCases: readonly TableCase[] = [
  one('everything', data),
  ...aggregateCases(),
  ...windowCases,
  ...groupCases,
  ...filterCases,
];
