// The currencies that most articles speak of.
bucket = "tidemark"

from(bucket: bucket)
    |> range(start: v.timeRangeStart, stop: v.timeRangeStop)
    |> filter(
        fn: (r) => r._measurement == "article" and r._field == "article" and r.event == "mentioned",
    )
    |> group(columns: ["symbol"])
    |> count()
    |> group()
    |> sort(columns: ["_value"], desc: true)
    |> limit(n: 20)
    |> keep(columns: ["_value", "symbol"])
    |> rename(columns: {_value: "articles"})
