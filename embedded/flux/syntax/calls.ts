import type { CallExpression, PipeExpression } from '../../../core/flux-ast.ts';
import { FluxError } from '../error.ts';
import { BuiltinFunction } from '../functions/registry.ts';
import { isFunction, then, typeName } from '../values/types.ts';
import type { FluxFunction, MaybePromise, Value } from '../values/value.ts';
import type { Code, Compiled, Environment } from './code.ts';
import { callError, calleeName, located, runAll } from './code.ts';
import { compile, fold } from './compile.ts';

export function compileCall<S>(node: CallExpression, env: Environment<S>): Compiled<S> {
  return call(node, env, undefined);
}

export function compilePipe<S>(node: PipeExpression, env: Environment<S>): Compiled<S> {
  return call(node.call, env, compile(node.argument, env));
}

function call<S>(
  node: CallExpression,
  env: Environment<S>,
  piped: Compiled<S> | undefined,
): Compiled<S> {
  const callee = compile(node.callee, env);
  const names = node.properties.map((property) => property.name);
  const parts = node.properties.map((property) => compile(property.value, env));
  const inlined = inline(node, env, { callee, names, parts, piped });
  if (inlined) return inlined;
  const all = piped ? [callee, piped, ...parts] : [callee, ...parts];
  const run: Code<S> = (subject) =>
    then(runAll(all, subject), (values) => invoke(node, env, values, names));
  return isPure(callee.value) ? fold(all, run) : { run };
}

/** Functions whose answer depends on nothing but their arguments. */
function isPure(callee: Value | undefined): boolean {
  return !(callee instanceof BuiltinFunction && callee.entry.volatile);
}

interface CallParts<S> {
  readonly callee: Compiled<S>;
  readonly names: readonly string[];
  readonly parts: readonly Compiled<S>[];
  readonly piped: Compiled<S> | undefined;
}

function inline<S>(
  node: CallExpression,
  env: Environment<S>,
  { callee, names, parts, piped }: CallParts<S>,
): Compiled<S> | undefined {
  if (callee.value === undefined) return undefined;
  const args = new Map<string, Compiled<S>>();
  if (piped) {
    const fn = checkFunction(callee.value, node);
    args.set(pipeParameter(fn, node), piped);
  }
  names.forEach((name, index) => {
    args.set(name, parts[index]!);
  });
  return env.inline(callee.value, args);
}

function checkFunction(value: Value, node: CallExpression): FluxFunction {
  if (isFunction(value)) return value;
  throw new FluxError(
    `cannot call ${calleeName(node.callee)}: expected function but found ${typeName(value)}`,
    'invalid',
    node.callee.at.start,
  );
}

function pipeParameter(fn: FluxFunction, node: CallExpression): string {
  if (fn.pipeParameter !== undefined) return fn.pipeParameter;
  const name = calleeName(node.callee);
  throw new FluxError(`function "${name}" takes no pipe argument`, 'invalid', node.at.start);
}

/** `values` is the callee, the piped value if any, then the arguments by `names`. */
function invoke<S>(
  node: CallExpression,
  env: Environment<S>,
  values: readonly Value[],
  names: readonly string[],
): MaybePromise<Value> {
  const fn = checkFunction(values[0]!, node);
  const args = new Map<string, Value>();
  const first = values.length - names.length;
  if (first === 2) args.set(pipeParameter(fn, node), values[1]!);
  for (let i = 0; i < names.length; i += 1) args.set(names[i]!, values[first + i]!);
  const failed = (cause: unknown): never => {
    throw env.traced ? callError(cause, node.callee, node.at) : located(cause, node.at);
  };
  env.runtime.site = node.at;
  try {
    const answer = fn.call(args);
    return answer instanceof Promise ? answer.catch(failed) : answer;
  } catch (cause) {
    return failed(cause);
  }
}
