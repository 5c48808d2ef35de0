import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import {
  type ArticleFilter,
  findArticle,
  listArticles,
  recentArticles,
  reclaimArticleRoom,
} from '../../registry/articles.ts';
import type { Database } from '../../registry/database.ts';
import { type FoundArticle, saveFeedCheck } from '../../registry/feed-checks.ts';
import { addFeed, changeFeed } from '../../registry/feeds.ts';
import { addRule } from '../../registry/rules.ts';
import { feedCheck, foundArticle, newFeed, nextFeed, worker } from '../helpers/feeds.ts';
import { forEachDatabase } from '../helpers/registry.ts';

const spec = { any: [], all: [], none: [], query: 'bitcoin' };

forEachDatabase((fixture) => {
  let database: Database;
  beforeEach(async () => {
    database = await fixture.fresh();
  });
  /** Saves articles of a feed, whose next check is not due for long. */
  const save = async (articles: readonly FoundArticle[], url = 'http://a.example/feed') => {
    const { feed } = await addFeed(database, newFeed(url));
    await database.query('update feed_state set due_ms = 0 where feed = $1', [feed.id]);
    await database.query('update article_hosts set due_ms = 0');
    const visit = await nextFeed(database);
    // The newest first, as feeds have them.
    const check = { articles: articles.toReversed(), dueMs: Date.now() + 3_600_000 };
    await saveFeedCheck(database, worker('me'), feedCheck(visit, check));
    return feed.id;
  };
  const keys = async (filter: Partial<ArticleFilter> = {}) =>
    (await listArticles(database, { limit: 100, ...filter })).map(({ guid }) => guid);

  describe('articles', () => {
    it('are listed with all that is known of them, the newest first', async () => {
      const publishedMs = Date.UTC(2024, 0, 2, 3, 4, 5, 678);
      const updatedMs = publishedMs + 1;
      const more = { authors: ['Ann'], categories: ['News'], symbols: ['BTC'], language: 'en' };
      const feed = await save([
        foundArticle('a', { ...more, publishedMs, updatedMs, content: '<p>A</p>' }),
        foundArticle('b', { bodyState: 'feed' }),
      ]);
      assert.deepEqual(await keys(), ['b', 'a']);
      const [second, first] = await listArticles(database, { limit: 10 });
      const { id, seenMs, changedMs, ...rest } = first!;
      assert.ok(Math.abs(seenMs - Date.now()) < 10_000 && Math.abs(changedMs - seenMs) < 1_000);
      const expected = {
        ...{ feed, feedName: 'A feed', guid: 'a', url: 'http://a.example/a', pageUrl: null },
        ...{ title: 'Title of a', summary: 'Summary of a', ...more, publishedMs, updatedMs },
        ...{ revision: 1, bodyState: 'none', rules: [] },
      };
      assert.deepEqual(rest, expected);
      assert.deepEqual([second?.bodyState, second?.publishedMs], ['feed', null]);
      const found = await findArticle(database, id);
      const whole = { content: '<p>A</p>', body: null, job: null };
      assert.deepEqual(found, { id, seenMs, changedMs, ...expected, ...whole });
      await changeFeed(database, feed, { name: 'My feed' });
      assert.equal((await findArticle(database, id))?.feedName, 'My feed');
      assert.equal(await findArticle(database, 999), undefined);
    });

    it('are found by feed, rule, match, symbol and time', async () => {
      const rule = (await addRule(database, { name: 'r', feeds: null, spec })).id;
      const matches = [{ rule, clauses: [] }];
      const one = await save([foundArticle('a', { matches }), foundArticle('b')]);
      const two = await save(
        [foundArticle('c', { symbols: ['BTC', 'ETH'] }), foundArticle('d', { matches })],
        'http://b.example/feed',
      );
      assert.deepEqual(await keys({ feed: one }), ['b', 'a']);
      assert.deepEqual(await keys({ feed: two, rule }), ['d']);
      assert.deepEqual(await keys({ rule }), ['d', 'a']);
      assert.deepEqual(await keys({ rule: rule + 1 }), []);
      assert.deepEqual(await keys({ matched: true }), ['d', 'a']);
      assert.deepEqual(await keys({ matched: false }), ['c', 'b']);
      assert.deepEqual(await keys({ symbol: 'ETH' }), ['c']);
      assert.deepEqual(await keys({ symbol: 'ET' }), []);
      await database.query(
        "update articles set seen = '2024-01-02 00:00:00.001Z' where guid = 'c'",
      );
      const at = Date.UTC(2024, 0, 2) + 1;
      assert.deepEqual(await keys({ fromMs: at, toMs: at + 1 }), ['c']);
      assert.deepEqual(await keys({ toMs: at }), []);
      assert.deepEqual(await keys({ fromMs: at + 1 }), ['d', 'b', 'a']);
    });

    it('are found by the words of title, summary and page, as search engines do', async () => {
      await save([
        foundArticle('a', { title: 'Spot ETF approved', summary: 'The regulator said yes.' }),
        foundArticle('b', { title: 'ETF rumor', summary: 'A spot fund may come.' }),
        foundArticle('c', { title: 'Weather', summary: 'Sun.' }),
      ]);
      await database.query("update articles set body = 'nothing about bitcoin' where guid = 'c'");
      assert.deepEqual(await keys({ text: 'etf' }), ['b', 'a']);
      assert.deepEqual(await keys({ text: 'SPOT etf' }), ['b', 'a']);
      assert.deepEqual(await keys({ text: '"spot etf"' }), ['a']);
      assert.deepEqual(await keys({ text: 'etf -rumor' }), ['a']);
      assert.deepEqual(await keys({ text: 'approved or weather' }), ['c', 'a']);
      assert.deepEqual(await keys({ text: 'bitcoin' }), ['c']);
      for (const text of [
        '',
        '"',
        "'; drop table articles; --",
        '(((',
        '\0',
        '\ud800',
        '-',
        ':*',
      ]) {
        assert.ok(Array.isArray(await keys({ text })), text);
      }
    });

    it('of one check are in the order of their dates, else as in the feed', async () => {
      const dated = (key: string, publishedMs: number | null) => foundArticle(key, { publishedMs });
      // The feed has d, c, b, a.
      await save([dated('a', null), dated('b', 7e11), dated('c', null), dated('d', 5e11)]);
      assert.deepEqual(await keys(), ['c', 'a', 'b', 'd']);
    });

    it('are paged without gaps or repeats while others come in', async () => {
      const batch = (name: string, size: number) =>
        Array.from({ length: size }, (_, n) => foundArticle(`${name}${n}`));
      const first = batch('old', 30);
      await save(first);
      // Some were seen in the very same millisecond.
      await database.query(
        "update articles set seen = date_trunc('second', seen) - make_interval(secs => id / 7)",
      );
      const seen: (string | null)[] = [];
      let before: ArticleFilter['before'];
      for (let page = 0; page < 20; page += 1) {
        const articles = await listArticles(database, { limit: 4, before });
        seen.push(...articles.map(({ guid }) => guid));
        before = articles.at(-1);
        if (before === undefined) break;
        await save(batch(`new${page}-`, 2));
      }
      assert.equal(seen.length, 30);
      assert.deepEqual(new Set(seen), new Set(first.map(({ key }) => key)));
    });

    it('are given to rules that are tried, the newest, of some feeds or all', async () => {
      const one = await save([foundArticle('a', { authors: ['Ann'] }), foundArticle('b')]);
      await save([foundArticle('c')], 'http://b.example/feed');
      await database.query("update articles set body = 'text' where guid = 'a'");
      const titles = (await recentArticles(database, { limit: 2 })).map(({ title }) => title);
      assert.deepEqual(titles, ['Title of c', 'Title of b']);
      const [, a] = await recentArticles(database, { limit: 5, feeds: [one] });
      const { id, seenMs, ...rest } = a!;
      assert.ok(id > 0 && seenMs > 0);
      assert.deepEqual(rest, {
        ...{ feed: one, url: 'http://a.example/a', title: 'Title of a', summary: 'Summary of a' },
        ...{ content: null, body: 'text', authors: ['Ann'], categories: [], symbols: [] },
        ...{ bodyState: 'none', publishedMs: null },
      });
      assert.deepEqual(await recentArticles(database, { limit: 5, feeds: [] }), []);
    });

    it('stay where they are when room is made', async () => {
      await save([foundArticle('a')]);
      await reclaimArticleRoom(database);
      assert.deepEqual(await keys(), ['a']);
    });
  });
});
