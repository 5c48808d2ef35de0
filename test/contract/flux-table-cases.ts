/**
 * Questions about tables that the embedded engine and InfluxDB must answer alike. Each script reads
 * the data below from bucket `t` (and may write to `w`); `data`, `cpu` and `price` are prepared
 * pipes, and what stands before them is the script's imports.
 */
export interface TableCase {
  readonly name: string;
  readonly script: string;
  /** InfluxDB puts the columns in another order from run to run. */
  readonly anyColumnOrder?: boolean;
}

const BASE = 1_704_067_200; // 2024-01-01T00:00:00Z

function lines(): string[] {
  const out: string[] = [];
  const at = (seconds: number) => `${BASE + seconds}000000000`;
  const usage = [1.5, -2, 4, 4, 0.25, 10, 7.5, 3, 3, -1, 0, 12.125];
  usage.forEach((value, i) => {
    out.push(`cpu,host=a,region=eu usage=${value},idle=${90 - i * 3}i ${at(i * 30)}`);
    if (i % 2 === 0) out.push(`cpu,host=b,region=us usage=${value * 2},idle=${i}i ${at(i * 30)}`);
    if (i % 3 === 0) out.push(`cpu,host=c usage=${100 - value} ${at(i * 30 + 7)}`);
  });
  for (let i = 0; i < 5; i++) {
    out.push(`cpu,host=a,region=eu ok=${i % 2 === 0},note="n${i % 3}",big=${i * 7}u ${at(i * 60)}`);
  }
  for (const [index, exchange] of ['kraken', 'bitfinex', 'okx'].entries()) {
    for (const [p, pair] of ['btcusd', 'ethusd', 'xmrusd'].entries()) {
      for (let i = 0; i < 12; i++) {
        const price = (index + 1) * 100 * (p + 1) + ((i * 37 + p * 11 + index * 5) % 23) / 4;
        out.push(
          `price,exchange=${exchange},pair=${pair} price=${price},volume=${i + p} ${at(i * 50)}`,
        );
      }
    }
  }
  out.push(
    `mem,Zone=z1,host=a free=5i ${at(15)}`,
    `mem,host=b free=-9223372036854775807i ${at(15)}`,
  );
  out.push(`mem,host=b free=-5i ${at(75)}`);
  return out;
}

/** Line protocol, nanoseconds. */
export const dataset: string = lines().join('\n');

/** Every script's `now()`. */
export const nowText = '2024-01-01T00:20:00Z';

const RANGE = 'range(start: 2024-01-01T00:00:00Z, stop: 2024-01-01T00:10:00Z)';
const data = `from(bucket: "t") |> ${RANGE}`;
const cpu = `${data} |> filter(fn: (r) => r._measurement == "cpu")`;
const usage = `${data} |> filter(fn: (r) => r._measurement == "cpu" and r._field == "usage")`;
const idle = `${data} |> filter(fn: (r) => r._measurement == "cpu" and r._field == "idle")`;
const price = `${data} |> filter(fn: (r) => r._measurement == "price" and r._field == "price")`;

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

const one = (name: string, script: string): TableCase => ({ name, script });

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
  one(
    'union then pivot',
    `a = ${price} |> mean() |> set(key: "kind", value: "mean") b = ${price} |> max() |> drop(columns: ["_time"]) |> set(key: "kind", value: "max") union(tables: [a, b]) |> sort(columns: ["kind"]) |> pivot(rowKey: ["exchange", "pair"], columnKey: ["kind"], valueColumn: "_value")`,
  ),
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

export const cases: readonly TableCase[] = [
  one('everything', data),
  ...aggregateCases(),
  ...windowCases,
  ...groupCases,
  ...filterCases,
  ...columnCases,
  ...rowCases,
  ...joinCases,
  ...schemaCases,
  ...tagCases,
  ...errorCases,
];
