// The newest mark of a task: when it last wrote (`_time`: the beginning of the step, of a rank the end
// of its window), and one of the mark's fields. One row, or none.
bucket = "tidemark"
task = "rank-24h"
field = "series"
start = -24h

from(bucket: bucket)
    |> range(start: start)
    |> filter(fn: (r) => r._measurement == "rollup_step" and r._field == field and r.task == task)
    |> last()
    |> keep(columns: ["_time", "_value"])
