// Where a pair is traded: the volume of the last 24 hours on each exchange, the largest first.
bucket = "tidemark"
pair = "btcusd"

from(bucket: bucket)
    |> range(start: -15m)
    |> filter(fn: (r) => r._measurement == "price" and r._field == "volume" and r.pair == pair)
    |> last()
    |> group()
    |> sort(columns: ["_value"], desc: true)
    |> keep(columns: ["exchange", "_value"])
    |> rename(columns: {_value: "volume"})
