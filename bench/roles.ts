/**
 * What each role takes: memory and CPU of a process each, over one InfluxDB and one PostgreSQL, on
 * the demo market (7 exchanges, 120 markets of each, polled every 10 s; two feeds, 20 monitors).
 * Usage: node dist/bench/roles.js [seconds=120]
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { systemClock } from '../core/clock.ts';
import { startDemoMarket } from '../demo/start.ts';
import { startInfluxd } from '../test/helpers/influxd.ts';
import { cpuSecondsOf, memoryBytesOf } from '../test/helpers/proc.ts';
import { runToEnd, startTidemark, type Tidemark } from '../test/helpers/process.ts';
import { startPostgres } from '../test/helpers/registry.ts';

const ROLES = ['prices', 'tasks', 'scans', 'articles', 'alerts', 'api'] as const;
const MONITORS = 20;
const SECRET = 'a-secret-of-32-letters-or-more-01';

const seconds = Number(process.argv[2] ?? 120);
const dir = await mkdtemp(join(tmpdir(), 'tidemark-roles-'));
const market = await startDemoMarket({ port: 0, seed: 1, clock: systemClock });
const [influxd, postgres] = await Promise.all([startInfluxd(), startPostgres()]);
const settings = {
  EXCHANGES: Object.keys(market.urls).join(','),
  ...Object.fromEntries(
    Object.entries(market.urls).map(([id, url]) => [`EXCHANGE_${id.toUpperCase()}_URL`, url]),
  ),
  PRICE_INTERVAL: '10s',
  INFLUX_URL: influxd.url,
  INFLUX_TOKEN: influxd.token,
  DATABASE_URL: await postgres.createDatabase(),
  API_KEYS: `admin:admin:${SECRET}`,
  ALLOW_PRIVATE_TARGETS: '127.0.0.1/32',
  LOG_LEVEL: 'error',
};

async function watch({ url }: Tidemark): Promise<void> {
  const post = async (path: string, body: object): Promise<void> => {
    const headers = { authorization: `Bearer ${SECRET}`, 'content-type': 'application/json' };
    const answer = await fetch(url + path, { method: 'POST', headers, body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  };
  for (const feed of market.feeds) await post('/feeds', { url: feed });
  for (let n = 0; n < MONITORS; n += 1) {
    await post('/monitors', { url: `${market.pages[0]}?n=${n}`, interval: '10s' });
  }
}

const processes: { role: string; tidemark: Tidemark }[] = [];
try {
  const inDir = (name: string) => ({ ...settings, DATA_DIR: join(dir, name) });
  await runToEnd({ settings: inDir('migrate'), args: ['migrate'] });
  for (const role of ROLES) {
    const args = ['start', '--only', role];
    processes.push({ role, tidemark: await startTidemark({ settings: inDir(role), args }) });
  }
  await watch(processes.at(-1)!.tidemark);
  await delay(20_000);
  const before = processes.map(({ tidemark }) => cpuSecondsOf(tidemark.pid));
  const influxBefore = influxd.cpuSeconds();
  await delay(seconds * 1_000);
  console.log('| role | memory MB, most MB | CPU of one core, % |\n|---|---|---|');
  const percent = (used: number) => ((used / seconds) * 100).toFixed(1);
  for (const [index, { role, tidemark }] of processes.entries()) {
    const mb = (kind: 'VmRSS' | 'VmHWM') => Math.round(memoryBytesOf(tidemark.pid, kind) / 1e6);
    const used = cpuSecondsOf(tidemark.pid) - before[index]!;
    console.log(`| ${role} | ${mb('VmRSS')}, ${mb('VmHWM')} | ${percent(used)} |`);
  }
  const influxMb = Math.round(influxd.rssBytes() / 1e6);
  console.log(`| InfluxDB | ${influxMb} | ${percent(influxd.cpuSeconds() - influxBefore)} |`);
  console.log(`load ${loadavg().map((load) => load.toFixed(1))}`);
} finally {
  await Promise.all(processes.map(({ tidemark }) => tidemark.kill('SIGTERM')));
  await influxd.stop();
  await postgres.stop();
  await market.close();
  await rm(dir, { recursive: true, force: true });
}
