import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { Database } from '../../../registry/database.ts';
import { listEvents } from '../../../registry/events.ts';
import { checkFeedNow, type Feed } from '../../../registry/feeds.ts';
import { addRule, findRule } from '../../../registry/rules.ts';
import { eventually } from '../../helpers/eventually.ts';
import { forEachDatabase } from '../../helpers/registry.ts';
import { rss } from './visit-stage.ts';
import { WorkerStage } from './worker-stage.ts';

const WAIT_MS = 60_000;
const paragraph = '<p>The price of bitcoin rose today, said somebody who knows all of it.</p>';
const page = `<!doctype html><html><body><article><h1>A page</h1>${paragraph.repeat(10)}
<p>The secret sauce was found.</p></article></body></html>`;

forEachDatabase((fixture) => {
  describe('workers of articles', () => {
    let database: Database;
    let stage: WorkerStage;

    beforeEach(async () => {
      database = await fixture.fresh();
      stage = await WorkerStage.on(database);
    });
    afterEach(() => stage.close());

    const soon = (check: () => void | Promise<void>) => eventually(check, WAIT_MS);
    const tagged = (event: string) => stage.points.filter(({ tags }) => tags.event === event);

    it('take a feed from its check over a rule and a page to events, points and lines', async () => {
      const { site } = stage;
      const link = site.url('127.0.1.2', '/page');
      const items = [
        { id: '1', link },
        { id: '2', link: site.url('127.0.1.3', '/none') },
      ];
      site.serve(/^\/feed/, rss(items), { etag: '"a"' });
      site.serve(/^\/page/, page, { 'content-type': 'text/html' });
      const spec = { any: [], all: [], none: [], query: '"secret sauce"' };
      await addRule(database, { name: 'sauce', feeds: null, spec });
      const articles = stage.worker();
      await stage.feed('127.0.1.1', '/feed', { fetch: 'matched' });
      articles.wake();
      await soon(() => assert.equal(stage.lines.length, 1));
      const dead = "select count(*) from article_jobs where state = 'dead'";
      await soon(async () => assert.equal(await stage.count(dead), 1));
      const { rule, url } = JSON.parse(stage.lines[0]!) as Record<string, unknown>;
      assert.deepEqual([rule, url], [1, link]);
      const events = await listEvents(database, { after: 0, limit: 10, kinds: ['article'] });
      assert.deepEqual(
        events.map(({ data }) => data.event),
        ['new', 'new', 'matched'],
      );
      assert.deepEqual([tagged('new').length, tagged('matched').length], [2, 1]);
      assert.equal(
        stage.points.filter(({ measurement }) => measurement === 'feed_check').length,
        1,
      );
      const left = 'select count(*) from article_points';
      await soon(async () => assert.equal(await stage.count(left), 0));
    });

    it('leave a host alone between two requests, whoever makes them', async () => {
      const { site } = stage;
      const spacingMs = 150;
      site.serve(/^\/feed/, rss([{ id: '1' }]));
      site.on(/^\/from/, (_request, response) => {
        response.writeHead(302, { location: site.url('127.0.3.1', '/feed-to') }).end();
      });
      const paths = ['/feed-1', '/feed-2', '/feed-3', '/from'];
      const feeds: Feed[] = [];
      for (const path of paths) feeds.push(await stage.feed('127.0.3.1', path));
      feeds.push(await stage.feed('127.0.3.2', '/from'));
      for (let n = 0; n < 2; n += 1) stage.worker({ spacingMs });
      await soon(async () => {
        const states = await Promise.all(feeds.map((feed) => stage.stateOf(feed)));
        assert.ok(states.every(({ state }) => state === 'ok'));
      });
      assert.equal(site.asked.length, 7);
      const gapMs = site.shortestGapMs();
      assert.ok(gapMs >= spacingMs, `${gapMs} ms`);
    });

    it('keep points that cannot be written, until they can be', async () => {
      stage.site.serve(/^\/feed/, rss([{ id: '1' }]));
      stage.full = true;
      const articles = stage.worker();
      await stage.feed('127.0.4.1', '/feed');
      articles.wake();
      await soon(() => assert.match(articles.state().spoolError ?? '', /full/));
      await articles.close();
      assert.equal(await stage.count('select count(*) from article_points'), 1);
      await database.query("update article_points set at = at - interval '2 minutes'");
      stage.full = false;
      stage.worker();
      await soon(async () => {
        assert.equal(await stage.count('select count(*) from article_points'), 0);
      });
      assert.equal(tagged('new').length, 1);
    });

    it('give back what is under way when they end', async () => {
      const { site } = stage;
      site.on(/^\/silent/, () => 'no answer');
      const feed = await stage.feed('127.0.5.1', '/silent');
      const articles = stage.worker({ deadlineMs: 30_000 });
      await soon(() => assert.equal(site.asked.length, 1));
      assert.equal(await stage.count('select count(*) from workers'), 1);
      await articles.close();
      assert.equal(await stage.count('select count(*) from workers'), 0);
      const state = await stage.stateOf(feed);
      assert.deepEqual([state.checking, state.failures, state.checks], [false, 0, 0]);
      const held = 'select count(*) from article_hosts where owner is not null';
      assert.equal(await stage.count(held), 0);
      stage.worker();
      await soon(() => assert.equal(site.asked.length, 2));
    });

    it('check a feed at once that somebody wants checked, and take up new rules', async () => {
      const { site } = stage;
      let text = 'first';
      site.on(/^\/feed/, (_request, response) => response.end(rss([{ id: text, title: text }])));
      const articles = stage.worker();
      const feed = await stage.feed('127.0.6.1', '/feed');
      articles.wake();
      await soon(async () => assert.equal((await stage.stateOf(feed)).articles, 1));
      const spec = { any: [{ text: 'second' }], all: [], none: [], query: null };
      await addRule(database, { name: 'second', feeds: null, spec });
      const wrong = { ...spec, any: [], query: '(second' };
      const { id } = await addRule(database, { name: 'wrong', feeds: null, spec: wrong });
      articles.rulesChanged();
      await soon(async () => {
        assert.match((await findRule(database, id))?.leftOut ?? '', /^query, at 0: /);
      });
      text = 'second';
      await checkFeedNow(database, feed.id);
      articles.wake();
      await soon(() => assert.equal(stage.lines.length, 1));
    });
  });
});
