// Steps of one pair's roll-ups on every exchange, one row a field and step: field by field, the exchanges
// of a field one after another, each by time (keep() sorts tables by what is left of their keys). Up to
// five fields: fewer are named again. Not by pivot(), which would hold all rows back; the reader puts an
// exchange's fields side by side.
bucket = "tidemark_5m"
measurement = "price_5m"
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
    |> filter(fn: (r) => r._measurement == measurement and r.pair == pair)
    |> filter(
        fn: (r) =>
            r._field == a or r._field == b or r._field == c or r._field == d or r._field == e,
    )
    |> keep(columns: ["_time", "_value", "_field", "exchange"])
