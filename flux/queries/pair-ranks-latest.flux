// The newest rank of every pair that the tasks ranked in the last minutes: one row a pair with rank
// and of. The short range keeps it cheap: last() over many series pays for what it steps over.
bucket = "tidemark"
start = -3m

from(bucket: bucket)
    |> range(start: start)
    |> filter(fn: (r) => r._measurement == "pair_rank")
    |> filter(fn: (r) => r._field == "rank" or r._field == "of")
    |> last()
    |> group()
    |> pivot(rowKey: ["_time", "pair"], columnKey: ["_field"], valueColumn: "_value")
    |> keep(columns: ["_time", "pair", "rank", "of"])
