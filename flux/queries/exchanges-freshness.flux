// When each exchange's newest price is from. Not by last(): pushed down, it steps back through every
// series and costs 7 CPU seconds of InfluxDB for 13,827 of them; sort() and limit(), which become
// one operation, cost 0.8.
bucket = "tidemark"
start = -15m

from(bucket: bucket)
    |> range(start: start)
    |> filter(fn: (r) => r._measurement == "price" and r._field == "price")
    |> group(columns: ["exchange"])
    |> sort(columns: ["_time"], desc: true)
    |> limit(n: 1)
    |> keep(columns: ["_time", "exchange"])
