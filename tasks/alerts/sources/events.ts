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
          const steps = stepsOf(events.map(read));
          for (const [at, found] of steps.entries()) {
            await recordStep(transaction, {
              ...{ rule: kind, stepMs: nowMs + at, late: false },
              ...{ firings: found.firings, cleared: [...new Set(found.cleared)] },
            });
          }
          return events.length === EVENTS_MAX;
        });
      }
    },
  };
}

/**
 * What one step can say: a series is either found in it or over. Where it is both, the later of the
 * two is of a step of its own.
 */
function stepsOf(finds: readonly EventFinds[]): readonly EventFinds[] {
  const steps: { firings: NewFiring[]; cleared: string[] }[] = [];
  let said = new Map<string, boolean>();
  for (const { firings, cleared } of finds) {
    if (firings.length === 0 && cleared.length === 0) continue;
    const says = [
      ...firings.map(({ series }) => [series, true] as const),
      ...cleared.map((series) => [series, false] as const),
    ];
    const differs = says.some(([series, found]) => (said.get(series) ?? found) !== found);
    if (differs || steps.length === 0) {
      steps.push({ firings: [], cleared: [] });
      said = new Map();
    }
    steps.at(-1)!.firings.push(...firings);
    steps.at(-1)!.cleared.push(...cleared);
    for (const [series, found] of says) said.set(series, found);
  }
  return steps;
}
