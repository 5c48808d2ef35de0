import type { Clock } from '../core/clock.ts';
import { messageOf } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { rolledUpToMs } from '../core/rollups.ts';
import type { Queries } from '../registry/database.ts';
import { markDirty, type TimeRange } from '../registry/dirty.ts';

/** Points older than this may be late for a roll-up; milliseconds. */
export const LATE_MS = 5_000;

/**
 * Notes the time of points that came after it was rolled up, for tasks/mend.ts. What the registry
 * does not take is tried again with the next.
 */
export function createLateNotes({
  registry,
  clock,
  log,
}: {
  readonly registry: Queries;
  readonly clock: Clock;
  readonly log: Log;
}): (span: TimeRange) => void {
  let waiting: readonly TimeRange[] = [];
  async function note(spans: readonly TimeRange[]): Promise<void> {
    for (const [index, span] of spans.entries()) {
      try {
        await markDirty(registry, span);
      } catch (error) {
        waiting = [...waiting, ...spans.slice(index)];
        log.warn({ error: messageOf(error) }, 'late prices could not be noted for the roll-ups');
        return;
      }
    }
  }
  return ({ fromMs, toMs }) => {
    const beforeMs = rolledUpToMs(clock.nowMs());
    if (fromMs >= beforeMs) return;
    const spans = [...waiting, { fromMs, toMs: Math.min(toMs, beforeMs) }];
    waiting = [];
    void note(spans);
  };
}
