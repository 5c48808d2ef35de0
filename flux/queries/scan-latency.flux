// How long the scans of one monitor took: of those that were answered as expected the mean, three
// quantiles (exact; between two values in proportion) and the longest; of every scan the mean of each
// phase that it came to ("dns_ms" to "transfer_ms") and of how late it began ("late_ms").
bucket = "tidemark"
monitor = "1"
start = -24h
stop = 0s

scans = () =>
    from(bucket: bucket)
        |> range(start: start, stop: stop)
        |> filter(fn: (r) => r._measurement == "scan" and r.monitor == monitor)

told = (tables=<-, part) =>
    tables
        |> keep(columns: ["_value"])
        |> set(key: "part", value: part)

answered =
    scans()
        |> filter(fn: (r) => r._field == "ok" or r._field == "total_ms")
        |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")
        |> filter(fn: (r) => exists r.ok and exists r.total_ms and r.ok)
        |> keep(columns: ["_time", "total_ms"])
        |> rename(columns: {total_ms: "_value"})

quantiled = (q) => answered |> quantile(q: q, method: "exact_mean")

phases =
    scans()
        |> filter(
            fn: (r) =>
                r._field == "dns_ms" or r._field == "connect_ms" or r._field == "tls_ms" or r._field == "ttfb_ms"
                    or
                    r._field == "transfer_ms" or r._field == "late_ms",
        )
        |> mean()
        |> keep(columns: ["_field", "_value"])
        |> group()
        |> rename(columns: {_field: "part"})

union(
    tables: [
        answered |> mean() |> told(part: "mean"),
        quantiled(q: 0.5) |> told(part: "p50"),
        quantiled(q: 0.9) |> told(part: "p90"),
        quantiled(q: 0.99) |> told(part: "p99"),
        answered |> max() |> told(part: "max"),
        phases,
    ],
)
