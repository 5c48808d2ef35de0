/**
 * Queries of the embedded engine beside the real InfluxDB, on the same data in one run:
 *
 *   node .cache/build/bench/query.js [minutes=1440] [series=13827] [pairs of runs=5]
 *
 * Each question is asked A B A B over HTTP; the figure is the median of the ratios of each pair.
 * Answers are compared value by value (floats to 1e-9: sums of 1,440 numbers in another order).
 */
import { writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { influxdPath } from '../test/helpers/influxd.ts';
import { memoryBytesOf } from '../test/helpers/proc.ts';
import { makeMarkets, marketStart, minuteLines } from './market.ts';
import { median } from './median.ts';
import { type Server, startServers } from './servers.ts';

const ORG = 'tidemark';
const BUCKET = 'tidemark';

async function post(server: Server, path: string, body: string, type: string): Promise<string> {
  const response = await fetch(`${server.url}${path}`, {
    method: 'POST',
    headers: { Authorization: `Token ${server.token}`, 'Content-Type': type },
    body,
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${server.name}: ${response.status} ${text.slice(0, 500)}`);
  return text;
}

async function fill(server: Server, series: number, minutes: number): Promise<void> {
  const markets = makeMarkets(series);
  const path = `/api/v2/write?org=${ORG}&bucket=${BUCKET}&precision=ns`;
  const begun = performance.now();
  let next = 0;
  const send = async () => {
    while (next < minutes) await post(server, path, minuteLines(markets, next++), 'text/plain');
  };
  await Promise.all([send(), send()]);
  const seconds = (performance.now() - begun) / 1000;
  const rate = Math.round((series * minutes) / seconds / 1000);
  console.log(`${server.name}: ${series * minutes} points in ${seconds.toFixed(1)} s, ${rate} k/s`);
}

interface Question {
  readonly name: string;
  readonly script: string;
  /** The ratio that is wanted at most. */
  readonly ratioMax?: number;
}

function questions(minutes: number): Question[] {
  const at = (minute: number) => new Date((marketStart + minute * 60) * 1000).toISOString();
  const day = `from(bucket: "${BUCKET}") |> range(start: ${at(0)}, stop: ${at(minutes)})`;
  const price = `${day} |> filter(fn: (r) => r._measurement == "price" and r._field == "price")`;
  const hour = price.replace(at(0), at(Math.max(0, minutes - 60)));
  const deviation = `${price} |> stddev(mode: "population")`;
  const one = (tag: string, value: string) =>
    `${price} |> filter(fn: (r) => r.${tag} == "${value}")`;
  const kraken = 'filter(fn: (r) => r.exchange == "kraken")';
  return [
    { name: 'stddev of every series', script: deviation, ratioMax: 0.3 },
    {
      name: 'one pair, raw',
      script: `${price} |> filter(fn: (r) => r.pair == "btcusd")`,
      ratioMax: 2,
    },
    {
      name: 'one series, raw',
      script: `${price} |> filter(fn: (r) => r.pair == "btcusd") |> ${kraken}`,
      ratioMax: 5,
    },
    {
      name: 'one series, last hour',
      script: `${hour} |> filter(fn: (r) => r.pair == "btcusd") |> ${kraken}`,
    },
    {
      name: 'rank: stddev, group, sort',
      script: `${deviation} |> group(columns: ["exchange"]) |> sort(desc: true)`,
    },
    { name: 'mean of every series', script: `${price} |> mean()` },
    { name: 'last of every series', script: `${price} |> last()` },
    { name: 'mean by exchange', script: `${price} |> group(columns: ["exchange"]) |> mean()` },
    {
      name: 'one exchange by 5 minutes',
      script: `${one('exchange', 'exchange08')} |> aggregateWindow(every: 5m, fn: mean)`,
    },
    {
      name: 'one pair by hour',
      script: `${one('pair', 'btcusd')} |> aggregateWindow(every: 1h, fn: mean)`,
    },
  ];
}

async function ask(server: Server, script: string): Promise<{ ms: number; text: string }> {
  const body = JSON.stringify({
    query: script,
    type: 'flux',
    dialect: { annotations: ['datatype', 'group', 'default'] },
  });
  const begun = performance.now();
  const text = await post(server, `/api/v2/query?org=${ORG}`, body, 'application/json');
  return { ms: performance.now() - begun, text };
}

/** Lines in order; cells are equal, or numbers as near as the order of additions lets them be. */
function firstDifference(got: string, want: string): string | undefined {
  const a = got.split('\r\n').sort();
  const b = want.split('\r\n').sort();
  if (a.length !== b.length) return `${a.length} lines for ${b.length}`;
  const bad = a.findIndex((line, i) => !sameLine(line, b[i]!));
  return bad < 0 ? undefined : `${a[bad]} for ${b[bad]}`;
}

function sameLine(got: string, want: string): boolean {
  if (got === want) return true;
  const a = got.split(',');
  const b = want.split(',');
  return a.length === b.length && a.every((cell, i) => sameCell(cell, b[i]!));
}

function sameCell(got: string, want: string): boolean {
  if (got === want) return true;
  const a = Number(got);
  const b = Number(want);
  return Math.abs(a - b) <= 1e-9 * Math.max(Math.abs(a), Math.abs(b));
}

async function compare(a: Server, b: Server, question: Question, runs: number): Promise<boolean> {
  const first = [await ask(a, question.script), await ask(b, question.script)] as const;
  const difference = firstDifference(first[0].text, first[1].text);
  const times: { a: number; b: number }[] = [];
  for (let run = 0; run < runs; run++) {
    times.push({
      a: (await ask(a, question.script)).ms,
      b: (await ask(b, question.script)).ms,
    });
  }
  const ratio = median(times.map((time) => time.a / time.b));
  const ms = (values: readonly number[]) => median(values).toFixed(1).padStart(8);
  const verdict =
    question.ratioMax === undefined ? '' : ratio <= question.ratioMax ? 'ok' : 'TOO SLOW';
  console.log(
    `${question.name.padEnd(28)} ${ms(times.map((t) => t.a))} ms` +
      `  influxd ${ms(times.map((t) => t.b))} ms  x ${ratio.toFixed(2).padStart(6)}` +
      `  ${verdict}  ${difference ?? 'same answer'}`,
  );
  return difference === undefined && verdict !== 'TOO SLOW';
}

/** Memory in megabytes: resident now, and the most since the mark. */
function memoryOf({ pid }: Server): { now: number; most: number } {
  const of = (kind: 'VmRSS' | 'VmHWM') => Math.round(memoryBytesOf(pid, kind) / 2 ** 20);
  return { now: of('VmRSS'), most: of('VmHWM') };
}

async function main([minutes = 1440, series = 13_827, runs = 5]: number[]): Promise<void> {
  if (influxdPath() === undefined) throw new Error('no influxd here: `make influxd` builds it');
  const servers = await startServers('both');
  const [ours, theirs] = servers as [Server, Server];
  let good = true;
  try {
    console.log(`load ${loadavg()[0]?.toFixed(1)}, ${series} series x ${minutes} minutes`);
    for (const server of servers) {
      await fill(server, series, minutes);
      console.log(`${server.name}: ${memoryOf(server).most} MB at most while filled`);
    }
    for (const server of servers) writeFileSync(`/proc/${server.pid}/clear_refs`, '5');
    for (const question of questions(minutes)) {
      good = (await compare(ours, theirs, question, runs)) && good;
    }
    for (const server of servers) {
      const { now, most } = memoryOf(server);
      console.log(`${server.name}: ${now} MB resident, ${most} MB at most while asked`);
    }
  } finally {
    for (const server of servers) await server.stop();
  }
  process.exitCode = good ? 0 : 1;
}

await main(process.argv.slice(2).map(Number));
