import { setMaxListeners } from 'node:events';
import { messageOf } from '../../../core/errors.ts';
import { type BackfillLane, listBackfills } from '../../../registry/backfill-progress.ts';
import { BACKFILLS_CHANNEL, closeBackfills, openAdapters } from '../../../registry/backfills.ts';
import { followChannel } from '../../../registry/follow.ts';
import type { ChosenExchange } from '../exchanges/list.ts';
import { createPace } from './pace.ts';
import { SETTLED_MS } from './plan.ts';
import { type WorkerOptions, workOff } from './worker.ts';

export interface BackfillOptions extends Omit<WorkerOptions, 'pace'> {
  /** An exchange by its adapter's id, whether it is polled or not; undefined: nobody knows it. */
  readonly exchangeOf: (adapter: string) => Promise<ChosenExchange | undefined>;
  /** Absent: only what people ask is filled. */
  readonly gaps?: GapWatch;
  /** How often the registry is asked whether something is wanted, should a notification be lost. */
  readonly pollMs?: number;
}

export interface GapWatch {
  /** Looks for gaps and asks for what is missing. */
  readonly find: () => Promise<void>;
  /** Ids of the exchanges that answer now. */
  readonly healthy: () => readonly string[];
}

export interface Backfills {
  /** Cancels requests on their way; everything accepted is kept, the rest goes on at next start. */
  close(): Promise<void>;
}

const POLL_MS = 5_000;
const GAPS_MS = 5 * 60_000;
/** After the first poll of an exchange: others have theirs, and are looked at together. */
const FIRST_MS = 15_000;
/** After an outage: until its last slot is old enough to be filled with the others. */
const BACK_MS = SETTLED_MS + 60_000;

/** Works on every backfill of the registry, each exchange on its own, until closed. */
export function startBackfills(options: BackfillOptions): Backfills {
  const { clock, database, log } = options;
  const leave = new AbortController();
  const { signal } = leave;
  // One for each exchange that works, and for its wait and its request.
  setMaxListeners(0, signal);
  const workers = new Map<string, Promise<void>>();
  const worker = { ...options, pace: createPace(clock) };
  const gapsDue = createGapsDue(options);

  const start = async (adapter: string): Promise<void> => {
    if (workers.has(adapter) || signal.aborted) return;
    const exchange = await options.exchangeOf(adapter);
    if (!exchange?.adapter.candles) return;
    const work = workOff(exchange, worker, signal)
      .then((worked) => {
        // Something may be over. Where another process works on the exchange, there is time.
        if (worked) following.wake();
      })
      .catch((error: unknown) =>
        log.error({ exchange: adapter, error: messageOf(error) }, 'a backfill stopped'),
      )
      .finally(() => workers.delete(adapter));
    workers.set(adapter, work);
  };
  const following = followChannel({
    ...{ database, channel: BACKFILLS_CHANNEL, clock, everyMs: options.pollMs ?? POLL_MS },
    async round() {
      if (gapsDue()) await options.gaps?.find();
      for (const adapter of await openAdapters(database, options.only)) await start(adapter);
      for (const id of await closeBackfills(database)) await report(options, id);
    },
    failed: (error) => log.warn({ error: messageOf(error) }, 'backfills wait'),
  });
  return {
    async close() {
      leave.abort();
      await following.close();
      await Promise.all(workers.values());
    },
  };
}

/**
 * Whether to look for gaps now: now and then, soon after an exchange answers for the first time,
 * and when it is back after an outage. Not while points wait: they would look like gaps.
 */
function createGapsDue({ clock, gaps, isSettled }: BackfillOptions): () => boolean {
  const seen = new Set<string>();
  let healthy: ReadonlySet<string> = new Set();
  let dueMs = clock.monotonicMs() + GAPS_MS;
  return () => {
    if (!gaps) return false;
    const nowMs = clock.monotonicMs();
    const before = healthy;
    healthy = new Set(gaps.healthy());
    for (const id of healthy) {
      if (before.has(id)) continue;
      dueMs = Math.min(dueMs, nowMs + (seen.has(id) ? BACK_MS : FIRST_MS));
      seen.add(id);
    }
    if (nowMs < dueMs || !isSettled()) return false;
    dueMs = nowMs + GAPS_MS;
    return true;
  };
}

/** One line for a backfill that is over. */
async function report({ database, log }: BackfillOptions, id: number): Promise<void> {
  const [one] = await listBackfills(database, { id, limit: 1 });
  if (!one) return;
  const sum = (read: (lane: BackfillLane) => number) =>
    one.lanes.reduce((total, lane) => total + read(lane), 0);
  const ids = {
    backfill: id,
    exchanges: one.lanes.map(({ exchange }) => exchange),
    from: new Date(one.fromMs).toISOString(),
    to: new Date(one.toMs).toISOString(),
    rows: sum((lane) => lane.rows),
    requests: sum((lane) => lane.requests),
    failed: sum((lane) => lane.failed),
  };
  log.info(ids, 'a backfill is done');
}
