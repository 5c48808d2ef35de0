import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { releaseHost, takeHost } from '../../registry/article-hosts.ts';
import { cancelJob, retryJob, saveJob } from '../../registry/article-jobs.ts';
import type { Database } from '../../registry/database.ts';
import { saveFeedCheck } from '../../registry/feed-checks.ts';
import { addFeed, changeFeed, checkFeedNow, removeFeed } from '../../registry/feeds.ts';
import { addRule } from '../../registry/rules.ts';
import {
  claimVisits,
  type FeedVisit,
  giveBackVisit,
  type PageVisit,
  renewVisit,
} from '../../registry/visits.ts';
import { countOf, feedCheck, newFeed, nextFeed, withPage, worker } from '../helpers/feeds.ts';
import { forEachDatabase } from '../helpers/registry.ts';

const FEEDS = 12;
const HOSTS = 5;

/** The same numbers in every run: 0 to `below`. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** A worker that does all that workers do, and a user who does all that users do. */
class Crowd {
  readonly #database: Database;
  readonly #rule: number;
  readonly #next: (below: number) => number;
  readonly #me;

  constructor(database: Database, n: number, rule: number) {
    this.#database = database;
    this.#rule = rule;
    this.#next = numbers(n);
    this.#me = worker(`w${n}`);
  }

  async work(rounds: number): Promise<void> {
    for (let n = 0; n < rounds; n += 1) {
      await this.#use();
      const { visits } = await claimVisits(this.#database, this.#me, { limit: 4 });
      for (const visit of visits) {
        if (this.#next(3) === 0) await this.#hop(visit.kind);
        if (this.#next(4) === 0) await renewVisit(this.#database, this.#me, visit);
        if (this.#next(8) === 0) {
          await giveBackVisit(this.#database, this.#me, visit);
          continue;
        }
        await releaseHost(this.#database, this.#me, visit, { spacingMs: 0 });
        await (visit.kind === 'feed' ? this.#check(visit) : this.#read(visit));
      }
    }
  }

  async #use(): Promise<void> {
    const id = 1 + this.#next(FEEDS);
    const job = 1 + this.#next(60);
    const acts = [
      () => addFeed(this.#database, newFeed(`http://h${id % HOSTS}.example/${id}`)),
      () => removeFeed(this.#database, id),
      () => changeFeed(this.#database, id, { settings: { intervalMs: 10_000 + this.#next(9) } }),
      () => checkFeedNow(this.#database, id).catch((error) => assert.match(`${error}`, /off/)),
      () => retryJob(this.#database, job),
      () => cancelJob(this.#database, job),
    ];
    await acts[this.#next(acts.length)]!();
  }

  async #hop(kind: 'feed' | 'article'): Promise<void> {
    const host = `h${this.#next(HOSTS)}.example`;
    const taken = await takeHost(this.#database, this.#me, host, { kind, notAfterMs: 0 });
    if (!taken.ok) return;
    const held = { host, hostToken: taken.hostToken };
    await releaseHost(this.#database, this.#me, held, { spacingMs: 0 });
  }

  async #check(visit: FeedVisit): Promise<void> {
    const articles = Array.from({ length: 4 }, () => {
      const key = `${this.#next(20)}`;
      const matches = [{ rule: this.#rule, clauses: [] }];
      const contentHash = `${this.#next(9)}`;
      return withPage(key, `h${this.#next(HOSTS)}.example`, { matches, contentHash });
    });
    const dueMs = visit.dueMs + this.#next(2) * 60_000;
    await saveFeedCheck(this.#database, this.#me, feedCheck(visit, { articles, dueMs }));
  }

  async #read(visit: PageVisit): Promise<void> {
    const matches = [{ rule: this.#rule, clauses: [] }];
    const texts = { content: 'c', body: 'b', excerpt: 'e', language: null, symbols: ['BTC'] };
    const again = [null, { dueMs: visit.dueMs }, { dueMs: visit.dueMs + 60_000 }][this.#next(3)]!;
    const failed = { ok: false, reason: 'status', message: '500', status: 500, again } as const;
    const read = { ok: true, status: 200, url: visit.url, ...texts, matches } as const;
    await saveJob(this.#database, this.#me, visit, this.#next(2) === 0 ? read : failed);
  }
}

/** What is due before its host says that something is. */
const FORGOTTEN = `
  with due as (
    select host, due_ms from feed_state where active and (state <> 'gone' or asked)
    union all
    select host, due_ms from article_jobs where state in ('queued', 'failed', 'leased'))
  select due.host, due.due_ms, h.due_ms as said from due left join article_hosts h using (host)
  where h.due_ms is null or h.due_ms > due.due_ms`;

forEachDatabase((fixture) => {
  let database: Database;
  beforeEach(async () => {
    database = await fixture.fresh();
  });

  describe('workers and users together', () => {
    it('never wait for each other for ever, and forget nothing that is due', async () => {
      const spec = { any: [], all: [], none: [], query: 'x' };
      const { id } = await addRule(database, { name: 'r', feeds: null, spec });
      for (let n = 1; n <= FEEDS; n += 1) {
        await addFeed(database, newFeed(`http://h${n % HOSTS}.example/${n}`));
      }
      const pools = [database, await fixture.another(database), await fixture.another(database)];
      const crowds = Array.from({ length: 6 }, (_, n) => new Crowd(pools[n % 3]!, n + 1, id));
      await Promise.all(crowds.map((crowd) => crowd.work(fixture.kind === 'pglite' ? 10 : 25)));
      assert.deepEqual(await database.query(FORGOTTEN), []);
      assert.ok((await countOf(database, 'articles')) > 20);
      const told = await database.query(
        `select data ->> 'article' as article from events
         where data ->> 'event' = 'matched' group by 1 having count(*) > 1`,
      );
      assert.deepEqual(told, []);
      const lost = await database.query(
        "select from article_hosts where owner is not null and free_ms > 0 and owner like 'w%'",
      );
      assert.deepEqual(lost, []);
    });
  });

  // PGlite does one transaction after the other.
  if (fixture.kind === 'pglite') return;
  describe('a feed whose job is being changed', () => {
    it('is saved without waiting for it', { timeout: 120_000 }, async () => {
      await addFeed(database, newFeed('http://a.example/'));
      const first = await nextFeed(database);
      const me = worker('me');
      await saveFeedCheck(database, me, feedCheck(first, { articles: [withPage('1')], dueMs: 0 }));
      const again = await nextFeed(database);
      const changed = withPage('1', 'pages.example', { contentHash: 'other' });
      await database.transaction(async (transaction) => {
        await transaction.query("update article_jobs set reason = 'held'");
        const check = feedCheck(again, { articles: [changed] });
        const { articles } = await saveFeedCheck(await fixture.another(database), me, check);
        assert.deepEqual(
          articles.map(({ event }) => event),
          ['updated'],
        );
      });
    });
  });
});
