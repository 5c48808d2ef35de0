// The newest rank of one market among its exchange's markets, over a window of 1h, 24h or 7d: one row with rank and of, or none.
// Both are of one run: the task writes them in one point.
bucket = "tidemark"
exchange = "kraken"
pair = "btcusd"
window = "24h"
start = -1h

from(bucket: bucket)
    |> range(start: start)
    |> filter(fn: (r) => r._measurement == "rank" and r.exchange == exchange and r.pair == pair)
    |> filter(fn: (r) => r.window == window)
    |> filter(fn: (r) => r._field == "rank" or r._field == "of")
    |> last()
    |> group()
    |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")
    |> keep(columns: ["_time", "rank", "of"])
