// The mean and the number of prices of all markets over a window, from the prices themselves: for the
// time before there are moments. As market-means.flux.
bucket = "tidemark"
start = -24h
stop = 0s

told = (tables=<-, part) =>
    tables
        |> group(columns: ["exchange"])
        |> toFloat()
        |> keep(columns: ["exchange", "pair", "_value"])
        |> set(key: "part", value: part)

prices =
    from(bucket: bucket)
        |> range(start: start, stop: stop)
        |> filter(fn: (r) => r._measurement == "price" and r._field == "price")

union(tables: [prices |> mean() |> told(part: "mean"), prices |> count() |> told(part: "count")])
