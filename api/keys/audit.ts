import type { Context, Next } from 'koa';
import { childAbort } from '../../core/abort.ts';
import type { Clock } from '../../core/clock.ts';
import { messageOf, TidemarkError } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import type { Count, Metrics } from '../../core/metrics.ts';
import type { AuditEntry } from '../../registry/audit.ts';
import type { Caller } from './auth.ts';
import { Buckets } from './rates.ts';

export interface AuditStore {
  /** Adds entries, all or none. */
  add(entries: readonly AuditEntry[]): Promise<void>;
}

/** Writes down who changed what, after the answer and without holding it up. */
export interface AuditTrail {
  note(entry: AuditEntry): void;
  /** Writes what waits, in bounded time. */
  close(): Promise<void>;
}

export interface TrailOptions {
  readonly store: AuditStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

const WAITING_MAX = 10_000;
const BATCH_MAX = 500;
/** So long entries gather. */
const GATHER_MS = 250;
/** Between attempts: twice as long each time. */
const RETRY_MS = { first: 1_000, most: 30_000 } as const;
/** About four minutes. */
const ATTEMPTS_MAX = 12;
const CLOSE_MS = 3_000;

export function startAuditTrail(options: TrailOptions): AuditTrail {
  const trail = new Trail(options);
  return { note: (entry) => trail.note(entry), close: () => trail.close() };
}

/** Entries that are nowhere. */
export function countLost(metrics: Metrics): Count {
  return metrics.count({
    name: 'audit_lost_total',
    help: 'Entries of the audit that were not written, by reason',
    labels: ['reason'],
  });
}

/** Requests that no entry is made of. */
export function countSkipped(metrics: Metrics): Count {
  return metrics.count({
    name: 'audit_skipped_total',
    help: 'Refusals of requests without a key that were too many to be noted',
  });
}

class Trail {
  readonly #options: TrailOptions;
  readonly #ending = new AbortController();
  readonly #lost: { add(labels: { reason: string }, by?: number): void };
  readonly #running: Promise<void>;
  #waiting: AuditEntry[] = [];
  #wake: (() => void) | undefined;
  #full = false;

  constructor(options: TrailOptions) {
    this.#options = options;
    this.#lost = countLost(options.metrics);
    this.#running = this.#run();
  }

  note(entry: AuditEntry): void {
    if (this.#waiting.length >= WAITING_MAX) {
      this.#lost.add({ reason: 'full' });
      if (!this.#full) this.#options.log.error({ waiting: WAITING_MAX }, 'audit entries are lost');
      this.#full = true;
      return;
    }
    this.#waiting.push(entry);
    this.#wake?.();
  }

  async close(): Promise<void> {
    this.#ending.abort();
    this.#wake?.();
    const { clock } = this.#options;
    const patience = childAbort(undefined);
    const late = clock.sleep(CLOSE_MS, patience.signal).catch(() => 'in time');
    await Promise.race([this.#running, late]);
    patience.release();
    if (this.#waiting.length > 0) this.#lose(this.#waiting.length, 'stopped', 'no time is left');
  }

  async #run(): Promise<void> {
    const { clock } = this.#options;
    const { signal } = this.#ending;
    while (!signal.aborted || this.#waiting.length > 0) {
      if (this.#waiting.length === 0) await this.#news();
      if (!signal.aborted) await clock.sleep(GATHER_MS, signal).catch(() => 'the end');
      const batch = this.#waiting.slice(0, BATCH_MAX);
      if (batch.length > 0) await this.#write(batch);
      this.#waiting = this.#waiting.slice(batch.length);
      this.#full = false;
    }
  }

  async #news(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      if (this.#ending.signal.aborted) resolve();
    });
    this.#wake = undefined;
  }

  async #write(batch: readonly AuditEntry[]): Promise<void> {
    const { store, clock } = this.#options;
    const { signal } = this.#ending;
    for (let attempt = 1, waitMs: number = RETRY_MS.first; ; attempt += 1) {
      try {
        return await store.add(batch);
      } catch (error) {
        const again = !(error instanceof TidemarkError) || error.retryable;
        if (!again || attempt >= ATTEMPTS_MAX || signal.aborted) {
          return this.#lose(batch.length, 'refused', messageOf(error));
        }
        await clock.sleep(waitMs, signal).catch(() => 'the end: once more');
        waitMs = Math.min(RETRY_MS.most, waitMs * 2);
      }
    }
  }

  #lose(entries: number, reason: string, error: string): void {
    this.#lost.add({ reason }, entries);
    this.#options.log.error({ entries, error }, 'audit entries were not written');
  }
}

const READS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);
const PATH_MAX = 512;
/** Of strangers that were refused: sixty, and then one a second. All others are written down. */
const STRANGERS = { perSecond: 1, burst: 60 };
const TOO_MANY = 429;
const CLIENT_LEFT = 499;

interface AuditOptions {
  readonly trail: Pick<AuditTrail, 'note'>;
  readonly clock: Clock;
  readonly metrics: Metrics;
}

/**
 * Notes each request that is no read and that a route has taken, also those that it refused. What
 * came too often is not noted: to flood the audit would be a way to hide in it.
 */
export function auditing({ trail, clock, metrics }: AuditOptions) {
  const strangers = new Buckets(clock);
  const skipped = countSkipped(metrics);
  return async (ctx: Context, next: Next): Promise<void> => {
    if (READS.has(ctx.method)) return next();
    const [atMs, startedMs] = [clock.nowMs(), clock.monotonicMs()];
    ctx.res.once('close', () => {
      const entry = entryOf(ctx, atMs, clock.monotonicMs() - startedMs);
      if (entry === undefined || entry.status === TOO_MANY) return;
      if (entry.key === null && !strangers.take('all', STRANGERS).ok) skipped.add();
      else trail.note(entry);
    });
    await next();
  };
}

/** Without the query: secrets may stand in it. */
function entryOf(ctx: Context, atMs: number, tookMs: number): AuditEntry | undefined {
  const { route, reads, caller, address, requestId } = ctx.state as {
    readonly route?: string;
    /** A handler says so of a request that changes nothing, though its method could. */
    readonly reads?: boolean;
    readonly caller?: Caller;
    readonly address?: string;
    readonly requestId: string;
  };
  if (route === undefined || reads === true) return undefined;
  return {
    atMs,
    key: caller?.name ?? null,
    role: caller?.role ?? null,
    method: ctx.method,
    route: route.replace(/Short$/, ''),
    path: ctx.path.slice(0, PATH_MAX),
    status: ctx.res.writableFinished ? ctx.res.statusCode : CLIENT_LEFT,
    request: requestId,
    address: address ?? null,
    tookMs: Math.round(tookMs * 1_000) / 1_000,
  };
}

const FORGET_MS = 3_600_000;
const FORGET_MAX = 5_000;

/** Deletes what is older than `keptMs`, every hour, some at a time. 0: nothing. */
export function startForgetting(options: {
  readonly forget: (keptMs: number, limit: number) => Promise<number>;
  readonly keptMs: number;
  readonly clock: Clock;
  readonly log: Log;
}): { close(): Promise<void> } {
  const { forget, keptMs, clock, log } = options;
  const ending = new AbortController();
  const { signal } = ending;
  const round = async (): Promise<void> => {
    try {
      let gone = FORGET_MAX;
      while (gone === FORGET_MAX && !signal.aborted) gone = await forget(keptMs, FORGET_MAX);
    } catch (error) {
      log.warn({ error: messageOf(error) }, 'the old audit was not deleted');
    }
  };
  const run = async (): Promise<void> => {
    while (keptMs > 0 && !signal.aborted) {
      await round();
      await clock.sleep(FORGET_MS, signal).catch(() => 'the end');
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
