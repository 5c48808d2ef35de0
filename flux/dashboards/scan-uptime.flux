// The part of scans that ended as expected, from 0 to 1, by monitor.
bucket = "tidemark"

from(bucket: bucket)
    |> range(start: v.timeRangeStart, stop: v.timeRangeStop)
    |> filter(fn: (r) => r._measurement == "scan" and r._field == "ok")
    |> map(fn: (r) => ({r with _value: if r._value then 1.0 else 0.0}))
    |> aggregateWindow(every: v.windowPeriod, fn: mean, createEmpty: false)
    |> keep(columns: ["_time", "_value", "monitor"])
