/** Workers of articles on a real registry and a site of their own, as the product builds them. */
import { systemClock } from '../../../core/clock.ts';
import { createHttp } from '../../../core/http.ts';
import { silentLog } from '../../../core/log.ts';
import { createMetrics } from '../../../core/metrics.ts';
import type { Point, PointBatch, PointSink } from '../../../core/point.ts';
import { createGate } from '../../../core/targets.ts';
import { createArticleMetrics } from '../../../ingest/articles/article-metrics.ts';
import { openArticleLedger } from '../../../ingest/articles/ledger.ts';
import { createPageReader } from '../../../ingest/articles/pages/reader.ts';
import { createPreparer } from '../../../ingest/articles/preparer.ts';
import { createFeedReader } from '../../../ingest/articles/reader.ts';
import {
  type ArticleLimits,
  type ArticleWorkers,
  startArticles,
} from '../../../ingest/articles/worker.ts';
import type { Database } from '../../../registry/database.ts';
import { addFeed, type Feed, type FeedSettings, findFeed } from '../../../registry/feeds.ts';
import { ArticleSite } from '../../helpers/article-site.ts';
import { feedSettings } from './visit-stage.ts';

const usual: Partial<ArticleLimits> = {
  ...{ spacingMs: 1, deadlineMs: 2_000, leaseMs: 30_000, drainMs: 100 },
};

export interface OpenWorkerOptions {
  readonly database: Database;
  readonly id: string;
  readonly sink: PointSink;
  readonly limits?: Partial<ArticleLimits>;
  readonly writeLine?: (line: string) => void;
}

/** A worker with its threads, whose hosts are of this machine. */
export function openWorker({ database, id, sink, limits = {}, writeLine }: OpenWorkerOptions) {
  const [clock, log] = [systemClock, silentLog];
  const gate = createGate({ allowPrivate: ['127.0.0.0/8'] });
  const http = createHttp({ clock, version: 'test', gate });
  const parts = {
    reader: createFeedReader({ clock, log }),
    preparer: createPreparer({ clock }),
    pages: createPageReader({ clock, log }),
  };
  const all = { ...usual, ...limits };
  const worker = { id, host: 'here', slots: 8, leaseMs: all.leaseMs ?? 0 };
  const articles = startArticles({
    ...{ ...parts, http, clock, log, sink, random: Math.random, limits: all, writeLine },
    ledger: openArticleLedger({ database, worker, clock, timeoutMs: 20_000 }),
    metrics: createArticleMetrics(createMetrics()),
  });
  const close = async (): Promise<void> => {
    await articles.close();
    await Promise.all([http.close(), ...Object.values(parts).map((part) => part.close())]);
  };
  return { articles, close };
}

export class WorkerStage {
  readonly site: ArticleSite;
  readonly database: Database;
  readonly points: Point[] = [];
  readonly lines: string[] = [];
  /** Points cannot be written. */
  full = false;
  readonly #ends: (() => Promise<void>)[] = [];

  constructor(database: Database, site: ArticleSite) {
    this.database = database;
    this.site = site;
  }

  static async on(database: Database): Promise<WorkerStage> {
    return new WorkerStage(database, await ArticleSite.start());
  }

  /** A worker and its threads; ended with the stage, or before. */
  worker(limits: Partial<ArticleLimits> = {}): ArticleWorkers {
    const { articles, close } = openWorker({
      ...{ database: this.database, id: `worker ${this.#ends.length}`, limits },
      sink: { accept: (batch) => this.#accept(batch) },
      writeLine: (line) => void this.lines.push(line),
    });
    this.#ends.push(close);
    return articles;
  }

  /** A feed of a host of the site. */
  async feed(host: string, path: string, settings: Partial<FeedSettings> = {}): Promise<Feed> {
    const url = this.site.url(host, path);
    const about = { url, host: new URL(url).host, name: null, tags: {} };
    const wanted = { ...about, settings: { ...feedSettings, ...settings } };
    return (await addFeed(this.database, wanted)).feed;
  }

  async stateOf({ id }: Feed): Promise<Feed> {
    return (await findFeed(this.database, id))!;
  }

  /** What `query` counts. */
  async count(query: string): Promise<number> {
    const [row] = await this.database.query(`select (${query})::int as n`);
    return Number(row?.n);
  }

  async close(): Promise<void> {
    for (const end of this.#ends) await end();
    await this.site.close();
  }

  async #accept(batch: PointBatch): Promise<void> {
    if (this.full) throw new Error('the disk is full');
    this.points.push(...batch);
  }
}
