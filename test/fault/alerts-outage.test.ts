/**
 * The store is away for many steps of a rule and comes back: what was missed is evaluated then and
 * told as late, nothing is told twice, and meanwhile it is said that nothing can be evaluated.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { systemClock } from '../../core/clock.ts';
import { createInflux, type Influx } from '../../core/influx/influx.ts';
import { silentLog } from '../../core/log.ts';
import { createMetrics } from '../../core/metrics.ts';
import { bind, loadTask } from '../../flux/load.ts';
import type { Database } from '../../registry/database.ts';
import { openRegistry } from '../../registry/open.ts';
import { alertTasks } from '../../tasks/alert-tasks.ts';
import { createAlertMetrics } from '../../tasks/alerts/metrics.ts';
import { type AlertService, startAlerts } from '../../tasks/alerts/service.ts';
import { MINUTE_MS, sentTo } from '../helpers/alert-steps.ts';
import { ManualClock } from '../helpers/clock.ts';
import { eventually } from '../helpers/eventually.ts';
import { influxdPath } from '../helpers/influxd.ts';
import { startTidemark } from '../helpers/process.ts';
import { type Store, startEmbeddedStore, startInfluxdStore } from './alert-store.ts';
import {
  EVERY_MS,
  jumpRule,
  type MessageShape,
  type Path,
  subscribe,
  toldBy,
  windowsOf,
} from './alert-windows.ts';

const WINDOWS = 24;
/** Before this one it goes away, and before that one it is back. */
const [AWAY, BACK] = [6, 20];
const WAIT_MS = 120_000;
const stores: Readonly<Record<string, { skip?: string | false; start: () => Promise<Store> }>> = {
  'the embedded engine': { start: startEmbeddedStore },
  'a real InfluxDB': {
    skip: influxdPath() === undefined && 'no influxd: run `make influxd` first',
    start: startInfluxdStore,
  },
};

for (const [name, { skip, start }] of Object.entries(stores)) {
  describe(`alerts while ${name} is away for many steps`, { skip: skip ?? false }, () => {
    const windows = windowsOf(WINDOWS, 'an outage');
    const clock = new ManualClock(windows.steps[0]! - MINUTE_MS);
    let dir = '';
    let store: Store;
    let influx: Influx;
    let registry: Database;
    let service: AlertService;
    let paths: ReadonlyMap<number, Path>;

    before(async () => {
      dir = await mkdtemp(join(tmpdir(), 'tidemark-outage-'));
      store = await start();
      const { url, token, org, bucket } = store;
      influx = createInflux({ url, token, org, bucket, timeoutMs: 20_000, clock: systemClock });
      registry = await openRegistry({ databaseUrl: undefined, dataDir: dir, log: silentLog });
      paths = await subscribe(registry, 'http://127.0.0.1:9');
      // Steps of before have no prices and are nothing to tell of.
      const since = new Date(windows.steps[0]! - 1).toISOString();
      await registry.query('update alerts set created = $1', [since]);
      await write(windows.before);
      service = startAlerts({
        ...{ influx, registry, clock, log: silentLog, sources: [], everyMs: EVERY_MS },
        metrics: createAlertMetrics(createMetrics()),
        ...{ publicUrl: 'http://127.0.0.1:8001', ttlMs: 86_400_000 },
      });
    });
    after(async () => {
      const closed = service?.close();
      await clock.advance(MINUTE_MS);
      await closed;
      await influx?.close();
      await registry?.close();
      await store?.remove();
      await rm(dir, { recursive: true, force: true });
    });

    async function write(lines: string): Promise<void> {
      const answer = await influx.write(lines, { gzip: false });
      assert.equal(answer.status, 204, answer.text);
    }
    /** The clock goes on as slowly as the store and the registry answer. */
    async function meanwhile(check: () => Promise<void>): Promise<void> {
      await eventually(async () => {
        await clock.advance(300);
        await check();
      }, WAIT_MS);
    }
    const done = async () =>
      (await registry.query('select step_ms from alert_steps where spread order by step_ms')).map(
        ({ step_ms: stepMs }) => Number(stepMs),
      );
    const told = async () =>
      (await sentTo(registry)).flatMap(({ channel, payload }) =>
        toldBy(paths.get(channel)!, payload as unknown as MessageShape),
      );
    const isDone = (stepMs: number) => async () => assert.ok((await done()).includes(stepMs));

    /** A step as it is when all is well: prices, then the task, then the evaluator. */
    async function live(n: number): Promise<void> {
      const stepMs = windows.steps[n]!;
      await clock.advance(stepMs - clock.nowMs());
      await write(windows.lines[n]!);
      const asked = { bucket: influx.bucket, alertRules: [jumpRule], alertEveryMs: EVERY_MS };
      const { file, values } = alertTasks(asked)[0]!;
      await influx.collect(
        bind(loadTask(file), values),
        {},
        { now: new Date(stepMs).toISOString() },
      );
      // To when its task is over.
      await clock.advance(15_000);
      await meanwhile(isDone(stepMs));
    }

    it('are told in time as long as it is there', async () => {
      for (let n = 0; n < AWAY; n += 1) await live(n);
      assert.deepEqual(service.state().troubles, []);
      const early = await told();
      assert.ok(early.length > 0 && early.every(({ late }) => !late));
    });

    it('are not told while it is away, and that is said', async () => {
      const before = await told();
      await store.kill();
      for (const stepMs of windows.steps.slice(AWAY, BACK)) {
        await clock.advance(stepMs - clock.nowMs());
      }
      await meanwhile(async () => assert.equal(service.state().troubles.length, 1));
      const behindMs = (BACK - AWAY - 1) * EVERY_MS;
      await meanwhile(async () => assert.ok(service.state().behindMs >= behindMs));
      assert.deepEqual(await told(), before);
    });

    it('are told as late when it is back and has what was written meanwhile', async () => {
      await store.start();
      const backMs = clock.nowMs();
      await meanwhile(async () => assert.deepEqual(service.state().troubles, []));
      // The spool has some time to bring what it has.
      assert.ok(clock.nowMs() - backMs < MINUTE_MS);
      await write(windows.lines.slice(AWAY, BACK).join('\n'));
      await clock.advance(MINUTE_MS);
      await meanwhile(isDone(windows.steps[BACK - 1]!));
      assert.deepEqual(await done(), windows.steps.slice(0, BACK));
    });

    it('are told in time again after that, each once in all', async () => {
      for (let n = BACK; n < WINDOWS; n += 1) await live(n);
      const all = await told();
      assert.deepEqual(all.map(({ key }) => key).sort(), [...windows.expected].sort());
      const awayMs = windows.steps[AWAY]! - EVERY_MS;
      const backMs = windows.steps[BACK]! - EVERY_MS;
      for (const { key, late } of all.filter(({ key }) => key.startsWith('/step'))) {
        const windowMs = Number(key.split(' ').at(-1));
        assert.equal(late, windowMs >= awayMs && windowMs < backMs, key);
      }
      assert.ok(all.some(({ late }) => late));
    });
  });
}

describe('a process with the role `alerts`', () => {
  it('is not ready, with the reason, while the store is away', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'tidemark-outage-'));
    const store = await startEmbeddedStore();
    try {
      const dataDir = join(dir, 'data');
      const registry = await openRegistry({ databaseUrl: undefined, dataDir, log: silentLog });
      await subscribe(registry, 'http://127.0.0.1:9');
      await registry.query('update alerts set created = now()');
      await registry.close();
      const worker = await startTidemark({
        args: ['start', '--only', 'alerts'],
        settings: {
          ...{ DATA_DIR: dataDir, INFLUX_URL: store.url, INFLUX_TOKEN: store.token },
          ...{ ALERT_INTERVAL: '10s', LOG_LEVEL: 'error' },
        },
      });
      const ready = async () => (await fetch(`${worker.url}/readyz`)).text();
      try {
        await store.kill();
        await eventually(async () => assert.match(await ready(), /cannot evaluate: /), WAIT_MS);
        await store.start();
        await eventually(async () => {
          assert.doesNotMatch(await ready(), /cannot evaluate/);
        }, WAIT_MS);
      } finally {
        await worker.kill('SIGTERM');
      }
    } finally {
      await store.remove();
      await rm(dir, { recursive: true, force: true });
    }
  });
});
