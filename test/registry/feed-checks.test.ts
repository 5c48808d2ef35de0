import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { forgetPoints, waitingPoints } from '../../registry/article-events.ts';
import { listJobs } from '../../registry/article-jobs.ts';
import { findArticle, listArticles } from '../../registry/articles.ts';
import type { Database } from '../../registry/database.ts';
import { listEvents } from '../../registry/events.ts';
import {
  type FeedCheck,
  type FoundArticle,
  knownArticles,
  saveFeedCheck,
} from '../../registry/feed-checks.ts';
import { addFeed, findFeed } from '../../registry/feeds.ts';
import { addRule } from '../../registry/rules.ts';
import type { FeedVisit } from '../../registry/visits.ts';
import {
  claimed,
  countOf,
  feedCheck,
  foundArticle,
  lapseAll,
  newFeed,
  nextFeed,
  withPage,
  worker,
} from '../helpers/feeds.ts';
import { forEachDatabase } from '../helpers/registry.ts';

const ME = worker('me');
const spec = { any: [], all: [], none: [], query: 'bitcoin' };
const TABLES = ['articles', 'article_rules', 'article_jobs', 'article_points', 'events'];

forEachDatabase((fixture) => {
  let database: Database;
  let feed: number;
  beforeEach(async () => {
    database = await fixture.fresh();
    feed = (await addFeed(database, newFeed('http://a.example/feed'))).feed.id;
  });
  /** Due again at once, so that the next check can come. */
  const save = async (articles: readonly FoundArticle[], more: Partial<FeedCheck> = {}) => {
    const visit = await nextFeed(database);
    const check = { articles, changed: articles.length > 0, dueMs: visit.dueMs, ...more };
    return saveFeedCheck(database, ME, feedCheck(visit, check));
  };
  const counts = () => Promise.all(TABLES.map((table) => countOf(database, table)));
  const told = async () =>
    (await listEvents(database, { after: 0, limit: 100 })).map(({ kind, data }) => [
      ...[kind, data.event, data.article, data.rules, data.initial],
    ]);

  describe('a check', () => {
    it('leaves its feed as it says, and counts', async () => {
      const before = (await findFeed(database, feed))!;
      const visit = await nextFeed(database);
      assert.equal((await findFeed(database, feed))?.checking, true);
      const dueMs = visit.dueMs + 90_000.4;
      const check = { etag: 'W/"x"', lastModified: 'then', intervalMs: 90_000.4, dueMs };
      const more = { ...check, items: 2, damage: ['cut'], pace: { ttl: 5 }, changed: true };
      assert.equal((await saveFeedCheck(database, ME, feedCheck(visit, more))).saved, true);
      const { checkedMs, changedItemsMs, ...after } = (await findFeed(database, feed))!;
      assert.ok(checkedMs! >= visit.dueMs && changedItemsMs! >= visit.dueMs);
      assert.deepEqual(after, {
        ...Object.fromEntries(
          Object.entries(before).filter(([key]) => !['checkedMs', 'changedItemsMs'].includes(key)),
        ),
        ...{ state: 'ok', status: 200, intervalNowMs: 90_001, why: 'floor', checks: 1 },
        ...{ title: 'A feed', format: 'rss', language: 'en', items: 2, damage: ['cut'] },
        ...{ dueMs: Math.ceil(dueMs), hostLoad: 1_000 / 90_001 },
      });
      await lapseAll(database);
      await database.query('update feed_state set due_ms = 0');
      const next = await nextFeed(database);
      assert.deepEqual(
        [next.etag, next.lastModified, next.bodyHash, next.pace, next.checks],
        ['W/"x"', 'then', 'abc', { ttl: 5 }, 1],
      );
    });

    it('that read no body leaves what the feed said of itself', async () => {
      await save([], { items: 7, damage: ['cut'], link: 'http://a.example/' });
      await save([], { items: null, title: null, link: null, format: null, damage: [] });
      const { items, title, link, format, damage, unchanged } = (await findFeed(database, feed))!;
      assert.deepEqual([items, title, link, format], [7, 'A feed', 'http://a.example/', 'rss']);
      assert.deepEqual([damage, unchanged], [['cut'], 2]);
    });

    it('moves its feed to another address and host', async () => {
      const moved = { fetchUrl: 'http://b.example/moved', host: 'b.example' };
      await save([], moved);
      const [visit] = await claimed(database);
      assert.deepEqual([visit?.host, visit?.url], ['b.example', 'http://b.example/moved']);
      assert.equal((await findFeed(database, feed))?.url, 'http://a.example/feed');
    });

    it('that comes too late is refused, and changes nothing', async () => {
      const visit = await nextFeed(database);
      await lapseAll(database);
      const theirs = await nextFeed(database, 'other');
      const rule = await addRule(database, { name: 'r', feeds: null, spec });
      const matches = [{ rule: rule.id, clauses: [] }];
      const late = feedCheck(visit, { articles: [withPage('one', 'p.example', { matches })] });
      const nothing = { saved: false, articles: [], pointsIds: [], points: [] };
      assert.deepEqual(await saveFeedCheck(database, ME, late), nothing);
      assert.deepEqual(await counts(), [0, 0, 0, 0, 0]);
      assert.equal((await findFeed(database, feed))?.checks, 0);
      const other = worker('other');
      assert.equal((await saveFeedCheck(database, other, feedCheck(theirs))).saved, true);
      assert.equal((await saveFeedCheck(database, other, feedCheck(theirs))).saved, false);
      assert.equal((await findFeed(database, feed))?.checks, 1);
    });

    it('that fails in the middle leaves nothing behind', async () => {
      const rule = await addRule(database, { name: 'r', feeds: null, spec });
      const matches = [{ rule: rule.id, clauses: [] }];
      const visit = await nextFeed(database);
      const check = feedCheck(visit, { articles: [withPage('one', 'p.example', { matches })] });
      for (const table of ['article_jobs', 'article_rules', 'article_points', 'events']) {
        await database.query(`alter table ${table} add constraint broken check (false) not valid`);
        await assert.rejects(saveFeedCheck(database, ME, check), /broken/);
        assert.deepEqual(await counts(), [0, 0, 0, 0, 0]);
        assert.equal((await findFeed(database, feed))?.checks, 0);
        await database.query(`alter table ${table} drop constraint broken`);
      }
      assert.equal((await saveFeedCheck(database, ME, check)).saved, true);
      assert.deepEqual(await counts(), [1, 1, 1, 1, 2]);
    });
  });

  describe('articles', () => {
    it('are made once, and told of with a point each', async () => {
      const { articles, pointsIds, points } = await save([foundArticle('b'), foundArticle('a')]);
      assert.deepEqual(
        articles.map(({ key, event }) => [key, event]),
        [
          ['a', 'new'],
          ['b', 'new'],
        ],
      );
      const [a, b] = articles.map(({ id }) => id);
      assert.deepEqual(
        points.map(({ tags, article, lagMs }) => [tags, article, lagMs]),
        [
          [{ feed: String(feed), event: 'new' }, a, null],
          [{ feed: String(feed), event: 'new' }, b, null],
        ],
      );
      assert.deepEqual(
        points.map(({ ns }) => ns),
        articles.map(({ ns }) => ns),
      );
      assert.ok(Math.abs(Number(points[0]!.ns / 1_000_000n) - Date.now()) < 10_000);
      assert.deepEqual(await told(), [
        ['article', 'new', a, [], false],
        ['article', 'new', b, [], false],
      ]);
      assert.deepEqual(await waitingPoints(database, { olderThanMs: 0, limit: 10 }), [
        { id: pointsIds[0], points },
      ]);
      assert.deepEqual(await waitingPoints(database, { olderThanMs: 60_000, limit: 10 }), []);
      await forgetPoints(database, pointsIds);
      assert.deepEqual(await waitingPoints(database, { olderThanMs: 0, limit: 10 }), []);
      assert.equal((await findFeed(database, feed))?.articles, 2);
      assert.deepEqual((await save([foundArticle('a')])).articles, []);
      assert.equal(await countOf(database, 'articles'), 2);
    });

    it('are updated by a content that they did not have lately', async () => {
      const version = (n: number) =>
        foundArticle('a', { contentHash: `h${n}`, title: `title ${n}` });
      const events = async (n: number) => (await save([version(n)])).articles[0]?.event;
      const seen: (string | undefined)[] = [];
      for (const n of [1, 2, 1, 2, 3, 1]) seen.push(await events(n));
      const [none, updated] = [undefined, 'updated'];
      assert.deepEqual(seen, ['new', updated, none, none, updated, none]);
      const [article] = await listArticles(database, { limit: 10 });
      assert.deepEqual([article?.title, article?.revision], ['title 3', 3]);
      for (let n = 4; n <= 9; n += 1) assert.equal(await events(n), updated);
      const known = (await knownArticles(database, [{ feed, keys: ['a', 'b'] }]))[0]!.get('a');
      assert.deepEqual(known, {
        id: article!.id,
        hashes: [9, 8, 7, 6, 5, 4, 3, 2].map((n) => `h${n}`),
      });
      assert.equal(await events(2), none);
      assert.equal(await events(1), updated);
    });

    it('that are there twice in one check are one', async () => {
      const twice = [foundArticle('a', { title: 'first' }), foundArticle('a', { title: 'second' })];
      assert.equal((await save(twice)).articles.length, 1);
      const [article] = await listArticles(database, { limit: 10 });
      assert.equal(article?.title, 'first');
    });

    it('of one key in two feeds are two', async () => {
      await save([foundArticle('a')], { dueMs: Date.now() + 60_000 });
      await addFeed(database, newFeed('http://b.example/feed'));
      assert.equal((await save([foundArticle('a')])).articles[0]?.event, 'new');
      assert.equal(await countOf(database, 'articles'), 2);
    });

    it('say how long they took to be seen, except in the first check of a feed', async () => {
      const publishedMs = Date.now() - 60_000;
      const first = await save([foundArticle('a', { publishedMs })], { initial: true });
      assert.equal(first.points[0]?.lagMs, null);
      const later = await save([foundArticle('b', { publishedMs })]);
      assert.ok(Math.abs(later.points[0]!.lagMs! - 60_000) < 20_000);
      assert.deepEqual(
        (await told()).map((event) => event.at(-1)),
        [true, false],
      );
    });

    it('hold any text of the world, also what is none', async () => {
      const text = 'a\0b\ud800c 😀 \u202e';
      const kept = 'a\ufffdb\ufffdc 😀 \u202e';
      const texts = { guid: text, url: text, title: text, summary: text, content: text };
      const lists = { authors: [text], categories: [text], symbols: [text], language: text };
      const article = foundArticle(text, { ...texts, ...lists, contentHash: text });
      const more = { etag: text, why: text, title: text, damage: [text], pace: { text } };
      const { articles, points } = await save([article], more);
      const found = (await findArticle(database, articles[0]!.id))!;
      const { guid, url, title, summary, content, authors, symbols } = found;
      assert.deepEqual([guid, url, title, summary, content], Array(5).fill(kept));
      assert.deepEqual([authors, symbols, articles[0]!.key], [[kept], [kept], kept]);
      assert.equal(points[1]?.tags.symbol, kept);
      assert.equal((await findFeed(database, feed))?.why, kept);
      assert.deepEqual((await save([article])).articles, []);
    });

    it('hold dates that are none as if there were none', async () => {
      const dates = [Number.NaN, Number.POSITIVE_INFINITY, -8.64e15, 8.64e15];
      await save(dates.map((ms, n) => foundArticle(`${n}`, { publishedMs: ms, updatedMs: ms })));
      const listed = await listArticles(database, { limit: 10 });
      assert.equal(listed.length, 4);
      assert.ok(listed.every(({ publishedMs, updatedMs }) => !publishedMs && !updatedMs));
    });

    it('hold texts that are longer than can be searched', async () => {
      const letters = Array.from({ length: 60_000 }, (_, n) => String.fromCodePoint(0x20000 + n));
      const summary = letters.join('-');
      const found = foundArticle('a', { title: 'x'.repeat(100_000), summary });
      const { articles } = await save([foundArticle('b'), found]);
      assert.equal(articles.length, 2);
      const event = (await listEvents(database, { after: 0, limit: 1 }))[0]!;
      assert.equal((event.data.title as string).length, 1_000);
    });

    it('of a feed of excerpts are kept as excerpts', async () => {
      const settings = { ...newFeed('http://x').settings, store: 'excerpt' } as const;
      await save([], { dueMs: Date.now() + 60_000 });
      await addFeed(database, newFeed('http://b.example/feed', { settings }));
      const summary = '😀'.repeat(500);
      const { articles } = await save([foundArticle('a', { summary, content: '<p>long</p>' })]);
      const found = (await findArticle(database, articles[0]!.id))!;
      assert.deepEqual([found.summary, found.content], ['😀'.repeat(300), null]);
    });
  });

  describe('pages and rules', () => {
    it('queue the page of an article once, for ever', async () => {
      await save([withPage('a')]);
      const [job] = await listJobs(database, { limit: 10 });
      assert.deepEqual(
        [job?.state, job?.url, job?.title],
        [...['queued', 'http://pages.example/a', 'Title of a']],
      );
      await database.query("update article_jobs set state = 'done'");
      await database.query("update articles set body_state = 'page', content = 'of the page'");
      const update = withPage('a', 'pages.example', { contentHash: 'other', title: 'new title' });
      assert.equal((await save([update])).articles[0]?.event, 'updated');
      assert.equal(await countOf(database, 'article_jobs'), 1);
      const article = (await findArticle(database, job!.article))!;
      assert.deepEqual(
        [article.bodyState, article.content, article.title, article.job?.state],
        ['page', 'of the page', 'new title', 'done'],
      );
    });

    it('queue the page of an article that is updated and had none', async () => {
      await save([foundArticle('a')]);
      await save([withPage('a', 'pages.example', { contentHash: 'other' })]);
      const [article] = await listArticles(database, { limit: 10 });
      assert.equal(article?.bodyState, 'queued');
    });

    it('queue pages in a list that begins at either end', async () => {
      await save(['a', 'b', 'c'].map((key) => withPage(key, 'pages.example')));
      const ids = async (filter: object) =>
        (await listJobs(database, { limit: 2, ...filter })).map(({ id }) => id);
      const [first, second] = await ids({});
      const [third] = await ids({ after: second });
      assert.deepEqual(await ids({ order: 'newest' }), [third, second]);
      assert.deepEqual(await ids({ order: 'newest', after: second }), [first]);
    });

    it('ask for no page of a host that cannot be', async () => {
      const host = `${'a'.repeat(5_000)}.example`;
      assert.equal((await save([withPage('a', host)])).articles.length, 1);
      assert.deepEqual(await listJobs(database, { limit: 10 }), []);
      const [article] = await listArticles(database, { limit: 10 });
      assert.equal(article?.bodyState, 'none');
    });

    it('tell of a match once, by rule, and of what is mentioned for the first time', async () => {
      const rules: number[] = [];
      for (const name of ['one', 'two']) {
        rules.push((await addRule(database, { name, feeds: null, spec })).id);
      }
      const [one, two] = rules as [number, number];
      const match = (rule: number) => ({ rule, clauses: [{ clause: 0, field: 'title' }] });
      const first = await save([
        foundArticle('a', { matches: [match(one), match(999)], symbols: ['BTC'] }),
      ]);
      const about = { feed: String(feed) };
      assert.deepEqual(
        first.points.map(({ tags }) => tags),
        [
          { ...about, event: 'new' },
          { ...about, event: 'matched', rule: String(one) },
          { ...about, event: 'mentioned', symbol: 'BTC' },
        ],
      );
      const matches = [match(one), match(two)];
      const update = { matches, symbols: ['BTC', 'ETH'], contentHash: 'other' };
      const second = await save([foundArticle('a', update)]);
      assert.deepEqual(
        second.points.map(({ tags }) => tags),
        [
          { ...about, event: 'updated' },
          { ...about, event: 'matched', rule: String(two) },
          { ...about, event: 'mentioned', symbol: 'ETH' },
        ],
      );
      const all = [...first.points, ...second.points].map(({ ns }) => ns);
      assert.equal(new Set(all).size, 6);
      const id = first.articles[0]!.id;
      assert.deepEqual(await told(), [
        ['article', 'new', id, [one, 999], false],
        ['article', 'matched', id, [one], false],
        ['article', 'updated', id, [one, two], false],
        ['article', 'matched', id, [two], false],
      ]);
      const [article] = await listArticles(database, { limit: 10 });
      assert.deepEqual(
        article?.rules.map(({ rule, name, clauses }) => [rule, name, clauses]),
        [
          [one, 'one', match(one).clauses],
          [two, 'two', match(two).clauses],
        ],
      );
    });
  });

  it('checks at once, with pages at the same hosts, hold nobody up for ever', async () => {
    const urls = Array.from({ length: 12 }, (_, n) => newFeed(`http://f${n}.example/feed`));
    for (const wanted of urls) await addFeed(database, wanted);
    const pools = [database, await fixture.another(database), await fixture.another(database)];
    const visits = (await claimed(database)).filter((visit) => visit.kind === 'feed');
    const items = (visit: FeedVisit) =>
      Array.from({ length: 20 }, (_, n) =>
        withPage(`${n}`, `p${(n * 7 + visit.feed) % 5}.example`),
      );
    const saved = await Promise.all(
      visits.map((visit, n) =>
        saveFeedCheck(pools[n % 3]!, ME, feedCheck(visit, { articles: items(visit) })),
      ),
    );
    assert.equal(saved.flatMap(({ articles }) => articles).length, 13 * 20);
    assert.equal(await countOf(database, 'article_jobs'), 13 * 20);
    const ns = saved.flatMap(({ points }) => points.map((point) => point.ns));
    assert.equal(new Set(ns).size, 13 * 20);
  });
});
