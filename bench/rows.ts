/**
 * Reading rows: the official client's iterateRows and iterateLines beside the batches of
 * core/influx, the same answer of one pair on 27 exchanges over a day from a loopback server,
 * interleaved. Usage: node dist/bench/rows.js [rounds]
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { loadavg } from 'node:os';
import { InfluxDB } from '@influxdata/influxdb-client';
import { request } from 'undici';
import { systemClock } from '../core/clock.ts';
import { createInflux } from '../core/influx/influx.ts';
import { median } from './median.ts';

const EXCHANGES = 27;
const ROWS_EACH = 1_433;
const PIECE_BYTES = 32 * 1024;

const head =
  '#datatype,string,long,dateTime:RFC3339,double,string\r\n#group,false,false,false,false,true\r\n' +
  '#default,_result,,,,\r\n,result,table,_time,_value,exchange\r\n';
const rows = Array.from({ length: EXCHANGES * ROWS_EACH }, (_, i) => {
  const table = Math.floor(i / ROWS_EACH);
  const time = new Date(1_700_000_000_000 + (i % ROWS_EACH) * 60_000).toISOString();
  return `,,${table},${time},${20_000 + i / 1_000},exchange${table}\r\n`;
});
const csv = Buffer.from(`${head}${rows.join('')}\r\n`);

const server = createServer((_, response) => {
  for (let at = 0; at < csv.length; at += PIECE_BYTES) {
    response.write(csv.subarray(at, at + PIECE_BYTES));
  }
  response.end();
}).listen(0, '127.0.0.1');
await once(server, 'listening');
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const account = { url, token: 't', org: 'o', bucket: 'b' };
const influx = createInflux({ ...account, timeoutMs: 10_000, clock: systemClock });
const client = new InfluxDB(account).getQueryApi('o');

/** Each gives the number of rows, or of bytes, that it saw. */
const readers: Record<string, () => Promise<number>> = {
  async 'bytes alone'() {
    const response = await request(url, { method: 'POST', body: 'x' });
    let size = 0;
    for await (const chunk of response.body) size += chunk.length;
    return size === csv.length ? rows.length : 0;
  },
  async 'core/influx batches'() {
    let count = 0;
    for await (const batch of influx.queryRows('x')) count += batch.rows.length;
    return count;
  },
  async 'core/influx rows'() {
    let count = 0;
    const shape = { _time: 'time', _value: 'double', exchange: 'string' } as const;
    for await (const row of influx.rows('x', shape)) count += row._value > 0 ? 1 : 0;
    return count;
  },
  async 'client-js iterateLines'() {
    let count = 0;
    for await (const line of client.iterateLines('x')) count += line.startsWith(',,') ? 1 : 0;
    return count;
  },
  async 'client-js iterateRows'() {
    let count = 0;
    for await (const { values, tableMeta } of client.iterateRows('x')) {
      count += tableMeta.toObject(values)._value > 0 ? 1 : 0;
    }
    return count;
  },
};

const rounds = Number(process.argv[2] ?? 15);
const times = new Map<string, number[]>();
for (let round = -3; round < rounds; round++) {
  for (const [name, read] of Object.entries(readers)) {
    const startMs = performance.now();
    const count = await read();
    if (count !== rows.length) throw new Error(`${name}: ${count} rows of ${rows.length}`);
    // The first rounds only warm up.
    if (round >= 0) times.set(name, [...(times.get(name) ?? []), performance.now() - startMs]);
  }
}
console.log(
  `load ${loadavg()[0]?.toFixed(2)}; ${rows.length} rows, ${csv.length} bytes; median ms`,
);
for (const [name, values] of times) {
  console.log(`${name.padEnd(24)} ${median(values).toFixed(1)}`);
}
await influx.close();
server.closeAllConnections();
server.close();
