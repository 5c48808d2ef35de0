// The mean and the longest time of the scans of one monitor that were answered as expected, for each
// window that has such, by its begin.
bucket = "tidemark"
monitor = "1"
start = -24h
stop = 0s
every = 1h

answered =
    from(bucket: bucket)
        |> range(start: start, stop: stop)
        |> filter(fn: (r) => r._measurement == "scan" and r.monitor == monitor)
        |> filter(fn: (r) => r._field == "ok" or r._field == "total_ms")
        |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")
        |> filter(fn: (r) => exists r.ok and exists r.total_ms and r.ok)
        |> rename(columns: {total_ms: "_value"})

told = (tables=<-, part) =>
    tables
        |> keep(columns: ["_time", "_value"])
        |> set(key: "part", value: part)

union(
    tables: [
        answered
            |> aggregateWindow(every: every, fn: mean, createEmpty: false, timeSrc: "_start")
            |> told(part: "mean"),
        answered
            |> aggregateWindow(every: every, fn: max, createEmpty: false, timeSrc: "_start")
            |> told(part: "max"),
    ],
)
