/**
 * A step of one rule in which many series fire, brought to many subscriptions, each with a receiver
 * of its own: queries to the store, time, and memory of the evaluator, batch by batch. First with
 * ten subscriptions, then with all. The store and PostgreSQL have processes of their own.
 * Usage: node --expose-gc dist/bench/alerts-load.js [subscriptions] [series] [embedded|influxd]
 */
import { loadavg } from 'node:os';
import { ratioRules } from '../core/alert-rules.ts';
import { type Clock, slotAt, systemClock } from '../core/clock.ts';
import { createInflux, type Influx } from '../core/influx/influx.ts';
import { silentLog as log } from '../core/log.ts';
import { createMetrics } from '../core/metrics.ts';
import { bind, loadTask } from '../flux/load.ts';
import type { Database } from '../registry/database.ts';
import { openRegistry } from '../registry/open.ts';
import { alertTasks } from '../tasks/alert-tasks.ts';
import { createAlertMetrics } from '../tasks/alerts/metrics.ts';
import { startAlerts } from '../tasks/alerts/service.ts';
import { MINUTE_MS, makeAlert, makeChannel } from '../test/helpers/alert-steps.ts';
import { startPostgres } from '../test/helpers/registry.ts';
import { startServers } from './servers.ts';

const FEW = 10;
const POINTS = 12;
const TOLD_EACH = 100;
/** Memory that a batch may leave behind: what is more is a leak. */
const GROWTH_MB = 40;
const [subscriptions = '1000', series = '3000', which = 'embedded'] = process.argv.slice(2);
const stepMs = slotAt(Date.now(), MINUTE_MS) - MINUTE_MS;
const rules = ratioRules({});

const megabytes = () => Math.round(process.memoryUsage().rss / 1e6);

/** An hour of points of every series, and in the step four times their mean. */
async function writePrices(influx: Influx): Promise<void> {
  for (let n = 0; n <= POINTS; n += 1) {
    const ns = `${stepMs - n * 5 * MINUTE_MS - 1_000}000000`;
    const fields = n === 0 ? 'price=400,volume=7' : 'price=100,volume=7';
    const lines = Array.from({ length: Number(series) }, (_, one) => {
      return `price,exchange=e${one % 20},pair=pair${one} ${fields} ${ns}`;
    });
    const { status } = await influx.write(lines.join('\n'), { gzip: false });
    if (status !== 204) throw new Error(`prices are not taken: ${status}`);
  }
  for (const { file, values } of alertTasks({ bucket: influx.bucket, alertRules: rules })) {
    await influx.collect(bind(loadTask(file), values), {}, { now: new Date(stepMs).toISOString() });
  }
}

async function subscribe(registry: Database, count: number): Promise<void> {
  for (let n = 0; n < count; n += 1) {
    await makeAlert(registry, { channel: await makeChannel(registry), rules });
  }
  const since = new Date(stepMs - 1).toISOString();
  await registry.query('update alerts set created = $1', [since]);
  await registry.query('analyze alerts, channels');
}

interface Batches {
  readonly database: Database;
  readonly memory: number[];
}

/** Memory after each transaction. */
function watched(database: Database): Batches {
  const memory: number[] = [];
  const watching: Database = {
    ...{ kind: database.kind, where: database.where },
    query: (text, values) => database.query(text, values),
    listen: (channel, listener) => database.listen(channel, listener),
    close: () => database.close(),
    async transaction(work) {
      const result = await database.transaction(work);
      memory.push(megabytes());
      if (memory.length % TOLD_EACH === 0) {
        const s = systemClock.monotonicMs() / 1_000;
        console.log(`  ${memory.length} transactions, ${s.toFixed(0)} s, RSS ${memory.at(-1)} MB`);
      }
      return result;
    },
  };
  return { database: watching, memory };
}

async function measure(influx: Influx, registry: Database, count: number): Promise<number> {
  await subscribe(registry, count);
  let queries = 0;
  const collect: Influx['collect'] = (...query) => {
    queries += 1;
    return influx.collect(...query);
  };
  globalThis.gc?.();
  const idle = megabytes();
  const { database, memory } = watched(registry);
  const begin = { ms: systemClock.monotonicMs(), cpu: process.cpuUsage() };
  const clock: Clock = {
    ...systemClock,
    nowMs: () => stepMs + 15_000 + systemClock.monotonicMs() - begin.ms,
  };
  const service = startAlerts({
    ...{ influx: { bucket: influx.bucket, collect }, registry: database, clock, log, sources: [] },
    metrics: createAlertMetrics(createMetrics()),
    ...{ everyMs: MINUTE_MS, publicUrl: 'http://127.0.0.1:8001', ttlMs: 86_400_000 },
  });
  const done = 'select 1 from alert_steps where spread and step_ms = $1';
  while ((await registry.query(done, [stepMs])).length < rules.length) await systemClock.sleep(200);
  const seconds = (systemClock.monotonicMs() - begin.ms) / 1_000;
  const cpu = process.cpuUsage(begin.cpu);
  await service.close();
  const [row] = await registry.query(
    'select (select count(*) from alert_events) as events, (select count(*) from deliveries) as sent',
  );
  const at = (share: number) => memory[Math.floor(share * (memory.length - 1))];
  console.log(
    `${count} subscriptions x ${series} series: ${row?.events} events, ${row?.sent} messages, ` +
      `${queries} queries; ${seconds.toFixed(1)} s, evaluator ` +
      `${((cpu.user + cpu.system) / 1e6).toFixed(1)} CPU s; ${memory.length} transactions, RSS ` +
      `before ${idle}, after a tenth ${at(0.1)}, half ${at(0.5)}, all ${at(1)}, most ` +
      `${Math.max(...memory)} MB; load ${loadavg()[0]?.toFixed(1)}`,
  );
  const growth = (at(1) ?? 0) - (at(0.1) ?? 0);
  console.log(`  from a tenth to all ${growth} MB: ${growth <= GROWTH_MB ? 'flat' : 'GROWS'}`);
  return queries;
}

const [server] = await startServers(which);
const postgres = await startPostgres();
const { url, token, org, bucket } = server!;
const influx = createInflux({
  ...{ url, token, org, bucket },
  timeoutMs: 600_000,
  clock: systemClock,
});
try {
  await writePrices(influx);
  const counts: number[] = [];
  for (const count of [FEW, Number(subscriptions)]) {
    const databaseUrl = await postgres.createDatabase();
    const registry = await openRegistry({ databaseUrl, dataDir: '', log });
    counts.push(await measure(influx, registry, count));
    await registry.close();
  }
  const verdict = counts[0] === counts[1] ? 'the same with both' : 'MORE with more subscriptions';
  console.log(`queries to the store: ${counts.join(' and ')}: ${verdict}`);
} finally {
  await influx.close();
  await server?.stop();
  await postgres.stop();
}
