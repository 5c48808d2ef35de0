/**
 * Scan workers as processes on one PostgreSQL: one killed, one frozen past its lease, InfluxDB away
 * all the while; and one worker whose database goes away.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { silentLog } from '../../core/log.ts';
import type { Database } from '../../registry/database.ts';
import { addMonitors } from '../../registry/monitors.ts';
import { openRegistry } from '../../registry/open.ts';
import { openPostgres } from '../../registry/postgres.ts';
import { eventually } from '../helpers/eventually.ts';
import { newMonitor } from '../helpers/monitors.ts';
import { startTidemark, type Tidemark } from '../helpers/process.ts';
import { type PostgresServer, startPostgres, whyNoPostgres } from '../helpers/registry.ts';
import { Sink } from '../helpers/sink.ts';
import { ScanSite } from './scan-site.ts';

const MONITORS = 10_000;
const WORKERS = 4;
const PLACES = 256;
const LEASE_MS = 10_000;
const WAIT_MS = 120_000;
/** Ten years: no monitor has a second slot while the test runs. */
const LONG_MS = 3_650 * 86_400_000;

describe('scan workers', { skip: whyNoPostgres() ?? false }, () => {
  let dir: string;
  let postgres: PostgresServer;
  let url: string;
  let registry: Database;
  let site: ScanSite;
  let sink: Sink;
  let workers: Tidemark[];

  before(async () => {
    postgres = await startPostgres();
  });
  after(() => postgres?.stop());

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'tidemark-scans-'));
    url = await postgres.createDatabase();
    registry = await openRegistry({ databaseUrl: url, dataDir: dir, log: silentLog });
    [site, sink] = await Promise.all([ScanSite.start(), Sink.start()]);
    workers = [];
  });

  afterEach(async () => {
    await Promise.all(workers.map(({ kill }) => kill('SIGKILL')));
    await Promise.all([site.close(), sink.close(), registry.close()]);
    await rm(dir, { recursive: true, force: true });
  });

  async function start(name: string): Promise<Tidemark> {
    const worker = await startTidemark({
      args: ['start', '--only', 'scans'],
      settings: {
        DATA_DIR: join(dir, name),
        DATABASE_URL: url,
        INFLUX_URL: sink.url,
        INFLUX_TOKEN: 'any',
        ALLOW_PRIVATE_TARGETS: site.place,
        SCAN_CONCURRENCY: `${PLACES}`,
        SCAN_HOST_CONCURRENCY: `${PLACES}`,
        LOG_LEVEL: 'error',
      },
    });
    workers.push(worker);
    return worker;
  }

  async function monitors(count: number, intervalMs: number): Promise<void> {
    const all = Array.from({ length: count }, (_, n) => {
      const monitor = newMonitor(`http://${site.place}/${n}`, { intervalMs });
      return { ...monitor, settings: { ...monitor.settings, timeoutMs: 60_000 } };
    });
    await addMonitors(registry, all);
  }

  /** What `query` counts. */
  async function count(query: string): Promise<number> {
    const [row] = await registry.query(`select (${query})::int as n`);
    return Number(row?.n);
  }

  async function metric(worker: Tidemark, name: string): Promise<number> {
    const text = await (await fetch(`${worker.url}/metrics`)).text();
    return Number(new RegExp(`^tidemark_${name} (\\S+)$`, 'm').exec(text)?.[1]);
  }

  /** A point that came again was the same point, in whatever order its fields are. */
  function assertNoneDiffers(): void {
    const points = sink.taken.map((line) => line.split(/[ ,]/).sort().join());
    assert.equal(new Set(points).size, sink.points.size);
  }

  it('record each slot once, when one is killed and one is frozen past its lease', async (t) => {
    // InfluxDB is away until the end.
    sink.behaviour = () => undefined;
    const names = Array.from({ length: WORKERS }, (_, n) => `worker-${n}`);
    const [killed, frozen, ...others] = await Promise.all(names.map(start));
    await monitors(MONITORS, LONG_MS);
    const due = '(extract(epoch from clock_timestamp()) * 1000)::bigint';
    await registry.query(`update monitor_schedule set due_ms = ${due}`);
    await eventually(() => assert.ok(site.asked > 1_000), WAIT_MS);
    site.hold();
    // Each has all the scans under way that it may: two of them will not see them end in time.
    await eventually(() => assert.equal(site.held, WORKERS * PLACES), WAIT_MS);
    await killed!.kill('SIGKILL');
    process.kill(frozen!.pid, 'SIGSTOP');
    site.letGo();
    const frozenMs = Date.now();
    const done = 'select count(*) from monitor_schedule where last_slot_ms is not null';
    await eventually(async () => assert.equal(await count(done), MONITORS), WAIT_MS);
    assert.ok(Date.now() - frozenMs >= LEASE_MS / 2, 'the lease was not waited for');
    process.kill(frozen!.pid, 'SIGCONT');
    const stale = () => metric(frozen!, 'scans_stale_total');
    await eventually(async () => assert.equal(await stale(), PLACES), WAIT_MS);
    // What the killed one had in its spool is sent when it is started again.
    await start('worker-0');
    sink.behaviour = () => ({ status: 204 });
    await eventually(() => assert.equal(sink.points.size, MONITORS), WAIT_MS);
    await eventually(
      async () => assert.equal(await count('select count(*) from scan_results'), 0),
      WAIT_MS,
    );
    assert.equal(new Set([...sink.points.keys()].map((key) => key.split(' ')[0])).size, MONITORS);
    assertNoneDiffers();
    const twice = site.asked - MONITORS;
    // A machine too busy to renew a lease in time loses it as well: then this is what it may cost.
    let lapses = 0;
    for (const worker of others) {
      const lost = (await metric(worker, 'scan_lease_lapses_total')) || 0;
      assert.ok((await metric(worker, 'scans_stale_total')) <= lost * PLACES);
      lapses += lost;
    }
    t.diagnostic(`${twice} targets asked twice, ${lapses} leases lost by the way`);
    assert.ok(twice >= PLACES && twice <= (2 + lapses) * PLACES, `${twice} were asked twice`);
    assert.ok(Math.max(...site.hits.values()) <= 2 + lapses);
    const reprobed = await count('select sum(reprobed) from monitor_schedule');
    assert.ok(reprobed >= twice - lapses * PLACES, `${reprobed} of ${twice} counted`);
  });

  it('lose and double no result while the database is away, and end with everything saved', async () => {
    const worker = await start('alone');
    await monitors(200, 2_000);
    await eventually(() => assert.ok(site.asked > 300), WAIT_MS);
    site.hold();
    await eventually(() => assert.ok(site.held >= 100), WAIT_MS);
    const name = new URL(url).pathname.slice(1);
    const adminUrl = new URL(url);
    adminUrl.pathname = '/postgres';
    const admin = await openPostgres({ url: adminUrl.href, log: silentLog, connectionsMax: 1 });
    try {
      await registry.close();
      await admin.query(`alter database ${name} allow_connections false`);
      await admin.query(
        'select pg_terminate_backend(pid) from pg_stat_activity where datname = $1',
        [name],
      );
      site.letGo();
      // Longer than its lease.
      await delay(LEASE_MS + 2_000);
      const ready = await fetch(`${worker.url}/readyz`);
      assert.equal(ready.status, 503);
      assert.match(await ready.text(), /no scans are claimed.*results wait and are not lost/s);
    } finally {
      await admin.query(`alter database ${name} allow_connections true`);
      await admin.close();
    }
    const then = site.asked;
    await eventually(() => assert.ok(site.asked > then + 200), WAIT_MS);
    const { code, stderr } = await worker.kill('SIGTERM');
    assert.deepEqual([code, stderr], [0, '']);
    registry = await openRegistry({ databaseUrl: url, dataDir: dir, log: silentLog });
    assert.equal(sink.points.size, site.asked);
    assertNoneDiffers();
    assert.equal(await count('select count(*) from scan_results'), 0);
    assert.equal(await count('select count(*) from monitor_schedule where owner is not null'), 0);
    assert.equal(await count('select count(*) from workers'), 0);
  });
});
