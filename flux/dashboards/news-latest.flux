// The newest articles.
bucket = "tidemark"

from(bucket: bucket)
    |> range(start: v.timeRangeStart, stop: v.timeRangeStop)
    |> filter(fn: (r) => r._measurement == "article" and r.event == "new")
    |> filter(fn: (r) => r._field == "title" or r._field == "url")
    |> pivot(rowKey: ["_time", "feed"], columnKey: ["_field"], valueColumn: "_value")
    |> group()
    |> sort(columns: ["_time"], desc: true)
    |> limit(n: 50)
    |> keep(columns: ["_time", "feed", "title", "url"])
