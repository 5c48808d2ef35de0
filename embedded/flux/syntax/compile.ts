import type {
  BinaryExpression,
  ConditionalExpression,
  DictExpression,
  Expression,
  IndexExpression,
  LogicalExpression,
  MemberExpression,
  RecordExpression,
  Span,
  StringExpression,
  UnaryExpression,
} from '../../../core/flux-ast.ts';
import { FluxError } from '../error.ts';
import { makeDict } from '../values/dict.ts';
import { concatenate, negate, operators } from '../values/operators.ts';
import { stringify } from '../values/print.ts';
import { compileRegexp } from '../values/regexp.ts';
import { then, typeName } from '../values/types.ts';
import type { MaybePromise, Value } from '../values/value.ts';
import { Duration, Time } from '../values/value.ts';
import { compileCall, compilePipe } from './calls.ts';
import type { Code, Compiled, Environment } from './code.ts';
import { constantCode, located, runAll } from './code.ts';
import { memberOf } from './members.ts';

/** Makes an expression runnable where `env` says what its names mean. */
export function compile<S>(node: Expression, env: Environment<S>): Compiled<S> {
  switch (node.type) {
    case 'StringLiteral':
    case 'IntegerLiteral':
    case 'FloatLiteral':
      return constantCode(node.value);
    case 'DurationLiteral':
      return constantCode(new Duration(node.months, node.ns));
    case 'TimeLiteral':
      return constantCode(new Time(node.ns));
    case 'RegexpLiteral':
      return constantCode(compileRegexp(node.source, node.at.start));
    case 'Identifier':
      return env.identifier(node);
    case 'FunctionExpression':
      return env.closure(node);
    case 'CallExpression':
      return compileCall(node, env);
    case 'PipeExpression':
      return compilePipe(node, env);
    case 'MemberExpression':
      return compileMember(node, env);
    default:
      return compileCompound(node, env);
  }
}

type Compound =
  | StringExpression
  | DictExpression
  | RecordExpression
  | IndexExpression
  | BinaryExpression
  | LogicalExpression
  | UnaryExpression
  | ConditionalExpression
  | Extract<Expression, { type: 'ArrayExpression' }>;

function compileCompound<S>(node: Compound, env: Environment<S>): Compiled<S> {
  const inner = (expression: Expression) => compile(expression, env);
  switch (node.type) {
    case 'StringExpression':
      return compileInterpolation(node, env);
    case 'ArrayExpression':
      return combine(node.elements.map(inner), node.at, (values) => values);
    case 'DictExpression':
      return combine(
        node.entries.flatMap(({ key, value }) => [inner(key), inner(value)]),
        node.at,
        dictOf,
      );
    case 'RecordExpression':
      return compileRecord(node, env);
    case 'IndexExpression':
      return combine([inner(node.array), inner(node.index)], node.at, elementAt);
    case 'BinaryExpression':
      return compileBinary(node, env);
    case 'LogicalExpression':
      return compileLogical(node, env);
    case 'UnaryExpression':
      return compileUnary(node, env);
    case 'ConditionalExpression':
      return compileConditional(node, env);
  }
}

/**
 * Known ahead when all its parts are. An error is left for whoever runs it: it may stand in a
 * branch that is never taken.
 */
export function fold<S>(parts: readonly Compiled<S>[], run: Code<S>): Compiled<S> {
  if (parts.some((part) => part.value === undefined)) return { run };
  const outcome = attempt(() => run(undefined as S));
  return outcome === undefined || outcome instanceof Promise ? { run } : constantCode(outcome);
}

function attempt(run: () => MaybePromise<Value>): MaybePromise<Value> | undefined {
  try {
    return run();
  } catch (cause) {
    if (cause instanceof FluxError) return undefined;
    throw cause;
  }
}

/** Runs the parts, then `apply` on their values; errors of `apply` get the node's place. */
function combine<S>(
  parts: readonly Compiled<S>[],
  at: Span,
  apply: (values: Value[]) => Value,
): Compiled<S> {
  const finish = (values: Value[]) => {
    try {
      return apply(values);
    } catch (cause) {
      throw located(cause, at);
    }
  };
  return fold(parts, (subject) => then(runAll(parts, subject), finish));
}

function compileInterpolation<S>(node: StringExpression, env: Environment<S>): Compiled<S> {
  const parts = node.parts.map((part) =>
    typeof part === 'string' ? constantCode<S>(part) : compile(part, env),
  );
  return combine(parts, node.at, (values) => values.map(interpolated).reduce(concatenate, ''));
}

function interpolated(value: Value): string {
  if (value === null) throw new FluxError('string expression evaluated to null');
  return stringify(value);
}

function dictOf(values: Value[]): Value {
  const entries: [Value, Value][] = [];
  for (let i = 0; i < values.length; i += 2) entries.push([values[i]!, values[i + 1]!]);
  return makeDict(entries);
}

function elementAt([array, index]: Value[]): Value {
  if (!Array.isArray(array)) {
    throw new FluxError(`cannot index into a value of type ${typeName(array!)}; expected an array`);
  }
  if (typeof index !== 'bigint') {
    throw new FluxError(
      `cannot index into an array with value of type ${typeName(index!)}; expected an int`,
    );
  }
  const element: Value | undefined = index < 0n ? undefined : array[Number(index)];
  if (element !== undefined) return element;
  throw new FluxError(`cannot access element ${index} of array of length ${array.length}`);
}

function compileRecord<S>(node: RecordExpression, env: Environment<S>): Compiled<S> {
  const names = node.properties.map((property) => property.name);
  const parts = node.properties.map((property) => compile(property.value, env));
  if (node.with) parts.unshift(compile(node.with, env));
  return combine(parts, node.at, (values) => {
    const out = new Map<string, Value>(node.with ? baseRecord(values.shift()!) : []);
    for (let i = 0; i < names.length; i += 1) out.set(names[i]!, values[i]!);
    return out;
  });
}

function baseRecord(value: Value): ReadonlyMap<string, Value> {
  if (value instanceof Map) return value;
  throw new FluxError(`cannot extend a value of type ${typeName(value)}; expected record`);
}

function compileMember<S>(node: MemberExpression, env: Environment<S>): Compiled<S> {
  const { object, property, at } = node;
  if (object.type === 'Identifier') {
    const fast = env.member(object, property);
    if (fast) return fast;
  }
  return combine([compile(object, env)], at, ([value]) => memberOf(value!, property, at));
}

function compileBinary<S>(node: BinaryExpression, env: Environment<S>): Compiled<S> {
  const left = compile(node.left, env);
  const right = compile(node.right, env);
  const operator = operators[node.operator];
  const apply = (a: Value, b: Value): Value => {
    try {
      return operator(a, b);
    } catch (cause) {
      throw located(cause, node.at);
    }
  };
  return fold([left, right], (subject) => {
    const a = left.run(subject);
    const b = a instanceof Promise ? null : right.run(subject);
    if (a instanceof Promise) {
      return a.then((value) => then(right.run(subject), (other) => apply(value, other)));
    }
    return b instanceof Promise ? b.then((value) => apply(a, value)) : apply(a, b);
  });
}

function compileLogical<S>(node: LogicalExpression, env: Environment<S>): Compiled<S> {
  const left = compile(node.left, env);
  const right = compile(node.right, env);
  const { operator } = node;
  const check = (value: Value): Value => {
    if (value === null || typeof value === 'boolean') return value;
    const message = `cannot use operand of type ${typeName(value)} with logical ${operator}`;
    throw new FluxError(`${message}; expected boolean`, 'invalid', node.at.start);
  };
  // As InfluxDB does it: a null on the left counts as false, a null on the right is the answer.
  const decided = operator === 'or';
  const goOn = (subject: S, value: Value): MaybePromise<Value> => {
    const truth = check(value) === true;
    return truth === decided ? decided : then(right.run(subject), check);
  };
  return fold([left, right], (subject) => {
    const value = left.run(subject);
    return value instanceof Promise
      ? value.then((settled) => goOn(subject, settled))
      : goOn(subject, value);
  });
}

function compileUnary<S>(node: UnaryExpression, env: Environment<S>): Compiled<S> {
  const part = compile(node.argument, env);
  return combine([part], node.at, ([value]) => {
    if (node.operator === 'exists') return value !== null;
    if (node.operator === '-') return negate(value!);
    if (node.operator === '+' || value === null) return value!;
    if (typeof value === 'boolean') return !value;
    throw new FluxError(
      `operand to unary expression is not a boolean value, got ${typeName(value!)}`,
    );
  });
}

function compileConditional<S>(node: ConditionalExpression, env: Environment<S>): Compiled<S> {
  const test = compile(node.test, env);
  const consequent = compile(node.consequent, env);
  const alternate = compile(node.alternate, env);
  const choose = (subject: S, value: Value): MaybePromise<Value> => {
    if (value !== null && typeof value !== 'boolean') {
      const message = `cannot use test of type ${typeName(value)} in conditional expression`;
      throw new FluxError(`${message}; expected boolean`, 'invalid', node.at.start);
    }
    return (value === true ? consequent : alternate).run(subject);
  };
  if (test.value !== undefined && typeof test.value === 'boolean') {
    return test.value ? consequent : alternate;
  }
  return {
    run(subject) {
      const value = test.run(subject);
      return value instanceof Promise
        ? value.then((settled) => choose(subject, settled))
        : choose(subject, value);
    },
  };
}
