import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isCode, type TidemarkError } from '../../core/errors.ts';
import { eventually } from '../helpers/eventually.ts';
import { forEachDatabase } from '../helpers/registry.ts';

describe('listening', () => {
  forEachDatabase(({ fresh, another, kind }) => {
    it('hears what others notify, with its text, when it is committed', async () => {
      const database = await fresh();
      const other = await another(database);
      const heard: string[] = [];
      const listening = await database.listen('news', {
        heard: (payload) => void heard.push(payload),
        lost: () => assert.fail('the connection is there'),
      });
      await other.query("select pg_notify('news', 'a')");
      await other.query("select pg_notify('other', 'not this')");
      await other.transaction(async (transaction) => {
        await transaction.query("select pg_notify('news', 'b')");
        assert.ok(!heard.includes('b'));
      });
      const undone = other.transaction(async (transaction) => {
        await transaction.query("select pg_notify('news', 'undone')");
        throw new Error('no');
      });
      await assert.rejects(undone);
      await other.query("select pg_notify('news', 'ä')");
      await eventually(() => assert.deepEqual(heard, ['a', 'b', 'ä']));
      await listening.close();
    });

    it('has any number of listeners', async () => {
      const database = await fresh();
      const counts = [0, 0];
      const all = await Promise.all(
        counts.map((_, index) =>
          database.listen('news', {
            heard: () => {
              counts[index]! += 1;
            },
            lost: () => assert.fail('the connection is there'),
          }),
        ),
      );
      await database.query("select pg_notify('news', '')");
      await eventually(() => assert.deepEqual(counts, [1, 1]));
      await all[0]!.close();
      await database.query("select pg_notify('news', '')");
      await eventually(() => assert.deepEqual(counts, [1, 2]));
      await all[1]!.close();
    });

    it('refuses a name that could be read in two ways', async () => {
      const database = await fresh();
      for (const channel of ['News', 'a b', 'x"; drop table markets', '']) {
        const work = database.listen(channel, { heard: () => {}, lost: () => {} });
        await assert.rejects(work, (error) => isCode(error, 'internal'));
      }
    });

    if (kind === 'pglite') return;

    it('says when the connection is lost, once', async () => {
      const database = await fresh();
      const lost: TidemarkError[] = [];
      const listening = await database.listen('news', {
        heard: () => {},
        lost: (error) => void lost.push(error),
      });
      await database.query(
        `select pg_terminate_backend(pid) from pg_stat_activity
         where datname = current_database() and query = 'listen news'`,
      );
      await eventually(() => assert.equal(lost.length, 1));
      assert.ok(isCode(lost[0], 'unavailable'), String(lost[0]));
      await listening.close();
      assert.equal(lost.length, 1);
    });
  });
});
