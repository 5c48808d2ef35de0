import type { Hub } from '../api/events/contract.ts';
import { createHub } from '../api/events/hub.ts';
import { EVENTS_CHANNEL, newestEvent, readEvents } from '../registry/events.ts';
import { followChannel } from '../registry/follow.ts';
import type { Base } from './start.ts';

/** What happens, for whoever the API pushes it to: from this process and from others. */
export function openHub({ registry, clock, log, metrics }: Omit<Base, 'parts'>): Hub {
  return createHub({
    ...{ clock, log, metrics },
    events: {
      read: (asked) => readEvents(registry, asked),
      newest: () => newestEvent(registry),
      follow: (options) =>
        followChannel({ ...options, database: registry, channel: EVENTS_CHANNEL, clock }),
    },
  });
}
