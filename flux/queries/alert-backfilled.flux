// Prices that were filled in after the fact: a row each.
bucket = "tidemark"
start = -1m
stop = 0s

from(bucket: bucket)
    |> range(start: start, stop: stop)
    |> filter(fn: (r) => r._measurement == "price" and r._field == "backfilled" and r._value == true)
    |> keep(columns: ["_time", "exchange", "pair"])
    |> group()
