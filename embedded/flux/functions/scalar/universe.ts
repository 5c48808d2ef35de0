import { FluxError } from '../../error.ts';
import { NS_PER_DAY } from '../../values/calendar.ts';
import { same } from '../../values/compare.ts';
import type { Conversion } from '../../values/convert.ts';
import {
  toBool,
  toBytes,
  toDuration,
  toFloat,
  toInt,
  toText,
  toTime,
  toUInt,
} from '../../values/convert.ts';
import { display } from '../../values/print.ts';
import { typeName } from '../../values/types.ts';
import type { Value } from '../../values/value.ts';
import { Duration, Time } from '../../values/value.ts';
import { any, array, bool, float, int, nullable, pipe, string } from '../params.ts';
import type { Entry } from '../registry.ts';
import { builtin, constant } from '../registry.ts';

const PACKAGE = 'universe';

function conversion(name: string, convert: Conversion): Entry {
  return builtin({ package: PACKAGE, name, params: { v: any() }, call: ({ v }) => convert(v) });
}

const INFINITE = new Duration(0, 9_223_372_036_854_775_807n);

/** Values that one row could hold at most. */
const BINS_MAX = 1_000_000n;

interface Bins {
  readonly start: number;
  readonly count: bigint;
  readonly infinity: boolean;
  readonly next: (bin: number, index: number) => number;
}

function bins({ start, count, infinity, next }: Bins): Value {
  if (count < 0n || count > BINS_MAX) throw new FluxError(`count must be 0 to ${BINS_MAX}`);
  const out: number[] = [];
  for (let bin = start, i = 0; i < Number(count); i += 1, bin = next(bin, i)) out.push(bin);
  return infinity ? [...out, Infinity] : out;
}

const linearBins = builtin({
  package: PACKAGE,
  name: 'linearBins',
  params: { start: float(), width: float(), count: int(), infinity: bool(true) },
  call: ({ start, width, count, infinity }) =>
    bins({ start, count, infinity, next: (bin) => bin + width }),
});

const logarithmicBins = builtin({
  package: PACKAGE,
  name: 'logarithmicBins',
  params: { start: float(), factor: float(), count: int(), infinity: bool(true) },
  call: ({ start, factor, count, infinity }) =>
    bins({ start, count, infinity, next: (bin) => bin * factor }),
});

const contains = builtin({
  package: PACKAGE,
  name: 'contains',
  params: { value: any(), set: array(any()) },
  call({ value, set }) {
    if (value === null) return false;
    const kind = typeName(value);
    for (const item of set) {
      if (item === null) continue;
      if (typeName(item) !== kind) {
        throw new FluxError(`value type ${kind} does not match set type ${typeName(item)}`);
      }
      if (same(item, value)) return true;
    }
    return false;
  },
});

const die = builtin({
  package: PACKAGE,
  name: 'die',
  params: { msg: string() },
  call({ msg }): Value {
    throw new FluxError(msg);
  },
});

const today = builtin({
  package: PACKAGE,
  name: 'today',
  params: {},
  call: (_, { now }) => new Time(now.ns - (((now.ns % NS_PER_DAY) + NS_PER_DAY) % NS_PER_DAY)),
});

/** `now` itself is an option: each query starts with one of its own. */
export const universe: readonly Entry[] = [
  conversion('float', toFloat),
  conversion('int', toInt),
  conversion('uint', toUInt),
  conversion('string', toText),
  conversion('bool', toBool),
  conversion('time', toTime),
  conversion('duration', toDuration),
  conversion('bytes', toBytes),
  conversion('display', display),
  constant(PACKAGE, 'true', true),
  constant(PACKAGE, 'false', false),
  constant(PACKAGE, 'inf', INFINITE),
  contains,
  die,
  today,
  linearBins,
  logarithmicBins,
  builtin({
    package: PACKAGE,
    name: 'length',
    params: { arr: pipe(nullable(array(any()))) },
    call: ({ arr }) => BigInt(arr?.length ?? 0),
  }),
];
