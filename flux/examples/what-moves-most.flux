// The ten pairs that move most over the last 24 hours: rank 1 is the most volatile.
bucket = "tidemark"

from(bucket: bucket)
    |> range(start: -1h)
    |> filter(fn: (r) => r._measurement == "pair_rank" and r._field == "rank" and r.window == "24h")
    |> last()
    |> group()
    |> sort(columns: ["_value"])
    |> limit(n: 10)
    |> keep(columns: ["_value", "pair", "_time"])
    |> rename(columns: {_value: "rank"})
