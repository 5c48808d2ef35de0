// The lowest and the highest value of one field of each market: where they are one, it stood still.
bucket = "tidemark"
field = "price"
start = -1h
stop = 0s

points =
    from(bucket: bucket)
        |> range(start: start, stop: stop)
        |> filter(fn: (r) => r._measurement == "price" and r._field == field)
low =
    points
        |> min()
        |> keep(columns: ["_value", "exchange", "pair"])
        |> group()
        |> set(key: "end", value: "min")
high =
    points
        |> max()
        |> keep(columns: ["_value", "exchange", "pair"])
        |> group()
        |> set(key: "end", value: "max")

union(tables: [low, high])
