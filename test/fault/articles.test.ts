/**
 * Workers of articles as processes on one PostgreSQL, one of them killed while it holds feeds and
 * pages: each job ends once, and no host is asked too soon, by the log of the hosts themselves.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { silentLog } from '../../core/log.ts';
import type { Database } from '../../registry/database.ts';
import { addFeeds } from '../../registry/feeds.ts';
import { migrate } from '../../registry/migrate.ts';
import { openPostgres } from '../../registry/postgres.ts';
import { addRule } from '../../registry/rules.ts';
import { ArticleSite } from '../helpers/article-site.ts';
import { eventually } from '../helpers/eventually.ts';
import { spawnWatchdog } from '../helpers/influxd.ts';
import { type PostgresServer, startPostgres, whyNoPostgres } from '../helpers/registry.ts';
import { Sink } from '../helpers/sink.ts';
import { feedSettings, rss } from '../ingest/articles/visit-stage.ts';

const HOSTS = 20;
const ITEMS = 4;
const ARTICLES = HOSTS * ITEMS;
const SPACING_MS = 300;
const LEASE_MS = 6_000;
const WAIT_MS = 120_000;
const program = fileURLToPath(new URL('./article-child.js', import.meta.url));

const text = '<p>The price of bitcoin rose today, said somebody who knows all of it well.</p>';
const page = `<!doctype html><body><article><h1>Page</h1>${text.repeat(8)}</article></body>`;
const host = (n: number): string => `127.0.10.${1 + (n % HOSTS)}`;

/** Feeds whose pages are on other hosts; every other one is reached over a third. */
class Hosts {
  readonly site: ArticleSite;
  readonly #held: ServerResponse[] = [];
  holding = false;

  constructor(site: ArticleSite) {
    this.site = site;
    site.on(/^\/feed/, (request, response) => {
      const n = Number(request.url?.slice('/feed/'.length));
      const items = Array.from({ length: ITEMS }, (_, k) => {
        const path = k % 2 === 0 ? `/page/${n}-${k}` : `/from/${n}-${k}`;
        return { id: `${n}-${k}`, link: site.url(host(n + k + 1), path) };
      });
      response.end(rss(items));
    });
    site.on(/^\/from/, (request, response) => {
      const path = String(request.url).replace('from', 'page');
      const [n = 0, k = 0] = path.slice('/page/'.length).split('-').map(Number);
      response.writeHead(302, { location: site.url(host(n + k + 2), path) }).end();
    });
    site.on(/^\/page/, (_request, response) => {
      if (this.holding) this.#held.push(response);
      else this.#answer(response);
    });
  }

  get held(): number {
    return this.#held.length;
  }

  letGo(): void {
    this.holding = false;
    for (const response of this.#held.splice(0)) this.#answer(response);
  }

  #answer(response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'text/html' }).end(page);
  }
}

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
    const given = [url, join(dir, name), sink.url, String(SPACING_MS), String(LEASE_MS)];
    const child = spawn(process.execPath, [program, ...given], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    spawnWatchdog(child, undefined);
    children.push(child);
    if (child.stdout) await once(child.stdout, 'data');
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
    const spec = { any: [{ text: 'bitcoin' }], all: [], none: [], query: null };
    await addRule(database, { name: 'all', feeds: null, spec });
    const settings = { ...feedSettings, fetch: 'always' as const };
    const feeds = Array.from({ length: HOSTS }, (_, n) => {
      const address = site.url(host(n), `/feed/${n}`);
      return { url: address, host: new URL(address).host, name: null, tags: {}, settings };
    });
    await addFeeds(database, feeds);
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
