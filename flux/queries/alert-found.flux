// What one rule of alerts found: a row for each field of each point. Side by side by the reader:
// pivot() takes no column of floats and integers.
bucket = "tidemark"
rule = "ratio-price-above-3-1h"
start = -1m
stop = 0s

from(bucket: bucket)
    |> range(start: start, stop: stop)
    |> filter(fn: (r) => r._measurement == "alert" and r.rule == rule)
    |> filter(fn: (r) => r._field == "value" or r._field == "average" or r._field == "samples")
    |> drop(columns: ["_start", "_stop", "_measurement", "rule"])
    |> group(columns: ["_field"])
