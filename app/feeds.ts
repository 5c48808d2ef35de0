import type { ArticleDesk, JobDesk } from '../api/articles/desk.ts';
import type { FeedDesk } from '../api/articles/feed-desk.ts';
import type { TargetGate } from '../core/targets.ts';
import { writeOpml } from '../ingest/articles/opml.ts';
import { createOpmlReader } from '../ingest/articles/opml-reader.ts';
import { scanTarget } from '../ingest/scans/target.ts';
import { cancelJob, findJob, jobCounts, listJobs, retryJob } from '../registry/article-jobs.ts';
import { findArticle, listArticles } from '../registry/articles.ts';
import {
  addFeed,
  addFeeds,
  changeFeed,
  checkFeedNow,
  findFeed,
  findSameFeed,
  listFeeds,
} from '../registry/feeds.ts';
import { countWorkers } from '../registry/workers.ts';
import { judgesOf } from './monitors.ts';
import { createScanGate } from './scan-gate.ts';
import type { Base } from './start.ts';

type FeedBase = Pick<Base, 'config' | 'clock' | 'influx' | 'registry' | 'parts'>;

/** Where the API keeps feeds. */
export function openFeedDesk(base: FeedBase): FeedDesk {
  const { config, clock, registry, parts } = base;
  const lists = createOpmlReader({ clock });
  parts.add('lists', lists.close);
  return {
    ...feedJudgesOf(createScanGate(base)),
    readList: lists.read,
    intervalMsFloor: config.feedIntervalMinMs,
    spacingMs: config.articleHostSpacingMs,
    store: config.articlesStore,
    async ensure(wanted, given) {
      const { feed, made } = await addFeed(registry, wanted);
      if (made || Object.keys(given).length === 0) return { feed, made };
      return { feed: (await changeFeed(registry, feed.id, given)) ?? feed, made };
    },
    addMany: (wanted) => addFeeds(registry, wanted),
    change: (id, change) => changeFeed(registry, id, change),
    checkNow: (id) => checkFeedNow(registry, id),
    workers: () => countWorkers(registry, 'articles'),
    find: (id) => findFeed(registry, id),
    findSame: (url) => findSameFeed(registry, url),
    list: (filter) => listFeeds(registry, filter),
  };
}

type Judge = 'addressOf' | 'refusalOf' | 'check' | 'writeList';

/** What can be said of a feed without asking it. */
export function feedJudgesOf(gate: TargetGate): Pick<FeedDesk, Judge> {
  const { addressOf, refusalOf } = judgesOf(gate);
  return {
    ...{ addressOf, refusalOf },
    check: (url, headers) => void scanTarget({ url, headers }),
    writeList: (feeds, createdMs) => writeOpml(feeds, { title: 'Tidemark', createdMs }),
  };
}

/** Where the API finds articles. */
export function openArticleDesk({ registry }: Pick<Base, 'registry'>): ArticleDesk {
  return {
    list: (filter) => listArticles(registry, filter),
    find: (id) => findArticle(registry, id),
  };
}

/** The queue of pages, for people. */
export function openJobDesk({ registry }: Pick<Base, 'registry'>): JobDesk {
  return {
    list: (filter) => listJobs(registry, filter),
    find: (id) => findJob(registry, id),
    counts: () => jobCounts(registry),
    retry: (id) => retryJob(registry, id),
    cancel: (id) => cancelJob(registry, id),
  };
}
