import { z } from 'zod';
import { alertSeries } from '../../../core/alert-rules.ts';
import type { Database } from '../../../registry/database.ts';
import type { StoredEvent } from '../../../registry/events.ts';
import type { AlertSource } from '../service.ts';
import { createEventSource, type EventFinds } from './events.ts';

const change = z.object({
  monitor: z.int(),
  url: z.string(),
  from: z.string(),
  to: z.enum(['up', 'down', 'unknown']),
  reason: z.string().nullable().optional(),
});

const STATES = ['up', 'down', 'unknown'] as const;

/** Each state is a series of its own: to be up again is told beside to be down. */
function seriesOf(monitor: number, state: (typeof STATES)[number]): string {
  const series = alertSeries.scan(monitor);
  return state === 'down' ? series : `${series}:${state}`;
}

/** Monitors whose state has changed. */
export function createScanSource(registry: Database): AlertSource {
  return createEventSource({ registry, kind: 'scan', read: scanFinds });
}

/** What a change of a monitor's state says: its new one is found, any other is over. */
export function scanFinds({ at, data }: StoredEvent): EventFinds {
  const found = change.safeParse(data);
  if (!found.success) return { firings: [], cleared: [] };
  const { monitor, url, from, to, reason = null } = found.data;
  const why = reason === null || to === 'up' ? '' : `: ${reason}`;
  const firing = {
    ...{ series: seriesOf(monitor, to), exchange: null, pair: null, monitor },
    ...{ atMs: at.getTime(), value: null, average: null, samples: null },
    data: {
      match: { state: to },
      about: { monitor, url, from, to, reason },
      reason: `monitor ${monitor} (${url}) was ${from} and is ${to}${why}`,
    },
  };
  const others = STATES.filter((state) => state !== to);
  return { firings: [firing], cleared: others.map((state) => seriesOf(monitor, state)) };
}
