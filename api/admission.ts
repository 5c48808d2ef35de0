import { TidemarkError } from '../core/errors.ts';

/**
 * At most `max` answers in work at once; more would only wait for InfluxDB and hold memory
 * meanwhile. @throws TidemarkError `unavailable` for one more.
 */
export function createAdmission(max: number) {
  let running = 0;
  return async <T>(answer: () => Promise<T>): Promise<T> => {
    if (running >= max) {
      const message = `${max} answers are in work already`;
      throw new TidemarkError('unavailable', message, { retryAfterMs: 1000 });
    }
    running++;
    try {
      return await answer();
    } finally {
      running--;
    }
  };
}
