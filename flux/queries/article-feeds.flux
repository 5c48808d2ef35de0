// How many articles each feed had: new ones, or with `event` "updated" those that were changed, for
// each window that has such, by its begin. One series a feed is read, and counted where it lies.
bucket = "tidemark"
event = "new"
start = -24h
stop = 0s
every = 1h

from(bucket: bucket)
    |> range(start: start, stop: stop)
    |> filter(
        fn: (r) => r._measurement == "article" and r._field == "article" and r.event == event,
    )
    |> aggregateWindow(every: every, fn: count, createEmpty: false, timeSrc: "_start")
    |> keep(columns: ["_time", "_value", "feed"])
