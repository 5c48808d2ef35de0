// How many points each series of a field has in a range: what a preview would have to read. `pairs`,
// `exchanges` and `monitors` are patterns of the tags, which the storage looks up; an empty one fits
// all.
import "regexp"

bucket = "tidemark"
measurement = "price"
field = "price"
pairs = "^(?:btcusd)$"
exchanges = ""
monitors = ""
start = -25h
stop = 0s

// Each is known before the query is planned, so that what is left is pushed down.
pairPattern = regexp.compile(v: pairs)
exchangePattern = regexp.compile(v: exchanges)
monitorPattern = regexp.compile(v: monitors)
ofPairs = (tables=<-) =>
    if pairs == "" then tables else tables |> filter(fn: (r) => r.pair =~ pairPattern)
ofExchanges = (tables=<-) =>
    if exchanges == "" then tables else tables |> filter(fn: (r) => r.exchange =~ exchangePattern)
ofMonitors = (tables=<-) =>
    if monitors == "" then tables else tables |> filter(fn: (r) => r.monitor =~ monitorPattern)

from(bucket: bucket)
    |> range(start: start, stop: stop)
    |> filter(fn: (r) => r._measurement == measurement and r._field == field)
    |> ofPairs()
    |> ofExchanges()
    |> ofMonitors()
    |> count()
    |> drop(columns: ["_start", "_stop", "_measurement", "_field"])
    |> group()
