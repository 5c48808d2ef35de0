// When the rank tasks last wrote: one row a measurement, with the slot of the newest run. Asked at
// start, for runs that were missed; the time is looked for among the points, because InfluxDB's own
// tasks.lastSuccess() never tells it. sort() and limit() for the reason in exchanges-freshness.flux.
bucket = "tidemark"
start = -3m

from(bucket: bucket)
    |> range(start: start)
    |> filter(fn: (r) => r._measurement == "rank" or r._measurement == "pair_rank")
    |> filter(fn: (r) => r._field == "of")
    |> group(columns: ["_measurement"])
    |> sort(columns: ["_time"], desc: true)
    |> limit(n: 1)
    |> keep(columns: ["_time", "_measurement"])
