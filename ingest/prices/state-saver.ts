import type { Clock } from '../../core/clock.ts';
import { messageOf } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import type { ExchangeState } from '../../registry/exchanges.ts';

/** States are for people: at one poll a second there is no need to save each. */
const SAVE_MS_MIN = 5_000;

export interface StateSaverOptions {
  /** Makes an exchange's state known to other processes. */
  readonly saveState: (state: ExchangeState) => Promise<void>;
  readonly clock: Clock;
  readonly log: Log;
}

export interface StateSaver {
  /** Saves soon, at the latest when `close` resolves; ordinary news are not saved each time. */
  save(state: ExchangeState, urgent: boolean): void;
  close(): Promise<void>;
}

/** Saves states without making anybody wait; trouble is told once. */
export function createStateSaver({ clock, log, saveState }: StateSaverOptions): StateSaver {
  const savedMs = new Map<string, number>();
  const pending = new Set<Promise<void>>();
  let failing = false;
  const save = async (state: ExchangeState): Promise<void> => {
    try {
      await saveState(structuredClone(state));
      failing = false;
    } catch (error) {
      if (!failing) log.warn({ error: messageOf(error) }, 'the state of exchanges is not saved');
      failing = true;
    }
  };
  return {
    save(state, urgent) {
      const nowMs = clock.nowMs();
      const dueMs = (savedMs.get(state.exchange) ?? Number.NEGATIVE_INFINITY) + SAVE_MS_MIN;
      if (!urgent && nowMs < dueMs) return;
      savedMs.set(state.exchange, nowMs);
      const job = save(state).finally(() => pending.delete(job));
      pending.add(job);
    },
    async close() {
      await Promise.all(pending);
    },
  };
}
