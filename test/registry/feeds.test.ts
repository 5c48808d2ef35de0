import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import type { Database } from '../../registry/database.ts';
import { type FeedCheck, saveFeedCheck } from '../../registry/feed-checks.ts';
import {
  addFeed,
  addFeeds,
  changeFeed,
  checkFeedNow,
  FEEDS_CHANNEL,
  type FeedFilter,
  type FeedSettings,
  findFeed,
  findSameFeed,
  listFeeds,
  removeFeed,
} from '../../registry/feeds.ts';
import { missingIds } from '../../registry/missing.ts';
import { eventually } from '../helpers/eventually.ts';
import {
  claimed,
  feedCheck,
  feedsOf,
  newFeed,
  nextFeed,
  passTime,
  worker,
} from '../helpers/feeds.ts';
import { forEachDatabase } from '../helpers/registry.ts';

const ME = worker('me');
const URL_A = 'http://a.example/feed';

forEachDatabase((fixture) => {
  let database: Database;
  beforeEach(async () => {
    database = await fixture.fresh();
  });
  const make = async (url = URL_A) => (await addFeed(database, newFeed(url))).feed.id;
  const settings = (more: Partial<FeedSettings>): FeedSettings => ({
    ...newFeed(URL_A).settings,
    ...more,
  });
  /** Checks what is due; by default it is due again in an hour. */
  const check = async (more: Partial<FeedCheck> = {}) => {
    const visit = await nextFeed(database);
    const dueMs = visit.dueMs + 3_600_000;
    return saveFeedCheck(database, ME, feedCheck(visit, { dueMs, ...more }));
  };
  const found = async (id: number) => (await findFeed(database, id))!;
  const isDue = async (id: number) => ((await found(id)).dueMs ?? Infinity) <= Date.now() + 5_000;

  describe('feeds', () => {
    it('come back as they were made, due at once', async () => {
      const wanted = newFeed('http://a.example:8080/feed?x=1', {
        ...{ name: 'My\0 feed', tags: { topic: 'news' } },
        settings: settings({ headers: { 'x-key': 's' }, authorization: 'Basic x', policy: 'link' }),
      });
      const { feed, made } = await addFeed(database, wanted);
      assert.equal(made, true);
      const { createdMs, changedMs, dueMs, hostLoad, ...rest } = feed;
      assert.ok(Math.abs(createdMs - Date.now()) < 10_000 && changedMs === createdMs);
      assert.ok(Math.abs(dueMs! - createdMs) < 10_000);
      assert.equal(hostLoad, 1 / 60);
      assert.deepEqual(rest, {
        ...{ id: feed.id, url: wanted.url, name: 'My\ufffd feed', settings: wanted.settings },
        ...{ tags: wanted.tags, active: true, version: 1, fetchUrl: wanted.url },
        ...{ host: 'a.example:8080', asked: false, checking: false, state: 'new', policy: 'link' },
        ...{ failures: 0, reason: null, message: null, status: null, checkedMs: null },
        ...{ changedItemsMs: null, intervalNowMs: null, why: null, checks: 0, unchanged: 0 },
        ...{ title: null, link: null, format: null, language: null, items: null, damage: [] },
        articles: 0,
      });
      assert.deepEqual(await findSameFeed(database, wanted.url), feed);
      assert.equal(await findFeed(database, 999), undefined);
    });

    it('of the same url are the same feed, as it is, also when many ask at once', async () => {
      const asked = await Promise.all(
        Array.from({ length: 8 }, (_, n) =>
          addFeed(database, newFeed(URL_A, { name: `name ${n}` })),
        ),
      );
      assert.equal(new Set(asked.map(({ feed }) => feed.id)).size, 1);
      assert.equal(asked.filter(({ made }) => made).length, 1);
      assert.equal(new Set(asked.map(({ feed }) => feed.name)).size, 1);
      await check();
      const again = await addFeed(database, newFeed(URL_A));
      assert.deepEqual([again.made, again.feed.checks], [false, 1]);
      assert.equal(await isDue(again.feed.id), false);
    });

    it('are made many at once, each once', async () => {
      const urls = ['http://a.example/1', 'http://b.example/2', 'http://a.example/1', URL_A];
      await make();
      const wanted = urls.map((url) => newFeed(url));
      assert.equal(await addFeeds(database, wanted), 2);
      assert.equal(await addFeeds(database, wanted), 0);
      assert.equal(await addFeeds(database, []), 0);
      assert.equal((await listFeeds(database, { limit: 10 })).length, 3);
      assert.equal((await claimed(database)).length, 2);
    });

    it('of a host that cannot be are refused', async () => {
      const wanted = newFeed(`http://${'a'.repeat(3_000)}.example/feed`);
      await assert.rejects(addFeed(database, wanted), { code: 'invalid' });
      await assert.rejects(addFeeds(database, [newFeed(URL_A), wanted]), { code: 'invalid' });
      assert.deepEqual(await listFeeds(database, { limit: 10 }), []);
    });

    it('that are missing are named', async () => {
      const id = await make();
      assert.deepEqual(await missingIds(database, 'feeds', [id, 998, 999]), [998, 999]);
    });

    it('that are switched off keep all, and are checked at once when on again', async () => {
      const id = await make();
      await check();
      const off = (await removeFeed(database, id))!;
      assert.deepEqual([off.active, off.dueMs, off.checks], [false, null, 1]);
      await passTime(database, 7_200_000);
      assert.deepEqual(await claimed(database), []);
      await assert.rejects(checkFeedNow(database, id), { code: 'conflict' });
      const { feed, made } = await addFeed(database, newFeed(URL_A));
      assert.deepEqual([made, feed.active, feed.checks], [false, true, 1]);
      const [visit] = feedsOf(await claimed(database));
      assert.deepEqual([visit?.feed, visit?.etag], [id, null]);
      assert.equal(await removeFeed(database, 999), undefined);
    });

    it('that are gone are not checked until somebody wants it', async () => {
      const id = await make();
      await check({ state: 'gone', reason: 'gone', status: 410, dueMs: 0 });
      assert.equal((await found(id)).dueMs, null);
      assert.deepEqual(await claimed(database), []);
      assert.equal((await checkFeedNow(database, id))?.asked, true);
      await check({ state: 'gone', reason: 'gone', status: 410 });
      assert.deepEqual([(await found(id)).asked, (await found(id)).dueMs], [false, null]);
      const moved = { fetchUrl: 'http://b.example/moved', host: 'b.example' };
      await checkFeedNow(database, id);
      await check({ ...moved, state: 'gone' });
      const { feed } = await addFeed(database, newFeed(URL_A));
      assert.deepEqual([feed.state, feed.fetchUrl, feed.host], ['new', URL_A, 'a.example']);
      assert.equal((await claimed(database)).length, 1);
    });

    it('are checked now when somebody asks, but not twice at once', async () => {
      const id = await make();
      await check();
      const asked = (await checkFeedNow(database, id))!;
      assert.ok(asked.asked && asked.dueMs! <= Date.now() + 5_000);
      const visit = await nextFeed(database);
      assert.equal(visit.asked, true);
      await checkFeedNow(database, id);
      assert.deepEqual(await claimed(database), []);
      const dueMs = visit.dueMs + 3_600_000;
      await saveFeedCheck(database, ME, feedCheck(visit, { dueMs }));
      assert.deepEqual([(await found(id)).asked, await isDue(id)], [false, false]);
      assert.equal(await checkFeedNow(database, 999), undefined);
    });

    it('are told of when they are made, changed or asked for', async () => {
      const heard: string[] = [];
      const listening = await database.listen(FEEDS_CHANNEL, {
        heard: (payload) => heard.push(payload),
        lost: () => undefined,
      });
      const id = await make();
      await changeFeed(database, id, { name: 'x' });
      await checkFeedNow(database, id);
      await addFeeds(database, [newFeed('http://b.example/')]);
      await eventually(() => assert.equal(heard.length, 4));
      await listening.close();
      assert.deepEqual(heard, [...Array(3).fill(String(id)), '']);
    });
  });

  describe('a change', () => {
    it('of name and tags leaves the checks alone', async () => {
      const id = await make();
      await check();
      const changed = (await changeFeed(database, id, { name: 'x', tags: { a: 'b' } }))!;
      assert.deepEqual([changed.name, changed.tags, changed.version], ['x', { a: 'b' }, 1]);
      assert.equal(await isDue(id), false);
      assert.equal((await changeFeed(database, id, { name: null }))?.name, null);
      assert.equal(await changeFeed(database, 999, { name: 'x' }), undefined);
    });

    it('of settings is a new version, checked at once from the beginning', async () => {
      const id = await make();
      await check();
      const same = (await changeFeed(database, id, { settings: { fetch: 'matched' } }))!;
      assert.equal(same.version, 1);
      assert.equal(await isDue(id), false);
      const other: Partial<FeedSettings> = {
        ...{ headers: { 'x-key': '1' }, authorization: 'Basic x', policy: 'content' },
      };
      const changed = (await changeFeed(database, id, { settings: other }))!;
      assert.deepEqual(changed.settings, settings(other));
      assert.deepEqual([changed.version, changed.policy], [2, 'content']);
      const [visit] = feedsOf(await claimed(database));
      assert.deepEqual([visit?.version, visit?.etag, visit?.bodyHash], [2, null, null]);
      const without = (await changeFeed(database, id, { without: ['authorization'] }))!;
      assert.equal('authorization' in without.settings, false);
    });
  });

  describe('lists', () => {
    it('are by id, a page at a time, filtered', async () => {
      const [a, b, c] = [
        await make(),
        await make('http://b.example/RSS'),
        await make('http://b.example/2'),
      ];
      await changeFeed(database, a, { name: 'Kraken blog', tags: { topic: 'news' } });
      await removeFeed(database, c);
      await check({ state: 'failing', title: 'The Title' });
      const ids = async (filter: Partial<FeedFilter>) =>
        (await listFeeds(database, { limit: 10, ...filter })).map(({ id }) => id);
      const [failing] = await ids({ state: 'failing' });
      assert.ok(failing === a || failing === b);
      assert.deepEqual(await ids({ limit: 2 }), [a, b]);
      assert.deepEqual(await ids({ after: a }), [b, c]);
      assert.deepEqual(await ids({ active: true }), [a, b]);
      assert.deepEqual(await ids({ active: false }), [c]);
      assert.deepEqual(await ids({ host: 'b.example' }), [b, c]);
      assert.deepEqual(await ids({ text: 'kraken' }), [a]);
      assert.deepEqual(await ids({ text: 'rss' }), [b]);
      assert.deepEqual(await ids({ text: 'THE title' }), [failing]);
      assert.deepEqual(await ids({ text: '\0' }), []);
      assert.deepEqual(await ids({ tag: { name: 'topic', value: 'news' } }), [a]);
      assert.deepEqual(await ids({ tag: { name: 'topic', value: '' } }), []);
    });

    it('say what all active feeds ask of a host', async () => {
      const urls = Array.from({ length: 4 }, (_, n) => newFeed(`http://a.example/${n}`));
      await addFeeds(database, urls);
      const id = await make('http://b.example/');
      const [first] = await listFeeds(database, { limit: 1 });
      assert.ok(Math.abs(first!.hostLoad - 4 / 60) < 1e-9);
      await removeFeed(database, first!.id);
      await check({ intervalMs: 10_000 });
      const load = (await found(id)).hostLoad + (await found(first!.id)).hostLoad;
      assert.ok(Math.abs(load - (3 / 60 + 1 / 60 - 1 / 60 + 1 / 10)) < 1e-9);
    });
  });
});
