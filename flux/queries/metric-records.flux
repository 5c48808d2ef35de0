// One field of a pair over all exchanges: for each window the last value of every exchange, and the
// mean of these. One row a window, by time; a window without a value has none. The first
// aggregateWindow is pushed down to the storage, the second has one row a window and exchange.
// `start` must lie on a window's begin, or the first time would be the middle of a window.
bucket = "tidemark"
pair = "btcusd"
field = "price"
start = -1h
stop = 0s
every = 1m

from(bucket: bucket)
    |> range(start: start, stop: stop)
    |> filter(fn: (r) => r._measurement == "price" and r._field == field and r.pair == pair)
    |> aggregateWindow(every: every, fn: last, createEmpty: false, timeSrc: "_start")
    |> group()
    |> aggregateWindow(every: every, fn: mean, createEmpty: false, timeSrc: "_start")
    |> keep(columns: ["_time", "_value"])
