import assert from 'node:assert/strict';
import { it } from 'node:test';
import { forgetPoints, waitingPoints } from '../../registry/article-events.ts';
import { knownArticles, saveFeedChecks } from '../../registry/feed-checks.ts';
import { addFeed, findFeed } from '../../registry/feeds.ts';
import { claimed, feedCheck, feedsOf, foundArticle, newFeed, worker } from '../helpers/feeds.ts';
import { forEachDatabase } from '../helpers/registry.ts';

const ME = worker('me');

forEachDatabase((fixture) => {
  it('checks that are saved together stand each for itself', async () => {
    const database = await fixture.fresh();
    for (const host of ['a', 'b', 'c'])
      await addFeed(database, newFeed(`http://${host}.example/feed`));
    const [one, two, lost] = feedsOf(await claimed(database));
    const checks = [
      feedCheck(one!, { articles: [foundArticle('a'), foundArticle('b')], changed: true }),
      feedCheck({ ...lost!, token: lost!.token - 1 }, { articles: [foundArticle('a')] }),
      feedCheck(two!, { articles: [foundArticle('a')], changed: true, title: 'Two', items: 1 }),
    ];
    const saved = await saveFeedChecks(database, ME, checks);
    const keys = saved.map((check) => [check.saved, ...check.articles.map(({ key }) => key)]);
    assert.deepEqual(keys, [[true, 'b', 'a'], [false], [true, 'a']]);
    const [first, , third] = saved;
    const ofFeed = (check: typeof first) => new Set(check!.points.map(({ tags }) => tags.feed));
    assert.deepEqual(
      [ofFeed(first), ofFeed(third)],
      [new Set([`${one!.feed}`]), new Set([`${two!.feed}`])],
    );
    const states = await Promise.all(
      [one!, two!, lost!].map((each) => findFeed(database, each.feed)),
    );
    assert.deepEqual(
      states.map((state) => [state!.articles, state!.checks, state!.checking, state!.title]),
      [
        [2, 1, false, states[0]!.title],
        [1, 1, false, 'Two'],
        [0, 0, true, null],
      ],
    );
    // What the one has written is forgotten, and nothing of the other.
    await forgetPoints(database, first!.pointsIds);
    const left = await waitingPoints(database, { olderThanMs: 0, limit: 9 });
    assert.deepEqual(
      left.flatMap(({ id }) => id),
      third!.pointsIds,
    );
    const known = await knownArticles(database, [
      { feed: two!.feed, keys: ['a', 'b'] },
      { feed: one!.feed, keys: ['b'] },
    ]);
    assert.deepEqual(
      known.map((each) => [...each.keys()]),
      [['a'], ['b']],
    );
  });
});
