import { readFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';

const TICK_MS = 5;
/** Nanoseconds that the main thread ran, and that it waited for a processor. Linux alone has it. */
const SCHEDULED = `/proc/self/task/${process.pid}/schedstat`;

function ranMs(): number {
  return Number(readFileSync(SCHEDULED, 'latin1').split(' ')[0]) / 1e6;
}

/** For how long the event loop was held up. */
export interface HeldUp {
  readonly p99Ms: number;
  readonly maxMs: number;
  /** Of it at most so much was work; in the rest no processor was free. */
  readonly ownMaxMs: number;
}

/** Watches from now on until the returned function is called. */
export function watchLoop(): () => HeldUp {
  const delay = monitorEventLoopDelay({ resolution: TICK_MS });
  delay.enable();
  let before = ranMs();
  let ownMaxMs = 0;
  const timer = setInterval(() => {
    const now = ranMs();
    ownMaxMs = Math.max(ownMaxMs, now - before);
    before = now;
  }, TICK_MS);
  return () => {
    clearInterval(timer);
    delay.disable();
    return { p99Ms: delay.percentile(99) / 1e6, maxMs: delay.max / 1e6, ownMaxMs };
  };
}
