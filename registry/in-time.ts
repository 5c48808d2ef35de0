import { childAbort } from '../core/abort.ts';
import type { Clock } from '../core/clock.ts';
import { TidemarkError } from '../core/errors.ts';
import type { Database } from './database.ts';

export interface InTimeOptions {
  readonly database: Pick<Database, 'where'>;
  readonly clock: Clock;
  /** What takes longer is given up: it may have been carried out or not. */
  readonly timeoutMs: number;
}

/**
 * What a database answers, but not for ever: a connection on which nothing moves holds nothing up.
 * @throws TidemarkError `timeout`
 */
export async function inTime<T>(
  work: Promise<T>,
  { database, clock, timeoutMs }: InTimeOptions,
): Promise<T> {
  const wait = childAbort(undefined);
  const late = clock.sleep(timeoutMs, wait.signal).then(
    () => Promise.reject(new TidemarkError('timeout', `database ${database.where}: no answer`)),
    () => work,
  );
  try {
    return await Promise.race([work, late]);
  } finally {
    wait.release();
    // Whoever comes second has nobody to tell.
    late.catch(() => undefined);
  }
}
