// Where the scans of one monitor spent their time, in milliseconds, on average, by phase.
bucket = "tidemark"

from(bucket: bucket)
    |> range(start: v.timeRangeStart, stop: v.timeRangeStop)
    |> filter(fn: (r) => r._measurement == "scan" and r.monitor == v.tidemark_monitor)
    |> filter(
        fn: (r) =>
            r._field == "dns_ms" or r._field == "connect_ms" or r._field == "tls_ms" or r._field
                ==
                "ttfb_ms" or r._field == "transfer_ms",
    )
    |> aggregateWindow(every: v.windowPeriod, fn: mean, createEmpty: false)
    |> keep(columns: ["_time", "_value", "_field"])
