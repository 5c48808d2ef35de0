// Which steps have been rolled up, by the marks that the tasks leave once a step is written; `task` is
// rollup-5m and the like. From `kept` to `start` one row a day, with how many there are (kind "day").
// From `start` on what is not there: the first mark ("first"), each mark that follows on a gap, with
// the seconds since the one before it ("gap"), and the newest ("last"). All marks of a month would be
// 50,000 rows; the counts are pushed down.
bucket = "tidemark"
kept = 2022-01-01T00:00:00Z
start = 2022-01-31T00:00:00Z
stop = 2022-02-01T00:00:00Z

marks = (start, stop) =>
    from(bucket: bucket)
        |> range(start: start, stop: stop)
        |> filter(
            fn: (r) =>
                r._measurement == "rollup_step" and r._field == "series" and r.task =~ /^rollup-/,
        )

told = (tables=<-, kind) =>
    tables
        |> keep(columns: ["_time", "_value", "task"])
        |> set(key: "kind", value: kind)

recent = marks(start: start, stop: stop)

union(
    tables: [
        marks(start: kept, stop: start)
            |> aggregateWindow(every: 1d, fn: count, createEmpty: false, timeSrc: "_start")
            |> told(kind: "day"),
        recent |> first() |> told(kind: "first"),
        recent
            |> elapsed(unit: 1s)
            |> drop(columns: ["_value"])
            |> rename(columns: {elapsed: "_value"})
            |> filter(
                fn: (r) =>
                    r._value > 86400 or r._value > 3600 and r.task != "rollup-1d" or r._value > 300
                        and
                        r.task == "rollup-5m" or r._value > 60 and r.task == "rollup-1m",
            )
            |> told(kind: "gap"),
        recent |> last() |> told(kind: "last"),
    ],
)
