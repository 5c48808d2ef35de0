// How far the exchanges are apart: the highest price of a pair less its lowest, at each minute, in
// percent of the lowest.
bucket = "tidemark"
pair = "btcusd"

prices =
    from(bucket: bucket)
        |> range(start: -1h)
        |> filter(fn: (r) => r._measurement == "price" and r._field == "price" and r.pair == pair)
        |> group()

highest = prices |> aggregateWindow(every: 1m, fn: max, createEmpty: false) |> set(key: "end", value: "high")
lowest = prices |> aggregateWindow(every: 1m, fn: min, createEmpty: false) |> set(key: "end", value: "low")

union(tables: [highest, lowest])
    |> keep(columns: ["_time", "_value", "end"])
    |> group()
    |> pivot(rowKey: ["_time"], columnKey: ["end"], valueColumn: "_value")
    |> map(fn: (r) => ({_time: r._time, _value: (r.high - r.low) / r.low * 100.0}))
    |> sort(columns: ["_time"])
