// The rank as it was before moments: the deviation of the prices themselves. What flux/tasks is
// measured against; it answers one row, as the task does.
option task = {name: "naive: rank", every: 1m}

bucket = "tidemark"

from(bucket: bucket)
    |> range(start: -24h)
    |> filter(fn: (r) => r._measurement == "price" and r._field == "price")
    |> stddev(mode: "population")
    |> group(columns: ["exchange"])
    |> sort(columns: ["pair"])
    |> map(
        fn: (r) =>
            ({
                exchange: r.exchange,
                pair: r.pair,
                stddev: r._value,
                calm: -r._value,
                rank: 1,
                of: 1,
            }),
    )
    |> sort(columns: ["calm", "pair"])
    |> cumulativeSum(columns: ["rank"])
    |> sort(columns: ["calm", "pair"], desc: true)
    |> cumulativeSum(columns: ["of"])
    |> map(
        fn: (r) =>
            ({
                _time: now(),
                _measurement: "naive_rank",
                exchange: r.exchange,
                pair: r.pair,
                stddev: r.stddev,
                rank: r.rank,
                of: r.rank + r.of - 1,
            }),
    )
    |> to(
        bucket: bucket,
        tagColumns: ["exchange", "pair"],
        fieldFn: (r) => ({stddev: r.stddev, rank: r.rank, of: r.of}),
    )
    |> group()
    |> count(column: "pair")
