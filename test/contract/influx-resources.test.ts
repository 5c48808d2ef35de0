import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { systemClock } from '../../core/clock.ts';
import { isCode } from '../../core/errors.ts';
import { createInflux, type Influx } from '../../core/influx/influx.ts';
import { type Engine, forEachEngine } from '../helpers/engines.ts';

const script = (name: string, every = '1h') =>
  `option task = {name: "${name}", every: ${every}}\n\nfrom(bucket: "tidemark")\n    |> range(start: -1h)\n    |> yield()\n`;

forEachEngine((name, start) => {
  describe(`core/influx over ${name}`, () => {
    let engine: Engine;
    let influx: Influx;
    const client = (more: Partial<Engine>) =>
      createInflux({ ...engine, ...more, timeoutMs: 20_000, clock: systemClock });

    before(async () => {
      engine = await start();
      influx = client({});
    });
    after(async () => {
      await influx?.close();
      await engine?.stop();
    });

    it('answers health and ping', async () => {
      assert.equal((await influx.health()).status, 'pass');
      await influx.ping();
    });

    it('makes its bucket once and leaves one that exists as it is', async () => {
      const other = client({ bucket: 'made here' });
      assert.equal(await other.buckets.find('made here'), undefined);
      const made = await other.buckets.ensure({ retentionSeconds: 7_200 });
      assert.equal(made.retentionSeconds, 7_200);
      assert.deepEqual(await other.buckets.ensure({ retentionSeconds: 0 }), made);
      assert.equal((await other.write('m v=1', { gzip: false })).status, 204);
      await other.close();
    });

    it('creates, lists, changes, runs and deletes tasks', async () => {
      const before = (await influx.tasks.list()).length;
      const made = await influx.tasks.create({ flux: script('one'), description: 'for a test' });
      assert.deepEqual([made.name, made.every, made.status], ['one', '1h', 'active']);
      const changed = await influx.tasks.update(made.id, {
        flux: script('two'),
      });
      assert.deepEqual([changed.id, changed.name, changed.status], [made.id, 'two', 'active']);
      const listed = await influx.tasks.list();
      assert.equal(listed.length, before + 1);
      assert.ok(
        listed.some(({ id, description }) => id === made.id && description === 'for a test'),
      );
      const run = await influx.tasks.startRun(made.id);
      assert.equal(run.taskID, made.id);
      for (;;) {
        const [newest] = await influx.tasks.runs(made.id, { limit: 1 });
        if (newest?.status === 'success') break;
        assert.notEqual(newest?.status, 'failed');
        await systemClock.sleep(50);
      }
      const stopped = await influx.tasks.update(made.id, { status: 'inactive' });
      assert.equal(stopped.status, 'inactive');
      await influx.tasks.delete(made.id);
      assert.equal((await influx.tasks.list()).length, before);
      await assert.rejects(influx.tasks.delete(made.id), (error) => isCode(error, 'not-found'));
    });

    it('refuses a task that is no Flux, with the reason', async () => {
      const creating = influx.tasks.create({ flux: 'option task = {name: "x", every: 1h}\n\n1 +' });
      await assert.rejects(creating, (error) => isCode(error, 'invalid'));
    });

    it('tells wrong accounts apart', async () => {
      const query = 'from(bucket: "no such") |> range(start: -1h)';
      for (const [account, flux, code] of [
        [{ token: 'wrong' }, 'buckets()', 'unauthorized'],
        [{}, query, 'not-found'],
        [{}, 'from(bucket: "tidemark") |> rnage()', 'invalid'],
      ] as const) {
        const other = client(account);
        const reading = other.collect(flux, {});
        await assert.rejects(reading, (error) => isCode(error, code), code);
        await other.close();
      }
    });

    it('throws the error of a query that fails behind its first rows', async () => {
      await influx.write('late v="x" 1700000000000000000', { gzip: false });
      const flux = `from(bucket: "tidemark") |> range(start: 2023-01-01T00:00:00Z) |> filter(fn: (r) => r._measurement == "late") |> map(fn: (r) => ({r with n: int(v: r._value)}))`;
      await assert.rejects(influx.collect(flux, {}), (error) => isCode(error, 'invalid'));
    });

    it('stops a query that nobody reads', async () => {
      const leaving = new AbortController();
      const reading = influx.collect('buckets()', {}, { signal: leaving.signal });
      leaving.abort();
      await assert.rejects(reading, (error) => isCode(error, 'cancelled'));
    });
  });
});
