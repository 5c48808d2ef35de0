// The scans of one monitor: one row a slot, by time, a column for each field that one of them has
// (core/measurements.ts). A slot that is being written while it is read is left to the next read.
bucket = "tidemark"
monitor = "1"
start = -24h
stop = 0s

from(bucket: bucket)
    |> range(start: start, stop: stop)
    |> filter(fn: (r) => r._measurement == "scan" and r.monitor == monitor)
    |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")
    |> filter(fn: (r) => exists r.ok and exists r.reason and exists r.total_ms)
    |> drop(columns: ["_start", "_stop", "_measurement", "monitor"])
    |> sort(columns: ["_time"])
