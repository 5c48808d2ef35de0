// Finds the series whose most extreme point of the step is more than `factor` times (or, below, less
// than that part of) their mean of the window before it. The step ends now and does not count in the
// mean: with it, five points an hour could never be three times their mean. A series needs two
// points in the window and a mean above zero; exactly `factor` times is not more.
//
// Three reads, each pushed down to the storage, are laid under each other by name, mean and count
// above the point that they belong to: so fill() puts them beside it, a column at once. pivot()
// would cost half as much again, join() minutes. `of` tells whose mean it is that was filled in: a
// new series has none of its own. The mean is one read: a sum and a count of two moments, between
// which points are filled in, would make one of neither.
import "array"
import "experimental"

option task = {name: "tidemark: alert-ratio-price-above-3-1h", every: 1m, offset: 10s}

bucket = "tidemark"
measurement = "price"
field = "price"
name = "pair"
keys = ["_measurement", "exchange", "pair"]
within = ["_measurement", "exchange"]
tags = ["exchange", "pair", "rule"]
rule = "ratio-price-above-3-1h"
mark = "alert-ratio-price-above-3-1h"
above = true
factor = 3.0
window = 1h
step = 1m

// A range holds its beginning and not its end, a step its end and not its beginning.
after = (d) => experimental.addDuration(d: 1ns, to: experimental.subDuration(d: d, from: now()))
stop = after(d: 0s)
middle = after(d: step)
start = experimental.subDuration(d: window, from: middle)
startMs = int(v: start) / 1000000

points = (start, stop) =>
    from(bucket: bucket)
        |> range(start: start, stop: stop)
        |> filter(fn: (r) => r._measurement == measurement and r._field == field)

part = (tables=<-, value, label) =>
    tables
        |> group(columns: within)
        |> drop(columns: ["_start", "_stop", "_field"])
        |> rename(columns: {_value: value})
        |> duplicate(column: name, as: "series")
        |> set(key: "part", value: label)

extreme = if above then max else min

// Half of it is less than it: so for a mean above zero that is not infinite, and for no other.
fires = (value, average) =>
    average / 2.0 < average and (if above then value > average * factor else value < average / factor)

written =
    union(
        tables: [
            points(start: start, stop: middle)
                |> mean()
                |> part(value: "average", label: "a")
                |> duplicate(column: "series", as: "of"),
            points(start: start, stop: middle)
                |> group(columns: keys)
                |> count()
                |> part(value: "samples", label: "b"),
            points(start: middle, stop: stop) |> extreme() |> part(value: "value", label: "c"),
        ],
    )
        |> sort(columns: ["series", "part"])
        |> fill(column: "average", usePrevious: true)
        |> fill(column: "samples", usePrevious: true)
        |> fill(column: "of", usePrevious: true)
        |> filter(fn: (r) => r.part == "c" and exists r.of and r.of == r.series)
        |> filter(fn: (r) => r.samples > 1 and fires(value: r.value, average: r.average))
        |> set(key: "_measurement", value: "alert")
        |> set(key: "rule", value: rule)
        |> to(
            bucket: bucket,
            tagColumns: tags,
            fieldFn: (r) =>
                ({
                    value: float(v: r.value),
                    average: r.average,
                    factor: factor,
                    samples: r.samples,
                    window_start: startMs,
                }),
        )

// After to(), which hands its rows on when they are written: a failed step has no mark.
union(
    tables: [
        written |> group() |> count(column: "series") |> keep(columns: ["series"]),
        array.from(rows: [{series: 0}]),
    ],
)
    |> sum(column: "series")
    |> map(fn: (r) => ({_time: now(), _measurement: "rollup_step", task: mark, series: r.series}))
    |> to(bucket: bucket, tagColumns: ["task"], fieldFn: (r) => ({series: r.series}))
