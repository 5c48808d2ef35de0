// How punctual the slots of one exchange were and what came of them: one row a slot, by time.
bucket = "tidemark"
exchange = "kraken"
start = -1h
stop = 0s

from(bucket: bucket)
    |> range(start: start, stop: stop)
    |> filter(fn: (r) => r._measurement == "ingest" and r.exchange == exchange)
    |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")
    |> keep(columns: ["_time", "late_ms", "took_ms", "rows", "ok"])
