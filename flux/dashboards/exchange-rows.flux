// How many markets of each exchange a poll wrote a price of, on average.
bucket = "tidemark"

from(bucket: bucket)
    |> range(start: v.timeRangeStart, stop: v.timeRangeStop)
    |> filter(fn: (r) => r._measurement == "ingest" and r._field == "rows")
    |> aggregateWindow(every: v.windowPeriod, fn: mean, createEmpty: false)
    |> keep(columns: ["_time", "_value", "exchange"])
