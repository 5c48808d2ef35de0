import type { Clock } from '../../core/clock.ts';
import { messageOf } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import type { Count, Metrics } from '../../core/metrics.ts';
import { reclaimArticleRoom } from '../../registry/articles.ts';
import type { Database } from '../../registry/database.ts';
import { forgetEvents } from '../../registry/events.ts';
import {
  type ArticlePlace,
  forgetArticles,
  forgetHosts,
  forgetJobs,
} from '../../registry/retention.ts';

/** For how long is kept what the registry has of articles. */
export interface Kept {
  /** Of articles that their feed has no more, since they were first seen; 0: for ever. */
  readonly articlesMs: number;
  /** Of jobs, since their end. */
  readonly doneJobsMs: number;
  readonly deadJobsMs: number;
  readonly eventsMs: number;
}

export interface RetentionOptions {
  readonly database: Database;
  readonly kept: Kept;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

export interface Retention {
  /** Twice is allowed. */
  close(): Promise<void>;
}

const ROUND_MS = 600_000;
/** Rows that go in one statement, and how many such there are of a kind in one round. */
const SLICE = 200;
const SLICES_MAX = 50;
/** Between two of them others have their turn. */
const PAUSE_MS = 50;

/** Every ten minutes some of what is old goes, and its room is used again. */
export function startRetention(options: RetentionOptions): Retention {
  const { clock, log } = options;
  const ending = new AbortController();
  const { signal } = ending;
  const sweep = sweeper(options, signal);
  const run = async (): Promise<void> => {
    while (!signal.aborted) {
      await clock.sleep(ROUND_MS, signal).catch(() => 'the end');
      if (signal.aborted) return;
      await sweep().catch((error: unknown) => {
        if (!signal.aborted) log.warn({ error: messageOf(error) }, 'what is old was not deleted');
      });
    }
  };
  const running = run();
  return {
    async close() {
      ending.abort();
      await running;
    },
  };
}

/** What is gone. */
export function countForgotten(metrics: Metrics): Count {
  return metrics.count({
    name: 'forgotten_total',
    help: 'Rows of the registry that were deleted for their age, by what they were',
    labels: ['what'],
  });
}

/** One round, ended early by the signal. */
function sweeper(
  { database, kept, clock, metrics }: RetentionOptions,
  signal: AbortSignal,
): () => Promise<void> {
  const gone = countForgotten(metrics);
  /** Where the last round ended among the old articles; null: they are looked at from the start. */
  let place: ArticlePlace | null = null;
  /** Slices until one says that there is no more. */
  const each = async (what: string, slice: () => Promise<{ rows: number; more: boolean }>) => {
    for (let n = 0; n < SLICES_MAX && !signal.aborted; n += 1) {
      const { rows, more } = await slice();
      if (rows > 0) gone.add({ what }, rows);
      if (!more) return;
      await clock.sleep(PAUSE_MS, signal).catch(() => 'the end');
    }
  };
  const whole = async (rows: Promise<number>) => {
    const many = await rows;
    return { rows: many, more: many >= SLICE };
  };
  const { articlesMs: keptMs, doneJobsMs: doneMs, deadJobsMs: deadMs, eventsMs } = kept;
  return async () => {
    await each('event', () => whole(forgetEvents(database, { keptMs: eventsMs, limit: SLICE })));
    await each('job', () => whole(forgetJobs(database, { doneMs, deadMs }, SLICE)));
    if (keptMs > 0) {
      await each('article', async () => {
        const found = await forgetArticles(database, { keptMs, after: place, limit: SLICE });
        place = found.next;
        return { rows: found.articles, more: found.next !== null };
      });
    }
    await each('host', () => whole(forgetHosts(database, SLICE)));
    if (!signal.aborted) await reclaimArticleRoom(database);
  };
}
