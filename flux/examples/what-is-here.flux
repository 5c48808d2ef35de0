// What the bucket holds: its measurements.
import "influxdata/influxdb/schema"

bucket = "tidemark"

schema.measurements(bucket: bucket, start: -7d)
