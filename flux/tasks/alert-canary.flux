// Finds one series in each step, and nothing else: what comes of it shows how long the way from a
// rule to a receiver takes, and that it is open.
import "array"

option task = {name: "tidemark: alert-canary", every: 1m, offset: 10s}

bucket = "tidemark"
rule = "canary"
mark = "alert-canary"

written =
    array.from(rows: [{_time: now(), _measurement: "alert", rule: rule, value: 1.0}])
        |> to(bucket: bucket, tagColumns: ["rule"], fieldFn: (r) => ({value: r.value}))

written
    |> map(fn: (r) => ({_time: now(), _measurement: "rollup_step", task: mark, series: 1}))
    |> to(bucket: bucket, tagColumns: ["task"], fieldFn: (r) => ({series: r.series}))
