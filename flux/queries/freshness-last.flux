// The newest point of each market of a day: what a look that knows nothing begins with. It reads
// back through each series, which costs much; asked once.
bucket = "tidemark"
field = "price"
start = -24h
stop = 0s

from(bucket: bucket)
    |> range(start: start, stop: stop)
    |> filter(fn: (r) => r._measurement == "price" and r._field == field)
    |> last()
    |> keep(columns: ["_time", "_value", "exchange", "pair"])
    |> group()
