// The newest 24 h volume in quote units of every market of an exchange: which of them matter most.
bucket = "tidemark"
exchange = "kraken"
start = -25h

from(bucket: bucket)
    |> range(start: start)
    |> filter(
        fn: (r) =>
            r._measurement == "price" and r._field == "quote_volume" and r.exchange == exchange,
    )
    |> last()
    |> keep(columns: ["_value", "pair"])
