/** The page's clock: the only reader of time and timers in web/. */

/** Milliseconds since the epoch. */
export function nowMs(): number {
  return Date.now();
}

/** Runs once after `ms`; the answer calls it off. */
export function later(ms: number, act: () => void): () => void {
  const id = setTimeout(act, ms);
  return () => clearTimeout(id);
}

/** Runs every `ms` while the page is looked at, and never twice at once; ends with the signal. */
export function every(ms: number, signal: AbortSignal, act: () => Promise<void> | void): void {
  let busy = false;
  const id = setInterval(async () => {
    if (busy || document.hidden) return;
    busy = true;
    try {
      await act();
    } finally {
      busy = false;
    }
  }, ms);
  signal.addEventListener('abort', () => clearInterval(id), { once: true });
}

/** Calls come as they may: `act` runs at once, then once every `ms` at most, never twice at once. */
export function gently(ms: number, signal: AbortSignal, act: () => Promise<void>): () => void {
  let busy = false;
  let wanted = false;
  const run = async (): Promise<void> => {
    busy = true;
    wanted = false;
    await act();
    later(ms, () => {
      busy = false;
      if (wanted && !signal.aborted) void run();
    });
  };
  return () => {
    wanted = true;
    if (!busy && !signal.aborted) void run();
  };
}
