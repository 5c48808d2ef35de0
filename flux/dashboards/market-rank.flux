// The place of one pair among all by the deviation of its prices, for each trailing window; 1 is the
// most volatile.
bucket = "tidemark"

from(bucket: bucket)
    |> range(start: v.timeRangeStart, stop: v.timeRangeStop)
    |> filter(
        fn: (r) =>
            r._measurement == "pair_rank" and r._field == "rank" and r.pair == v.tidemark_pair,
    )
    |> aggregateWindow(every: v.windowPeriod, fn: last, createEmpty: false)
    |> keep(columns: ["_time", "_value", "window"])
