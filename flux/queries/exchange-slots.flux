// How punctual the slots of one exchange were and what came of them: one row a slot, by time. A slot
// that is being written while it is read has some of its fields only: it is left to the next read.
bucket = "tidemark"
exchange = "kraken"
start = -1h
stop = 0s

from(bucket: bucket)
    |> range(start: start, stop: stop)
    |> filter(fn: (r) => r._measurement == "ingest" and r.exchange == exchange)
    |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")
    |> filter(
        fn: (r) => exists r.late_ms and exists r.took_ms and exists r.rows and exists r.ok,
    )
    |> keep(columns: ["_time", "late_ms", "took_ms", "rows", "ok"])
