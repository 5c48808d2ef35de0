import type { Clock } from '../../../core/clock.ts';

/** Resolves when it is the caller's turn; rejects with `cancelled` when `signal` aborts. */
export type TakeTurn = (signal: AbortSignal) => Promise<void>;

/** Turns at least `spacingMs` apart, in the order in which they were asked for. */
export function createTurns(clock: Clock, spacingMs: number): TakeTurn {
  let nextMs = Number.NEGATIVE_INFINITY;
  return async (signal) => {
    const nowMs = clock.monotonicMs();
    const mineMs = Math.max(nowMs, nextMs);
    nextMs = mineMs + spacingMs;
    if (mineMs > nowMs) await clock.sleep(mineMs - nowMs, signal);
  };
}
