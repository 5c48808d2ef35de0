import { TidemarkError } from '../../core/errors.ts';
import { HttpProblem } from './errors.ts';

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

/**
 * At most `max` in work at once for each name. @throws HttpProblem 429 for one more.
 */
export function createShares(max: number) {
  const running = new Map<string, number>();
  return async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    const now = running.get(name) ?? 0;
    if (now >= max) {
      throw new HttpProblem(429, 'too-many-requests', `${max} of yours are in work already`, {
        headers: { 'Retry-After': '1' },
      });
    }
    running.set(name, now + 1);
    try {
      return await work();
    } finally {
      const left = running.get(name)! - 1;
      if (left === 0) running.delete(name);
      else running.set(name, left);
    }
  };
}
