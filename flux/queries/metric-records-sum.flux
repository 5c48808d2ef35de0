// As metric-records.flux, but the sum over the exchanges: for volumes.
bucket = "tidemark"
pair = "btcusd"
field = "volume"
start = -1h
stop = 0s
every = 1m

from(bucket: bucket)
    |> range(start: start, stop: stop)
    |> filter(fn: (r) => r._measurement == "price" and r._field == field and r.pair == pair)
    |> aggregateWindow(every: every, fn: last, createEmpty: false, timeSrc: "_start")
    |> group()
    |> aggregateWindow(every: every, fn: sum, createEmpty: false, timeSrc: "_start")
    |> keep(columns: ["_time", "_value"])
