// Ranks every pair among all pairs: 1 is the most volatile, by the population standard deviation of
// its prices on all exchanges together over the trailing window. Equal ones stand in the order of
// their names. Pairs that stand still, or stopped within the window, count as well.
//
// As rank.flux, and explained there; but the storage groups while it reads, so that a pair is one
// table from the start, and gives sums and counts, not means, of such groups.
import "array"
import "experimental"
import "math"

option task = {name: "tidemark: pair-rank-24h", every: 1m, offset: 40s}

bucket = "tidemark"
moments = "tidemark_rank"
points = "moments_5m"
shortfalls = "deficit_5m"
source = "moments-5m"
mark = "pair-rank-24h"
window = "24h"
span = 24h
step = 5m
steps = 288
regular = 5
patience = 1h
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
        |> keep(columns: ["pair", "_value"])
        |> set(key: "part", value: name)

deviations = (tables=<-) =>
    tables
        |> group(columns: ["pair"])
        |> stddev(mode: "population")
        |> group()

ofPrices = () =>
    from(bucket: bucket)
        |> range(start: experimental.subDuration(d: span, from: now()))
        |> filter(fn: (r) => r._measurement == "price" and r._field == "price")
        |> deviations()
        |> keep(columns: ["pair", "_value"])

ofPoints = () =>
    from(bucket: moments)
        |> range(start: begin, stop: end)
        |> filter(fn: (r) => r._measurement == points and r._field == "point")

missing = () =>
    from(bucket: moments)
        |> range(start: begin, stop: end)
        |> filter(fn: (r) => r._measurement == shortfalls)
        |> group(columns: ["pair", "_field"])
        |> sum()
        |> group()

// The deviation of all prices: that of the points, as if every step had `regular` prices, less what
// is missing. Both are taken around the first 16 bits of the mean, where sums are exact.
corrected = (r) => {
    big = r.mean * 137438953473.0
    near = big - (big - r.mean)
    off = r.mean - near
    all = r.count * float(v: regular) / 2.0
    n = all - r.n
    first = (all * off - (r.a - near * r.n + r.r)) / n
    second =
        (all * (r.sd * r.sd + off * off) - (r.aa - 2.0 * near * r.a + near * near * r.n + r.q - 2.0
                *
                near
                *
                r.r))
            /
            n
    square = second - first * first

    return if square > 0.0 then math.sqrt(x: square) else 0.0
}

ofGaps = () =>
    union(
        tables: [
            ofPoints() |> deviations() |> part(name: "sd"),
            ofPoints() |> group(columns: ["pair"]) |> sum() |> group() |> part(name: "sum"),
            ofPoints()
                |> group(columns: ["pair"])
                |> count()
                |> group()
                |> sort(columns: ["pair"])
                |> toFloat()
                |> part(name: "count"),
            missing() |> keep(columns: ["pair", "_field", "_value"]) |> rename(columns: {_field: "part"}),
        ],
    )
        |> pivot(rowKey: ["pair"], columnKey: ["part"], valueColumn: "_value")
        |> map(fn: (r) => ({r with mean: r.sum / r.count}))
        |> map(
            fn: (r) =>
                ({
                    pair: r.pair,
                    _value: if exists r.n and r.n != 0.0 and r.sd > 0.0 then corrected(r: r) else r.sd,
                }),
        )

gaps = () =>
    union(
        tables: [
            array.from(rows: [{_value: 0.0}]),
            missing() |> filter(fn: (r) => r._field == "n") |> keep(columns: ["_value"]),
        ],
    )
        |> group()
        |> map(fn: (r) => ({_value: math.abs(x: r._value)}))
        |> max()
        |> findRecord(fn: (key) => true, idx: 0)

nothing = () =>
    array.from(rows: [{pair: "", _value: 0.0}])
        |> filter(fn: (r) => r.pair != "")

pairs =
    if raw then
        ofPrices()
    else if not due then
        nothing()
    else if gaps()._value > 0.0 then
        ofGaps()
    else
        ofPoints() |> deviations() |> keep(columns: ["pair", "_value"])

time = if raw then now() else end

written =
    pairs
        |> sort(columns: ["pair"])
        |> map(
            fn: (r) =>
                ({
                    pair: r.pair,
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
        |> map(
            fn: (r) =>
                ({
                    _time: time,
                    _measurement: "pair_rank",
                    pair: r.pair,
                    window: window,
                    stddev: r.stddev,
                    rank: r.rank,
                    of: r.rank + r.of - 1,
                }),
        )
        |> to(
            bucket: bucket,
            tagColumns: ["pair", "window"],
            fieldFn: (r) => ({stddev: r.stddev, rank: r.rank, of: r.of}),
        )

// After to(), which hands its rows on when they are written.
written
    |> group()
    |> count(column: "pair")
    |> map(fn: (r) => ({_time: time, _measurement: "rollup_step", task: mark, series: r.pair}))
    |> to(bucket: bucket, tagColumns: ["task"], fieldFn: (r) => ({series: r.series}))
