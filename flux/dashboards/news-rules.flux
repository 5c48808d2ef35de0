// Articles that each rule matched.
bucket = "tidemark"

from(bucket: bucket)
    |> range(start: v.timeRangeStart, stop: v.timeRangeStop)
    |> filter(
        fn: (r) => r._measurement == "article" and r._field == "article" and r.event == "matched",
    )
    |> aggregateWindow(every: v.windowPeriod, fn: count, createEmpty: false, timeSrc: "_start")
    |> group(columns: ["rule"])
    |> aggregateWindow(every: v.windowPeriod, fn: sum, createEmpty: false)
    |> keep(columns: ["_time", "_value", "rule"])
