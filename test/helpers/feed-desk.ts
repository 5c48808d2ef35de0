/** Desks for feeds, rules, articles and jobs in memory: what is asked is really checked. */
import type { ArticleDesk, JobDesk } from '../../api/articles/desk.ts';
import type { FeedDesk } from '../../api/articles/feed-desk.ts';
import type { RuleDesk } from '../../api/articles/rule-desk.ts';
import { feedJudgesOf } from '../../app/feeds.ts';
import { ruleChecker } from '../../app/rules.ts';
import { TidemarkError } from '../../core/errors.ts';
import { createGate } from '../../core/targets.ts';
import { readOpml } from '../../ingest/articles/opml.ts';
import type { Job, JobState } from '../../registry/article-jobs.ts';
import type { ArticleFilter, RecentArticle, WholeArticle } from '../../registry/articles.ts';
import type { Feed, FeedChange, FeedSettings, NewFeed } from '../../registry/feeds.ts';
import type { NewRule, Rule, RuleChange } from '../../registry/rules.ts';

const CREATED = Date.UTC(2022, 9, 11, 3, 35);

const gate = createGate({
  allowPrivate: ['127.0.0.1:9000'],
  resolve: async () => [{ address: '127.0.0.1', family: 4 }],
});

export interface FakeFeeds extends FeedDesk {
  readonly feeds: Feed[];
  spacingMs: number;
  /** How many workers there are. */
  there: number;
}

export function fakeFeeds(): FakeFeeds {
  const feeds: Feed[] = [];
  const find = async (id: number) => feeds.find((one) => one.id === id);
  const findSame = async (url: string) => feeds.find((one) => one.url === url);
  const make = (wanted: NewFeed) => feeds[feeds.push(feedOf(feeds.length + 1, wanted)) - 1]!;
  const change = (old: Feed, given: FeedChange) => {
    const changed = changedFeed(old, given);
    feeds[feeds.indexOf(old)] = changed;
    return changed;
  };
  const desk: FakeFeeds = {
    ...{ there: 1, workers: async () => desk.there },
    ...feedJudgesOf(gate),
    readList: async (bytes, contentType) => readOpml(bytes, contentType),
    ...{ feeds, find, findSame, intervalMsFloor: 60_000, spacingMs: 5_000, store: 'full' },
    async ensure(wanted, given) {
      const same = await findSame(wanted.url);
      if (same === undefined) return { feed: make(wanted), made: true };
      return { feed: change(same, { ...given, active: true }), made: false };
    },
    async addMany(wanted) {
      const before = feeds.length;
      for (const one of wanted) if (!(await findSame(one.url))) make(one);
      return feeds.length - before;
    },
    async change(id, given) {
      const feed = await find(id);
      return feed && change(feed, given);
    },
    async checkNow(id) {
      const feed = await find(id);
      if (feed?.active === false) throw new TidemarkError('conflict', 'it is switched off');
      return feed;
    },
    list: async ({ after = 0, limit, active, state, host, text = '', tag }) =>
      feeds
        .filter(
          (one) =>
            one.id > after &&
            (active === undefined || one.active === active) &&
            (state === undefined || one.state === state) &&
            (host === undefined || one.host === host) &&
            `${one.url} ${one.name} ${one.title}`.toLowerCase().includes(text.toLowerCase()) &&
            (tag === undefined || one.tags[tag.name] === tag.value),
        )
        .slice(0, limit),
  };
  return desk;
}

function feedOf(id: number, { url, host, name, settings, tags }: NewFeed): Feed {
  return {
    ...{ id, url, name, settings, tags: { ...tags }, active: true, version: 1 },
    ...{ createdMs: CREATED, changedMs: CREATED, fetchUrl: url, host, dueMs: CREATED },
    ...{ asked: false, checking: false, state: 'new', policy: settings.policy ?? 'id' },
    ...{ failures: 0, reason: null, message: null, status: null, checkedMs: null },
    ...{ changedItemsMs: null, intervalNowMs: null, why: null, checks: 0, unchanged: 0 },
    ...{ title: null, link: null, format: null, language: null, items: null, damage: [] },
    ...{ articles: 0, hostLoad: 1 / 60 },
  };
}

function changedFeed(old: Feed, { settings, without = [], tags, ...rest }: FeedChange): Feed {
  const kept = Object.entries({ ...old.settings, ...settings });
  const merged = Object.fromEntries(kept.filter(([name]) => name !== without[0]));
  const active = rest.active ?? old.active;
  return {
    ...old,
    ...rest,
    ...{ active, tags: { ...(tags ?? old.tags) }, settings: merged as FeedSettings },
    dueMs: active ? CREATED : null,
  };
}

export interface FakeRules extends RuleDesk {
  readonly rules: Rule[];
  readonly articles: RecentArticle[];
}

/** `feeds`: the ids that there are. */
export function fakeRules(feeds: readonly number[] = [1, 2]): FakeRules {
  const rules: Rule[] = [];
  const articles: RecentArticle[] = [];
  const times = { createdMs: CREATED, changedMs: CREATED };
  const find = async (id: number) => rules.find((one) => one.id === id);
  return {
    ...{ rules, articles, find, checker: ruleChecker },
    async add(wanted: NewRule) {
      const id = rules.length + 1;
      rules.push({ id, ...wanted, active: true, version: 1, ...times, matches: 0, leftOut: null });
      return rules.at(-1)!;
    },
    async change(id, change: RuleChange) {
      const rule = await find(id);
      if (rule === undefined) return undefined;
      const given = Object.entries(change).filter(([, value]) => value !== undefined);
      return Object.assign(rule, Object.fromEntries(given));
    },
    list: async ({ after, limit, active }) =>
      rules
        .filter((one) => one.id > after && (active === undefined || one.active === active))
        .slice(0, limit),
    missingFeeds: async (ids) => ids.filter((id) => !feeds.includes(id)),
    recent: async ({ limit, feeds: of }) =>
      articles.filter(({ feed }) => !of || of.includes(feed)).slice(0, limit),
  };
}

export interface FakeArticles extends ArticleDesk {
  readonly articles: WholeArticle[];
  /** Every question that was asked. */
  readonly asked: ArticleFilter[];
}

/** An article that was seen so many minutes after the others began. */
export function articleOf(id: number, given: Partial<WholeArticle> = {}): WholeArticle {
  return {
    ...{ id, feed: 1, feedName: 'Coins', guid: `guid-${id}`, pageUrl: null, job: null },
    url: `https://news.example/${id}`,
    ...{ title: `Title ${id}`, summary: 'Short.', authors: ['Ann'], categories: ['markets'] },
    ...{ symbols: ['BTC'], language: 'en', publishedMs: CREATED, updatedMs: null },
    ...{ seenMs: CREATED + id * 60_000, changedMs: CREATED + id * 60_000, revision: 1 },
    ...{ bodyState: 'none', rules: [], content: null, body: null },
    ...given,
  };
}

export function fakeArticles(): FakeArticles {
  const articles: WholeArticle[] = [];
  const asked: ArticleFilter[] = [];
  return {
    ...{ articles, asked },
    find: async (id) => articles.find((one) => one.id === id),
    async list(filter) {
      asked.push(filter);
      const { limit, feed, before, fromMs = 0, toMs = Number.POSITIVE_INFINITY } = filter;
      return articles
        .filter((one) => (feed === undefined || one.feed === feed) && isBefore(one, before))
        .filter(({ seenMs }) => seenMs >= fromMs && seenMs < toMs)
        .sort((a, b) => b.seenMs - a.seenMs || b.id - a.id)
        .slice(0, limit)
        .map(({ content: _, body: __, job: ___, ...rest }) => rest);
    },
  };
}

function isBefore({ seenMs, id }: WholeArticle, place: ArticleFilter['before']): boolean {
  if (place === undefined) return true;
  return seenMs < place.seenMs || (seenMs === place.seenMs && id < place.id);
}

export function jobOf(id: number, given: Partial<Job> = {}): Job {
  return {
    ...{ id, article: id, feed: 1, url: `https://news.example/${id}`, host: 'news.example' },
    ...{ state: 'queued', attempts: 0, dueMs: CREATED, untilMs: null, owner: null },
    ...{ reason: null, message: null, status: null, createdMs: CREATED, endedMs: null },
    ...{ title: `Title ${id}`, waits: 'host budget' },
    ...given,
  };
}

export function fakeJobs(): JobDesk & { readonly jobs: Job[] } {
  const jobs: Job[] = [];
  const find = async (id: number) => jobs.find((one) => one.id === id);
  const changing = (from: readonly JobState[], state: JobState) => async (id: number) => {
    const job = await find(id);
    if (job === undefined) return undefined;
    const changed = from.includes(job.state);
    return { job: changed ? Object.assign(job, { state }) : job, changed };
  };
  return {
    ...{ jobs, find },
    list: async ({ after = 0, limit, state, host, feed }) =>
      jobs
        .filter((one) => one.id > after && (state === undefined || one.state === state))
        .filter((one) => host === undefined || one.host === host)
        .filter((one) => feed === undefined || one.feed === feed)
        .slice(0, limit),
    async counts() {
      const counts = { queued: 0, leased: 0, done: 0, failed: 0, dead: 0, cancelled: 0 };
      for (const { state } of jobs) counts[state] += 1;
      return counts;
    },
    retry: changing(['failed', 'dead', 'cancelled'], 'queued'),
    cancel: changing(['queued', 'failed', 'leased'], 'cancelled'),
  };
}
