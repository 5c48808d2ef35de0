// How one pair's rank among all pairs went: for each step of `every` the newest run in it, by the
// step's begin, one row a field (of, rank, stddev).
bucket = "tidemark"
pair = "btcusd"
window = "24h"
start = -24h
stop = 0s
every = 10m

from(bucket: bucket)
    |> range(start: start, stop: stop)
    |> filter(fn: (r) => r._measurement == "pair_rank" and r.pair == pair and r.window == window)
    |> filter(fn: (r) => r._field == "of" or r._field == "rank" or r._field == "stddev")
    |> aggregateWindow(every: every, fn: last, createEmpty: false, timeSrc: "_start")
    |> keep(columns: ["_time", "_field", "_value"])
