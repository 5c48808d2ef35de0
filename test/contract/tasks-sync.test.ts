/** Tasks are synced, repaired, left alone and caught up the same way on every engine. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { systemClock } from '../../core/clock.ts';
import { createInflux, type Influx } from '../../core/influx/influx.ts';
import { silentLog } from '../../core/log.ts';
import { ensureBuckets } from '../../tasks/buckets.ts';
import { boundTasks, desiredTasks } from '../../tasks/desired.ts';
import { taskHealth } from '../../tasks/health.ts';
import { requestRanks } from '../../tasks/missed.ts';
import { syncTasks } from '../../tasks/sync.ts';
import { forEachEngine } from '../helpers/engines.ts';

const RUN_MS_MAX = 20_000;
const sampling = { finestMs: 60_000, commonMs: 60_000 };
const NAMES = desiredTasks({ bucket: '', sampling }).map(({ name }) => name);

forEachEngine((name, start) => {
  describe(`tasks on ${name}`, () => {
    let engine: Awaited<ReturnType<typeof start>>;
    let influx: Influx;

    before(async () => {
      engine = await start();
      const { url, token, org, bucket } = engine;
      influx = createInflux({ url, token, org, bucket, timeoutMs: 30_000, clock: systemClock });
    });
    after(async () => {
      await influx?.close();
      await engine?.stop();
    });

    const sync = () => {
      const { tasks, bucket } = influx;
      const desired = desiredTasks({ bucket, sampling });
      return syncTasks({ tasks, desired, bucket, log: silentLog });
    };
    const counts = ({ created, updated, removed }: Awaited<ReturnType<typeof sync>>) => ({
      created,
      updated,
      removed,
    });
    const unchanged = { created: 0, updated: 0, removed: 0 };

    it('are created once', async () => {
      assert.deepEqual(counts(await sync()), { ...unchanged, created: NAMES.length });
      assert.deepEqual(counts(await sync()), unchanged);
      const names = (await influx.tasks.list()).map((task) => task.name);
      assert.deepEqual(names.sort(), [...NAMES].sort());
    });

    it('are repaired when somebody changed them, once', async () => {
      const { tasks } = await sync();
      const { id, flux } = tasks[0]!;
      await influx.tasks.update(id, { status: 'inactive' });
      assert.deepEqual(counts(await sync()), { ...unchanged, updated: 1 });
      await influx.tasks.update(id, { flux: flux.replace('step = ', 'other = 1\nstep = ') });
      assert.deepEqual(counts(await sync()), { ...unchanged, updated: 1 });
      assert.deepEqual(counts(await sync()), unchanged);
      await influx.tasks.delete(id);
      assert.deepEqual(counts(await sync()), { ...unchanged, created: 1 });
    });

    it('of others are left alone, superfluous ones of ours go', async () => {
      const script = (task: string) =>
        `option task = {name: "${task}", every: 1h}\nbucket = "${influx.bucket}"\n` +
        'from(bucket: bucket) |> range(start: -1m) |> yield()';
      const other = await influx.tasks.create({ flux: script('somebody else') });
      const old = await influx.tasks.create({ flux: script('tidemark: retired') });
      assert.deepEqual(counts(await sync()), { ...unchanged, removed: 1 });
      const left = (await influx.tasks.list()).map(({ id }) => id);
      assert.ok(left.includes(other.id) && !left.includes(old.id));
      await influx.tasks.delete(other.id);
    });

    it('rank at once what there is, at the newest slot', async () => {
      const { tasks: synced } = await sync();
      const { bucket, tasks } = influx;
      const retentions = { priceMs: 0, rollupMs: { '1m': 0, '5m': 0, '1h': 0, '1d': 0 } };
      await ensureBuckets(influx, boundTasks({ bucket, sampling }), retentions);
      const nowMs = Date.now();
      const seconds = Array.from({ length: 40 }, (_, i) => nowMs - 300_000 - i * 1000);
      const lines = seconds.map((ms, i) => `price,exchange=x,pair=ab price=${i} ${ms}000000`);
      await influx.write(lines.join('\n'), { gzip: false });
      // A slot of its own, so that a real slot that begins meanwhile changes nothing.
      const clock = { ...systemClock, nowMs: () => nowMs - 120_000 };
      assert.equal(await requestRanks({ tasks, synced, clock }), 6);
      const slot = new Date(Math.floor((nowMs - 120_000) / 60_000) * 60_000).toISOString();
      const query = `from(bucket: "${bucket}") |> range(start: ${slot})
        |> filter(fn: (r) => r._measurement =~ /^(pair_)?rank$/ and r._field == "of") |> group()`;
      const written = async () => {
        const rows = await influx.collect(query, { _time: 'time', _value: 'long' });
        return rows.filter(({ _time }) => Date.parse(_time) === Date.parse(slot)).length;
      };
      const deadline = performance.now() + RUN_MS_MAX;
      while ((await written()) < 6 && performance.now() < deadline) await delay(100);
      assert.equal(await written(), 6);
      const health = await taskHealth({ tasks, synced, clock: systemClock });
      assert.deepEqual(
        health.map(({ ok, reason }) => [ok, reason]),
        health.map(() => [true, undefined]),
      );
    });
  });
});
