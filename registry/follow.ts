import { childAbort } from '../core/abort.ts';
import type { Clock } from '../core/clock.ts';
import type { Database, Listening } from './database.ts';

export interface FollowingOptions {
  readonly database: Pick<Database, 'listen'>;
  readonly channel: string;
  readonly clock: Clock;
  /**
   * At most so long between two rounds, in milliseconds. Notifications come at once; this is the
   * net below them: it also makes a broken connection anew, and finds what happened meanwhile.
   */
  readonly everyMs: number;
  /** `news`: something was heard since the last one, or may have been missed. Never two at once. */
  readonly round: (news: boolean) => void | Promise<void>;
  /** The connection broke; the next round makes another one. */
  readonly lost?: (error: Error) => void;
  /** Listening or a round failed: called once, until a round goes well again. */
  readonly failed: (error: unknown) => void;
}

export interface Following {
  /** Another round comes at once, after the one that runs. */
  wake(): void;
  /** Waits for the round that runs. */
  close(): Promise<void>;
}

/** A round at the start, then one for each notification on a channel, until it is closed. */
export function followChannel(options: FollowingOptions): Following {
  const { database, channel, clock, everyMs, round, lost, failed } = options;
  const ending = new AbortController();
  let listening: Listening | undefined;
  let nap = childAbort(undefined);
  let news = false;
  let failing = false;

  const listen = (): Promise<Listening> => {
    const sinceMs = clock.monotonicMs();
    return database.listen(channel, {
      heard: () => {
        news = true;
        nap.release();
      },
      lost: (error) => {
        listening = undefined;
        news = true;
        lost?.(error);
        // One that breaks as soon as it is made is given time.
        if (clock.monotonicMs() - sinceMs >= everyMs) nap.release();
      },
    });
  };
  const look = async (): Promise<void> => {
    // Heard from now on, and then looked at: nothing falls between.
    listening ??= await listen();
    const told = news;
    news = false;
    await round(told);
    failing = false;
  };
  const run = async (): Promise<void> => {
    while (!ending.signal.aborted) {
      // Before the round: who wakes it while it runs gets another one.
      nap = childAbort(ending.signal);
      await look().catch((error: unknown) => {
        if (!failing) failed(error);
        failing = true;
        news = true;
      });
      await clock.sleep(everyMs, nap.signal).catch(() => 'woken, or the end');
      nap.release();
    }
  };
  const running = run();
  return {
    wake: () => nap.release(),
    async close() {
      ending.abort();
      await running;
      await listening?.close();
    },
  };
}
