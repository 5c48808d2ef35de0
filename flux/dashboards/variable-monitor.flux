// The monitors that were scanned in the last day, by number.
bucket = "tidemark"

from(bucket: bucket)
    |> range(start: -24h)
    |> filter(fn: (r) => r._measurement == "scan" and r._field == "total_ms")
    |> last()
    |> group()
    |> keep(columns: ["monitor"])
    |> rename(columns: {monitor: "_value"})
    |> sort(columns: ["_value"])
