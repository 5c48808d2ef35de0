import { Intervals } from '../../tables/intervals.ts';
import { dateOf, daysFromCivil, floorMod, splitDay } from '../../values/calendar.ts';
import { Duration, Time } from '../../values/value.ts';
import { duration, int, optional, record, timeable } from '../params.ts';
import type { Entry } from '../registry.ts';
import { builtin, constant } from '../registry.ts';
import { instantOf } from '../universe/range.ts';
import { addLocally, clockOf, localNs } from './clock.ts';

const PACKAGE = 'date';
const located = { t: timeable(), location: optional(record()) };

/** A part of what the clock shows at a location. */
function part(name: string, read: (localNs: bigint) => number): Entry {
  return builtin({
    package: PACKAGE,
    name,
    params: located,
    call: ({ t, location }, context) =>
      BigInt(read(localNs(instantOf(t, context), clockOf(location, context)))),
  });
}

/** A part below the minute: no zone changes it. */
function fraction(name: string, unitNs: bigint, modulus: bigint): Entry {
  return builtin({
    package: PACKAGE,
    name,
    params: { t: timeable() },
    call: ({ t }, context) => floorMod(instantOf(t, context), unitNs * modulus) / unitNs,
  });
}

const weekDay = (ns: bigint): number => (((splitDay(ns).days + 4) % 7) + 7) % 7;
const yearDay = (ns: bigint): number =>
  splitDay(ns).days - daysFromCivil({ year: dateOf(ns).year, month: 1, day: 1 }) + 1;

/** ISO 8601: the week of the Thursday. */
function isoWeek(ns: bigint): number {
  const { days } = splitDay(ns);
  const thursday = days - ((weekDay(ns) + 6) % 7) + 3;
  const { year } = dateOf(BigInt(thursday) * 86_400_000_000_000n);
  return Math.floor((thursday - daysFromCivil({ year, month: 1, day: 1 })) / 7) + 1;
}

const inDay = (ns: bigint, unitNs: bigint): number => Number(splitDay(ns).rest / unitNs);

const truncate = builtin({
  package: PACKAGE,
  name: 'truncate',
  params: { t: timeable(), unit: duration(), location: optional(record()) },
  call({ t, unit, location }, context) {
    const { zone, offset } = clockOf(location, context);
    const shift = new Duration(offset.months === 0 ? 0 : -offset.months, -offset.ns);
    const intervals = new Intervals({ every: unit, period: unit, offset: shift, zone });
    return new Time(intervals.latest(instantOf(t, context)).startNs);
  },
});

/** `date.add` and `date.sub`, and the older `experimental.addDuration` and `subDuration`. */
function shift(packagePath: string, name: string, base: 'to' | 'from'): Entry {
  return builtin({
    package: packagePath,
    name,
    params: { d: duration(), [base]: timeable(), location: optional(record()) },
    call(args, context) {
      const d = args.d as Duration;
      const sign = base === 'to' ? 1 : -1;
      const by = new Duration(sign * d.months, BigInt(sign) * d.ns);
      const from = instantOf(args[base] as Time | Duration, context);
      const clock = clockOf(args.location as ReadonlyMap<string, never> | undefined, context);
      return new Time(addLocally(from, by, clock));
    },
  });
}

const WEEK_DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const MONTHS =
  'January February March April May June July August September October November December'.split(
    ' ',
  );

export const date: readonly Entry[] = [
  fraction('nanosecond', 1n, 1_000_000_000n),
  fraction('microsecond', 1_000n, 1_000_000n),
  fraction('millisecond', 1_000_000n, 1_000n),
  fraction('second', 1_000_000_000n, 60n),
  part('minute', (ns) => inDay(ns, 60_000_000_000n) % 60),
  part('hour', (ns) => inDay(ns, 3_600_000_000_000n)),
  part('weekDay', weekDay),
  part('monthDay', (ns) => dateOf(ns).day),
  part('yearDay', yearDay),
  part('week', isoWeek),
  part('month', (ns) => dateOf(ns).month),
  part('quarter', (ns) => Math.ceil(dateOf(ns).month / 3)),
  part('year', (ns) => dateOf(ns).year),
  builtin({
    package: PACKAGE,
    name: 'time',
    params: located,
    call: ({ t, location }, context) =>
      new Time(localNs(instantOf(t, context), clockOf(location, context))),
  }),
  builtin({
    package: PACKAGE,
    name: 'scale',
    params: { d: duration(), n: int() },
    call: ({ d, n }) =>
      new Duration(d.months === 0 ? 0 : d.months * Number(n), BigInt.asIntN(64, d.ns * n)),
  }),
  truncate,
  shift(PACKAGE, 'add', 'to'),
  shift(PACKAGE, 'sub', 'from'),
  shift('experimental', 'addDuration', 'to'),
  shift('experimental', 'subDuration', 'from'),
  ...WEEK_DAYS.map((name, index) => constant(PACKAGE, name, BigInt(index))),
  ...MONTHS.map((name, index) => constant(PACKAGE, name, BigInt(index + 1))),
];
