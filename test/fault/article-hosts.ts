/** Hosts of feeds and pages for workers that are processes of their own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { fileURLToPath } from 'node:url';
import type { Database } from '../../registry/database.ts';
import { addFeeds } from '../../registry/feeds.ts';
import { addRule } from '../../registry/rules.ts';
import type { ArticleSite } from '../helpers/article-site.ts';
import { spawnWatchdog } from '../helpers/influxd.ts';
import { feedSettings, rss } from '../ingest/articles/visit-stage.ts';

const HOSTS = 20;
const ITEMS = 4;
export const ARTICLES = HOSTS * ITEMS;
export const SPACING_MS = 300;
export const LEASE_MS = 6_000;
const program = fileURLToPath(new URL('./article-child.js', import.meta.url));

const text = '<p>The price of bitcoin rose today, said somebody who knows all of it well.</p>';
const page = `<!doctype html><body><article><h1>Page</h1>${text.repeat(8)}</article></body>`;
const host = (n: number): string => `127.0.10.${1 + (n % HOSTS)}`;

/** Feeds whose pages are on other hosts; every other one is reached over a third. */
export class Hosts {
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

  /** Feeds of all hosts, whose pages are all wanted, and a rule that all of them match. */
  async watch(database: Database): Promise<void> {
    const spec = { any: [{ text: 'bitcoin' }], all: [], none: [], query: null };
    await addRule(database, { name: 'all', feeds: null, spec });
    const settings = { ...feedSettings, fetch: 'always' as const };
    const feeds = Array.from({ length: HOSTS }, (_, n) => {
      const address = this.site.url(host(n), `/feed/${n}`);
      return { url: address, host: new URL(address).host, name: null, tags: {}, settings };
    });
    await addFeeds(database, feeds);
  }

  letGo(): void {
    this.holding = false;
    for (const response of this.#held.splice(0)) this.#answer(response);
  }

  #answer(response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'text/html' }).end(page);
  }
}

/** Says when it is up. */
export async function startChild(
  database: string,
  { dir, influx }: { readonly dir: string; readonly influx: string },
): Promise<ChildProcess> {
  const given = [database, dir, influx, String(SPACING_MS), String(LEASE_MS)];
  const child = spawn(process.execPath, [program, ...given], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  spawnWatchdog(child, undefined);
  if (child.stdout) await once(child.stdout, 'data');
  return child;
}
