import { setTimeout as delay } from 'node:timers/promises';

const STEP_MS = 25;

/** Tries until `check` does not throw; throws its last error after `deadlineMs`. */
export async function eventually<T>(check: () => T | Promise<T>, deadlineMs = 20_000): Promise<T> {
  const endMs = Date.now() + deadlineMs;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() >= endMs) throw error;
      await delay(STEP_MS);
    }
  }
}
