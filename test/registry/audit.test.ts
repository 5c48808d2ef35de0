import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { type AuditEntry, addAudit, forgetAudit, listAudit } from '../../registry/audit.ts';
import type { Database } from '../../registry/database.ts';
import { forEachDatabase } from '../helpers/registry.ts';

const DAY_MS = 86_400_000;
const nowMs = Date.UTC(2026, 0, 20);

const entry = (given: Partial<AuditEntry> = {}): AuditEntry => ({
  ...{ atMs: nowMs, key: 'ops', role: 'admin', method: 'POST', route: 'addMonitor' },
  ...{ path: '/monitors', status: 201, request: 'r-1', address: '10.0.0.7', tookMs: 1.25 },
  ...given,
});

forEachDatabase((fixture) => {
  let database: Database;
  beforeEach(async () => {
    database = await fixture.fresh();
  });

  describe('the audit', () => {
    it('is kept as it was told, the newest first', async () => {
      const stranger = { key: null, role: null, status: 401 };
      const command = { method: 'COMMAND', status: null, request: null, address: null };
      const told = [entry(), entry(stranger), entry({ ...command, tookMs: null })];
      await addAudit(database, told);
      const found = await listAudit(database, { limit: 9 });
      assert.deepEqual(
        found.map(({ id: _, ...rest }) => rest),
        told.toReversed(),
      );
      const [first, second] = await listAudit(database, { limit: 2 });
      const rest = await listAudit(database, { limit: 9, before: second!.id });
      assert.deepEqual([first, second, ...rest], found);
    });

    it('is found by key, route and time', async () => {
      await addAudit(database, [
        entry({ atMs: nowMs - DAY_MS }),
        entry({ key: 'bob', route: 'removeFeed', method: 'DELETE' }),
        entry(),
      ]);
      const ids = async (filter: Omit<Parameters<typeof listAudit>[1], 'limit'>) =>
        (await listAudit(database, { limit: 9, ...filter })).map(({ id }) => id);
      assert.deepEqual(await ids({ key: 'bob' }), [2]);
      assert.deepEqual(await ids({ route: 'addMonitor' }), [3, 1]);
      assert.deepEqual(await ids({ fromMs: nowMs }), [3, 2]);
      assert.deepEqual(await ids({ toMs: nowMs }), [1]);
      assert.deepEqual(await ids({ key: 'ops', fromMs: nowMs }), [3]);
    });

    it('holds whatever somebody sends', async () => {
      await addAudit(database, [entry({ path: '/a\0\ud800', request: 'x\0', method: 'P\0' })]);
      const [found] = await listAudit(database, { limit: 1 });
      assert.deepEqual([found!.path, found!.request], ['/a\ufffd\ufffd', 'x\ufffd']);
    });

    it('forgets what is old, some at a time', async () => {
      const times = [3, 2, 1].map((days) => Date.now() - days * DAY_MS);
      await addAudit(
        database,
        times.map((atMs) => entry({ atMs })),
      );
      assert.equal(await forgetAudit(database, 1.5 * DAY_MS, 1), 1);
      assert.equal(await forgetAudit(database, 1.5 * DAY_MS, 9), 1);
      assert.equal(await forgetAudit(database, 1.5 * DAY_MS, 9), 0);
      assert.equal((await listAudit(database, { limit: 9 })).length, 1);
    });
  });
});
