import { FluxError } from '../../error.ts';
import type { Zone } from '../../tables/intervals.ts';
import { addDuration } from '../../values/calendar.ts';
import { negate } from '../../values/operators.ts';
import type { FluxRecord } from '../../values/value.ts';
import { Duration } from '../../values/value.ts';
import type { CallContext } from '../context.ts';
import { zoneOf } from '../universe/zone.ts';

/** What clocks show at a location: a zone's rules, then a fixed offset on top. */
export interface LocalClock {
  readonly zone: Zone | undefined;
  readonly offset: Duration;
}

const zones = new Map<string, Zone | undefined>();
/** Names are checked by the runtime, so there are only so many. */
const ZONES_MAX = 1000;

function zoneNamed(name: string): Zone | undefined {
  if (zones.has(name)) return zones.get(name);
  const { zone } = zoneOf({ zone: name, offsetNs: 0n });
  if (zones.size < ZONES_MAX) zones.set(name, zone);
  return zone;
}

/** `{zone, offset}`; absent, the query's location option. */
export function clockOf(location: FluxRecord | undefined, context: CallContext): LocalClock {
  if (!location) {
    const { zone, offsetNs } = context.location;
    return { zone: zoneNamed(zone), offset: new Duration(0, offsetNs) };
  }
  const zone = location.get('zone') ?? 'UTC';
  const offset = location.get('offset') ?? new Duration(0, 0n);
  if (typeof zone !== 'string') {
    throw new FluxError('zone property for location must be of type string');
  }
  if (!(offset instanceof Duration)) {
    throw new FluxError('offset property for location must be of type duration');
  }
  return { zone: zoneNamed(zone), offset };
}

/** Nanoseconds that a clock there shows, as if it showed UTC. */
export function localNs(ns: bigint, { zone, offset }: LocalClock): bigint {
  return addDuration(zone ? zone.toWall(ns) : ns, offset);
}

/** `ns` plus a duration counted on the clock there: a day is a day across a change of clocks. */
export function addLocally(ns: bigint, by: Duration, { zone, offset }: LocalClock): bigint {
  const shifted = addDuration(ns, offset);
  const added = zone
    ? zone.fromWall(addDuration(zone.toWall(shifted), by))
    : addDuration(shifted, by);
  return addDuration(added, negate(offset) as Duration);
}
