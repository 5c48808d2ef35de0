import type { BinaryOperator } from '../../../core/flux-ast.ts';
import { FluxError } from '../error.ts';
import { equals, order } from './compare.ts';
import { typeName } from './types.ts';
import type { Value } from './value.ts';
import { Duration, Regexp, UInt } from './value.ts';

/**
 * Flux's operators on two values. A null on either side gives null; types do not mix in arithmetic;
 * 64-bit integers wrap; an integer divided by zero is an error.
 */
export type Operator = (left: Value, right: Value) => Value;

/**
 * Longest string that a script may build, in UTF-16 units: doubling in a loop of names ends here.
 */
const STRING_LENGTH_MAX = 16 * 1024 * 1024;

const wrap = (value: bigint): bigint => BigInt.asIntN(64, value);

function unsupported(operator: string, left: Value, right: Value): FluxError {
  return new FluxError(
    `unsupported binary expression ${typeName(left)} ${operator} ${typeName(right)}`,
  );
}

interface Arithmetic {
  readonly symbol: BinaryOperator;
  readonly float: (left: number, right: number) => number;
  readonly integer: (left: bigint, right: bigint) => Value;
  readonly other?: (left: Value, right: Value) => Value | undefined;
}

function arithmetic({ symbol, float, integer, other }: Arithmetic): Operator {
  return (left, right) => {
    if (typeof left === 'number' && typeof right === 'number') return float(left, right);
    if (left === null || right === null) return null;
    if (typeof left === 'bigint' && typeof right === 'bigint') {
      const result = integer(left, right);
      return typeof result === 'bigint' ? wrap(result) : result;
    }
    if (left instanceof UInt && right instanceof UInt) {
      const result = integer(left.value, right.value);
      return typeof result === 'bigint' ? new UInt(result) : result;
    }
    const result = other?.(left, right);
    if (result === undefined) throw unsupported(symbol, left, right);
    return result;
  };
}

/** Throws where the text would grow beyond what one value may hold. */
export function concatenate(left: string, right: string): string {
  if (left.length + right.length > STRING_LENGTH_MAX) {
    throw new FluxError(`string is longer than ${STRING_LENGTH_MAX} characters`);
  }
  return left + right;
}

const add = arithmetic({
  symbol: '+',
  float: (left, right) => left + right,
  integer: (left, right) => left + right,
  other(left, right) {
    if (typeof left === 'string' && typeof right === 'string') return concatenate(left, right);
    if (left instanceof Duration && right instanceof Duration) return addDurations(left, right, 1);
    return undefined;
  },
});

const subtract = arithmetic({
  symbol: '-',
  float: (left, right) => left - right,
  integer: (left, right) => left - right,
  other: (left, right) =>
    left instanceof Duration && right instanceof Duration
      ? addDurations(left, right, -1)
      : undefined,
});

function addDurations(left: Duration, right: Duration, sign: 1 | -1): Duration {
  const ns = wrap(left.ns + BigInt(sign) * right.ns);
  return new Duration(left.months + sign * right.months, ns);
}

function nonZero(right: bigint, what: string): bigint {
  if (right === 0n) throw new FluxError(`cannot ${what} zero`);
  return right;
}

const multiply = arithmetic({
  symbol: '*',
  float: (left, right) => left * right,
  integer: (left, right) => left * right,
});

const divide = arithmetic({
  symbol: '/',
  float: (left, right) => left / right,
  integer: (left, right) => left / nonZero(right, 'divide by'),
});

const modulo = arithmetic({
  symbol: '%',
  float: (left, right) => left % right,
  integer: (left, right) => left % nonZero(right, 'mod'),
});

const power = arithmetic({
  symbol: '^',
  float: (left, right) => goPower(left, right),
  integer: (left, right) => goPower(Number(left), Number(right)),
});

/** Go's math.Pow gives 1 for 1^y and (-1)^(+-Inf); JavaScript gives NaN. */
export function goPower(base: number, exponent: number): number {
  if (base === 1) return 1;
  return base === -1 && Math.abs(exponent) === Infinity ? 1 : base ** exponent;
}

function ordering(symbol: BinaryOperator, decide: (compared: number) => boolean): Operator {
  return (left, right) => {
    if (left === null || right === null) return null;
    const compared = order(left, right);
    if (compared === undefined) throw unsupported(symbol, left, right);
    return decide(compared);
  };
}

function equality(symbol: BinaryOperator, wanted: boolean): Operator {
  return (left, right) => {
    if (typeof left === 'string' && typeof right === 'string') return (left === right) === wanted;
    if (left === null || right === null) return null;
    const equal = equals(left, right);
    if (equal === undefined) throw unsupported(symbol, left, right);
    return equal === wanted;
  };
}

function matching(symbol: BinaryOperator, wanted: boolean): Operator {
  return (left, right) => {
    if (left === null || right === null) return null;
    if (typeof left !== 'string' || !(right instanceof Regexp)) {
      throw unsupported(symbol, left, right);
    }
    return right.test(left) === wanted;
  };
}

export const operators: Readonly<Record<BinaryOperator, Operator>> = {
  '+': add,
  '-': subtract,
  '*': multiply,
  '/': divide,
  '%': modulo,
  '^': power,
  '==': equality('==', true),
  '!=': equality('!=', false),
  '<': ordering('<', (compared) => compared < 0),
  '<=': ordering('<=', (compared) => compared <= 0),
  '>': ordering('>', (compared) => compared > 0),
  '>=': ordering('>=', (compared) => compared >= 0),
  '=~': matching('=~', true),
  '!~': matching('!~', false),
};

/** Unary minus. */
export function negate(value: Value): Value {
  if (typeof value === 'number') return -value;
  if (typeof value === 'bigint') return wrap(-value);
  if (value instanceof Duration) {
    return new Duration(value.months === 0 ? 0 : -value.months, wrap(-value.ns));
  }
  if (value === null) return null;
  throw new FluxError(`operand to unary expression is not a number value, got ${typeName(value)}`);
}
