// How many articles spoke of each currency, of all feeds, for each window that has such, by its begin:
// news to be laid over prices. Read as article-rules is.
bucket = "tidemark"
start = -24h
stop = 0s
every = 1h

from(bucket: bucket)
    |> range(start: start, stop: stop)
    |> filter(
        fn: (r) =>
            r._measurement == "article" and r._field == "article" and r.event == "mentioned",
    )
    |> aggregateWindow(every: every, fn: count, createEmpty: false, timeSrc: "_start")
    |> group(columns: ["symbol"])
    |> aggregateWindow(every: every, fn: sum, createEmpty: false, timeSrc: "_start")
    |> keep(columns: ["_time", "_value", "symbol"])
