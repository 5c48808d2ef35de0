// Where one pair has prices: one row for each exchange and step that has a point, with the step's
// beginning and its last price. What is not there is a gap. Asked for a few pairs of each exchange,
// it tells when an exchange was not heard at all: 0.05 CPU seconds a pair for 24 h on 27 exchanges,
// where all 13,827 series would cost 43.
bucket = "tidemark"
pair = "btcusd"
start = -24h
stop = 0s
every = 1m

from(bucket: bucket)
    |> range(start: start, stop: stop)
    |> filter(fn: (r) => r._measurement == "price" and r._field == "price" and r.pair == pair)
    |> aggregateWindow(every: every, fn: last, createEmpty: false, timeSrc: "_start")
    |> keep(columns: ["_time", "_value", "exchange"])
