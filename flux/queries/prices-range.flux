// Prices of one pair on every exchange. Tables come in the order of the series keys, which is that
// of the exchange names, and rows in that of time: sorted without a sort(), which would hold all
// rows back until the last is read. keep() stands last, where it does not stop the push-down.
bucket = "tidemark"
pair = "btcusd"
start = -1h
stop = 0s

from(bucket: bucket)
    |> range(start: start, stop: stop)
    |> filter(fn: (r) => r._measurement == "price" and r._field == "price" and r.pair == pair)
    |> keep(columns: ["_time", "_value", "exchange"])
