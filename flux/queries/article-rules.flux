// How many articles each rule matched, of all feeds, for each window that has such, by its begin. A
// series is a rule in a feed: counted where it lies, and only the counts are added up.
bucket = "tidemark"
start = -24h
stop = 0s
every = 1h

from(bucket: bucket)
    |> range(start: start, stop: stop)
    |> filter(
        fn: (r) =>
            r._measurement == "article" and r._field == "article" and r.event == "matched",
    )
    |> aggregateWindow(every: every, fn: count, createEmpty: false, timeSrc: "_start")
    |> group(columns: ["rule"])
    |> aggregateWindow(every: every, fn: sum, createEmpty: false, timeSrc: "_start")
    |> keep(columns: ["_time", "_value", "rule"])
