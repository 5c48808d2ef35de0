// As rollup-steps, of moments that were written for `regular` prices a step: those for another
// number have to be written again.
bucket = "tidemark"
task = "moments-5m"
regular = 5
start = -24h
stop = 0s

from(bucket: bucket)
    |> range(start: start, stop: stop)
    |> filter(
        fn: (r) => r._measurement == "rollup_step" and r._field == "regular" and r.task == task,
    )
    |> filter(fn: (r) => r._value == regular)
    |> keep(columns: ["_time", "_value"])
