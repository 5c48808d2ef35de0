// The series that have points of one field at all: a row each, with their tags.
bucket = "tidemark"
measurement = "price"
field = "price"
start = -1m
stop = 0s

from(bucket: bucket)
    |> range(start: start, stop: stop)
    |> filter(fn: (r) => r._measurement == measurement and r._field == field)
    |> count()
    |> drop(columns: ["_start", "_stop", "_measurement", "_field"])
    |> group()
