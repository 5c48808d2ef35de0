// How late the polls of each exchange began, in milliseconds, on average.
bucket = "tidemark"

from(bucket: bucket)
    |> range(start: v.timeRangeStart, stop: v.timeRangeStop)
    |> filter(fn: (r) => r._measurement == "ingest" and r._field == "late_ms")
    |> aggregateWindow(every: v.windowPeriod, fn: mean, createEmpty: false)
    |> keep(columns: ["_time", "_value", "exchange"])
