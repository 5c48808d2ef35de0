// The newest ranks of a few markets over 24 hours, each two rows: `rank` and `of`. `pairs` and
// `exchanges` are patterns of the tags, which the storage looks up.
import "regexp"

bucket = "tidemark"
pairs = "^(?:btcusd)$"
exchanges = "^(?:kraken)$"
start = -1h
stop = 0s

pairPattern = regexp.compile(v: pairs)
exchangePattern = regexp.compile(v: exchanges)

from(bucket: bucket)
    |> range(start: start, stop: stop)
    |> filter(fn: (r) => r._measurement == "rank" and r.window == "24h")
    |> filter(fn: (r) => r._field == "rank" or r._field == "of")
    |> filter(fn: (r) => r.pair =~ pairPattern and r.exchange =~ exchangePattern)
    |> last()
    |> keep(columns: ["_field", "_value", "exchange", "pair"])
    |> group()
