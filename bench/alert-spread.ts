/**
 * What one step of a market-wide move costs the registry: a thousand subscriptions, three thousand
 * series that fire, on PostgreSQL and on PGlite. Half of the subscriptions want all of them, the
 * others one pair each; the step is told once more, when there is nothing new.
 *
 *   node dist/bench/alert-spread.js [alerts] [series]
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLog } from '../core/log.ts';
import type { Database } from '../registry/database.ts';
import { migrate } from '../registry/migrate.ts';
import { openPGlite } from '../registry/pglite.ts';
import { openPostgres } from '../registry/postgres.ts';
import { spreadStep } from '../tasks/alerts/spread.ts';
import {
  BEGIN_MS,
  keepStep,
  MINUTE_MS,
  makeAlert,
  makeChannel,
  priceRule,
  spreadOptions,
} from '../test/helpers/alert-steps.ts';
import { startPostgres } from '../test/helpers/registry.ts';

const [alerts = 1_000, series = 3_000] = process.argv.slice(2).map(Number);
const pairs = Array.from({ length: series }, (_, nr) => `p${nr}usd`);

async function measure(name: string, database: Database): Promise<void> {
  await migrate(database);
  for (let nr = 0; nr < alerts; nr += 1) {
    const channel = await makeChannel(database);
    await makeAlert(database, { channel, ...(nr % 2 === 1 && { pairs: [pairs[nr % series]!] }) });
  }
  for (const [what, minute] of [
    ['first', 1],
    ['again', 2],
  ] as const) {
    const stepMs = BEGIN_MS + minute * MINUTE_MS;
    await keepStep(database, stepMs, pairs);
    globalThis.gc?.();
    const base = process.memoryUsage().rss;
    let peak = base;
    const watch = setInterval(() => {
      peak = Math.max(peak, process.memoryUsage().rss);
    }, 20);
    const cpu = process.cpuUsage();
    const beganMs = performance.now();
    await spreadStep(database, { rule: priceRule.key, stepMs }, spreadOptions);
    const seconds = (performance.now() - beganMs) / 1_000;
    const { user, system } = process.cpuUsage(cpu);
    clearInterval(watch);
    const counts = await database.query(
      'select (select count(*) from alert_events) as events, (select count(*) from deliveries) as sent',
    );
    console.log(name, what, {
      ...{ seconds: +seconds.toFixed(1), cpuSeconds: +((user + system) / 1e6).toFixed(1) },
      ...{ grownMB: Math.round((peak - base) / 1e6), ...counts[0] },
    });
  }
}

const server = await startPostgres();
const postgres = await openPostgres({ url: await server.createDatabase(), log: silentLog });
await measure('PostgreSQL', postgres);
await postgres.close();
await server.stop();

const dir = await mkdtemp(join(tmpdir(), 'tidemark-bench-'));
const pglite = await openPGlite({ dir: join(dir, 'data'), log: silentLog });
await measure('PGlite', pglite);
await pglite.close();
await rm(dir, { recursive: true, force: true });
