// How the scans of one monitor ended: for each reason and each window, by its begin, how many did.
// One series is read; a day of minutes costs milliseconds, a month some tens of them.
bucket = "tidemark"
monitor = "1"
start = -24h
stop = 0s
every = 1h

from(bucket: bucket)
    |> range(start: start, stop: stop)
    |> filter(fn: (r) => r._measurement == "scan" and r.monitor == monitor and r._field == "reason")
    |> duplicate(column: "_value", as: "reason")
    |> group(columns: ["reason"])
    |> aggregateWindow(every: every, fn: count, createEmpty: false, timeSrc: "_start")
    |> keep(columns: ["_time", "_value", "reason"])
