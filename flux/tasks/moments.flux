// What the ranks compute with: for each market two points a step, the mean of its prices minus and
// plus their population deviation. They have the mean and the deviation of the prices themselves,
// so that stddev() over many steps gives that of all prices, from fewer points.
//
// That holds where all steps have the same number of prices, `regular`. A step with another number
// also leaves its deficit: how many prices are missing (n), and their sums, which the rank subtracts.
// Sums of squares of numbers that differ little cancel: so the mean is cut into its first 16 bits
// (a) and a rest (r), and all sums of the former are exact. With `all`, every market gets a deficit,
// zero where none is missing: for steps that are written again.
//
// A market that stood still must come out as exactly 0: its mean is its price, not a sum over n.
import "array"
import "experimental"

option task = {name: "tidemark: moments-5m", every: 5m, offset: 15s}

bucket = "tidemark"
into = "tidemark_rank"
points = "moments_5m"
shortfalls = "deficit_5m"
mark = "moments-5m"
step = 5m
half = 150s
regular = 5
all = false

begin = experimental.subDuration(d: step, from: now())
middle = experimental.subDuration(d: half, from: now())

prices = () =>
    from(bucket: bucket)
        |> range(start: begin)
        |> filter(fn: (r) => r._measurement == "price" and r._field == "price")

part = (tables=<-, name) =>
    tables
        |> keep(columns: ["exchange", "pair", "_value"])
        |> set(key: "part", value: name)

markets =
    union(
        tables: [
            prices() |> mean() |> group(columns: ["exchange"]) |> part(name: "mean"),
            prices() |> stddev(mode: "population") |> group(columns: ["exchange"]) |> part(name: "sd"),
            prices() |> max() |> group(columns: ["exchange"]) |> part(name: "max"),
            prices() |> count() |> group(columns: ["exchange"]) |> sort(columns: ["pair"]) |> toFloat() |> part(name: "n"),
        ],
    )
        |> pivot(rowKey: ["exchange", "pair"], columnKey: ["part"], valueColumn: "_value")
        |> map(
            fn: (r) =>
                ({
                    exchange: r.exchange,
                    pair: r.pair,
                    n: r.n,
                    sd: r.sd,
                    mean: if r.sd == 0.0 then r.max else r.mean,
                }),
        )

// Veltkamp's splitting: the first 16 bits of x, by a product with 2^37 + 1.
head = (x) => x * 137438953473.0 - (x * 137438953473.0 - x)

markets
    |> filter(fn: (r) => all or r.n != float(v: regular))
    |> map(fn: (r) => ({r with n: float(v: regular) - r.n, a: head(x: r.mean)}))
    |> map(
        fn: (r) =>
            ({
                _time: begin,
                _measurement: shortfalls,
                exchange: r.exchange,
                pair: r.pair,
                n: r.n,
                a: r.n * r.a,
                aa: r.n * r.a * r.a,
                r: r.n * (r.mean - r.a),
                q: r.n * ((r.mean - r.a) * (r.mean + r.a) + r.sd * r.sd),
            }),
    )
    |> to(
        bucket: into,
        tagColumns: ["exchange", "pair"],
        fieldFn: (r) => ({n: r.n, a: r.a, aa: r.aa, r: r.r, q: r.q}),
    )
    |> yield(name: "deficits")

point = (tables=<-, time, sign) =>
    tables
        |> map(
            fn: (r) =>
                ({
                    _time: time,
                    _measurement: points,
                    exchange: r.exchange,
                    pair: r.pair,
                    point: r.mean + sign * r.sd,
                }),
        )

written =
    union(
        tables: [markets |> point(time: begin, sign: -1.0), markets |> point(time: middle, sign: 1.0)],
    )
        |> to(
            bucket: into,
            tagColumns: ["exchange", "pair"],
            fieldFn: (r) => ({point: r.point}),
        )

// After to(), which hands its rows on when they are written: a failed step has no mark.
union(
    tables: [
        written
            |> filter(fn: (r) => r._time == begin)
            |> group()
            |> count(column: "pair")
            |> rename(columns: {pair: "series"}),
        array.from(rows: [{series: 0}]),
    ],
)
    |> sum(column: "series")
    |> map(fn: (r) => ({_time: begin, _measurement: "rollup_step", task: mark, series: r.series, regular: regular}))
    |> to(
        bucket: bucket,
        tagColumns: ["task"],
        fieldFn: (r) => ({series: r.series, regular: r.regular}),
    )
