import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import type { Database } from '../../registry/database.ts';
import { forgetEvents, listEvents } from '../../registry/events.ts';
import {
  addMonitors,
  changeMonitor,
  ensureMonitor,
  findEvidence,
  findMonitor,
  listMonitors,
  MONITORS_CHANNEL,
} from '../../registry/monitors.ts';
import { newMonitor } from '../helpers/monitors.ts';
import { forEachDatabase } from '../helpers/registry.ts';

const URL_A = 'http://example.com/a';
const ALL = { after: 0, limit: 100 };

forEachDatabase((fixture) => {
  let database: Database;
  beforeEach(async () => {
    database = await fixture.fresh();
  });
  const list = async (filter: object) =>
    (await listMonitors(database, { ...ALL, ...filter })).map(({ url }) => url);

  describe('a monitor', () => {
    it('is made once for a url and pattern, and found again', async () => {
      const first = await ensureMonitor(database, newMonitor(URL_A));
      assert.equal(first.created, true);
      assert.equal(first.monitor.state, 'new');
      const again = await ensureMonitor(database, newMonitor(URL_A), { name: 'A' });
      assert.deepEqual([again.created, again.monitor.id], [false, first.monitor.id]);
      assert.equal(again.monitor.name, 'A');
      const other = await ensureMonitor(database, newMonitor(URL_A, { regexp: 'ok' }));
      assert.notEqual(other.monitor.id, first.monitor.id);
    });

    it('is made once by many who ask at the same moment', async () => {
      const pools = await Promise.all(Array.from({ length: 4 }, () => fixture.another(database)));
      const made = await Promise.all(pools.map((pool) => ensureMonitor(pool, newMonitor(URL_A))));
      assert.equal(new Set(made.map(({ monitor }) => monitor.id)).size, 1);
      assert.equal(made.filter(({ created }) => created).length, 1);
    });

    it('comes back under its number, with its settings', async () => {
      const settings = { ...newMonitor(URL_A).settings, timeoutMs: 3_000 };
      const { monitor } = await ensureMonitor(database, newMonitor(URL_A, { settings }));
      const off = await changeMonitor(database, monitor.id, { active: false });
      assert.deepEqual([off?.active, off?.state], [false, 'unknown']);
      const on = (await ensureMonitor(database, newMonitor(URL_A))).monitor;
      assert.deepEqual([on.id, on.active, on.settings.timeoutMs], [monitor.id, true, 3_000]);
    });

    it('changes in what is given alone', async () => {
      const tags = { team: 'a' };
      const { monitor } = await ensureMonitor(database, newMonitor(URL_A, { name: 'A', tags }));
      const change = { intervalMs: 10_000, settings: { timeoutMs: 1_000 } };
      const changed = (await changeMonitor(database, monitor.id, change))!;
      assert.deepEqual([changed.name, changed.tags, changed.intervalMs], ['A', tags, 10_000]);
      assert.deepEqual(changed.settings, { ...monitor.settings, timeoutMs: 1_000 });
      const unnamed = await changeMonitor(database, monitor.id, { name: null });
      assert.equal(unnamed?.name, null);
      assert.equal(await changeMonitor(database, 999, { name: 'x' }), undefined);
      assert.equal(await findMonitor(database, 999), undefined);
    });

    it('is told of, so that workers look at once', async () => {
      const heard: string[] = [];
      const listening = await database.listen(MONITORS_CHANNEL, {
        heard: (payload) => heard.push(payload),
        lost: (error) => heard.push(error.message),
      });
      const { monitor } = await ensureMonitor(database, newMonitor(URL_A));
      for (let tries = 0; heard.length === 0 && tries < 200; tries++) {
        await database.query('select pg_sleep(0.01)');
      }
      assert.deepEqual(heard, [String(monitor.id)]);
      await listening.close();
    });
  });

  it('many are made in one step, spread over their interval, and none twice', async () => {
    const many = Array.from({ length: 500 }, (_, n) => newMonitor(`http://a.example/${n}`));
    assert.equal(await addMonitors(database, many), 500);
    assert.equal(await addMonitors(database, many), 0);
    const found = await listMonitors(database, { after: 0, limit: 1_000 });
    const seconds = new Set(found.map(({ dueMs }) => Math.floor(dueMs / 1_000)));
    assert.ok(seconds.size > 50, `${seconds.size} different seconds`);
    const span =
      Math.max(...found.map(({ dueMs }) => dueMs)) - Math.min(...found.map((m) => m.dueMs));
    assert.ok(span <= 60_000);
  });

  it('the list is in order, in pages, and knows its filters', async () => {
    const names = ['http://a.example/x', 'http://b.example/y', 'http://c.example/z'];
    const made = [];
    for (const url of names) made.push((await ensureMonitor(database, newMonitor(url))).monitor.id);
    await changeMonitor(database, made[1]!, {
      active: false,
      name: 'The Second',
      tags: { env: 'live' },
    });
    assert.deepEqual(await list({}), names);
    assert.deepEqual(await list({ limit: 2 }), names.slice(0, 2));
    assert.deepEqual(await list({ after: made[1] }), names.slice(2));
    assert.deepEqual(await list({ active: false }), [names[1]]);
    assert.deepEqual(await list({ state: 'new' }), [names[0], names[2]]);
    assert.deepEqual(await list({ text: 'SECOND' }), [names[1]]);
    assert.deepEqual(await list({ text: '%' }), []);
    assert.deepEqual(await list({ tag: { name: 'env', value: 'live' } }), [names[1]]);
  });

  it('evidence is the last that was kept', async () => {
    const { monitor } = await ensureMonitor(database, newMonitor(URL_A));
    assert.equal(await findEvidence(database, monitor.id), undefined);
    await database.query(`insert into monitor_evidence values ($1, 60000, '{"body":"x"}')`, [
      monitor.id,
    ]);
    const kept = await findEvidence(database, monitor.id);
    assert.deepEqual(kept, { slotMs: 60_000, evidence: { body: 'x' } });
  });

  it('events are given from an id on, of some kinds alone, and forgotten after a week', async () => {
    await database.query(`insert into events (kind, at, data) values
      ('monitor', now() - interval '8 days', '{"n":1}'), ('monitor', now(), '{"n":2}'),
      ('article', now(), '{"n":3}')`);
    const numbers = async (options: object) =>
      (await listEvents(database, { after: 0, limit: 10, ...options })).map(({ data }) => data.n);
    assert.deepEqual(await numbers({}), [1, 2, 3]);
    assert.deepEqual(await numbers({ after: 1, limit: 1 }), [2]);
    assert.deepEqual(await numbers({ kinds: ['article'] }), [3]);
    await forgetEvents(database);
    assert.deepEqual(await numbers({}), [2, 3]);
  });
});
