// What an alert was about, for whoever wants to see it: the mean and the number of the latencies of
// the window before the step, and those of the step itself.
bucket = "tidemark"
monitor = "1"
start = 2022-01-01T00:00:00.000000001Z
middle = 2022-01-01T01:00:00.000000001Z
stop = 2022-01-01T01:01:00.000000001Z

points = (start, stop) =>
    from(bucket: bucket)
        |> range(start: start, stop: stop)
        |> filter(fn: (r) => r._measurement == "scan" and r._field == "total_ms")
        |> filter(fn: (r) => r.monitor == monitor)

points(start: start, stop: middle) |> mean() |> yield(name: "average")
points(start: start, stop: middle) |> count() |> yield(name: "samples")
points(start: middle, stop: stop) |> yield(name: "step")
