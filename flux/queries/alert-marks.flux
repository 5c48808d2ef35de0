// The steps that the rules of alerts have been evaluated for, by the marks that they left: `task` is
// `alert-` and the key of the rule, `_time` the end of the step, `_value` how many series were found.
bucket = "tidemark"
start = -24h
stop = 0s

from(bucket: bucket)
    |> range(start: start, stop: stop)
    |> filter(
        fn: (r) => r._measurement == "rollup_step" and r._field == "series" and r.task =~ /^alert-/,
    )
    |> keep(columns: ["_time", "_value", "task"])
    |> group()
