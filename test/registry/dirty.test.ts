import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { claimDirty, completeDirty, countDirty, markDirty } from '../../registry/dirty.ts';
import { forEachDatabase } from '../helpers/registry.ts';

const STEP_MS = 300_000;
const START_MS = 5_666_666 * STEP_MS;
const now = { limit: 100, settleMs: 0, leaseMs: 60_000 };

describe('dirty ranges', () => {
  forEachDatabase(({ fresh, another }) => {
    const starts = (list: readonly { fromMs: number }[]) =>
      list.map(({ fromMs }) => (fromMs - START_MS) / STEP_MS);

    it('are every five minutes that a range touches, once', async () => {
      const database = await fresh();
      const range = { fromMs: START_MS + 1, toMs: START_MS + STEP_MS + 1 };
      await markDirty(database, range);
      await markDirty(database, range);
      await markDirty(database, { fromMs: START_MS + 3 * STEP_MS, toMs: START_MS + 4 * STEP_MS });
      await markDirty(database, { fromMs: START_MS, toMs: START_MS });
      assert.deepEqual(starts(await claimDirty(database, now)), [0, 1, 3]);
    });

    it('are claimed newest first, by one at a time', async () => {
      const database = await fresh();
      await markDirty(database, { fromMs: START_MS, toMs: START_MS + 4 * STEP_MS });
      const other = await another(database);
      const claims = await Promise.all([
        claimDirty(database, { ...now, limit: 2 }),
        claimDirty(other, { ...now, limit: 2 }),
      ]);
      assert.deepEqual(starts(claims.flat()).sort(), [0, 1, 2, 3]);
      assert.deepEqual(await claimDirty(database, now), []);
    });

    it('are gone when done, unless they were marked again meanwhile', async () => {
      const database = await fresh();
      await markDirty(database, { fromMs: START_MS, toMs: START_MS + 2 * STEP_MS });
      const claim = await claimDirty(database, now);
      await markDirty(database, { fromMs: START_MS, toMs: START_MS + 1 });
      await completeDirty(database, claim);
      assert.equal(await countDirty(database), 1);
      assert.deepEqual(starts(await claimDirty(database, now)), [0]);
    });

    it('wait until no more of them comes', async () => {
      const database = await fresh();
      await markDirty(database, { fromMs: START_MS, toMs: START_MS + 1 });
      assert.deepEqual(await claimDirty(database, { ...now, settleMs: 60_000 }), []);
    });

    it('of one who died are taken over', async () => {
      const database = await fresh();
      await markDirty(database, { fromMs: START_MS, toMs: START_MS + 1 });
      await claimDirty(database, { ...now, leaseMs: -1 });
      assert.equal((await claimDirty(database, now)).length, 1);
    });
  });
});
