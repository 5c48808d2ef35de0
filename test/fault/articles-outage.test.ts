/**
 * The registry is away for half a minute, longer than any lease, while workers of articles have
 * feeds and pages under way: nothing is lost, nothing is told twice, and they go on by themselves.
 */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as pass } from 'node:timers/promises';
import { silentLog } from '../../core/log.ts';
import type { Database } from '../../registry/database.ts';
import { migrate } from '../../registry/migrate.ts';
import { openPostgres } from '../../registry/postgres.ts';
import { ArticleSite } from '../helpers/article-site.ts';
import { eventually } from '../helpers/eventually.ts';
import { type PostgresServer, startPostgres, whyNoPostgres } from '../helpers/registry.ts';
import { Sink } from '../helpers/sink.ts';
import { Way } from '../helpers/way.ts';
import { ARTICLES, Hosts, LEASE_MS, SPACING_MS, startChild } from './article-hosts.ts';

const AWAY_MS = 30_000;
const WAIT_MS = 180_000;

describe('workers of articles whose registry is away', { skip: whyNoPostgres() ?? false }, () => {
  const children: ChildProcess[] = [];
  let dir: string;
  let postgres: PostgresServer;
  let database: Database;
  let site: ArticleSite;
  let sink: Sink;
  let way: Way;

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'tidemark-outage-'));
    postgres = await startPostgres();
    const url = await postgres.createDatabase();
    database = await openPostgres({ url, log: silentLog });
    await migrate(database);
    [site, sink, way] = await Promise.all([ArticleSite.start(), Sink.start(), Way.to(url)]);
  });
  after(async () => {
    for (const child of children) child.kill('SIGKILL');
    await Promise.all([site?.close(), sink?.close(), way?.close(), database?.close()]);
    await postgres?.stop();
    await rm(dir, { recursive: true, force: true });
  });

  const counts = async (query: string) => (await database.query(query)).map(({ n }) => Number(n));
  const soon = (check: () => void | Promise<void>) => eventually(check, WAIT_MS);

  it('go on when it is back: each job ends once, each match is told once', async (t) => {
    const hosts = new Hosts(site);
    hosts.holding = true;
    await hosts.watch(database);
    for (const name of ['one', 'two']) {
      children.push(await startChild(way.url, { dir: join(dir, name), influx: sink.url }));
    }
    const held = `select count(*) as n from article_jobs where state = 'leased' group by owner`;
    await soon(async () => {
      const [one = 0, two = 0] = await counts(held);
      assert.ok(one >= 3 && two >= 3 && hosts.held >= 6, `${one} and ${two} pages`);
    });
    way.shut();
    hosts.letGo();
    // Leases are over by then, and nobody is asked without one.
    await pass(2 * LEASE_MS);
    const { length: asked } = site.asked;
    await pass(AWAY_MS - 2 * LEASE_MS);
    assert.equal(site.asked.length, asked, 'asked without a lease');
    assert.deepEqual(
      children.map(({ exitCode }) => exitCode),
      [null, null],
    );
    way.open();
    const done = "select count(*) as n from article_jobs where state = 'done'";
    await soon(async () => assert.deepEqual(await counts(done), [ARTICLES]));
    const events = `select count(*) as n from events where data ->> 'event' = 'matched'
      group by data ->> 'article'`;
    assert.deepEqual(await counts(events), new Array<number>(ARTICLES).fill(1));
    assert.deepEqual(await counts('select count(*) as n from articles'), [ARTICLES]);
    const matched = () => [...sink.points.keys()].filter((key) => /event=matched/.test(key)).length;
    // What was saved at the last moment waits to be taken up by the next sweep.
    await database.query("update article_points set at = at - interval '2 minutes'");
    await soon(() => assert.equal(matched(), ARTICLES));
    for (const child of children) {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      assert.deepEqual(await ended, [0, null]);
    }
    const gapMs = site.shortestGapMs();
    t.diagnostic(`${site.asked.length} requests, gap ${gapMs.toFixed(1)} ms`);
    assert.ok(gapMs >= SPACING_MS, `${gapMs} ms`);
  });
});
