import { readOn } from '../../../registry/alert-cursors.ts';
import type { NewFiring } from '../../../registry/alert-firings.ts';
import { recordStep } from '../../../registry/alert-steps.ts';
import type { Database } from '../../../registry/database.ts';
import type { StoredEvent } from '../../../registry/events.ts';
import type { AlertSource } from '../service.ts';

/** What an event says to alerts: nothing, or what was found, and which series are over. */
export interface EventFinds {
  readonly firings: readonly NewFiring[];
  readonly cleared: readonly string[];
}

export interface EventSourceOptions {
  readonly registry: Database;
  /** Of the events, and of the alerts that are told of them. */
  readonly kind: 'scan' | 'article';
  readonly read: (event: StoredEvent) => EventFinds;
}

/** Events that are read in one transaction. */
const EVENTS_MAX = 500;

/** Finds what the registry's own events say, each exactly once, by any number of processes. */
export function createEventSource({ registry, kind, read }: EventSourceOptions): AlertSource {
  return {
    name: `alerts of kind ${kind}`,
    async look(signal) {
      for (let more = true; more && !signal.aborted; ) {
        more = await registry.transaction(async (transaction) => {
          const asked = { name: `alerts-${kind}`, kind, limit: EVENTS_MAX };
          const { events, nowMs } = await readOn(transaction, asked);
          const finds = events.map(read);
          const firings = finds.flatMap((found) => found.firings);
          const cleared = [...new Set(finds.flatMap((found) => found.cleared))];
          const step = { rule: kind, stepMs: nowMs, late: false };
          if (firings.length > 0 || cleared.length > 0) {
            await recordStep(transaction, { ...step, firings, cleared });
          }
          return events.length === EVENTS_MAX;
        });
      }
    },
  };
}
