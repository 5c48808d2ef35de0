// One field of a pair on one exchange, as it was written, by time.
bucket = "tidemark"
exchange = "kraken"
pair = "btcusd"
field = "price"
start = -1h
stop = 0s

from(bucket: bucket)
    |> range(start: start, stop: stop)
    |> filter(
        fn: (r) =>
            r._measurement == "price" and r._field == field and r.pair == pair and r.exchange
                ==
                exchange,
    )
    |> keep(columns: ["_time", "_value"])
