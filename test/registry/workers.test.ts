import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import type { Database } from '../../registry/database.ts';
import { scanLoad } from '../../registry/scan-load.ts';
import { beat, countWorkers, forgetWorkers, leave, leaveAll } from '../../registry/workers.ts';
import { countOf } from '../helpers/feeds.ts';
import { forEachDatabase } from '../helpers/registry.ts';

const worker = (id: string, leaseMs = 60_000) => ({ id, host: 'here', slots: 8, leaseMs });

forEachDatabase((fixture) => {
  let database: Database;
  beforeEach(async () => {
    database = await fixture.fresh();
  });
  const there = () => countWorkers(database, 'articles');

  describe('workers', () => {
    it('are there from their first word until they leave', async () => {
      assert.equal(await there(), 0);
      await beat(database, 'articles', worker('a'));
      await beat(database, 'articles', worker('a'));
      await beat(database, 'articles', worker('b'));
      assert.equal(await there(), 2);
      await leave(database, 'a');
      assert.equal(await there(), 1);
    });

    it('are not there when they were not heard of in their lease, until they are again', async () => {
      await beat(database, 'articles', worker('a', -1));
      assert.equal(await there(), 0);
      await beat(database, 'articles', worker('a'));
      assert.equal(await there(), 1);
    });

    it('count for what they do', async () => {
      await beat(database, 'scans', worker('a'));
      await beat(database, 'articles', worker('b'));
      assert.equal(await there(), 1);
      const { workers, slots } = await scanLoad(database);
      assert.deepEqual([workers, slots], [1, 8]);
    });

    it('are all gone where no other process can be, of one kind', async () => {
      await beat(database, 'scans', worker('a'));
      await beat(database, 'articles', worker('b'));
      await leaveAll(database, 'articles');
      assert.equal(await there(), fixture.kind === 'pglite' ? 0 : 1);
      assert.equal((await scanLoad(database)).workers, 1);
    });

    it('are forgotten after a day of silence', async () => {
      await beat(database, 'articles', worker('a', -86_500_000));
      await beat(database, 'articles', worker('b', -80_000_000));
      await forgetWorkers(database);
      assert.equal(await countOf(database, 'workers'), 1);
    });
  });
});
