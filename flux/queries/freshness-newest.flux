// The points of one field in the newest minutes, of all markets: an hour of them costs InfluxDB as
// much as this asked each minute of an hour, so no more is read than came since the last look.
bucket = "tidemark"
field = "price"
start = -2m
stop = 0s

from(bucket: bucket)
    |> range(start: start, stop: stop)
    |> filter(fn: (r) => r._measurement == "price" and r._field == field)
    |> group()
    |> keep(columns: ["_time", "_value", "exchange", "pair"])
