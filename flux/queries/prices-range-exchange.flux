// Prices of one pair on one exchange, by time. A file of its own: a condition that might be "any
// exchange" would not be pushed down to the storage.
bucket = "tidemark"
exchange = "kraken"
pair = "btcusd"
start = -1h
stop = 0s

from(bucket: bucket)
    |> range(start: start, stop: stop)
    |> filter(
        fn: (r) =>
            r._measurement == "price" and r._field == "price" and r.pair == pair and r.exchange
                ==
                exchange,
    )
    |> keep(columns: ["_time", "_value", "exchange"])
