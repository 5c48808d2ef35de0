import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { recordMatches } from '../../registry/article-matches.ts';
import type { Database } from '../../registry/database.ts';
import { saveFeedCheck } from '../../registry/feed-checks.ts';
import { addFeed } from '../../registry/feeds.ts';
import {
  activeRules,
  addRule,
  changeRule,
  findRule,
  leaveOutRules,
  listRules,
  RULES_CHANNEL,
  type RuleSpec,
  removeRule,
} from '../../registry/rules.ts';
import { eventually } from '../helpers/eventually.ts';
import { feedCheck, foundArticle, newFeed, nextFeed, worker } from '../helpers/feeds.ts';
import { forEachDatabase } from '../helpers/registry.ts';

const spec: RuleSpec = {
  any: [
    { text: 'etf', in: ['title', 'summary'] },
    { pattern: 'spot\\s+fund', matchCase: true },
  ],
  ...{ all: [], none: [{ text: 'rumor' }], query: '(etf OR "spot fund") AND -rumor' },
};

forEachDatabase((fixture) => {
  let database: Database;
  beforeEach(async () => {
    database = await fixture.fresh();
  });
  const make = (name = 'r', feeds: number[] | null = null) =>
    addRule(database, { name, feeds, spec });

  describe('rules', () => {
    it('come back as they were made', async () => {
      const rule = await make('ETFs', [3, 1]);
      const { createdMs, changedMs, ...rest } = rule;
      assert.ok(Math.abs(createdMs - Date.now()) < 10_000 && changedMs === createdMs);
      const counts = { active: true, version: 1, matches: 0, leftOut: null };
      assert.deepEqual(rest, { id: rule.id, name: 'ETFs', feeds: [3, 1], spec, ...counts });
      assert.deepEqual(await findRule(database, rule.id), rule);
      assert.equal(await findRule(database, 999), undefined);
    });

    it('hold any text', async () => {
      const text = 'a\0b\ud800c';
      const rule = await addRule(database, {
        ...{ name: text, feeds: null, spec: { ...spec, any: [{ text }], query: text } },
      });
      assert.deepEqual([rule.name, rule.spec.query], Array(2).fill('a\ufffdb\ufffdc'));
    });

    it('are changed in part, with another version when they match by something else', async () => {
      const { id } = await make();
      const versions: (number | undefined)[] = [];
      for (const change of [
        { name: 'other' },
        { active: false },
        { spec },
        { feeds: null },
        { feeds: [1] },
        { feeds: [1] },
        { spec: { ...spec, query: null } },
      ]) {
        versions.push((await changeRule(database, id, change))?.version);
      }
      assert.deepEqual(versions, [1, 1, 1, 1, 2, 2, 3]);
      const { name, active, feeds, spec: now } = (await findRule(database, id))!;
      assert.deepEqual([name, active, feeds, now.query], ['other', false, [1], null]);
      assert.equal(await changeRule(database, 999, { name: 'x' }), undefined);
    });

    it('are listed by id, a page at a time, and the active ones by themselves', async () => {
      const [a, b, c] = [await make('a'), await make('b'), await make('c')];
      await removeRule(database, b.id);
      const names = (rules: readonly { name: string }[]) => rules.map(({ name }) => name);
      const list = (after: number, limit: number, active?: boolean) =>
        listRules(database, { after, limit, active });
      assert.deepEqual(names(await list(0, 2)), ['a', 'b']);
      assert.deepEqual(names(await list(b.id, 2)), ['c']);
      assert.deepEqual(names(await list(0, 10, false)), ['b']);
      const active = await activeRules(database);
      assert.deepEqual(
        active.map(({ id }) => id),
        [a.id, c.id],
      );
      assert.deepEqual(active[0], a);
    });

    it('count what they matched, each article once', async () => {
      const { id } = await make();
      await addFeed(database, newFeed('http://a.example/feed'));
      const matches = [{ rule: id, clauses: [{ n: 1 }] }];
      const articles = [foundArticle('a', { matches }), foundArticle('b', { matches })];
      const check = feedCheck(await nextFeed(database), { articles });
      const saved = await saveFeedCheck(database, worker('me'), check);
      assert.equal((await findRule(database, id))?.matches, 2);
      const again = { article: saved.articles[0]!.id, rule: id, clauses: [] };
      assert.deepEqual(await recordMatches(database, [again]), []);
      assert.equal((await findRule(database, id))?.matches, 2);
    });

    it('say why they are left out, as long as they are what was left out', async () => {
      const [a, b, c] = [await make('a'), await make('b'), await make('c')];
      const why = async () =>
        (await listRules(database, { after: 0, limit: 10 })).map(({ leftOut }) => leftOut);
      const left = [a, b, c].map(({ id, version }) => ({ rule: id, version, why: `why ${id}` }));
      await leaveOutRules(database, left.slice(1));
      assert.deepEqual(await why(), [null, `why ${b.id}`, `why ${c.id}`]);
      assert.equal((await findRule(database, b.id))?.leftOut, `why ${b.id}`);
      await changeRule(database, b.id, { name: 'other' });
      assert.equal((await findRule(database, b.id))?.leftOut, `why ${b.id}`);
      await changeRule(database, b.id, { spec: { ...spec, query: 'etf' } });
      await removeRule(database, c.id);
      assert.deepEqual(await why(), [null, null, null]);
      await leaveOutRules(database, left);
      assert.deepEqual(await why(), [`why ${a.id}`, null, null]);
      await changeRule(database, c.id, { active: true });
      await leaveOutRules(database, []);
      assert.deepEqual(await why(), [null, null, null]);
    });

    it('are told of when they change', async () => {
      const heard: string[] = [];
      const listening = await database.listen(RULES_CHANNEL, {
        heard: (payload) => heard.push(payload),
        lost: () => undefined,
      });
      const { id } = await make();
      await changeRule(database, id, { name: 'x' });
      await removeRule(database, id);
      await eventually(() => assert.equal(heard.length, 3));
      await listening.close();
      assert.deepEqual(heard, Array(3).fill(String(id)));
    });
  });
});
