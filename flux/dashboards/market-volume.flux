// What was traded of one pair in the 24 h before, in units of its base, by exchange.
bucket = "tidemark"

from(bucket: bucket)
    |> range(start: v.timeRangeStart, stop: v.timeRangeStop)
    |> filter(
        fn: (r) => r._measurement == "price" and r._field == "volume" and r.pair == v.tidemark_pair,
    )
    |> aggregateWindow(every: v.windowPeriod, fn: last, createEmpty: false)
    |> keep(columns: ["_time", "_value", "exchange"])
