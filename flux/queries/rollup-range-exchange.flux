// Steps of one pair's roll-ups on one exchange, one row a field and step: field by field, each by time.
// Otherwise as rollup-range.flux.
bucket = "tidemark_5m"
measurement = "price_5m"
exchange = "kraken"
pair = "btcusd"
start = -24h
stop = 0s
a = "first"
b = "max"
c = "min"
d = "last"
e = "count"

from(bucket: bucket)
    |> range(start: start, stop: stop)
    |> filter(
        fn: (r) => r._measurement == measurement and r.pair == pair and r.exchange == exchange,
    )
    |> filter(
        fn: (r) =>
            r._field == a or r._field == b or r._field == c or r._field == d or r._field == e,
    )
    |> keep(columns: ["_time", "_value", "_field", "exchange"])
