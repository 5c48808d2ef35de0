// Ranks every pair among all pairs: 1 is the most volatile, by the population standard deviation
// of its prices on all exchanges together over the 24 h before the run's slot. Equal ones stand in
// the order of their names. Pairs that stand still, or stopped within the 24 h, count as well.
//
// 3.4 CPU seconds of InfluxDB for 13,827 markets of 5,780 pairs. Grouped by the storage while it
// reads, so that a pair is one table from the start; the rest is as in rank.flux, and explained
// there.
option task = {name: "tidemark: pair-rank", every: 1m}

bucket = "tidemark"

from(bucket: bucket)
    |> range(start: -24h)
    |> filter(fn: (r) => r._measurement == "price" and r._field == "price")
    |> group(columns: ["pair"])
    |> stddev(mode: "population")
    |> group()
    |> sort(columns: ["pair"])
    |> map(fn: (r) => ({pair: r.pair, stddev: r._value, calm: -r._value, rank: 1, of: 1}))
    |> sort(columns: ["calm", "pair"])
    |> cumulativeSum(columns: ["rank"])
    |> sort(columns: ["calm", "pair"], desc: true)
    |> cumulativeSum(columns: ["of"])
    |> map(
        fn: (r) =>
            ({
                _time: now(),
                _measurement: "pair_rank",
                pair: r.pair,
                stddev: r.stddev,
                rank: r.rank,
                of: r.rank + r.of - 1,
            }),
    )
    |> to(
        bucket: bucket,
        tagColumns: ["pair"],
        fieldFn: (r) => ({stddev: r.stddev, rank: r.rank, of: r.of}),
    )
