import type { Clock } from '../../core/clock.ts';
import { messageOf } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';

/** An exchange's prices of a slot are stored. */
export interface StoredSlot {
  readonly exchange: string;
  readonly slotMs: number;
  /** How many prices. */
  readonly markets: number;
}

export interface AnnouncerOptions {
  /** Keeps events for whoever listens. */
  readonly tell: (events: readonly Readonly<Record<string, unknown>>[]) => Promise<void>;
  /** Forgets old ones. */
  readonly trim: () => Promise<void>;
  readonly failed: (count: number) => void;
  readonly clock: Clock;
  readonly log: Log;
}

export interface Announcer {
  /** Tells it soon. Nobody waits for that, and what cannot be told is left out. */
  stored(slot: StoredSlot): void;
  /** Waits for what is being told. */
  close(): Promise<void>;
}

/** Between two times that something is told: one event a second and exchange at most. */
const PAUSE_MS = 1_000;
const TRIM_MS = 600_000;

/** Tells what prices are there, beside the polls: all exchanges of a second at once. */
export function createAnnouncer(options: AnnouncerOptions): Announcer {
  const { tell, trim, failed, clock, log } = options;
  // The newest slot of each: there are never more than exchanges, however long telling takes.
  const waiting = new Map<string, StoredSlot>();
  const ending = new AbortController();
  let running: Promise<void> | undefined;
  let trimmedMs: number | undefined;
  let failing = false;

  const tellAll = async (): Promise<void> => {
    const slots = [...waiting.values()];
    waiting.clear();
    try {
      await tell(slots.map(eventOf));
      const nowMs = clock.monotonicMs();
      if (trimmedMs === undefined || nowMs - trimmedMs >= TRIM_MS) {
        trimmedMs = nowMs;
        await trim();
      }
      failing = false;
    } catch (error) {
      failed(slots.length);
      if (!failing) log.warn({ error: messageOf(error) }, 'events of prices are left out');
      failing = true;
    }
  };
  const run = async (): Promise<void> => {
    while (waiting.size > 0 && !ending.signal.aborted) {
      await tellAll();
      await clock.sleep(PAUSE_MS, ending.signal).catch(() => 'closing');
    }
    running = undefined;
  };
  return {
    stored(slot) {
      if (ending.signal.aborted) return;
      waiting.set(slot.exchange, slot);
      running ??= run();
    },
    async close() {
      ending.abort();
      await running;
    },
  };
}

function eventOf({ exchange, slotMs, markets }: StoredSlot) {
  return { exchange, time: new Date(slotMs).toISOString(), markets };
}
