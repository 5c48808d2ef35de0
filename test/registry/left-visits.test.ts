import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { saveJob } from '../../registry/article-jobs.ts';
import type { Database } from '../../registry/database.ts';
import { saveFeedCheck } from '../../registry/feed-checks.ts';
import { addFeed, findFeed } from '../../registry/feeds.ts';
import { returnVisits } from '../../registry/left-visits.ts';
import {
  claimed,
  countOf,
  feedCheck,
  newFeed,
  nextFeed,
  pagesOf,
  withPage,
  worker,
} from '../helpers/feeds.ts';
import { forEachDatabase } from '../helpers/registry.ts';

const ME = worker('me');

forEachDatabase((fixture) => {
  let database: Database;
  const alone = fixture.kind === 'pglite';
  beforeEach(async () => {
    database = await fixture.fresh();
  });
  /** A feed and a page, on two hosts, both held by a worker that says nothing any more. */
  const hold = async () => {
    const { feed } = await addFeed(database, newFeed('http://a.example/feed'));
    const visit = await nextFeed(database);
    const articles = [withPage('one')];
    await saveFeedCheck(database, ME, feedCheck(visit, { articles, dueMs: visit.dueMs }));
    assert.equal((await claimed(database)).length, 2);
    return feed.id;
  };

  describe('visits of a worker that was killed', () => {
    it('are due at once where no other worker can be, and nowhere else', async () => {
      const feed = await hold();
      assert.equal(await returnVisits(database, { spacingMs: 0 }), alone ? 2 : 0);
      assert.equal((await findFeed(database, feed))?.checking, !alone);
      const again = await claimed(database, 'other');
      assert.equal(again.length, alone ? 2 : 0);
      assert.deepEqual(
        pagesOf(again).map(({ attempts, token }) => [attempts, token]),
        alone ? [[2, 3]] : [],
      );
    });

    it('leave their hosts alone for the spacing, and no longer', async () => {
      await hold();
      await returnVisits(database, { spacingMs: 5_000 });
      assert.deepEqual(await claimed(database, 'other'), []);
      const freeMs =
        'select max(free_ms)::float8 - extract(epoch from now()) * 1000 as n from article_hosts';
      const [row] = await database.query(freeMs);
      const waitMs = Number(row?.n);
      assert.ok(alone ? waitMs > 3_000 && waitMs <= 5_500 : waitMs > 30_000, `${waitMs} ms`);
    });

    it('are refused at saving: what was held before is not held any more', async () => {
      await hold();
      const page = pagesOf(await claimed(database, 'none'))[0];
      assert.equal(page, undefined);
      await returnVisits(database, { spacingMs: 0 });
      const [again] = pagesOf(await claimed(database, 'other'));
      if (!alone || again === undefined) return assert.equal(again, undefined);
      const stale = { ...again, token: again.token - 2 };
      const gone = {
        ok: false,
        reason: 'gone',
        message: 'gone',
        status: 410,
        again: null,
      } as const;
      assert.equal((await saveJob(database, ME, stale, gone)).saved, false);
      assert.equal((await saveJob(database, worker('other'), again, gone)).saved, true);
    });

    it('are none when all was given back', async () => {
      await addFeed(database, newFeed('http://a.example/feed'));
      assert.equal(await returnVisits(database, { spacingMs: 0 }), 0);
      assert.equal(await countOf(database, 'feed_state where owner is not null'), 0);
    });
  });
});
