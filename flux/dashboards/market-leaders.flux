// The twenty most volatile pairs of the trailing 24 h, by the newest ranks.
bucket = "tidemark"

from(bucket: bucket)
    |> range(start: -21m)
    |> filter(
        fn: (r) => r._measurement == "pair_rank" and r._field == "rank" and r.window == "24h",
    )
    |> last()
    |> group()
    |> sort(columns: ["_value"])
    |> limit(n: 20)
    |> keep(columns: ["_value", "pair"])
    |> rename(columns: {_value: "rank"})
