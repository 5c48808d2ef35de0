import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { releaseHost, takeHost } from '../../registry/article-hosts.ts';
import type { Database } from '../../registry/database.ts';
import { saveFeedCheck } from '../../registry/feed-checks.ts';
import { addFeed, addFeeds } from '../../registry/feeds.ts';
import { claimVisits, type Visit } from '../../registry/visits.ts';
import {
  claimed,
  feedCheck,
  feedsOf,
  newFeed,
  nextFeed,
  passTime,
  withPage,
  worker,
} from '../helpers/feeds.ts';
import { forEachDatabase } from '../helpers/registry.ts';

const [ME, OTHER] = [worker('me'), worker('other')];

forEachDatabase((fixture) => {
  let database: Database;
  beforeEach(async () => {
    database = await fixture.fresh();
  });
  const make = async (url = 'http://a.example/feed') =>
    (await addFeed(database, newFeed(url))).feed.id;
  const release = (visit: Visit, spacingMs = 0) =>
    releaseHost(database, worker('me'), visit, { spacingMs });
  /** Feeds at one host, and pages that wait at the same one. */
  const both = async (feeds: number, pages: number) => {
    await make();
    const visit = await nextFeed(database);
    const articles = Array.from({ length: pages }, (_, n) => withPage(`p${n}`, 'a.example'));
    await saveFeedCheck(database, ME, feedCheck(visit, { articles, dueMs: visit.dueMs }));
    const more = Array.from({ length: feeds - 1 }, (_, n) => newFeed(`http://a.example/${n}`));
    await addFeeds(database, more);
  };

  describe('hosts', () => {
    it('leave a host alone for its spacing, and for longer when it wants that', async () => {
      await addFeeds(database, [newFeed('http://a.example/1'), newFeed('http://a.example/2')]);
      const [first] = await claimed(database);
      await release(first!, 5_000);
      assert.deepEqual(await claimed(database), []);
      await passTime(database, 5_000);
      const [second] = await claimed(database);
      assert.notEqual(feedsOf([second!])[0]?.feed, feedsOf([first!])[0]?.feed);
      const pause = { spacingMs: 5_000, pauseMs: 60_000, why: '429 from a.example' };
      await releaseHost(database, ME, second!, pause);
      await lapseFeeds(database);
      await passTime(database, 50_000);
      assert.deepEqual(await claimed(database), []);
      await passTime(database, 10_000);
      assert.equal((await claimed(database)).length, 1);
    });

    it('take feeds and pages of one host in turn while both wait', async () => {
      await both(4, 3);
      const kinds: string[] = [];
      for (let visit = (await claimed(database))[0]; visit; visit = (await claimed(database))[0]) {
        kinds.push(visit.kind);
        await release(visit);
      }
      const turns = ['article', 'feed', 'article', 'feed', 'article', 'feed', 'feed'];
      assert.deepEqual(kinds, turns);
    });
  });

  describe('hosts of redirects', () => {
    const hop = { kind: 'feed', notAfterMs: Number.MAX_SAFE_INTEGER } as const;

    it('are taken when they are free, and are then nobody else’s', async () => {
      const taken = await takeHost(database, ME, 'b.example', hop);
      assert.ok(taken.ok);
      await make('http://b.example/feed');
      assert.deepEqual(await claimed(database, 'other'), []);
      const impatient = { ...hop, notAfterMs: 0 };
      assert.equal((await takeHost(database, OTHER, 'b.example', impatient)).ok, false);
      await releaseHost(database, ME, { host: 'b.example', ...taken }, { spacingMs: 0 });
      assert.equal((await claimed(database, 'other')).length, 1);
    });

    it('that are held, or have their spacing, say when to ask again', async () => {
      await make();
      const { nowMs, visits } = await claimVisits(database, ME, { limit: 1 });
      const held = await takeHost(database, OTHER, 'a.example', hop);
      assert.ok(!held.ok && held.freeMs > held.nowMs && held.freeMs <= held.nowMs + 1_000);
      await release(visits[0]!, 5_000);
      const spaced = await takeHost(database, OTHER, 'a.example', hop);
      assert.ok(!spaced.ok && spaced.freeMs >= nowMs + 5_000);
      await passTime(database, 5_000);
      assert.ok((await takeHost(database, OTHER, 'a.example', hop)).ok);
    });

    it('are kept for a redirect that waits, for a second after its time', async () => {
      await addFeeds(database, [newFeed('http://a.example/1'), newFeed('http://a.example/2')]);
      const [visit] = await claimed(database);
      await release(visit!, 5_000);
      await takeHost(database, OTHER, 'a.example', hop);
      await passTime(database, 5_000);
      assert.deepEqual(await claimed(database), []);
      await passTime(database, 1_000);
      assert.equal((await claimed(database)).length, 1);
    });

    it('are not kept for one that will not wait so long', async () => {
      await addFeeds(database, [newFeed('http://a.example/1'), newFeed('http://a.example/2')]);
      const [visit] = await claimed(database);
      await release(visit!, 5_000);
      const impatient = { kind: 'feed', notAfterMs: Date.now() + 1_000 } as const;
      await takeHost(database, OTHER, 'a.example', impatient);
      await passTime(database, 5_000);
      assert.equal((await claimed(database)).length, 1);
    });

    it('count as a turn of what they were taken for', async () => {
      await both(2, 2);
      const taken = await takeHost(database, ME, 'a.example', { ...hop, kind: 'article' });
      assert.ok(taken.ok);
      await releaseHost(database, ME, { host: 'a.example', ...taken }, { spacingMs: 0 });
      assert.equal((await claimed(database))[0]?.kind, 'feed');
    });
  });
});

async function lapseFeeds(database: Database): Promise<void> {
  await database.query('update feed_state set due_ms = 0, owner = null');
  await database.query('update article_hosts set due_ms = 0');
}
