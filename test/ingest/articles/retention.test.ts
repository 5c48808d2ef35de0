import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { silentLog } from '../../../core/log.ts';
import { createMetrics, type Metrics } from '../../../core/metrics.ts';
import { type Kept, type Retention, startRetention } from '../../../ingest/articles/retention.ts';
import type { Database } from '../../../registry/database.ts';
import { addFeed } from '../../../registry/feeds.ts';
import { ManualClock } from '../../helpers/clock.ts';
import { eventually } from '../../helpers/eventually.ts';
import { countOf, newFeed } from '../../helpers/feeds.ts';
import { forEachDatabase } from '../../helpers/registry.ts';

const DAY_MS = 86_400_000;
const ROUND_MS = 600_000;
const usual: Kept = {
  ...{ articlesMs: 90 * DAY_MS, doneJobsMs: 7 * DAY_MS },
  ...{ deadJobsMs: 30 * DAY_MS, eventsMs: 7 * DAY_MS },
};

forEachDatabase((fixture) => {
  describe('what is old', () => {
    let database: Database;
    let clock: ManualClock;
    let metrics: Metrics;
    let retention: Retention | undefined;

    beforeEach(async () => {
      database = await fixture.fresh();
      clock = new ManualClock();
      metrics = createMetrics();
      const { feed } = await addFeed(database, newFeed('http://a.example/feed'));
      await database.query(
        `insert into articles (feed, key, hashes, title, summary, seen, listed)
         select $1, n::text, '{}', '', '', now() - interval '100 days', now() - interval '9 days'
         from generate_series(1, 450) as n`,
        [feed.id],
      );
      await database.query(
        `insert into events (kind, at, data)
         select 'article', now() - interval '8 days', '{}' from generate_series(1, 250)`,
      );
      await database.query(
        `insert into article_jobs (article, feed, url, host, state, due_ms, ended)
         select id, feed, '', '', case when id % 2 = 0 then 'done' else 'dead' end, 0,
           now() - interval '20 days' from articles`,
      );
    });
    afterEach(() => retention?.close());

    const start = (kept = usual) => {
      const log = silentLog;
      retention = startRetention({ database, kept, clock, log, metrics });
    };
    /** Until what is to be there is there: the pauses between slices are of the clock too. */
    const until = (check: () => Promise<void>) =>
      eventually(async () => {
        await clock.advance(1_000);
        await check();
      }, 60_000);
    const gone = async (what: string) => {
      const { text } = await metrics.read();
      return Number(new RegExp(`forgotten_total\\{what="${what}"\\} (\\d+)`).exec(text)?.[1] ?? 0);
    };

    it('goes in small parts, and is counted', async () => {
      start();
      await clock.advance(ROUND_MS);
      await until(async () => assert.equal(await gone('article'), 450));
      assert.deepEqual([await gone('event'), await gone('job')], [250, 225]);
      assert.equal(await countOf(database, 'articles'), 0);
      assert.equal(await countOf(database, 'events'), 0);
    });

    it('stays where articles are kept for ever, but for jobs and events', async () => {
      start({ ...usual, articlesMs: 0 });
      await clock.advance(ROUND_MS);
      await until(async () => assert.equal(await gone('job'), 225));
      await retention?.close();
      assert.equal(await countOf(database, 'articles'), 450);
    });

    it('stays until the first round, and ends in the middle of one', async () => {
      start();
      await clock.advance(ROUND_MS - 1);
      assert.equal(await countOf(database, 'events'), 250);
      await clock.advance(1);
      await eventually(async () => assert.equal(await gone('event'), 200), 60_000);
      await retention?.close();
      assert.equal(await countOf(database, 'articles'), 450);
    });
  });
});
