import { TidemarkError } from './errors.ts';

/** Time as a dependency: tests pass a manual one and never sleep. */
export interface Clock {
  /** Wall clock, milliseconds since the epoch. */
  nowMs(): number;
  /** Never goes back; for measuring how long something took, in milliseconds. */
  monotonicMs(): number;
  /** Resolves after `ms`; rejects with `cancelled` as soon as `signal` aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** One a reason: most sleeps are ended early, and to note a stack takes longer than the rest. */
const cancelled = new WeakMap<object, TidemarkError>();

function cancelledBy(cause: unknown): TidemarkError {
  const known = cause instanceof Error ? cancelled.get(cause) : undefined;
  const error = known ?? new TidemarkError('cancelled', 'sleep was cancelled', { cause });
  if (cause instanceof Error) cancelled.set(cause, error);
  return error;
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  // Not `timers/promises`: it makes an error for each.
  sleep(ms, signal) {
    return new Promise((resolve, reject) => {
      const cancel = (): void => {
        clearTimeout(timer);
        reject(cancelledBy(signal?.reason));
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener('abort', cancel);
        resolve();
      }, ms);
      if (signal?.aborted) cancel();
      else signal?.addEventListener('abort', cancel, { once: true });
    });
  },
};

/** The newest slot `k x intervalMs + phaseMs` at or before `timeMs`. */
export function slotAt(timeMs: number, intervalMs: number, phaseMs = 0): number {
  return Math.floor((timeMs - phaseMs) / intervalMs) * intervalMs + phaseMs;
}

/** To the microsecond: what a clock gives beyond that is noise, and digits cost storage. */
export function toMicros(ms: number): number {
  return Math.round(ms * 1_000) / 1_000;
}
