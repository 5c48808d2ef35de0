// The pages that take longest: the time below which 95 of 100 scans of the last day came back.
bucket = "tidemark"

from(bucket: bucket)
    |> range(start: -24h)
    |> filter(fn: (r) => r._measurement == "scan" and r._field == "total_ms")
    |> quantile(q: 0.95)
    |> group()
    |> sort(columns: ["_value"], desc: true)
    |> keep(columns: ["monitor", "_value"])
    |> rename(columns: {_value: "ms"})
