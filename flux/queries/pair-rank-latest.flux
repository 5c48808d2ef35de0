// The newest rank of one pair among all pairs: one row with rank and of, or none.
bucket = "tidemark"
pair = "btcusd"
window = "24h"
start = -1h

from(bucket: bucket)
    |> range(start: start)
    |> filter(fn: (r) => r._measurement == "pair_rank" and r.pair == pair)
    |> filter(fn: (r) => r.window == window)
    |> filter(fn: (r) => r._field == "rank" or r._field == "of")
    |> last()
    |> group()
    |> pivot(rowKey: ["_time"], columnKey: ["_field"], valueColumn: "_value")
    |> keep(columns: ["_time", "rank", "of"])
