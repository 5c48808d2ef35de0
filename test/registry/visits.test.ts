import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { releaseHost } from '../../registry/article-hosts.ts';
import { cancelJob, listJobs, saveJob } from '../../registry/article-jobs.ts';
import type { Database } from '../../registry/database.ts';
import { saveFeedCheck } from '../../registry/feed-checks.ts';
import { addFeed, addFeeds, changeFeed, findFeed, removeFeed } from '../../registry/feeds.ts';
import {
  claimVisits,
  giveBackVisit,
  nextDueMs,
  renewVisit,
  type Visit,
} from '../../registry/visits.ts';
import {
  claimed,
  feedCheck,
  feedsOf,
  lapseAll,
  newFeed,
  nextFeed,
  nextPage,
  pagesOf,
  passTime,
  withPage,
  worker,
} from '../helpers/feeds.ts';
import { forEachDatabase } from '../helpers/registry.ts';

const [ME, OTHER] = [worker('me'), worker('other')];
const hostsOf = (visits: readonly Visit[]) => visits.map(({ host }) => host);

forEachDatabase((fixture) => {
  let database: Database;
  beforeEach(async () => {
    database = await fixture.fresh();
  });
  const make = async (url = 'http://a.example/feed') =>
    (await addFeed(database, newFeed(url))).feed.id;
  const release = (visit: Visit, spacingMs = 0) =>
    releaseHost(database, worker('me'), visit, { spacingMs });

  describe('claims of visits', () => {
    it('give a new feed at once, with all that a check of it needs', async () => {
      const feed = await make();
      const { nowMs, visits } = await claimVisits(database, ME, { limit: 10 });
      assert.ok(Math.abs(nowMs - Date.now()) < 10_000);
      const { dueMs, ...visit } = feedsOf(visits)[0]!;
      assert.ok(dueMs <= nowMs && dueMs > nowMs - 10_000);
      assert.deepEqual(visit, {
        ...{ kind: 'feed', host: 'a.example', hostToken: 1, token: 1, feed, version: 1 },
        ...{ url: 'http://a.example/feed', settings: newFeed('http://x').settings, asked: false },
        ...{ policy: 'id', etag: null, lastModified: null, bodyHash: null, failures: 0 },
        ...{ pace: {}, checks: 0, state: 'new', title: null },
      });
    });

    it('give a page with all that the rules look at, and count the attempt', async () => {
      await make();
      const visit = await nextFeed(database);
      const more = { authors: ['Ann'], categories: ['News'], symbols: ['BTC'], language: 'en' };
      const articles = [withPage('one', 'pages.example', more)];
      await saveFeedCheck(database, ME, feedCheck(visit, { articles }));
      const [page] = pagesOf(await claimed(database));
      const { dueMs, article, job, ...rest } = page!;
      assert.ok(dueMs <= Date.now() + 10_000 && article > 0 && job > 0);
      assert.deepEqual(rest, {
        ...{ kind: 'article', host: 'pages.example', hostToken: 1, token: 1, attempts: 1 },
        ...{ feed: visit.feed, url: 'http://pages.example/one', settings: visit.settings },
        ...{ title: 'Title of one', summary: 'Summary of one', ...more, matched: [] },
      });
    });

    it('give one visit a host, and no other while it is held', async () => {
      await addFeeds(
        database,
        ['http://a.example/1', 'http://a.example/2', 'http://b.example/1'].map((url) =>
          newFeed(url),
        ),
      );
      const first = await claimed(database);
      assert.deepEqual(hostsOf(first).sort(), ['a.example', 'b.example']);
      assert.deepEqual(await claimed(database), []);
      assert.deepEqual(await claimed(database, 'other'), []);
      await release(first.find(({ host }) => host === 'a.example')!);
      assert.deepEqual(hostsOf(await claimed(database, 'other')), ['a.example']);
    });

    it('go to others when their worker is not heard of, and count an attempt', async () => {
      await make();
      const feed = await nextFeed(database);
      const articles = [withPage('one')];
      await saveFeedCheck(database, ME, feedCheck(feed, { articles, dueMs: feed.dueMs }));
      assert.equal((await claimed(database)).length, 2);
      assert.deepEqual(await claimed(database, 'other'), []);
      await lapseAll(database);
      const again = await claimed(database, 'other');
      assert.equal(feedsOf(again)[0]?.token, 3);
      assert.deepEqual(
        pagesOf(again).map(({ token, attempts, hostToken }) => [token, attempts, hostToken]),
        [[2, 2, 2]],
      );
    });

    it('give the longest due host first, and the longest due feed of it', async () => {
      const urls = ['http://a.example/1', 'http://a.example/2', 'http://b.example/1'];
      await addFeeds(
        database,
        urls.map((url) => newFeed(url)),
      );
      await database.query('update feed_state set due_ms = due_ms - 1000 * feed');
      await database.query(
        `update article_hosts h set due_ms =
           (select min(due_ms) from feed_state s where s.host = h.host)`,
      );
      const visits = [...(await claimed(database, 'me', 1)), ...(await claimed(database, 'me', 1))];
      assert.deepEqual(
        feedsOf(visits).map(({ url }) => url),
        ['http://b.example/1', 'http://a.example/2'],
      );
    });

    it('never hold one host twice, however many ask at once', async () => {
      const feeds = 3_000;
      const wanted = Array.from({ length: feeds }, (_, n) =>
        newFeed(`http://${n % 3 === 0 ? n : n % 7}.example/${n}`),
      );
      await addFeeds(database, wanted);
      const pools = await Promise.all(Array.from({ length: 3 }, () => fixture.another(database)));
      const holding = new Set<string>();
      const visited = new Map<number, number>();
      const work = async (n: number) => {
        const me = worker(`w${n}`);
        for (let round = 0; round < 8; round += 1) {
          const { visits } = await claimVisits(pools[n % 3]!, me, { limit: 40 });
          for (const visit of feedsOf(visits)) {
            assert.ok(!holding.has(visit.host), `${visit.host} is held twice`);
            holding.add(visit.host);
            visited.set(visit.feed, (visited.get(visit.feed) ?? 0) + 1);
          }
          for (const visit of feedsOf(visits)) {
            holding.delete(visit.host);
            await releaseHost(pools[n % 3]!, me, visit, { spacingMs: 0 });
          }
        }
      };
      await Promise.all(Array.from({ length: 6 }, (_, n) => work(n)));
      assert.ok(visited.size > 900, String(visited.size));
      assert.deepEqual(new Set(visited.values()), new Set([1]));
    });

    it('find what becomes due while others claim', async () => {
      const pool = await fixture.another(database);
      const seen = new Set<number>();
      const claimAll = async (to: Database) => {
        for (const visit of feedsOf(await claimed(to, `w${Math.random()}`))) {
          seen.add(visit.feed);
          await database.query('update article_hosts set free_ms = 0 where host = $1', [
            visit.host,
          ]);
        }
      };
      for (let n = 0; n < 30; n += 1) {
        await Promise.all([
          addFeed(database, newFeed(`http://a.example/${n}`)),
          claimAll(pool),
          claimAll(database),
        ]);
      }
      for (let n = 0; n < 40 && seen.size < 30; n += 1) await claimAll(database);
      assert.equal(seen.size, 30);
    });

    it('pass over what is off or gone, also when it was due', async () => {
      const [off, gone, on] = [
        await make('http://a.example/1'),
        await make('http://a.example/2'),
        await make('http://a.example/3'),
      ];
      await removeFeed(database, off);
      await database.query("update feed_state set state = 'gone' where feed = $1", [gone]);
      const visits = await claimed(database);
      assert.deepEqual(
        feedsOf(visits).map(({ feed }) => feed),
        [on],
      );
      await release(visits[0]!);
      await saveFeedCheck(
        database,
        ME,
        feedCheck(feedsOf(visits)[0]!, { dueMs: Date.now() + 60_000 }),
      );
      assert.deepEqual(await claimed(database), []);
      assert.ok((await nextDueMs(database))! > Date.now() + 30_000);
    });
  });

  describe('the soonest moment at which something is due', () => {
    it('is none where there is nothing', async () => {
      assert.equal(await nextDueMs(database), null);
      const feed = await make();
      assert.ok((await nextDueMs(database))! <= Date.now() + 10_000);
      await removeFeed(database, feed);
      await claimed(database);
      assert.equal(await nextDueMs(database), null);
    });

    it('is the end of the lease of what is held, and of the spacing of a host', async () => {
      await make('http://a.example/1');
      const { nowMs, visits } = await claimVisits(database, ME, { limit: 1 });
      assert.equal(await nextDueMs(database), nowMs + ME.leaseMs);
      await make('http://a.example/2');
      await release(visits[0]!, 5_000);
      const due = (await nextDueMs(database))!;
      assert.ok(due >= nowMs + 5_000 && due < nowMs + 20_000);
    });
  });

  describe('visits under way', () => {
    it('are renewed while they are the worker’s', async () => {
      await make();
      const [visit] = await claimed(database);
      await passTime(database, 50_000);
      assert.equal(await renewVisit(database, ME, visit!), true);
      await passTime(database, 50_000);
      assert.deepEqual(await claimed(database, 'other'), []);
      assert.equal(await renewVisit(database, OTHER, visit!), false);
      await lapseAll(database);
      assert.equal((await claimed(database, 'other')).length, 1);
      assert.equal(await renewVisit(database, ME, visit!), false);
    });

    it('are renewed without their host once that was given back', async () => {
      await addFeeds(database, [newFeed('http://a.example/1'), newFeed('http://a.example/2')]);
      const [visit] = await claimed(database);
      await release(visit!);
      assert.equal(await renewVisit(database, ME, visit!), true);
      assert.equal((await claimed(database, 'other')).length, 1);
      assert.equal(await renewVisit(database, ME, visit!), true);
    });

    it('that are given back are due as before, and a page has lost no attempt', async () => {
      await make();
      const feed = await nextFeed(database);
      const articles = [withPage('one')];
      await saveFeedCheck(database, ME, feedCheck(feed, { articles, dueMs: feed.dueMs }));
      const visits = await claimed(database);
      for (const visit of visits) await giveBackVisit(database, ME, visit);
      const again = await claimed(database, 'other');
      const dues = (some: readonly Visit[]) => some.map(({ kind, dueMs }) => [kind, dueMs]);
      assert.deepEqual(dues(again), dues(visits));
      assert.equal(pagesOf(again)[0]?.attempts, 1);
    });

    it('that are put off are due when it is said', async () => {
      const id = await make();
      const [visit] = await claimed(database);
      const dueMs = visit!.dueMs + 30_000.5;
      await giveBackVisit(database, ME, { ...visit!, dueMs });
      assert.deepEqual(await claimed(database), []);
      assert.equal((await findFeed(database, id))?.dueMs, Math.ceil(dueMs));
      await passTime(database, 30_001);
      assert.equal((await claimed(database)).length, 1);
    });

    it('that somebody else has by now are not given back', async () => {
      await make();
      const [visit] = await claimed(database);
      await lapseAll(database);
      await claimed(database, 'other');
      await giveBackVisit(database, ME, visit!);
      await release(visit!);
      assert.deepEqual(await claimed(database), []);
    });

    it('of a page that was cancelled meanwhile are refused', async () => {
      await make();
      const feed = await nextFeed(database);
      await saveFeedCheck(database, ME, feedCheck(feed, { articles: [withPage('one')] }));
      const page = await nextPage(database);
      const [job] = await listJobs(database, { limit: 10 });
      assert.equal((await cancelJob(database, job!.id))?.changed, true);
      assert.equal(await renewVisit(database, ME, page), false);
      const failed = { ok: false, reason: 'status', message: '500', status: 500 } as const;
      const { saved } = await saveJob(database, ME, page, { ...failed, again: null });
      assert.equal(saved, false);
    });
  });

  it('a changed feed is checked anew at once, after the request that is under way', async () => {
    const id = await make();
    const [visit] = await claimed(database);
    await changeFeed(database, id, { settings: { headers: { 'x-key': '1' } } });
    assert.deepEqual(await claimed(database, 'other'), []);
    await release(visit!);
    const [again] = feedsOf(await claimed(database, 'other'));
    assert.deepEqual([again?.version, again?.settings.headers], [2, { 'x-key': '1' }]);
    const late = await saveFeedCheck(database, ME, feedCheck(feedsOf([visit!])[0]!));
    assert.equal(late.saved, false);
  });
});
