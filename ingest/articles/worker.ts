import { childAbort } from '../../core/abort.ts';
import type { Clock } from '../../core/clock.ts';
import { messageOf } from '../../core/errors.ts';
import type { HttpClient } from '../../core/http.ts';
import type { Log } from '../../core/log.ts';
import type { PointSink } from '../../core/point.ts';
import type { Trace } from '../../core/trace.ts';
import { Turns } from '../../core/turns.ts';
import type { Visit } from '../../registry/visits.ts';
import { DatabaseClock } from '../scans/database-clock.ts';
import type { ArticleLevels, ArticleMetrics } from './article-metrics.ts';
import { type ArticleLedger, PRESENCE_MS } from './ledger.ts';
import type { PageReader } from './pages/reader.ts';
import type { Preparer } from './preparer.ts';
import type { FeedReader } from './reader.ts';
import { Recorder } from './recorder.ts';
import { RuleKeeper } from './rule-keeper.ts';
import { Visitor } from './visitor.ts';

export interface ArticleLimits {
  /** Most visits under way at once. */
  readonly concurrency: number;
  /** Between a request to a host and the next one to it. */
  readonly spacingMs: number;
  /** Intervals of feeds that adapt. */
  readonly floorMs: number;
  readonly maxMs: number;
  /** Of the requests of one visit together; well below the lease. */
  readonly deadlineMs: number;
  readonly leaseMs: number;
  /** Most time for what is under way when the worker is to end. */
  readonly drainMs: number;
}

export const articleDefaults: ArticleLimits = {
  concurrency: 32,
  spacingMs: 5_000,
  floorMs: 60_000,
  maxMs: 3_600_000,
  deadlineMs: 30_000,
  leaseMs: 60_000,
  drainMs: 8_000,
};

export interface ArticleWorkerOptions {
  readonly ledger: ArticleLedger;
  readonly http: HttpClient;
  readonly reader: FeedReader;
  readonly preparer: Preparer;
  readonly pages: PageReader;
  readonly sink: PointSink;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  readonly metrics: ArticleMetrics;
  readonly limits?: Partial<ArticleLimits>;
  /** Takes each article that a rule matches, as a line of JSON. */
  readonly writeLine?: ((line: string) => void) | undefined;
  readonly trace?: Trace;
}

export interface ArticleState extends ArticleLevels {
  /** Why the registry could not be asked, while it cannot. */
  readonly registryError: string | undefined;
  /** Why points cannot be put into the spool, while they cannot. */
  readonly spoolError: string | undefined;
}

export interface ArticleWorkers {
  /** Something may be due. */
  wake(): void;
  /** Rules may be others than before. */
  rulesChanged(): void;
  state(): ArticleState;
  /** Begins nothing more, lets what is under way end or gives it back. Twice is allowed. */
  close(): Promise<void>;
}

/** Between two rounds, however often something calls; and while nothing is known to be due. */
const GAP_MS = 25;
const IDLE_MS = 5_000;
const RETRY_MS = 1_000;
const CLAIMS_MAX = 64;
const SWEEP_MS = 60_000;
const BEAT_MS = PRESENCE_MS / 3;

/** Claims feeds and pages that are due, visits each, and records what came of it. */
export function startArticles(options: ArticleWorkerOptions): ArticleWorkers {
  return new Worker(options, { ...articleDefaults, ...options.limits });
}

class Worker implements ArticleWorkers {
  readonly #options: ArticleWorkerOptions;
  readonly #limits: ArticleLimits;
  readonly #time: DatabaseClock;
  readonly #rules: RuleKeeper;
  readonly #recorder: Recorder;
  readonly #visitor: Visitor;
  readonly #visits = new Set<Promise<void>>();
  readonly #turns: Turns;
  #answeredMs: number | undefined;
  #beatMs = Number.NEGATIVE_INFINITY;
  #sweptMs = Number.NEGATIVE_INFINITY;
  #sweep: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: ArticleWorkerOptions, limits: ArticleLimits) {
    const { clock, log } = options;
    const { leaseMs, spacingMs, deadlineMs, floorMs, maxMs } = limits;
    this.#options = options;
    this.#limits = limits;
    this.#time = new DatabaseClock(clock);
    const nowMs = (): number => this.#time.nowMs();
    this.#rules = new RuleKeeper(options);
    this.#recorder = new Recorder({ ...options, nowMs });
    this.#visitor = new Visitor({
      ...{ ...options, nowMs, leaseMs, spacingMs, deadlineMs, intervals: { floorMs, maxMs } },
      recorder: this.#recorder,
    });
    this.#turns = new Turns({
      ...{ clock, log, turn: () => this.#talk(), gapMs: GAP_MS, retryMs: RETRY_MS },
      failing: 'no feeds are claimed',
    });
  }

  wake(): void {
    this.#turns.wake();
  }

  rulesChanged(): void {
    this.#rules.changed();
    this.wake();
  }

  state(): ArticleState {
    const { clock } = this.#options;
    const answeredMs = this.#answeredMs;
    return {
      running: this.#visits.size,
      sinceAnswerMs: answeredMs === undefined ? undefined : clock.monotonicMs() - answeredMs,
      registryError: this.#turns.error,
      spoolError: this.#recorder.spoolError,
    };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const { ledger, log } = this.#options;
    await this.#turns.close();
    const wait = childAbort(undefined);
    const late = this.#options.clock.sleep(this.#limits.drainMs, wait.signal).then(
      () => this.#visitor.cut(),
      () => 'all ended in time',
    );
    await Promise.all(this.#visits);
    wait.release();
    await late;
    await this.#sweep;
    await this.#rules.close();
    // One that cannot say so is known to be gone soon after.
    await ledger.leave().catch((error: unknown) => log.debug({ error: messageOf(error) }, 'left'));
  }

  async #talk(): Promise<number> {
    const { ledger, clock } = this.#options;
    await this.#keepUp();
    const limit = Math.min(CLAIMS_MAX, this.#limits.concurrency - this.#visits.size);
    if (limit <= 0) {
      await ledger.nextDueMs();
      this.#answeredMs = clock.monotonicMs();
      return IDLE_MS;
    }
    const sinceMs = clock.monotonicMs();
    const { nowMs, visits } = await ledger.claim(limit);
    this.#time.note(nowMs, sinceMs);
    this.#answeredMs = clock.monotonicMs();
    for (const visit of visits) this.#begin(visit, sinceMs);
    if (visits.length === limit) return 0;
    const dueMs = await ledger.nextDueMs();
    return dueMs === null ? IDLE_MS : Math.min(IDLE_MS, dueMs - this.#time.nowMs());
  }

  /** That it is there; the rules before anything is judged by them; what others left. */
  async #keepUp(): Promise<void> {
    const { ledger, clock } = this.#options;
    const nowMs = clock.monotonicMs();
    if (nowMs - this.#beatMs >= BEAT_MS) {
      await ledger.beat();
      this.#beatMs = nowMs;
    }
    const sweep = nowMs - this.#sweptMs >= SWEEP_MS;
    await this.#rules.keepUp({ anyway: sweep });
    if (!sweep || this.#sweep) return;
    this.#sweptMs = nowMs;
    this.#sweep = this.#recorder.leftOver().finally(() => {
      this.#sweep = undefined;
    });
  }

  #begin(visit: Visit, sinceMs: number): void {
    const made = this.#visitor.visit(visit, sinceMs).finally(() => {
      this.#visits.delete(made);
      // Its host has something else for somebody, maybe, and there is room.
      this.wake();
    });
    this.#visits.add(made);
  }
}
