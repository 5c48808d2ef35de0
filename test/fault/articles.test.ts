/**
 * Workers of articles as processes on one PostgreSQL, one of them killed while it holds feeds and
 * pages: each job ends once, and no host is asked too soon, by the log of the hosts themselves.
 */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { silentLog } from '../../core/log.ts';
import type { Database } from '../../registry/database.ts';
import { migrate } from '../../registry/migrate.ts';
import { openPostgres } from '../../registry/postgres.ts';
import { ArticleSite } from '../helpers/article-site.ts';
import { eventually } from '../helpers/eventually.ts';
import { type PostgresServer, startPostgres, whyNoPostgres } from '../helpers/registry.ts';
import { Sink } from '../helpers/sink.ts';
import { ARTICLES, Hosts, SPACING_MS, startChild } from './article-hosts.ts';

const WAIT_MS = 120_000;

describe('workers of articles as processes', { skip: whyNoPostgres() ?? false }, () => {
  const children: ChildProcess[] = [];
  let dir: string;
  let postgres: PostgresServer;
  let url: string;
  let database: Database;
  let site: ArticleSite;
  let sink: Sink;

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'tidemark-articles-'));
    postgres = await startPostgres();
    url = await postgres.createDatabase();
    database = await openPostgres({ url, log: silentLog });
    await migrate(database);
    [site, sink] = await Promise.all([ArticleSite.start(), Sink.start()]);
  });
  after(async () => {
    for (const child of children) child.kill('SIGKILL');
    await Promise.all([site?.close(), sink?.close(), database?.close()]);
    await postgres?.stop();
    await rm(dir, { recursive: true, force: true });
  });

  async function start(name: string): Promise<ChildProcess> {
    const child = await startChild(url, { dir: join(dir, name), influx: sink.url });
    children.push(child);
    return child;
  }

  async function counts(query: string): Promise<number[]> {
    const rows = await database.query(query);
    return rows.map(({ n }) => Number(n));
  }

  const soon = (check: () => void | Promise<void>) => eventually(check, WAIT_MS);

  it('end each job once when one is killed, and ask no host too soon', async (t) => {
    const hosts = new Hosts(site);
    hosts.holding = true;
    await hosts.watch(database);
    const [killed, left] = await Promise.all([start('one'), start('two')]);
    const owned = `select count(*) as n from article_jobs where state = 'leased' group by owner`;
    // Both hold pages whose answers do not come.
    await soon(async () => {
      const [one = 0, two = 0] = await counts(owned);
      assert.ok(one >= 3 && two >= 3 && hosts.held >= 6, `${one} and ${two} pages`);
    });
    const exit = once(killed, 'exit');
    killed.kill('SIGKILL');
    await exit;
    hosts.letGo();
    const done = "select count(*) as n from article_jobs where state = 'done'";
    await soon(async () => assert.deepEqual(await counts(done), [ARTICLES]));
    // What the killed one had in its spool, or had saved for it, is written by the next.
    await database.query("update article_points set at = at - interval '2 minutes'");
    const next = await start('one');
    const matched = (): string[] =>
      [...sink.points].filter(([key]) => /event=matched/.test(key)).map(([, fields]) => fields);
    await soon(() => assert.equal(matched().length, ARTICLES));
    await soon(async () => {
      assert.deepEqual(await counts('select count(*) as n from article_points'), [0]);
    });
    for (const child of [left, next]) {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      assert.deepEqual(await ended, [0, null]);
    }
    const events = `select count(*) as n from events where data ->> 'event' = 'matched'
      group by data ->> 'article'`;
    assert.deepEqual(await counts(events), new Array<number>(ARTICLES).fill(1));
    assert.deepEqual(await counts('select count(*) as n from articles'), [ARTICLES]);
    assert.equal(new Set(matched()).size, ARTICLES);
    const again = 'select count(*) as n from article_jobs where attempts > 1';
    const gapMs = site.shortestGapMs();
    const [retried] = await counts(again);
    t.diagnostic(`${site.asked.length} requests, gap ${gapMs.toFixed(1)} ms, ${retried} again`);
    assert.ok(retried! >= 3, 'nothing was held by the one that was killed');
    assert.ok(gapMs >= SPACING_MS, `${gapMs} ms`);
  });
});
