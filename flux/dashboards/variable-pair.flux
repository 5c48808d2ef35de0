// The pairs that have a rank, by name.
bucket = "tidemark"

from(bucket: bucket)
    |> range(start: -21m)
    |> filter(
        fn: (r) => r._measurement == "pair_rank" and r._field == "rank" and r.window == "24h",
    )
    |> last()
    |> group()
    |> keep(columns: ["pair"])
    |> rename(columns: {pair: "_value"})
    |> sort(columns: ["_value"])
