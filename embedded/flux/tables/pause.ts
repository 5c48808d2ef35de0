import { othersTurn } from '../../../core/pause.ts';

/**
 * Long work in small pieces. A query shares its thread with writes and with other queries: loops
 * over rows yield PAUSE from time to time, and whoever runs them gives the others their turn then.
 */
export const PAUSE = Symbol('pause');
export type Pause = typeof PAUSE;

/** Work that may pause before it returns. */
export type Pausing<T> = Generator<Pause, T>;

/** Steps of a loop over rows between two pauses: about a millisecond. */
export const STEPS_PER_PAUSE = 4096;

/** Gives everyone else a turn; rejects when the query was cancelled in the meantime. */
export async function turn(signal: AbortSignal): Promise<void> {
  await othersTurn();
  signal.throwIfAborted();
}

/** The results of work that pauses between them. */
export async function* paced<T>(work: Iterable<T | Pause>, signal: AbortSignal): AsyncGenerator<T> {
  for (const one of work) {
    if (one === PAUSE) await turn(signal);
    else yield one;
  }
}
