// How late the prices of each exchange come in: the mean over each five minutes of the last hour.
bucket = "tidemark"

from(bucket: bucket)
    |> range(start: -1h)
    |> filter(fn: (r) => r._measurement == "ingest" and r._field == "took_ms")
    |> aggregateWindow(every: 5m, fn: mean, createEmpty: false)
    |> keep(columns: ["_time", "_value", "exchange"])
