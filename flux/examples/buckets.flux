// The names of the buckets that there are, those of InfluxDB itself among them.
buckets()
    |> keep(columns: ["name"])
