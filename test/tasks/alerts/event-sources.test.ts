import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import type { Database } from '../../../registry/database.ts';
import { tellEvents } from '../../../registry/events.ts';
import { createArticleSource } from '../../../tasks/alerts/sources/article.ts';
import { createScanSource } from '../../../tasks/alerts/sources/scan.ts';
import { forEachDatabase } from '../../helpers/registry.ts';

const { signal } = new AbortController();
const url = 'https://shop.example/';

forEachDatabase((fixture) => {
  let database: Database;
  beforeEach(async () => {
    database = await fixture.fresh();
  });
  const changed = (monitor: number, from: string, to: string) =>
    tellEvents(database, 'scan', [{ monitor, url, from, to, reason: 'timeout' }]);
  const firings = () =>
    database.query(
      `select rule, series, monitor, data->'match' as match, data->>'reason' as reason
       from alert_firings order by id`,
    );
  const cleared = async () => {
    const rows = await database.query(
      'select to_jsonb(cleared) as cleared from alert_steps order by step_ms',
    );
    return rows.flatMap((row) => row.cleared as string[]);
  };

  describe('alerts of scans', () => {
    it('are of changes since somebody asked, each once', async () => {
      await changed(1, 'up', 'down');
      const source = createScanSource(database);
      await source.look(signal);
      assert.deepEqual(await firings(), []);
      await changed(7, 'up', 'down');
      await changed(8, 'down', 'up');
      await Promise.all([source.look(signal), createScanSource(database).look(signal)]);
      await source.look(signal);
      assert.deepEqual(await firings(), [
        {
          ...{ rule: 'scan', series: 'scan:7', monitor: 7, match: { state: 'down' } },
          reason: 'monitor 7 (https://shop.example/) was up and is down: timeout',
        },
        {
          ...{ rule: 'scan', series: 'scan:8:up', monitor: 8, match: { state: 'up' } },
          reason: 'monitor 8 (https://shop.example/) was down and is up',
        },
      ]);
      assert.deepEqual((await cleared()).sort(), [
        ...['scan:7:unknown', 'scan:7:up', 'scan:8', 'scan:8:unknown'],
      ]);
    });

    it('say what came in between: down, up and down again are three steps', async () => {
      const source = createScanSource(database);
      await source.look(signal);
      await changed(7, 'up', 'down');
      await changed(8, 'up', 'down');
      await changed(7, 'down', 'up');
      await changed(7, 'up', 'down');
      await source.look(signal);
      const steps = await database.query(
        `select s.found, jsonb_agg(f.series order by f.id) as series from alert_steps s
         join alert_firings f using (rule, step_ms) group by s.step_ms, s.found order by s.step_ms`,
      );
      assert.deepEqual(steps, [
        { found: 2, series: ['scan:7', 'scan:8'] },
        { found: 1, series: ['scan:7:up'] },
        { found: 1, series: ['scan:7'] },
      ]);
    });

    it('read what is more than one transaction takes, and pass over what they do not know', async () => {
      const source = createScanSource(database);
      await source.look(signal);
      await tellEvents(database, 'scan', [{ odd: true }]);
      const many = Array.from({ length: 1_203 }, (_, monitor) => {
        return { monitor, url, from: 'up', to: 'unknown', reason: null };
      });
      await tellEvents(database, 'scan', many);
      await source.look(signal);
      assert.equal((await firings()).length, 1_203);
    });

    it('lose nothing when what is made of an event is not committed', async () => {
      const source = createScanSource(database);
      await source.look(signal);
      await changed(7, 'up', 'down');
      await database.query('alter table alert_firings rename to gone');
      await assert.rejects(source.look(signal));
      await database.query('alter table gone rename to alert_firings');
      await source.look(signal);
      assert.equal((await firings()).length, 1);
    });
  });

  describe('alerts of articles', () => {
    const article = { article: 3, feed: 2, title: 'A fund', url, publishedMs: 0, symbols: ['BTC'] };
    const tell = (event: string, initial = false) =>
      tellEvents(database, 'article', [{ ...article, event, initial, rules: [4] }]);

    it('are of matches, not of what was there before its feed', async () => {
      const source = createArticleSource(database);
      await source.look(signal);
      await tell('new');
      await tell('matched', true);
      await tell('matched');
      await source.look(signal);
      assert.deepEqual(await firings(), [
        {
          ...{ rule: 'article', series: 'article:3', monitor: null },
          ...{ match: { rules: [4], feed: 2, symbols: ['BTC'] }, reason: 'article: A fund' },
        },
      ]);
      const [row] = await database.query(`select data->'about' as about from alert_firings`);
      const { publishedMs: _, ...about } = article;
      assert.deepEqual(row?.about, { ...about, rules: [4], published: '1970-01-01T00:00:00.000Z' });
    });
  });
});
