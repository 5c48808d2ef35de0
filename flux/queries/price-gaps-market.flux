// The same for one market: one row for each step that has a point, with the step's beginning and
// its last price, by time. Steps are aligned to the epoch.
bucket = "tidemark"
exchange = "kraken"
pair = "btcusd"
start = -24h
stop = 0s
every = 1m

from(bucket: bucket)
    |> range(start: start, stop: stop)
    |> filter(
        fn: (r) =>
            r._measurement == "price" and r._field == "price" and r.pair == pair and r.exchange
                ==
                exchange,
    )
    |> aggregateWindow(every: every, fn: last, createEmpty: false, timeSrc: "_start")
    |> keep(columns: ["_time", "_value"])
