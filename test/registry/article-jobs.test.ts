import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { releaseHost } from '../../registry/article-hosts.ts';
import {
  cancelJob,
  findJob,
  jobCounts,
  listJobs,
  type PageResult,
  retryJob,
  saveJob,
} from '../../registry/article-jobs.ts';
import { findArticle } from '../../registry/articles.ts';
import type { Database } from '../../registry/database.ts';
import { listEvents } from '../../registry/events.ts';
import { type FoundArticle, saveFeedCheck } from '../../registry/feed-checks.ts';
import { addFeed, addFeeds, removeFeed } from '../../registry/feeds.ts';
import { addRule } from '../../registry/rules.ts';
import { giveBackVisit, type PageVisit } from '../../registry/visits.ts';
import {
  claimed,
  countOf,
  feedCheck,
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

const ME = worker('me');
const LATER_MS = 3_600_000;
const spec = { any: [], all: [], none: [], query: 'bitcoin' };

const read = (more: Partial<Extract<PageResult, { ok: true }>> = {}): PageResult => ({
  ...{ ok: true, status: 200, url: 'http://pages.example/end', content: '<p>text</p>' },
  ...{ body: 'The text', excerpt: 'The', language: 'en', symbols: [], matches: [] },
  ...more,
});

const failed = (dueMs: number | null, keepAttempt = false): PageResult => ({
  ...{ ok: false, reason: 'timeout', message: 'it took too long', status: null, keepAttempt },
  again: dueMs === null ? null : { dueMs },
});

forEachDatabase((fixture) => {
  let database: Database;
  beforeEach(async () => {
    database = await fixture.fresh();
  });
  /** A feed that is not due for long, and pages of it that are. */
  const queue = async (articles: readonly FoundArticle[], url = 'http://a.example/feed') => {
    const { feed } = await addFeed(database, newFeed(url));
    const visit = await nextFeed(database);
    const dueMs = visit.dueMs + LATER_MS;
    await saveFeedCheck(database, ME, feedCheck(visit, { articles, dueMs }));
    return feed.id;
  };
  const only = async () => (await listJobs(database, { limit: 10 }))[0]!;
  const save = (visit: PageVisit, result: PageResult) => saveJob(database, ME, visit, result);

  describe('a job', () => {
    it('goes from queued over leased and failed to done', async () => {
      await queue([withPage('a')]);
      assert.deepEqual(
        [(await only()).state, (await only()).attempts, (await only()).untilMs],
        ['queued', 0, null],
      );
      const first = await nextPage(database);
      const leased = await only();
      assert.deepEqual([leased.state, leased.attempts, leased.owner], ['leased', 1, 'me']);
      assert.ok(leased.untilMs! > Date.now() + 30_000);
      const dueMs = first.dueMs + 60_000.5;
      assert.equal((await save(first, failed(dueMs))).saved, true);
      const again = await only();
      assert.deepEqual(
        [again.state, again.reason, again.message, again.dueMs, again.waits, again.endedMs],
        ['failed', 'timeout', 'it took too long', Math.ceil(dueMs), 'retry', null],
      );
      assert.deepEqual(await claimed(database), []);
      await passTime(database, 60_001);
      const second = await nextPage(database);
      assert.deepEqual([second.attempts, second.token], [2, 2]);
      assert.equal((await save(second, read())).saved, true);
      const done = (await findJob(database, again.id))!;
      assert.deepEqual([done.state, done.reason, done.owner, done.waits], ['done', ...nulls(3)]);
      assert.equal(done.status, 200);
      assert.ok(done.endedMs! >= done.createdMs);
      assert.deepEqual(await claimed(database), []);
    });

    it('that is given up is dead, and its article says so', async () => {
      await queue([withPage('a')]);
      const visit = await nextPage(database);
      await save(visit, { ...failed(null), reason: 'status', status: 404 } as PageResult);
      const { state, status, article, endedMs } = await only();
      assert.deepEqual([state, status, endedMs !== null], ['dead', 404, true]);
      assert.equal((await findArticle(database, article))?.bodyState, 'failed');
      assert.deepEqual(await claimed(database), []);
    });

    it('that waited for a host has lost no attempt', async () => {
      await queue([withPage('a')]);
      const visit = await nextPage(database);
      await save(visit, failed(visit.dueMs + 5_000, true));
      const { state, attempts } = await only();
      assert.deepEqual([state, attempts], ['queued', 0]);
      await passTime(database, 5_001);
      const second = await nextPage(database);
      await save(second, failed(second.dueMs));
      const third = await nextPage(database);
      await save(third, failed(third.dueMs, true));
      assert.deepEqual([(await only()).state, (await only()).attempts], ['failed', 1]);
      const fourth = await nextPage(database);
      await giveBackVisit(database, ME, fourth);
      assert.deepEqual([(await only()).state, (await only()).attempts], ['failed', 1]);
    });

    it('ends once: what comes late is refused and changes nothing', async () => {
      await queue([withPage('a')]);
      const rule = await addRule(database, { name: 'r', feeds: null, spec });
      const mine = await nextPage(database);
      await lapseAll(database);
      const theirs = pagesOf(await claimed(database, 'other'))[0]!;
      const matches = [{ rule: rule.id, clauses: [] }];
      const events = await countOf(database, 'events');
      for (const result of [read({ matches }), failed(null), failed(0)]) {
        assert.equal((await save(mine, result)).saved, false);
      }
      assert.equal((await only()).state, 'leased');
      assert.equal(await countOf(database, 'events'), events);
      assert.equal(await countOf(database, 'article_rules'), 0);
      const theirsSaved = await saveJob(database, worker('other'), theirs, read({ matches }));
      assert.equal(theirsSaved.saved, true);
      const twice = await saveJob(database, worker('other'), theirs, read({ matches }));
      assert.equal(twice.saved, false);
      assert.equal(await countOf(database, 'events'), events + 1);
    });

    it('that is cancelled is never fetched, and its result is refused', async () => {
      await queue([withPage('a'), withPage('b', 'other.example')]);
      const jobs = await listJobs(database, { limit: 10 });
      const [visit] = pagesOf(await claimed(database, 'me', 1));
      for (const { id } of jobs) {
        const cancelled = await cancelJob(database, id);
        assert.deepEqual([cancelled?.changed, cancelled?.job.state], [true, 'cancelled']);
        assert.equal((await cancelJob(database, id))?.changed, false);
      }
      assert.equal((await save(visit!, read())).saved, false);
      await lapseAll(database);
      assert.deepEqual(await claimed(database), []);
      assert.equal((await findArticle(database, jobs[0]!.article))?.bodyState, 'none');
    });

    it('is retried as new, from any end but a good one', async () => {
      await queue([withPage('a')]);
      const { id, article } = await only();
      assert.equal((await retryJob(database, id))?.changed, false);
      const ends = [
        async () => save(await nextPage(database), failed(null)),
        async () => save(await nextPage(database), failed(Date.now() + LATER_MS)),
        () => cancelJob(database, id),
      ];
      for (const end of ends) {
        await end();
        const retried = await retryJob(database, id);
        assert.deepEqual(
          [retried?.changed, retried?.job.state, retried?.job.attempts, retried?.job.endedMs],
          [true, 'queued', 0, null],
        );
        assert.equal((await findArticle(database, article))?.bodyState, 'queued');
      }
      await save(await nextPage(database), read());
      assert.equal((await retryJob(database, id))?.changed, false);
      assert.equal(await retryJob(database, 999), undefined);
      assert.equal(await cancelJob(database, 999), undefined);
    });

    it('of a feed that is switched off is cancelled', async () => {
      const feed = await queue([withPage('a')]);
      const visit = await nextPage(database);
      await removeFeed(database, feed);
      assert.equal((await only()).state, 'cancelled');
      assert.equal((await save(visit, read())).saved, false);
    });

    it('says what it waits for', async () => {
      await queue([withPage('a'), withPage('b')]);
      const first = pagesOf(await claimed(database))[0]!;
      const pause = { spacingMs: 5_000, pauseMs: 60_000, why: '429' };
      const other = (await listJobs(database, { limit: 10 })).find(({ id }) => id !== first.job)!;
      const waits = () =>
        Promise.all([first.job, other.id].map(async (id) => (await findJob(database, id))?.waits));
      assert.deepEqual(await waits(), [null, 'host budget']);
      await releaseHost(database, ME, first, pause);
      assert.deepEqual(await waits(), [null, 'host paused: 429']);
      await save(first, failed(first.dueMs + 70_000));
      assert.deepEqual(await waits(), ['retry', 'host paused: 429']);
      await passTime(database, 60_000);
      assert.deepEqual(await waits(), ['retry', null]);
      await passTime(database, 20_000);
      assert.deepEqual(await waits(), [null, null]);
    });
  });

  describe('a page that was read', () => {
    it('gives its article text, symbols and matches, and tells of what is new', async () => {
      const rules: number[] = [];
      for (const name of ['one', 'two']) {
        rules.push((await addRule(database, { name, feeds: null, spec })).id);
      }
      const [one, two] = rules as [number, number];
      const matches = [{ rule: one, clauses: [] }];
      const feed = await queue([
        withPage('a', 'pages.example', { matches, symbols: ['BTC'], title: '', summary: '' }),
      ]);
      const visit = await nextPage(database);
      assert.deepEqual(visit.matched, [one]);
      const after = (await listEvents(database, { after: 0, limit: 10 })).at(-1)!.id;
      const clauses = [{ clause: 1, field: 'body' }];
      const result = read({
        matches: [...matches, { rule: two, clauses }],
        symbols: ['ETH', 'BTC'],
        title: 'Of the page',
      });
      const { points } = await save(visit, result);
      const about = { feed: String(feed) };
      assert.deepEqual(
        points.map(({ tags, title }) => [tags, title]),
        [
          [{ ...about, event: 'matched', rule: String(two) }, 'Of the page'],
          [{ ...about, event: 'mentioned', symbol: 'ETH' }, 'Of the page'],
        ],
      );
      const events = await listEvents(database, { after, limit: 10 });
      assert.deepEqual(
        events.map(({ data: { event, rules, article } }) => [event, rules, article]),
        [['matched', [two], visit.article]],
      );
      const found = (await findArticle(database, visit.article))!;
      assert.deepEqual(
        [found.title, found.summary, found.content, found.body, found.bodyState, found.pageUrl],
        ['Of the page', 'The', '<p>text</p>', 'The text', 'page', 'http://pages.example/end'],
      );
      assert.deepEqual([found.symbols, found.language], [['BTC', 'ETH'], 'en']);
      assert.deepEqual(
        found.rules.map(({ rule }) => rule),
        [one, two],
      );
    });

    it('says how late its article was seen, unless that was there before its feed', async () => {
      const { id } = await addRule(database, { name: 'r', feeds: null, spec });
      await addFeed(database, newFeed('http://a.example/feed'));
      const publishedMs = Date.now() - 60_000;
      const lags: (number | null | undefined)[] = [];
      for (const [key, initial] of [['a', true] as const, ['b', false] as const]) {
        const feed = await nextFeed(database);
        const articles = [withPage(key, undefined, { publishedMs })];
        const dueMs = feed.dueMs + LATER_MS;
        await saveFeedCheck(database, ME, feedCheck(feed, { articles, initial, dueMs }));
        const found = read({ matches: [{ rule: id, clauses: [] }] });
        lags.push((await save(await nextPage(database), found)).points[0]?.lagMs);
        const events = await listEvents(database, { after: 0, limit: 10 });
        assert.equal(events.at(-1)?.data.initial, initial);
        await passTime(database, LATER_MS);
      }
      assert.equal(lags[0], null);
      assert.ok(Math.abs(lags[1]! - 60_000) < 20_000, `${lags[1]} ms`);
    });

    it('leaves nothing behind when it cannot be saved whole', async () => {
      await queue([withPage('a')]);
      const rule = await addRule(database, { name: 'r', feeds: null, spec });
      const visit = await nextPage(database);
      const result = read({ matches: [{ rule: rule.id, clauses: [] }] });
      for (const table of ['article_rules', 'article_points', 'events']) {
        await database.query(`alter table ${table} add constraint broken check (false) not valid`);
        await assert.rejects(save(visit, result), /broken/);
        const found = (await findArticle(database, visit.article))!;
        assert.deepEqual(
          [found.bodyState, found.rules, found.job?.state],
          ['queued', [], 'leased'],
        );
        await database.query(`alter table ${table} drop constraint broken`);
      }
      assert.equal((await save(visit, result)).saved, true);
    });

    it('of a feed of excerpts leaves an excerpt alone', async () => {
      const settings = { ...newFeed('http://x').settings, store: 'excerpt' } as const;
      await addFeeds(database, [newFeed('http://a.example/feed', { settings })]);
      await queue([withPage('a', 'pages.example', { summary: '' })]);
      const excerpt = '😀'.repeat(500);
      const visit = await nextPage(database);
      await save(visit, read({ excerpt, body: 'secret', content: '<p>secret</p>' }));
      const found = (await findArticle(database, visit.article))!;
      assert.deepEqual([found.summary, found.content, found.body], ['😀'.repeat(300), null, null]);
    });

    it('may hold any text', async () => {
      await queue([withPage('a', 'pages.example', { title: '' })]);
      const text = 'a\0b\ud800c';
      const visit = await nextPage(database);
      const all = { url: text, title: text, content: text, body: text, language: text };
      await save(visit, read({ ...all, excerpt: text, symbols: [text] }));
      const found = (await findArticle(database, visit.article))!;
      const kept = 'a\ufffdb\ufffdc';
      const { title, content, body, language, pageUrl } = found;
      assert.deepEqual([title, content, body, language, pageUrl], Array(5).fill(kept));
    });
  });

  it('jobs are listed by state, host and feed, a page at a time, and counted', async () => {
    const articles = ['a', 'b', 'c'].map((key) => withPage(key, `${key}.example`));
    const feed = await queue(articles);
    const visit = await nextPage(database);
    await save(visit, read());
    const all = await listJobs(database, { limit: 10 });
    const second = all[1]!;
    const ids = async (filter: Partial<Parameters<typeof listJobs>[1]>) =>
      (await listJobs(database, { limit: 10, ...filter })).map(({ id }) => id);
    assert.deepEqual(await ids({ state: 'done' }), [visit.job]);
    assert.deepEqual(await ids({ host: second.host }), [second.id]);
    assert.equal((await ids({ feed })).length, 3);
    assert.deepEqual(await ids({ feed: feed + 1 }), []);
    assert.deepEqual(await ids({ after: all[0]!.id, limit: 1 }), [second.id]);
    const none = { leased: 0, failed: 0, dead: 0, cancelled: 0 };
    assert.deepEqual(await jobCounts(database), { ...none, queued: 2, done: 1 });
  });
});

function nulls(count: number): null[] {
  return Array<null>(count).fill(null);
}
