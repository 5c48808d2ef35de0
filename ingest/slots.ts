import { Cron } from 'croner';
import type { Clock } from '../core/clock.ts';

/** Calls back once at a moment of the wall clock. */
export interface SlotTimer {
  at(timeMs: number, run: () => void): { stop(): void };
}

/** The real one: croner waits in steps, so that a clock that is set does not shift the moment. */
export function cronerTimer(clock: Clock): SlotTimer {
  return {
    at(timeMs, run) {
      const job = new Cron(new Date(timeMs), run);
      // A moment that passed while it was being scheduled would never come.
      if (job.nextRun() === null && timeMs <= clock.nowMs() && job.currentRun() === null) {
        queueMicrotask(run);
      }
      return job;
    },
  };
}

const SPREAD_MS_MAX = 5_000;

/** How far after its slots `id` starts: spread by hash, so that nothing starts in a herd. */
export function phaseOf(id: string, intervalMs: number): number {
  const spreadMs = Math.min(SPREAD_MS_MAX, Math.floor(intervalMs / 4));
  return spreadMs === 0 ? 0 : fnv1a(id) % spreadMs;
}

function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}
