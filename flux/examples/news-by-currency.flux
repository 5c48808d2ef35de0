// What the news speak of: articles of the last day by currency, for each hour.
bucket = "tidemark"

from(bucket: bucket)
    |> range(start: -24h)
    |> filter(
        fn: (r) => r._measurement == "article" and r._field == "article" and r.event == "mentioned",
    )
    |> aggregateWindow(every: 1h, fn: count, createEmpty: false, timeSrc: "_start")
    |> group(columns: ["symbol"])
    |> aggregateWindow(every: 1h, fn: sum, createEmpty: false)
