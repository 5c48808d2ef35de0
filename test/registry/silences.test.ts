import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import type { Database } from '../../registry/database.ts';
import {
  addSilence,
  changeSilence,
  endSilence,
  findSilence,
  listSilences,
} from '../../registry/silences.ts';
import { forEachDatabase } from '../helpers/registry.ts';

const HOUR_MS = 3_600_000;

forEachDatabase((fixture) => {
  let database: Database;
  beforeEach(async () => {
    database = await fixture.fresh();
  });
  const make = (fromMs: number, untilMs: number) =>
    addSilence(database, { matcher: { pairs: ['btcusd'] }, comment: 'a\0b', fromMs, untilMs });

  describe('silences', () => {
    it('wait, hold back and are over', async () => {
      const nowMs = Date.now();
      const waiting = await make(nowMs + HOUR_MS, nowMs + 2 * HOUR_MS);
      const active = await make(nowMs - HOUR_MS, nowMs + HOUR_MS);
      const over = await make(nowMs - 2 * HOUR_MS, nowMs - HOUR_MS);
      assert.deepEqual(
        [waiting, active, over].map(({ state }) => state),
        ['waiting', 'active', 'over'],
      );
      const { createdMs, ...rest } = active;
      assert.ok(Math.abs(createdMs - nowMs) < 10_000);
      assert.deepEqual(rest, {
        ...{ id: active.id, matcher: { pairs: ['btcusd'] }, comment: 'a\ufffdb' },
        ...{ fromMs: nowMs - HOUR_MS, untilMs: nowMs + HOUR_MS, state: 'active', held: 0 },
      });
      const all = await listSilences(database, { after: 0, limit: 9 });
      assert.deepEqual(all, [waiting, active, over]);
      const some = await listSilences(database, { after: 0, limit: 1, state: 'active' });
      assert.deepEqual(some, [active]);
      assert.equal(await findSilence(database, 99), undefined);
    });

    it('are changed in part, and ended', async () => {
      const nowMs = Date.now();
      const { id } = await make(nowMs - HOUR_MS, nowMs + HOUR_MS);
      const changed = await changeSilence(database, id, { matcher: { alerts: [3] } });
      assert.deepEqual([changed!.matcher, changed!.comment], [{ alerts: [3] }, 'a\ufffdb']);
      assert.equal((await changeSilence(database, id, { comment: null }))!.comment, null);
      assert.equal((await endSilence(database, id))!.state, 'over');
      const early = await make(nowMs + HOUR_MS, nowMs + 2 * HOUR_MS);
      assert.equal((await endSilence(database, early.id))!.state, 'over');
      assert.equal(await endSilence(database, 99), undefined);
      assert.equal(await changeSilence(database, 99, { comment: 'x' }), undefined);
    });
  });
});
