import { FluxError } from '../../error.ts';
import type { Zone } from '../../tables/intervals.ts';
import { earlier } from '../../tables/intervals.ts';
import type { FluxRecord } from '../../values/value.ts';
import { Duration } from '../../values/value.ts';
import type { Location } from '../context.ts';

/** What a location means for windows: clocks that change, and a fixed shift. */
export interface WindowZone {
  readonly zone: Zone | undefined;
  readonly offset: Duration | undefined;
}

const NONE: WindowZone = { zone: undefined, offset: undefined };

/** From `{zone: "Europe/Paris", offset: 0h}` or the `location` option. */
export function zoneOf(location: FluxRecord | Location): WindowZone {
  const { name, offset } = read(location);
  const zone = name === 'UTC' ? undefined : new NamedZone(name);
  if (zone === undefined && offset.ns === 0n && offset.months === 0) return NONE;
  // The location's offset moves local midnight east: the windows' zero moves west by as much.
  return { zone, offset: new Duration(-offset.months, -offset.ns) };
}

function read(location: FluxRecord | Location): { name: string; offset: Duration } {
  if (!(location instanceof Map)) {
    const { zone, offsetNs } = location as Location;
    return { name: zone, offset: new Duration(0, offsetNs) };
  }
  const name = location.get('zone');
  const offset = location.get('offset');
  if (typeof name !== 'string') throw new FluxError('location: zone must be a string');
  return { name, offset: offset instanceof Duration ? offset : new Duration(0, 0n) };
}

const NS_PER_MS = 1_000_000n;

/** The clocks of an IANA zone, by the data that the runtime carries. */
class NamedZone implements Zone {
  readonly #format: Intl.DateTimeFormat;

  constructor(name: string) {
    try {
      this.#format = new Intl.DateTimeFormat('en-US', {
        timeZone: name,
        hourCycle: 'h23',
        year: 'numeric',
        month: 'numeric',
        day: 'numeric',
        hour: 'numeric',
        minute: 'numeric',
        second: 'numeric',
      });
    } catch (cause) {
      throw new FluxError(`unknown time zone ${name}`, 'invalid', undefined, cause);
    }
  }

  toWall(ns: bigint): bigint {
    return ns + this.#offset(ns);
  }

  /** Where clocks go back the earlier instant counts; where they skip, the moment of the change. */
  fromWall(ns: bigint): bigint {
    const before = this.#offset(ns - 86_400_000n * NS_PER_MS);
    const after = this.#offset(ns + 86_400_000n * NS_PER_MS);
    const early = ns - before;
    if (before === after || this.toWall(early) === ns) return early;
    const late = ns - after;
    if (this.toWall(late) === ns) return late;
    return earlier(early, late);
  }

  /** What is added to UTC at an instant. */
  #offset(ns: bigint): bigint {
    const ms = Number(ns / NS_PER_MS);
    const parts = new Map<string, number>();
    for (const { type, value } of this.#format.formatToParts(ms)) parts.set(type, Number(value));
    const of = (type: string) => parts.get(type) ?? 0;
    const wall = Date.UTC(
      of('year'),
      of('month') - 1,
      of('day'),
      of('hour'),
      of('minute'),
      of('second'),
    );
    return BigInt(wall - Math.floor(ms / 1000) * 1000) * NS_PER_MS;
  }
}
