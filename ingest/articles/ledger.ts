import type { Clock } from '../../core/clock.ts';
import { forgetPoints, type WaitingPoints, waitingPoints } from '../../registry/article-events.ts';
import {
  type ArticleWorker,
  type HeldHost,
  type HostRelease,
  type HostTaken,
  releaseHosts,
  takeHost,
} from '../../registry/article-hosts.ts';
import { type PageResult, type SavedJob, saveJob } from '../../registry/article-jobs.ts';
import type { Database } from '../../registry/database.ts';
import {
  type ArticleKeys,
  type FeedCheck,
  type KnownArticle,
  knownArticles,
  type SavedCheck,
  saveFeedChecks,
} from '../../registry/feed-checks.ts';
import { inTime } from '../../registry/in-time.ts';
import { markListed } from '../../registry/retention.ts';
import { activeRules, type LeftOutRule, leaveOutRules, type Rule } from '../../registry/rules.ts';
import {
  claimVisits,
  giveBackVisit,
  nextDueMs,
  type PageVisit,
  renewVisit,
  type Visit,
} from '../../registry/visits.ts';
import { beat, leave, type Worker } from '../../registry/workers.ts';
import { Together } from './together.ts';

/** What a visit asks of the registry about hosts. */
export interface VisitLedger {
  /** The lease of the visit, and of the host that it holds, begin anew. False: it is lost. */
  renew(held: HeldHost | undefined): Promise<boolean>;
  takeHost(host: string, notAfterMs: number): Promise<HostTaken>;
  releaseHost(held: HeldHost, release: HostRelease): Promise<void>;
}

/** What a worker asks of the registry; the promises are those of `registry/visits.ts`. */
export interface ArticleLedger {
  /** Tells that the worker is there, for as long as it says. */
  beat(): Promise<void>;
  /** It is there no longer. */
  leave(): Promise<void>;
  claim(limit: number): Promise<{ readonly nowMs: number; readonly visits: readonly Visit[] }>;
  nextDueMs(): Promise<number | null>;
  of(visit: Visit): VisitLedger;
  /** Not visited after all, nor counted; due again at `dueMs`, by default as it was. */
  giveBack(visit: Visit, dueMs?: number): Promise<void>;
  knownArticles(feed: number, keys: readonly string[]): Promise<ReadonlyMap<string, KnownArticle>>;
  saveCheck(check: FeedCheck): Promise<SavedCheck>;
  savePage(visit: PageVisit, result: PageResult): Promise<SavedJob>;
  waitingPoints(olderThanMs: number, limit: number): Promise<readonly WaitingPoints[]>;
  forgetPoints(ids: readonly number[]): Promise<void>;
  rules(): Promise<readonly Rule[]>;
  leaveOutRules(leftOut: readonly LeftOutRule[]): Promise<void>;
}

export interface ArticleLedgerOptions {
  readonly database: Database;
  readonly worker: ArticleWorker & Pick<Worker, 'host' | 'slots'>;
  readonly clock: Clock;
  /** What takes longer is given up: it may have been carried out or not. */
  readonly timeoutMs: number;
}

/** What goes to the registry at once: little enough that nobody else waits for long. */
const SAVES_MAX = 2;
const ARTICLES_MAX = 1_000;
const KEYS_MAX = 2_000;
const HOSTS_MAX = 100;

/** The registry, as one worker sees it. A connection on which nothing moves holds nothing up. */
export function openArticleLedger(options: ArticleLedgerOptions): ArticleLedger {
  const { database, worker } = options;
  const presence = { ...worker, leaseMs: PRESENCE_MS };
  const timely = <T>(work: Promise<T>): Promise<T> => inTime(work, options);
  const one = () => 1;
  const checks = new Together<FeedCheck, SavedCheck>({
    ...{
      runsMax: SAVES_MAX,
      sizeMax: ARTICLES_MAX,
      sizeOf: ({ articles }) => 40 + articles.length,
    },
    run: (some) => timely(saveFeedChecks(database, worker, some)),
  });
  const known = new Together<ArticleKeys, ReadonlyMap<string, KnownArticle>>({
    ...{ runsMax: 1, sizeMax: KEYS_MAX, sizeOf: ({ keys }) => keys.length },
    run: (some) => timely(knownArticles(database, some)),
  });
  const releases = new Together<HeldHost & HostRelease, void>({
    ...{ runsMax: 1, sizeMax: HOSTS_MAX, sizeOf: one },
    run: async (some) => {
      await timely(releaseHosts(database, worker, some));
      return some.map(() => undefined);
    },
  });
  const written = new Together<readonly number[], void>({
    ...{ runsMax: 1, sizeMax: HOSTS_MAX, sizeOf: one },
    run: async (some) => {
      await timely(forgetPoints(database, some.flat()));
      return some.map(() => undefined);
    },
  });
  return {
    beat: () => timely(beat(database, 'articles', presence)).then(() => undefined),
    leave: () => timely(leave(database, worker.id)),
    claim: (limit) => timely(claimVisits(database, worker, { limit })),
    nextDueMs: () => timely(nextDueMs(database)),
    of: (visit) => ({
      renew: (held) => timely(renewVisit(database, worker, { ...visit, ...(held ?? NO_HOST) })),
      takeHost: (host, notAfterMs) =>
        timely(takeHost(database, worker, host, { kind: visit.kind, notAfterMs })),
      releaseHost: (held, release) => releases.do({ ...held, ...release }),
    }),
    giveBack: (visit, dueMs = visit.dueMs) =>
      timely(giveBackVisit(database, worker, { ...visit, dueMs })),
    async knownArticles(feed, keys) {
      await timely(markListed(database, feed, keys));
      return known.do({ feed, keys });
    },
    saveCheck: (check) => checks.do(check),
    savePage: (visit, result) => timely(saveJob(database, worker, visit, result)),
    waitingPoints: (olderThanMs, limit) => timely(waitingPoints(database, { olderThanMs, limit })),
    forgetPoints: (ids) => written.do(ids),
    rules: () => timely(activeRules(database)),
    leaveOutRules: (leftOut) => timely(leaveOutRules(database, leftOut)),
  };
}

/** A worker that says nothing for so long counts as gone; it says something every third of it. */
export const PRESENCE_MS = 30_000;

/** No row of a host has it: the lease of none is renewed. */
const NO_HOST: HeldHost = { host: '', hostToken: -1 };
