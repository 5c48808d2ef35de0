// Ask less bid of a pair on one exchange, where both were written, by time.
bucket = "tidemark"
exchange = "kraken"
pair = "btcusd"
start = -1h
stop = 0s

from(bucket: bucket)
    |> range(start: start, stop: stop)
    |> filter(
        fn: (r) => r._measurement == "price" and r.pair == pair and r.exchange == exchange,
    )
    |> filter(fn: (r) => r._field == "bid" or r._field == "ask")
    |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")
    |> filter(fn: (r) => exists r.bid and exists r.ask)
    |> map(fn: (r) => ({_time: r._time, _value: r.ask - r.bid}))
