// How long the scans of each monitor took, in milliseconds, on average.
bucket = "tidemark"

from(bucket: bucket)
    |> range(start: v.timeRangeStart, stop: v.timeRangeStop)
    |> filter(fn: (r) => r._measurement == "scan" and r._field == "total_ms")
    |> aggregateWindow(every: v.windowPeriod, fn: mean, createEmpty: false)
    |> keep(columns: ["_time", "_value", "monitor"])
