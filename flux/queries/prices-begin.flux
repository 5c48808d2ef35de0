// When the earliest price of a range is from: one row, or none.
bucket = "tidemark"
start = -30d
stop = 0s

from(bucket: bucket)
    |> range(start: start, stop: stop)
    |> filter(fn: (r) => r._measurement == "price" and r._field == "price")
    |> group()
    |> first()
    |> keep(columns: ["_time"])
