// The newest rank of every pair that the tasks ranked in the last two steps: one row a pair with rank
// and of. The short range keeps it cheap: last() over many series pays for what it steps over.
bucket = "tidemark"
window = "24h"
start = -21m

from(bucket: bucket)
    |> range(start: start)
    |> filter(fn: (r) => r._measurement == "pair_rank" and r.window == window)
    |> filter(fn: (r) => r._field == "rank" or r._field == "of")
    |> last()
    |> group()
    |> pivot(rowKey: ["_time", "pair"], columnKey: ["_field"], valueColumn: "_value")
    |> keep(columns: ["_time", "pair", "rank", "of"])
