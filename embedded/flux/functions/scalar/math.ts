import { FluxError } from '../../error.ts';
import { goPower } from '../../values/operators.ts';
import type { Value } from '../../values/value.ts';
import { UInt } from '../../values/value.ts';
import { float, int, uint } from '../params.ts';
import type { Entry } from '../registry.ts';
import { builtin, constant } from '../registry.ts';

const PACKAGE = 'math';

function one(name: string, call: (x: number) => Value, parameter = 'x'): Entry {
  return builtin({
    package: PACKAGE,
    name,
    params: { [parameter]: float() },
    call: (args) => call(args[parameter]!),
  });
}

function two(name: string, call: (a: number, b: number) => Value, parameters = ['x', 'y']): Entry {
  const [a = 'x', b = 'y'] = parameters;
  return builtin({
    package: PACKAGE,
    name,
    params: { [a]: float(), [b]: float() },
    call: (args) => call(args[a]!, args[b]!),
  });
}

/** Half away from zero. */
function round(x: number): number {
  const whole = Math.trunc(x);
  const rest = Math.abs(x - whole);
  return rest >= 0.5 ? whole + Math.sign(x) : whole;
}

function roundToEven(x: number): number {
  const whole = Math.floor(x);
  const rest = x - whole;
  if (rest !== 0.5) return rest < 0.5 ? whole : whole + 1;
  return whole % 2 === 0 ? whole : whole + 1;
}

/** IEEE 754 remainder: the quotient is rounded to the nearest, ties to even. */
function remainder(x: number, y: number): number {
  if (Number.isNaN(x) || Number.isNaN(y) || !Number.isFinite(x) || y === 0) return Number.NaN;
  if (!Number.isFinite(y)) return x;
  const size = Math.abs(y);
  let rest = x % (2 * size);
  if (!Number.isFinite(2 * size)) rest = x;
  if (Math.abs(rest) > size / 2) rest -= Math.sign(rest) * size;
  if (Math.abs(rest) > size / 2 || (Math.abs(rest) === size / 2 && oddQuotient(x, rest, size))) {
    rest -= Math.sign(rest) * size;
  }
  return rest;
}

function oddQuotient(x: number, rest: number, size: number): boolean {
  return Math.abs(Math.round((x - rest) / size)) % 2 === 1;
}

const signBit = (x: number): boolean => x < 0 || Object.is(x, -0);

/** x = frac * 2**exp with 0.5 <= |frac| < 1. */
function split(x: number): { frac: number; exp: number } {
  if (x === 0 || !Number.isFinite(x)) return { frac: x, exp: 0 };
  const scaled =
    Math.abs(x) < 2 ** -1021 ? { value: x * 2 ** 54, shift: -54 } : { value: x, shift: 0 };
  bits.setFloat64(0, scaled.value);
  const exponent = ((bits.getUint16(0) >> 4) & 0x7ff) - 1022;
  return { frac: scaled.value / 2 ** exponent, exp: exponent + scaled.shift };
}

const bits = new DataView(new ArrayBuffer(8));

/** frac * 2**exp, in two steps so that neither factor overflows. */
function join(frac: number, exp: number): number {
  const clamped = Math.max(-2200, Math.min(2200, exp));
  const half = Math.trunc(clamped / 2);
  return frac * 2 ** half * 2 ** (clamped - half);
}

function nextAfter(x: number, y: number): number {
  if (Number.isNaN(x) || Number.isNaN(y)) return Number.NaN;
  if (x === y) return x;
  if (x === 0) return y > 0 ? Number.MIN_VALUE : -Number.MIN_VALUE;
  bits.setFloat64(0, x);
  const away = y > x === x > 0;
  bits.setBigInt64(0, bits.getBigInt64(0) + (away ? 1n : -1n));
  return bits.getFloat64(0);
}

const record = (members: Record<string, Value>): Value => new Map(Object.entries(members));

const CONSTANTS: Readonly<Record<string, Value>> = {
  pi: Math.PI,
  e: Math.E,
  phi: 1.618033988749895,
  sqrt2: Math.SQRT2,
  sqrte: 1.6487212707001282,
  sqrtpi: 1.772453850905516,
  sqrtphi: 1.272019649514069,
  ln2: Math.LN2,
  log2e: Math.LOG2E,
  ln10: Math.LN10,
  log10e: Math.LOG10E,
  maxfloat: Number.MAX_VALUE,
  smallestNonzeroFloat: Number.MIN_VALUE,
  maxint: 2n ** 63n - 1n,
  minint: -(2n ** 63n),
  maxuint: new UInt(2n ** 64n - 1n),
};

/** Those that are the same in JavaScript. */
const SAME = [
  'abs',
  'acos',
  'acosh',
  'asin',
  'asinh',
  'atan',
  'atanh',
  'cbrt',
  'ceil',
  'cos',
  'cosh',
  'exp',
  'expm1',
  'floor',
  'log',
  'log10',
  'log1p',
  'log2',
  'sin',
  'sinh',
  'sqrt',
  'tan',
  'tanh',
  'trunc',
] as const;

/** Minimum and maximum as Go orders them: an infinity wins over NaN. */
function extreme(x: number, y: number, sign: 1 | -1): number {
  const limit = sign * Infinity;
  if (x === limit || y === limit) return limit;
  return sign > 0 ? Math.max(x, y) : Math.min(x, y);
}

const integers: readonly Entry[] = [
  builtin({
    package: PACKAGE,
    name: 'isInf',
    params: { f: float(), sign: int() },
    call: ({ f, sign }) => (sign >= 0n && f === Infinity) || (sign <= 0n && f === -Infinity),
  }),
  builtin({
    package: PACKAGE,
    name: 'mInf',
    params: { sign: int() },
    call: ({ sign }) => (sign >= 0n ? Infinity : -Infinity),
  }),
  builtin({ package: PACKAGE, name: 'NaN', params: {}, call: () => Number.NaN }),
  builtin({
    package: PACKAGE,
    name: 'pow10',
    params: { n: int() },
    call: ({ n }) => Number(`1e${n}`),
  }),
  builtin({
    package: PACKAGE,
    name: 'ldexp',
    params: { frac: float(), exp: int() },
    call: ({ frac, exp }) => join(frac, Number(exp)),
  }),
  builtin({
    package: PACKAGE,
    name: 'float64bits',
    params: { f: float() },
    call({ f }) {
      bits.setFloat64(0, f);
      return new UInt(bits.getBigUint64(0));
    },
  }),
  builtin({
    package: PACKAGE,
    name: 'float64frombits',
    params: { b: uint() },
    call({ b }) {
      bits.setBigUint64(0, b.value);
      return bits.getFloat64(0);
    },
  }),
];

export const math: readonly Entry[] = [
  ...Object.entries(CONSTANTS).map(([name, value]) => constant(PACKAGE, name, value)),
  ...SAME.map((name) => one(name, Math[name])),
  ...integers,
  one('exp2', (x) => 2 ** x),
  one('round', round),
  one('roundtoeven', roundToEven),
  one('signbit', signBit),
  one('isNaN', Number.isNaN, 'f'),
  one('logb', (x) => (x === 0 ? -Infinity : Number.isFinite(x) ? split(x).exp - 1 : x * x)),
  one('ilogb', (x) => {
    if (x === 0) return -2_147_483_648n;
    return Number.isFinite(x) ? BigInt(split(x).exp - 1) : 2_147_483_647n;
  }),
  one('modf', (f) => record({ int: Math.trunc(f), frac: f - Math.trunc(f) }), 'f'),
  one('sincos', (x) => record({ sin: Math.sin(x), cos: Math.cos(x) })),
  one('frexp', frexp, 'f'),
  two('atan2', (y, x) => Math.atan2(y, x), ['y', 'x']),
  two('copysign', (x, y) => (signBit(x) === signBit(y) ? x : -x)),
  two('dim', (x, y) => Math.max(x - y, 0)),
  two('hypot', Math.hypot, ['p', 'q']),
  two('mMax', (x, y) => extreme(x, y, 1)),
  two('mMin', (x, y) => extreme(x, y, -1)),
  two('mod', (x, y) => x % y),
  two('nextafter', nextAfter),
  two('pow', goPower),
  two('remainder', remainder),
];

function frexp(f: number): Value {
  const { frac, exp } = split(f);
  if (!Number.isInteger(exp)) throw new FluxError(`frexp: no exponent of ${f}`);
  return record({ frac, exp: BigInt(exp) });
}
