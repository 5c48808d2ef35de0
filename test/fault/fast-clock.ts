/** Time that goes by faster than it does, the same in all processes that are told the same. */
import { type Clock, systemClock } from '../../core/clock.ts';

export interface Pace {
  /** The real time from which on it is faster. */
  readonly fromMs: number;
  /** Milliseconds of it in a real one. */
  readonly speed: number;
}

/** Short sleeps would be a busy loop. */
const SLEEP_MS_MIN = 30;

export function fastClock({ fromMs, speed }: Pace): Clock {
  return {
    nowMs: () => fromMs + (Date.now() - fromMs) * speed,
    monotonicMs: () => systemClock.monotonicMs() * speed,
    sleep: (ms, signal) => systemClock.sleep(Math.max(SLEEP_MS_MIN, ms / speed), signal),
  };
}
