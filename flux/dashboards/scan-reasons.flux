// How many scans ended how.
bucket = "tidemark"

from(bucket: bucket)
    |> range(start: v.timeRangeStart, stop: v.timeRangeStop)
    |> filter(fn: (r) => r._measurement == "scan" and r._field == "reason")
    |> duplicate(column: "_value", as: "reason")
    |> group(columns: ["reason"])
    |> count()
    |> group()
    |> sort(columns: ["_value"], desc: true)
    |> rename(columns: {_value: "scans"})
