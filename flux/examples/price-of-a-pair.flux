// The price of a pair on every exchange: the mean of each minute of the last hour.
bucket = "tidemark"
pair = "btcusd"

from(bucket: bucket)
    |> range(start: -1h)
    |> filter(fn: (r) => r._measurement == "price" and r._field == "price" and r.pair == pair)
    |> aggregateWindow(every: 1m, fn: mean, createEmpty: false)
    |> keep(columns: ["_time", "_value", "exchange"])
