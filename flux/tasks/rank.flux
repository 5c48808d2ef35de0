// Ranks every market among its exchange's markets: 1 is the most volatile, by the population
// standard deviation of its price over the trailing window. Equal ones stand in the order of their
// names. Markets that stand still, or stopped within the window, count as well.
//
// A window ends where the newest step of the moments (moments.flux) ends: ranks move once a step,
// and a run that finds no new step writes nothing. As long as the moments hold no prices, in the
// first minutes of an installation, the prices themselves are read, up to the run's slot. A window
// with a step missing waits for it to be made good, for an hour; then the prices are read. With
// `again`, the newest window is written once more: a step of it has changed.
//
// Where steps have deficits, a window of at most `few` prices of each market is read itself; in one
// of more, what is missing is subtracted.
//
// Written for its cost, which is the points of each market: 24 h have 288, and 1,440 prices at one a
// minute. With deficits it reads these prices.
// - keep() before stddev(): tables and keys of fewer columns. No other call may stand between filter
//   and stddev(): the embedded engine would read row by row.
// - The first sort() only merges the one-row tables of 13,827 series into one a group; map() would
//   take a second longer on the pieces.
// - Each map() names nothing but columns and literals: then it is done for a column at once, in no
//   time. With any other name in it, such as `end`, it runs row by row, 0.3 s for each. So the time
//   of the rank is the `_stop` of what was read, and set() writes the window.
// - Each says `r with`: the columns that such a map() makes anew come in another order from run to
//   run, and to() writes tags in the order of their columns, which another order makes another
//   series of InfluxDB. So exchange and pair stay where the storage put them.
// - A position is a running sum of ones. The position counted from the other end gives the number
//   of all: from + to - 1. No join(), no second read.
// - to() with three fields at once: a rank is never read without its `of`.
// - group() |> count() is counted by the storage: a second less than a count of each series.
import "array"
import "experimental"

option task = {name: "tidemark: rank-24h", every: 1m, offset: 35s}

bucket = "tidemark"
moments = "tidemark_rank"
points = "moments_10m"
shortfalls = "deficit_10m"
source = "moments-10m"
mark = "rank-24h"
window = "24h"
span = 24h
step = 10m
steps = 144
regular = 10
patience = 1h
few = 2000
again = false

// Which window is due, and what of: decided from the marks that the tasks leave, a row a step.
lookback = experimental.subDuration(d: patience, from: experimental.subDuration(d: span, from: now()))
never = experimental.subDuration(d: span, from: lookback)

marks =
    from(bucket: bucket)
        |> range(start: lookback)
        |> filter(fn: (r) => r._measurement == "rollup_step")

rolled =
    union(
        tables: [
            array.from(rows: [{_time: never, series: 0, regular: regular}]),
            marks
                |> filter(fn: (r) => r.task == source)
                |> group()
                |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")
                |> keep(columns: ["_time", "series", "regular"])
                |> filter(fn: (r) => r.regular == regular),
        ],
    )
        |> group()
        |> sort(columns: ["_time"], desc: true)

newest = rolled |> limit(n: 1) |> findRecord(fn: (key) => true, idx: 0)
end = experimental.addDuration(d: step, to: newest._time)
begin = experimental.subDuration(d: span, from: end)

found =
    rolled
        |> filter(fn: (r) => r._time >= begin)
        |> reduce(
            identity: {steps: 0, series: 0},
            fn: (r, accumulator) =>
                ({steps: accumulator.steps + 1, series: accumulator.series + r.series}),
        )
        |> findRecord(fn: (key) => true, idx: 0)

ranked =
    union(
        tables: [
            array.from(rows: [{_time: never}]),
            marks
                |> filter(fn: (r) => r.task == mark and r._field == "series")
                |> keep(columns: ["_time"]),
        ],
    )
        |> group()
        |> sort(columns: ["_time"], desc: true)
        |> limit(n: 1)
        |> findRecord(fn: (key) => true, idx: 0)

stale = ranked._time < experimental.subDuration(d: patience, from: now())
whole = found.steps == steps
due = found.series > 0 and whole and (again or ranked._time < end)
raw = found.series == 0 or not whole and stale

part = (tables=<-, name) =>
    tables
        |> keep(columns: ["_stop", "exchange", "pair", "_value"])
        |> set(key: "part", value: name)

deviations = (tables=<-) =>
    tables
        |> keep(columns: ["_stop", "exchange", "pair", "_value"])
        |> stddev(mode: "population")
        |> group(columns: ["_stop", "exchange"])

ofPrices = (start, stop) =>
    from(bucket: bucket)
        |> range(start: start, stop: stop)
        |> filter(fn: (r) => r._measurement == "price" and r._field == "price")
        |> deviations()

ofPoints = () =>
    from(bucket: moments)
        |> range(start: begin, stop: end)
        |> filter(fn: (r) => r._measurement == points and r._field == "point")

missing = () =>
    from(bucket: moments)
        |> range(start: begin, stop: end)
        |> filter(fn: (r) => r._measurement == shortfalls)
        |> group(columns: ["exchange", "pair", "_field"])
        |> sum()
        |> group(columns: ["_stop", "exchange"])

// The deviation of all prices: that of the points, as if every step had `regular` prices, less what
// is missing. Both are taken around the first 16 bits of the mean, where sums are exact. Each map()
// does only what is done for a column at once; a function of a row would take ten times as long.
weight = float(v: regular) / 2.0
ofGaps = () =>
    union(
        tables: [
            ofPoints() |> deviations() |> part(name: "sd"),
            ofPoints()
                |> group(columns: ["exchange", "pair"])
                |> sum()
                |> group(columns: ["_stop", "exchange"])
                |> part(name: "sum"),
            ofPoints()
                |> group(columns: ["exchange", "pair"])
                |> count()
                |> group(columns: ["_stop", "exchange"])
                |> sort(columns: ["pair"])
                |> toFloat()
                |> part(name: "count"),
            missing() |> keep(columns: ["_stop", "exchange", "pair", "_field", "_value"]) |> rename(columns: {_field: "part"}),
        ],
    )
        |> pivot(rowKey: ["exchange", "pair"], columnKey: ["part"], valueColumn: "_value")
        |> map(fn: (r) => ({r with mean: r.sum / r.count}))
        |> fill(column: "n", value: 0.0)
        |> fill(column: "a", value: 0.0)
        |> fill(column: "aa", value: 0.0)
        |> fill(column: "r", value: 0.0)
        |> fill(column: "q", value: 0.0)
        |> fill(column: "weight", value: weight)
        |> map(fn: (r) => ({r with big: r.mean * 137438953473.0}))
        |> map(fn: (r) => ({r with near: r.big - (r.big - r.mean)}))
        |> map(fn: (r) => ({r with off: r.mean - r.near, all: r.count * r.weight}))
        |> map(fn: (r) => ({r with left: r.all - r.n, sum: r.a - r.near * r.n + r.r}))
        |> map(fn: (r) => ({r with squares: r.aa - 2.0 * r.near * r.a + r.near * r.near * r.n}))
        |> map(fn: (r) => ({r with squares: r.squares + r.q - 2.0 * r.near * r.r}))
        |> map(fn: (r) => ({r with whole: r.all * (r.sd * r.sd + r.off * r.off)}))
        |> map(fn: (r) => ({r with first: (r.all * r.off - r.sum) / r.left}))
        |> map(fn: (r) => ({r with second: (r.whole - r.squares) / r.left}))
        |> map(fn: (r) => ({r with square: r.second - r.first * r.first}))
        |> map(fn: (r) => ({r with square: if r.square > 0.0 then r.square else 0.0}))
        |> map(fn: (r) => ({r with root: r.square ^ 0.5}))
        |> map(fn: (r) => ({r with any: r.n * r.n + r.a * r.a + r.r * r.r + r.q * r.q}))
        |> map(
            fn: (r) =>
                ({r with _value: if r.any == 0.0 then r.sd else if r.sd == 0.0 then r.sd else r.root}),
        )
        |> keep(columns: ["_stop", "exchange", "pair", "_value"])

gaps = () =>
    union(
        tables: [
            array.from(rows: [{_value: 0}]),
            from(bucket: moments)
                |> range(start: begin, stop: end)
                |> filter(fn: (r) => r._measurement == shortfalls and r._field == "n")
                |> filter(fn: (r) => r._value < 0.0 or r._value > 0.0)
                |> group()
                |> count()
                |> keep(columns: ["_value"]),
        ],
    )
        |> sum()
        |> findRecord(fn: (key) => true, idx: 0)

nothing = () =>
    array.from(rows: [{_stop: never, exchange: "", pair: "", _value: 0.0}])
        |> filter(fn: (r) => r.pair != "")
        |> group(columns: ["_stop", "exchange"])

markets =
    if raw then
        ofPrices(start: experimental.subDuration(d: span, from: now()), stop: now())
    else if not due then
        nothing()
    else if gaps()._value == 0 then
        ofPoints() |> deviations()
    else if steps * regular <= few then
        ofPrices(start: begin, stop: end)
    else
        ofGaps()

time = if raw then now() else end

written =
    markets
        |> sort(columns: ["pair"])
        |> map(
            fn: (r) =>
                ({r with
                    _time: r._stop,
                    _measurement: "rank",
                    stddev: r._value,
                    calm: -r._value,
                    rank: 1,
                    of: 1,
                }),
        )
        |> sort(columns: ["calm", "pair"])
        |> cumulativeSum(columns: ["rank"])
        |> sort(columns: ["calm", "pair"], desc: true)
        |> cumulativeSum(columns: ["of"])
        |> map(fn: (r) => ({r with of: r.rank + r.of - 1}))
        |> set(key: "window", value: window)
        |> to(
            bucket: bucket,
            tagColumns: ["exchange", "pair", "window"],
            fieldFn: (r) => ({stddev: r.stddev, rank: r.rank, of: r.of}),
        )

// After to(), which hands its rows on when they are written.
written
    |> group()
    |> count(column: "pair")
    |> map(fn: (r) => ({_time: time, _measurement: "rollup_step", task: mark, series: r.pair}))
    |> to(bucket: bucket, tagColumns: ["task"], fieldFn: (r) => ({series: r.series}))
