// What an alert was about, for whoever wants to see it: the mean and the number of the points of the
// window before the step, and the points of the step itself.
bucket = "tidemark"
field = "price"
exchange = "kraken"
pair = "btcusd"
start = 2022-01-01T00:00:00.000000001Z
middle = 2022-01-01T01:00:00.000000001Z
stop = 2022-01-01T01:01:00.000000001Z

points = (start, stop) =>
    from(bucket: bucket)
        |> range(start: start, stop: stop)
        |> filter(fn: (r) => r._measurement == "price" and r._field == field)
        |> filter(fn: (r) => r.exchange == exchange and r.pair == pair)

points(start: start, stop: middle) |> mean() |> yield(name: "average")
points(start: start, stop: middle) |> count() |> yield(name: "samples")
points(start: middle, stop: stop) |> yield(name: "step")
