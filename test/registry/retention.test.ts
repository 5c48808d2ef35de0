import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { type PageResult, retryJob, saveJob } from '../../registry/article-jobs.ts';
import type { Database } from '../../registry/database.ts';
import { type FoundArticle, saveFeedCheck } from '../../registry/feed-checks.ts';
import { addFeed } from '../../registry/feeds.ts';
import { forgetArticles, forgetHosts, forgetJobs, markListed } from '../../registry/retention.ts';
import {
  countOf,
  feedCheck,
  foundArticle,
  newFeed,
  nextFeed,
  nextPage,
  withPage,
  worker,
} from '../helpers/feeds.ts';
import { forEachDatabase } from '../helpers/registry.ts';

const ME = worker('me');
const DAY_MS = 86_400_000;
const KEPT = { doneMs: 7 * DAY_MS, deadMs: 30 * DAY_MS };
const failed = (over: boolean): PageResult => ({
  ...{ ok: false, reason: 'timeout', message: 'it took too long', status: null },
  again: over ? null : { dueMs: Date.now() + DAY_MS },
});
const read: PageResult = {
  ...{
    ok: true,
    status: 200,
    url: 'http://pages.example/end',
    content: '<p>text</p>',
    body: 'The text',
  },
  ...{ excerpt: 'The', language: 'en', symbols: [], matches: [] },
};

forEachDatabase((fixture) => {
  let database: Database;
  beforeEach(async () => {
    database = await fixture.fresh();
  });
  const save = async (articles: readonly FoundArticle[]) => {
    const { feed } = await addFeed(database, newFeed('http://a.example/feed'));
    const visit = await nextFeed(database);
    const dueMs = visit.dueMs + DAY_MS;
    await saveFeedCheck(database, ME, feedCheck(visit, { articles, dueMs }));
    return feed.id;
  };
  const texts = async (query: string) => {
    const rows = await database.query(`select (${query}) as text`);
    return rows[0]?.text;
  };
  const keys = () => texts("select string_agg(key, ' ' order by key) from articles");
  const states = () => texts("select string_agg(state, ' ' order by state) from article_jobs");
  /** As if it had been seen, and listed, so many days ago. */
  const age = (key: string, seen: number, listed: number) =>
    database.query(
      `update articles set seen = now() - $2 * interval '1 day',
         listed = now() - $3 * interval '1 day' where key = $1`,
      [key, seen, listed],
    );
  const forget = (limit = 100) =>
    forgetArticles(database, { keptMs: 90 * DAY_MS, after: null, limit });

  describe('articles that are old', () => {
    it('go when their feed has them no more, with all that hangs on them', async () => {
      await save(['a', 'b', 'c', 'd'].map((key) => foundArticle(key)));
      await age('a', 91, 50);
      await age('b', 91, 1);
      await age('c', 89, 50);
      assert.deepEqual(await forget(), { articles: 1, next: null });
      assert.equal(await keys(), 'b c d');
      assert.deepEqual(await forget(), { articles: 0, next: null });
    });

    it('stay while a page of theirs is to be fetched', async () => {
      await save([withPage('a'), withPage('b', 'b.example'), withPage('c', 'c.example')]);
      for (const key of ['a', 'b', 'c']) await age(key, 100, 50);
      await saveJob(database, ME, await nextPage(database), read);
      await saveJob(database, ME, await nextPage(database), failed(false));
      assert.equal(await states(), 'done failed queued');
      assert.equal((await forget()).articles, 1);
      assert.equal(await states(), 'failed queued');
      assert.equal(await countOf(database, 'articles'), 2);
    });

    it('are gone through part by part, those that stay too', async () => {
      await save(['a', 'b', 'c', 'd', 'e'].map((key) => foundArticle(key)));
      for (const key of ['a', 'b', 'd', 'e']) await age(key, 100, key === 'b' ? 0 : 50);
      await age('c', 95, 50);
      const keptMs = 90 * DAY_MS;
      const places: (number | null)[] = [];
      let after = null;
      do {
        const found = await forgetArticles(database, { keptMs, after, limit: 2 });
        places.push(found.articles);
        after = found.next;
      } while (after !== null);
      assert.deepEqual([places, await keys()], [[1, 2, 1], 'b']);
    });

    it('count as listed when their feed is read, about once a day', async () => {
      const feed = await save(['a', 'b'].map((key) => foundArticle(key)));
      for (const key of ['a', 'b']) await age(key, 100, 50);
      await markListed(database, feed, ['a', 'b']);
      const fresh = "articles where listed > now() - interval '1 minute'";
      assert.equal(await countOf(database, fresh), 0, 'marked today');
      await database.query("update feed_state set listed = now() - interval '25 hours'");
      await markListed(database, feed, ['a', 'unknown']);
      assert.equal(await countOf(database, fresh), 1);
      assert.equal((await forget()).articles, 1);
      assert.equal(await keys(), 'a');
    });

    it('stay while their feed is not read, or just once without them', async () => {
      await save([foundArticle('a')]);
      await age('a', 100, 50);
      await database.query("update feed_state set listed = now() - interval '48 days'");
      assert.equal((await forget()).articles, 0);
      await database.query("update feed_state set listed = now() - interval '46 days'");
      assert.equal((await forget()).articles, 1);
    });
  });

  describe('jobs that ended long ago', () => {
    const ended = (days: number) =>
      database.query("update article_jobs set ended = now() - $1 * interval '1 day'", [days]);

    it('go by their state, and never one that has not ended', async () => {
      const hosts = ['a', 'b', 'c', 'd', 'e'].map((name) => `${name}.example`);
      await save(hosts.map((host) => withPage(host, host)));
      await saveJob(database, ME, await nextPage(database), read);
      await saveJob(database, ME, await nextPage(database), failed(true));
      await saveJob(database, ME, await nextPage(database), failed(false));
      await nextPage(database);
      assert.equal(await states(), 'dead done failed leased queued');
      await ended(6);
      assert.equal(await forgetJobs(database, KEPT, 100), 0);
      await ended(8);
      assert.equal(await forgetJobs(database, KEPT, 100), 1);
      await ended(31);
      assert.equal(await forgetJobs(database, KEPT, 100), 1);
      assert.equal(await states(), 'failed leased queued');
      assert.equal(await countOf(database, 'articles'), 5);
    });

    it('stay when somebody has them tried again, or cancelled them', async () => {
      await save([withPage('a'), withPage('b', 'b.example')]);
      await saveJob(database, ME, await nextPage(database), failed(true));
      await database.query("update article_jobs set state = 'cancelled' where state = 'queued'");
      await ended(365);
      const [job] = await database.query("select id from article_jobs where state = 'dead'");
      await retryJob(database, Number(job?.id));
      assert.equal(await forgetJobs(database, KEPT, 100), 0);
      assert.equal(await states(), 'cancelled queued');
    });

    it('are not made again when their article changes, nor is its page asked for', async () => {
      const { feed } = await addFeed(database, newFeed('http://a.example/feed'));
      const check = async (contentHash: string) => {
        const visit = await nextFeed(database);
        const articles = [withPage('a', 'pages.example', { contentHash })];
        const { dueMs } = visit;
        return saveFeedCheck(database, ME, feedCheck(visit, { articles, dueMs }));
      };
      await check('one');
      await database.query('update feed_state set due_ms = due_ms + $1 where feed = $2', [
        DAY_MS,
        feed.id,
      ]);
      await saveJob(database, ME, await nextPage(database), read);
      await ended(8);
      assert.equal(await forgetJobs(database, KEPT, 100), 1);
      await database.query('update feed_state set due_ms = 0');
      await database.query('update article_hosts set due_ms = 0, free_ms = 0');
      assert.deepEqual(
        (await check('two')).articles.map(({ event }) => event),
        ['updated'],
      );
      assert.equal(await states(), null);
    });

    it('go some at a time', async () => {
      const hosts = ['a', 'b', 'c'].map((name) => `${name}.example`);
      await save(hosts.map((host) => withPage(host, host)));
      for (const _ of hosts) await saveJob(database, ME, await nextPage(database), read);
      await ended(8);
      assert.deepEqual(
        [await forgetJobs(database, KEPT, 2), await forgetJobs(database, KEPT, 2)],
        [2, 1],
      );
    });
  });

  it('hosts go of which nothing is due, a day after the last request', async () => {
    await save([withPage('a', 'pages.example')]);
    await saveJob(database, ME, await nextPage(database), read);
    assert.equal(await forgetHosts(database, 100), 0);
    const day = 'update article_hosts set free_ms = free_ms - 86500000';
    await database.query(day);
    assert.equal(await forgetHosts(database, 100), 0, 'when it is due is only corrected by claims');
    await database.query("update article_hosts set due_ms = null where host = 'pages.example'");
    assert.equal(await forgetHosts(database, 100), 1);
    assert.equal(await countOf(database, "article_hosts where host = 'a.example'"), 1);
  });
});
