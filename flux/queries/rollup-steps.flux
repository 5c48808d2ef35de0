// The steps that one task has written, by the marks it left: `_time` is the beginning of a step (of
// a rank: the end of its window), `_value` how many markets had prices, 0 for a step without any.
bucket = "tidemark"
task = "rollup-5m"
start = -24h
stop = 0s

from(bucket: bucket)
    |> range(start: start, stop: stop)
    |> filter(
        fn: (r) => r._measurement == "rollup_step" and r._field == "series" and r.task == task,
    )
    |> keep(columns: ["_time", "_value"])
