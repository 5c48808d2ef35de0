/**
 * Ways in which somebody with a key that reads could try to write to a bucket, to leave the server
 * or to learn what is secret. Each is sound Flux, or close to it.
 */
export function evasions(bucket: string): Readonly<Record<string, string>> {
  const rows = 'array.from(rows: [{_time: now(), _measurement: "m", _field: "f", _value: 1.0}])';
  const given = `data = ${rows}\n`;
  const data = `import "array"\n${given}`;
  const out = `(bucket: "${bucket}")`;
  const args = `bucket: "${bucket}"`;
  return {
    'a plain to': `${data}data |> to${out}`,
    'to by another name': `${data}f = to\ndata |> f${out}`,
    'to in a function': `${data}f = (tables=<-) => tables |> to${out}\ndata |> f()`,
    'to in a block': `${data}f = (tables=<-) => { g = to return tables |> g${out} }\ndata |> f()`,
    'to as a default': `${data}f = (tables=<-, w=to) => tables |> w${out}\ndata |> f()`,
    'to in a record': `${data}r = {w: to}\nf = r.w\ndata |> f${out}`,
    'to by shorthand': `${data}r = {to}\nf = r.to\ndata |> f${out}`,
    'to in an array': `${data}f = [to][0]\ndata |> f${out}`,
    'to by a condition': `${data}f = if true then to else to\ndata |> f${out}`,
    'to in parentheses': `${data}data |> (to)${out}`,
    'to without a pipe': `${data}to(tables: data, ${args})`,
    'to behind a definition of its own': `${data}data |> to${out}\nto = 1`,
    'to behind a parameter': `${data}f = (to) => 1\nx = f(to: 2)\ndata |> to${out}`,
    'to by an import of the prelude': `import i "influxdata/influxdb"\n${data}data |> i.to${out}`,
    'to of influxdb': `import "influxdata/influxdb"\n${data}data |> influxdb.to${out}`,
    'to of influxdb by its name': `import i "influxdata/influxdb"\n${data}data |> i["to"]${out}`,
    'a package as a value': `import i "influxdata/influxdb"\n${data}p = i\ndata |> p.to${out}`,
    'a package spread into a record': `import i "influxdata/influxdb"\n${data}p = {i with a: 1}\ndata |> p.to${out}`,
    'a package given to a function': `import i "influxdata/influxdb"\n${data}f = (p) => p.wideTo\ng = f(p: i)\ndata |> g${out}`,
    'a field of a package by record.get': `import i "influxdata/influxdb"\nimport "experimental/record"\n${data}f = record.get(r: i, key: "to", default: 1)`,
    'the universe by import': `import u "universe"\n${data}data |> u.to${out}`,
    'to of experimental': `import e "experimental"\n${data}data |> e.to${out}`,
    wideTo: `${data}data |> wideTo${out}`,
    'wideTo of influxdb': `import x "influxdata/influxdb"\n${data}data |> x.wideTo${out}`,
    'an import with the name of a function': `import from "array"\nfrom.from(rows: [{a: 1}])`,
    'two imports of one name': `import a "array"\nimport a "influxdata/influxdb"\nx = a.from(rows: [{a: 1}])`,
    'a variable with the name of a package': `import a "array"\na = 1`,
    'a task': `import "array"\noption task = {name: "t", every: 1m}\n${given}data |> limit(n: 1)`,
    'an option of a package': `import "influxdata/influxdb/monitor"\noption monitor.write = (tables=<-) => tables\nx = 1`,
    'a check of monitor': `import "influxdata/influxdb/monitor"\n${data}data |> monitor.check(data: {}, messageFn: (r) => "x", crit: (r) => true)`,
    'a read of another server': `from(${args}, host: "http://127.0.0.1:1", token: "x") |> range(start: -1h)`,
    'a read of another organization': `from(${args}, org: "other") |> range(start: -1h)`,
    'from by another name': `f = from\nf(${args}, host: "http://127.0.0.1:1") |> range(start: -1h)`,
    'from by a condition': `(if true then from else from)(${args}, host: "http://127.0.0.1:1") |> range(start: -1h)`,
    'buckets of another server': `buckets(host: "http://127.0.0.1:1")`,
    'csv by address': `import "csv"\ncsv.from(url: "http://127.0.0.1:1/")`,
    'csv of a file': `import "csv"\ncsv.from(file: "/etc/passwd")`,
    'csv by another name': `import "csv"\nf = csv.from\nf(url: "http://127.0.0.1:1/")`,
    'csv of experimental': `import "experimental/csv"\ncsv.from(url: "http://127.0.0.1:1/")`,
    http: `import "http"\nx = http.post(url: "http://127.0.0.1:1/")`,
    'http with a name': `import math "http"\nx = math.post(url: "http://127.0.0.1:1/")`,
    requests: `import "http/requests"\nx = requests.get(url: "http://127.0.0.1:1/")`,
    'requests of experimental': `import "experimental/http/requests"\nx = requests.get(url: "http://127.0.0.1:1/")`,
    sql: `import "sql"\nsql.from(driverName: "sqlite3", dataSourceName: "file::memory:", query: "select 1")`,
    'sql.to': `import "sql"\n${data}data |> sql.to(driverName: "sqlite3", dataSourceName: "/tmp/x", table: "t")`,
    socket: `import "socket"\nsocket.from(url: "tcp://127.0.0.1:1")`,
    secrets: `import "influxdata/influxdb/secrets"\nx = secrets.get(key: "k")`,
    slack: `import "slack"\nx = slack.message(url: "http://127.0.0.1:1/", text: "t", color: "good")`,
    prometheus: `import "experimental/prometheus"\nprometheus.scrape(url: "http://127.0.0.1:1/")`,
    'the API of influxdb': `import "experimental/influxdb"\nx = influxdb.api(method: "get", path: "/api/v2/users")`,
    'data of the internet': `import "influxdata/influxdb/sample"\nsample.data(set: "airSensor")`,
    'what v1 knows of other servers': `import "influxdata/influxdb/v1"\nv1.databases(host: "http://127.0.0.1:1")`,
    'a private part of a package': `import "influxdata/influxdb/schema"\nschema._from(${args})`,
    'what is internal': `import "internal/debug"\n${data}data |> debug.sink()`,
    'a name that nobody knows': `newestWay(${args})`,
  };
}
