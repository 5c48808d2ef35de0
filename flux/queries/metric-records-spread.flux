// Ask less bid of a pair over all exchanges: for each window the last ones of every exchange that
// has both, and the mean of their differences. Otherwise as metric-records.flux. The bounds stay in
// the group key, because pivot() keeps nothing else and the second aggregateWindow needs them.
bucket = "tidemark"
pair = "btcusd"
start = -1h
stop = 0s
every = 1m

from(bucket: bucket)
    |> range(start: start, stop: stop)
    |> filter(fn: (r) => r._measurement == "price" and r.pair == pair)
    |> filter(fn: (r) => r._field == "bid" or r._field == "ask")
    |> aggregateWindow(every: every, fn: last, createEmpty: false, timeSrc: "_start")
    |> group(columns: ["_start", "_stop"])
    |> pivot(rowKey: ["_time", "exchange"], columnKey: ["_field"], valueColumn: "_value")
    |> filter(fn: (r) => exists r.bid and exists r.ask)
    |> map(fn: (r) => ({r with _value: r.ask - r.bid}))
    |> aggregateWindow(every: every, fn: mean, createEmpty: false, timeSrc: "_start")
    |> keep(columns: ["_time", "_value"])
