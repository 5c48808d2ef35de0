// Finds the series whose most extreme point of the step is above (or below) a limit. The storage
// compares, and gives only what is beyond it. `pairs`, `exchanges` and `monitors` are patterns of
// the tags; an empty one fits all.
import "array"
import "experimental"
import "regexp"

option task = {name: "tidemark: alert-threshold-price-above-70000", every: 1m, offset: 10s}

bucket = "tidemark"
measurement = "price"
field = "price"
tags = ["exchange", "pair", "rule"]
pairs = "^(?:btcusd)$"
exchanges = ""
monitors = ""
rule = "threshold-price-above-70000"
mark = "alert-threshold-price-above-70000"
above = true
bound = 70000.0
step = 1m

// A range holds its beginning and not its end, a step its end and not its beginning.
after = (d) => experimental.addDuration(d: 1ns, to: experimental.subDuration(d: d, from: now()))

// Each is known before the query is planned, so that what is left is pushed down.
pairPattern = regexp.compile(v: pairs)
exchangePattern = regexp.compile(v: exchanges)
monitorPattern = regexp.compile(v: monitors)
ofPairs = (tables=<-) =>
    if pairs == "" then tables else tables |> filter(fn: (r) => r.pair =~ pairPattern)
ofExchanges = (tables=<-) =>
    if exchanges == "" then tables else tables |> filter(fn: (r) => r.exchange =~ exchangePattern)
ofMonitors = (tables=<-) =>
    if monitors == "" then tables else tables |> filter(fn: (r) => r.monitor =~ monitorPattern)
beyond = (tables=<-) =>
    if above then
        tables |> filter(fn: (r) => r._value > bound) |> max()
    else
        tables |> filter(fn: (r) => r._value < bound) |> min()

written =
    from(bucket: bucket)
        |> range(start: after(d: step), stop: after(d: 0s))
        |> filter(fn: (r) => r._measurement == measurement and r._field == field)
        |> ofPairs()
        |> ofExchanges()
        |> ofMonitors()
        |> beyond()
        |> group()
        |> drop(columns: ["_start", "_stop", "_field"])
        |> set(key: "_measurement", value: "alert")
        |> set(key: "rule", value: rule)
        |> to(
            bucket: bucket,
            tagColumns: tags,
            fieldFn: (r) => ({value: float(v: r._value), limit: bound}),
        )

// After to(), which hands its rows on when they are written: a failed step has no mark.
union(
    tables: [
        written |> group() |> count(column: "_value") |> rename(columns: {_value: "series"}) |> keep(columns: ["series"]),
        array.from(rows: [{series: 0}]),
    ],
)
    |> sum(column: "series")
    |> map(fn: (r) => ({_time: now(), _measurement: "rollup_step", task: mark, series: r.series}))
    |> to(bucket: bucket, tagColumns: ["task"], fieldFn: (r) => ({series: r.series}))
