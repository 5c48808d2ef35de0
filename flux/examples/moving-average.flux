// The price of a pair on one exchange beside its mean of the last ten minutes, at each minute.
bucket = "tidemark"
pair = "btcusd"
exchange = "kraken"

prices =
    from(bucket: bucket)
        |> range(start: -6h)
        |> filter(
            fn: (r) =>
                r._measurement == "price" and r._field == "price" and r.pair == pair and r.exchange == exchange,
        )
        |> aggregateWindow(every: 1m, fn: last, createEmpty: false)
        |> keep(columns: ["_time", "_value"])

prices |> yield(name: "price")

prices |> timedMovingAverage(every: 1m, period: 10m) |> yield(name: "mean of 10 minutes")
