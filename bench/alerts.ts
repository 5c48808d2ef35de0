/**
 * What the default rule of alerts costs at 13,827 markets, against the two reads it is made of:
 * the mean of the hour, and the newest point of each. Interleaved; CPU seconds of the server.
 * Usage: node dist/bench/alerts.js [runs] [minutes] [embedded|influxd|both]
 */
import { loadavg } from 'node:os';
import { gzipSync } from 'node:zlib';
import { ratioRules } from '../core/alert-rules.ts';
import { systemClock as clock } from '../core/clock.ts';
import { createInflux, type Influx } from '../core/influx/influx.ts';
import { createAlertReader } from '../flux/alert-reader.ts';
import { bind, loadTask } from '../flux/load.ts';
import { alertTasks } from '../tasks/alert-tasks.ts';
import { cpuSecondsOf } from '../test/helpers/proc.ts';
import { median } from './median.ts';
import { MARKETS, MINUTE_MS, rankMarket } from './rank-market.ts';
import { type Server, startServers } from './servers.ts';

const HOUR_MS = 3_600_000;
/** Of the two reads, on the real InfluxDB; the embedded engine's own, of what that takes. */
const LIMITS = { influxd: 2, embedded: 0.5 };
/** Each of so many markets jumps in the last step. */
const JUMPING = 100;

const runs = Number(process.argv[2] ?? 5);
const minutes = Number(process.argv[3] ?? 1_440);
const [stepMs, endMs] = [MINUTE_MS, Math.floor(Date.now() / HOUR_MS) * HOUR_MS];
/** The slot of the last prices. */
const slotMs = endMs - MINUTE_MS;
const now = new Date(slotMs).toISOString();
const [rule] = ratioRules({ metrics: ['price'] });
if (rule === undefined) throw new Error('there is no default rule');

function scripts(bucket: string): Readonly<Record<'mean' | 'newest' | 'rule', string>> {
  const prices = (range: string) => `from(bucket: "${bucket}") |> range(${range})
    |> filter(fn: (r) => r._measurement == "price" and r._field == "price")`;
  const [task] = alertTasks({ bucket, alertRules: [rule!] });
  const until = new Date(endMs).toISOString();
  return {
    mean: `${prices('start: -1h')} |> mean()`,
    newest: `${prices(`start: -1m, stop: ${until}`)}
      |> aggregateWindow(every: 1m, fn: last, createEmpty: false)`,
    rule: bind(loadTask(task!.file), task!.values),
  };
}

async function fill(clients: readonly Influx[]): Promise<number> {
  let jumped = 0;
  for (const { prices } of rankMarket(endMs, minutes)) {
    const last = prices.includes(` ${slotMs}000000\n`);
    const lines = !last
      ? prices
      : prices.replace(/price=(\S+)/g, (text, price: string, at: number) => {
          if (at % JUMPING !== 0) return text;
          jumped++;
          return `price=${Number(price) * 5}`;
        });
    const body = gzipSync(lines, { level: 1 });
    await Promise.all(
      clients.map(async (influx) => {
        const { status, text } = await influx.write(body, { gzip: true });
        if (status !== 204) throw new Error(`write: ${status} ${text}`);
      }),
    );
  }
  return jumped;
}

/** A server tidies its files after a filling; that is nobody's query. */
async function settle({ pid }: Server): Promise<void> {
  for (let quiet = 0, tries = 0; quiet < 3 && tries < 300; tries++) {
    const before = cpuSecondsOf(pid);
    await clock.sleep(1_000);
    quiet = cpuSecondsOf(pid) - before < 0.05 ? quiet + 1 : 0;
  }
}

/** Medians of CPU and wall seconds. */
async function measure({ pid, bucket }: Server, influx: Influx) {
  const texts = Object.entries(scripts(bucket));
  const found = new Map(
    texts.map(([name]) => [name, { cpu: [] as number[], wall: [] as number[] }]),
  );
  for (let run = 0; run < runs; run++) {
    for (const [name, script] of texts) {
      const [cpu, wall] = [cpuSecondsOf(pid), performance.now()];
      for await (const _ of influx.queryRows(script, { now }));
      found.get(name)?.cpu.push(cpuSecondsOf(pid) - cpu);
      found.get(name)?.wall.push((performance.now() - wall) / 1_000);
    }
  }
  const of = (name: string) => {
    const { cpu = [], wall = [] } = found.get(name) ?? {};
    return { cpu: median(cpu), wall: median(wall) };
  };
  return { mean: of('mean'), newest: of('newest'), rule: of('rule') };
}

const load = () => loadavg().map((value) => value.toFixed(1));
const servers = await startServers(process.argv[4] ?? 'both');
// The real one first: the other is measured by it.
servers.sort((a, b) => b.name.localeCompare(a.name));
const options = { timeoutMs: 600_000, clock };
const clients = servers.map((server) => createInflux({ ...server, ...options }));
try {
  console.log(`${MARKETS} markets x ${minutes} minutes; load ${load()}`);
  const jumped = await fill(clients);
  let real: number | undefined;
  for (const [i, server] of servers.entries()) {
    const influx = clients[i]!;
    await settle(server);
    const { mean, newest, rule: all } = await measure(server, influx);
    const step = { fromMs: slotMs - stepMs, toMs: slotMs };
    const found = (await createAlertReader(influx).found(rule, step)).length;
    const ratio = (all.cpu / (mean.cpu + newest.cpu)).toFixed(2);
    console.log(
      `${server.name}: mean ${mean.cpu.toFixed(2)} + newest ${newest.cpu.toFixed(2)} CPU s; the rule ` +
        `${all.cpu.toFixed(2)} (wall ${all.wall.toFixed(2)}) = ${ratio} of both; load ${load()}`,
    );
    console.log(`  found ${found} of ${jumped} that jumped`);
    if (server.name === 'influxd') {
      real = all.cpu;
      console.log(
        `  limit ${LIMITS.influxd}: ${Number(ratio) <= LIMITS.influxd ? 'held' : 'MISSED'}`,
      );
    } else if (real !== undefined) {
      const share = all.cpu / real;
      const verdict = share <= LIMITS.embedded ? 'held' : 'MISSED';
      console.log(`  ${share.toFixed(2)} of InfluxDB's; limit ${LIMITS.embedded}: ${verdict}`);
    }
  }
} finally {
  for (const influx of clients) await influx.close();
  for (const server of servers) await server.stop();
}
