// Rolls the hours up to days, UTC: as rollup.flux, but from the roll-ups of an hour, because a day
// of prices is a billion points where they come each second. The mean is weighted by how many
// prices each hour has.
import "array"
import "experimental"

option task = {name: "tidemark: rollup-1d", every: 1d, offset: 5m}

bucket = "tidemark"
hours = "tidemark_1h"
into = "tidemark_1d"
mark = "rollup-1d"
step = 1d
start = -1d
stop = 0s

fields = (field) =>
    from(bucket: hours)
        |> range(start: start, stop: stop)
        |> filter(fn: (r) => r._measurement == "price_1h" and r._field == field)

days = (tables=<-, fn) =>
    tables
        |> aggregateWindow(every: step, fn: fn, createEmpty: false, timeSrc: "_start")
        |> group(columns: ["exchange"])

part = (tables=<-, name) =>
    tables
        |> keep(columns: ["_time", "exchange", "pair", "_value"])
        |> set(key: "part", value: name)

totals =
    union(
        tables: [
            fields(field: "mean") |> group(columns: ["exchange"]) |> part(name: "mean"),
            fields(field: "count")
                |> group(columns: ["exchange"])
                |> sort(columns: ["pair"])
                |> toFloat()
                |> part(name: "count"),
        ],
    )
        |> pivot(rowKey: ["_time", "exchange", "pair"], columnKey: ["part"], valueColumn: "_value")
        // `r with`: a new row would have its tags in any order, and to() writes them as they stand.
        |> map(fn: (r) => ({r with _value: r.mean * r.count}))
        |> group(columns: ["exchange", "pair"])
        |> aggregateWindow(every: step, fn: sum, createEmpty: false, timeSrc: "_start")
        |> group(columns: ["exchange"])

written =
    union(
        tables: [
            fields(field: "first") |> days(fn: first) |> part(name: "first"),
            fields(field: "max") |> days(fn: max) |> part(name: "max"),
            fields(field: "min") |> days(fn: min) |> part(name: "min"),
            fields(field: "last") |> days(fn: last) |> part(name: "last"),
            totals |> part(name: "total"),
            fields(field: "count")
                |> days(fn: sum)
                |> sort(columns: ["pair"])
                |> toFloat()
                |> part(name: "count"),
        ],
    )
        |> pivot(rowKey: ["_time", "exchange", "pair"], columnKey: ["part"], valueColumn: "_value")
        |> set(key: "_measurement", value: "price_1d")
        |> to(
            bucket: into,
            tagColumns: ["exchange", "pair"],
            fieldFn: (r) =>
                ({
                    first: r.first,
                    max: r.max,
                    min: r.min,
                    last: r.last,
                    mean: r.total / r.count,
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
