import { childAbort } from '../../../core/abort.ts';
import type { Clock } from '../../../core/clock.ts';
import { refusalOf } from '../fetch.ts';
import { Refusal } from '../refusal.ts';
import { createHost } from './host.ts';
import type { StreamedMarkets } from './markets.ts';
import type { StreamSourceOptions } from './options.ts';

/** The polls beside a stream. */
export interface Refresher {
  /**
   * Polls if that is due, and answers why there is nothing new. While the stream serves, a poll
   * that takes long is not waited for: what it brings is for the next slot.
   * @throws Refusal `cancelled` as soon as `signal` aborts
   */
  refresh(signal: AbortSignal): Promise<Refusal | undefined>;
  close(): Promise<void>;
}

/** A poll of everything finds new listings and lost updates. */
const RESEED_MS = 300_000;
/** Markets that the stream does not serve are polled at most this often. */
const LEFT_MS_MIN = 10_000;
/** After a poll that failed, where the stream does without it. */
const RETRY_MS = 30_000;
/** How long a slot that the stream can answer waits for a poll. */
const PATIENCE_MS = 2_000;

export function createRefresher(options: StreamSourceOptions, markets: StreamedMarkets): Refresher {
  const { clock, fallback, log } = options;
  const host = createHost(options);
  const leave = new AbortController();
  let lastPollMs = Number.NEGATIVE_INFINITY;
  let nextTryMs = Number.NEGATIVE_INFINITY;
  let failed: Refusal | undefined;
  let inFlight: Promise<void> | undefined;

  const fail = (refusal: Refusal): void => {
    const { covered, pending } = markets.census();
    if (covered > 0 && failed?.reason !== refusal.reason) {
      const ids = { exchange: options.exchange.adapter.id, reason: refusal.reason };
      log.warn({ ...ids, error: refusal.message }, 'a poll beside the stream failed');
    }
    failed = refusal;
    host.note(refusal);
    nextTryMs = clock.monotonicMs() + (covered > 0 && pending === 0 ? RETRY_MS : 0);
  };
  const poll = async (): Promise<void> => {
    const beganMs = clock.monotonicMs();
    try {
      const parsed = await fallback.poll(leave.signal);
      if (leave.signal.aborted) return;
      lastPollMs = beganMs;
      failed = undefined;
      markets.seed(parsed, { beganMs, endedMs: clock.monotonicMs() });
    } catch (error) {
      if (!leave.signal.aborted) fail(refusalOf(error));
    } finally {
      inFlight = undefined;
    }
  };
  const isDue = (nowMs: number): boolean => {
    if (nowMs < nextTryMs || host.pauseMs() > 0) return false;
    const { pending, left } = markets.census();
    const ageMs = nowMs - lastPollMs;
    if (ageMs >= RESEED_MS || pending > 0) return true;
    // Half an interval of grace: slots are not exactly one interval apart.
    const everyMs = Math.max(LEFT_MS_MIN, options.intervalMs) - options.intervalMs / 2;
    return left > 0 && ageMs >= everyMs;
  };
  return {
    async refresh(signal) {
      if (isDue(clock.monotonicMs())) inFlight ??= poll();
      if (inFlight) {
        const patienceMs = markets.census().covered > 0 ? PATIENCE_MS : undefined;
        await settled(inFlight, { clock, signal, patienceMs });
      }
      if (signal.aborted) throw new Refusal('cancelled', 'the poll was cancelled');
      if (failed?.pauseMs === undefined) return failed;
      // Told again at a later slot, the pause is what is left of it.
      const { reason, message, cause } = failed;
      return new Refusal(reason, message, { pauseMs: host.pauseMs(), cause });
    },
    async close() {
      leave.abort();
      await inFlight;
    },
  };
}

/** Resolves with the job's end, when patience is, or when the caller leaves. */
async function settled(
  job: Promise<void>,
  options: { clock: Clock; signal: AbortSignal; patienceMs: number | undefined },
): Promise<void> {
  const { signal, release } = childAbort(options.signal);
  const left = new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  const { clock, patienceMs } = options;
  const bored = patienceMs === undefined ? left : clock.sleep(patienceMs, signal).catch(() => left);
  try {
    await Promise.race([job, left, bored]);
  } finally {
    release();
  }
}
