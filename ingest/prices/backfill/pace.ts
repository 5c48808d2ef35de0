import type { Clock } from '../../../core/clock.ts';

/** Keeps requests to one place apart. */
export interface Pace {
  /**
   * Waits until the next request may begin, at least `spacingMs` after the one before it.
   * @throws TidemarkError `cancelled` when the signal aborts.
   */
  turn(place: string, spacingMs: number, signal: AbortSignal): Promise<void>;
}

/** Remembers places for as long as it lives, so that work that stops and starts keeps the pace. */
export function createPace(clock: Clock): Pace {
  const nextMs = new Map<string, number>();
  return {
    async turn(place, spacingMs, signal) {
      const nowMs = clock.monotonicMs();
      const turnMs = Math.max(nowMs, nextMs.get(place) ?? nowMs);
      // Taken before the wait: whoever comes meanwhile gets the turn after this one.
      nextMs.set(place, turnMs + spacingMs);
      if (turnMs > nowMs) await clock.sleep(turnMs - nowMs, signal);
    },
  };
}
