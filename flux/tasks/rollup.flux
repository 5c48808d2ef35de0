// Rolls prices up: each step's first, highest, lowest, last and mean price of every market, and how
// many there were, at the beginning of the step. A step without prices leaves no point, only its
// mark in `rollup_step`. Run for a longer time (start, stop), it writes every step of it.
//
// 9 CPU seconds of InfluxDB for 13,827 markets. Each of the six reads is pushed down to the storage,
// which a stream that is used twice would not be: so prices() is a function. last() alone is slow,
// aggregateWindow(fn: last) is not. sort() merges what was read into one table an exchange before
// toFloat(), which would take 3 seconds longer on 13,827 pieces.
import "array"
import "experimental"

option task = {name: "tidemark: rollup-5m", every: 5m, offset: 25s}

bucket = "tidemark"
into = "tidemark_5m"
measurement = "price_5m"
mark = "rollup-5m"
step = 5m
start = -5m
stop = 0s

prices = () =>
    from(bucket: bucket)
        |> range(start: start, stop: stop)
        |> filter(fn: (r) => r._measurement == "price" and r._field == "price")

steps = (tables=<-, fn) =>
    tables
        |> aggregateWindow(every: step, fn: fn, createEmpty: false, timeSrc: "_start")
        |> group(columns: ["exchange"])

part = (tables=<-, name) =>
    tables
        |> keep(columns: ["_time", "exchange", "pair", "_value"])
        |> set(key: "part", value: name)

written =
    union(
        tables: [
            prices() |> steps(fn: first) |> part(name: "first"),
            prices() |> steps(fn: max) |> part(name: "max"),
            prices() |> steps(fn: min) |> part(name: "min"),
            prices() |> steps(fn: last) |> part(name: "last"),
            prices() |> steps(fn: mean) |> part(name: "mean"),
            prices() |> steps(fn: count) |> sort(columns: ["pair"]) |> toFloat() |> part(name: "count"),
        ],
    )
        |> pivot(rowKey: ["_time", "exchange", "pair"], columnKey: ["part"], valueColumn: "_value")
        |> set(key: "_measurement", value: measurement)
        |> to(
            bucket: into,
            tagColumns: ["exchange", "pair"],
            fieldFn: (r) =>
                ({
                    first: r.first,
                    max: r.max,
                    min: r.min,
                    last: r.last,
                    mean: r.mean,
                    count: int(v: r.count),
                }),
        )

// After to(), which hands its rows on when they are written: a failed step has no mark.
begun = array.from(rows: [{_time: experimental.subDuration(d: step, from: now()), series: 0}])

union(
    tables: [
        written |> group(columns: ["_time"]) |> count(column: "pair") |> rename(columns: {pair: "series"}),
        begun |> group(columns: ["_time"]),
    ],
)
    |> group(columns: ["_time"])
    |> sum(column: "series")
    |> group()
    |> set(key: "_measurement", value: "rollup_step")
    |> set(key: "task", value: mark)
    |> to(bucket: bucket, tagColumns: ["task"], fieldFn: (r) => ({series: r.series}))
