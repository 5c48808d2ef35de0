import type { Block, Expression, FunctionExpression, Identifier } from '../../../core/flux-ast.ts';
import { FluxError } from '../error.ts';
import type { FluxFunction, FluxRecord, Value } from '../values/value.ts';
import type { Code, Compiled, Environment } from './code.ts';
import { constantCode } from './code.ts';
import { compile } from './compile.ts';
import { freeNames } from './free-names.ts';
import { ScriptFunction } from './function.ts';
import { Scope, undefinedIdentifier } from './scope.ts';

/**
 * Compiles a function's body against whatever its record parameters are made of (rows of a table,
 * series of a dictionary), so that `r.x` is one accessor found once and no record is built per row.
 */
export interface RecordSource<S> {
  /** How to read one property; undefined where it does not exist (then it is null). */
  member(label: string): ((subject: S) => Value) | undefined;
  /** The whole record, for where a function uses it as a value. */
  record(subject: S): FluxRecord;
}

export type Sources<S> = ReadonlyMap<string, RecordSource<S>>;

/** Calls of script functions inside row functions are unfolded this deep. */
const INLINE_DEPTH_MAX = 16;

/**
 * `fn` with its parameters read from `sources`, by name. The result is synchronous; a body that
 * reads tables is refused when it is met.
 */
export function compileBody<S>(fn: FluxFunction, sources: Sources<S>): (subject: S) => Value {
  if (!(fn instanceof ScriptFunction)) return callWithRecords(fn, sources);
  const { run } = compileFunctionBody(
    fn,
    rowEnvironment(fn, { sources, locals: new Map(), depth: 0 }),
  );
  return (subject) => settled(run(subject), fn.node.at.start);
}

/** One part of the body, as `compileBody`. */
export function compilePart<S>(
  fn: ScriptFunction,
  part: Expression,
  sources: Sources<S>,
): { readonly value: Value | undefined; readonly run: (subject: S) => Value } {
  const env = rowEnvironment(fn, { sources, locals: new Map(), depth: 0 });
  const { run, value } = compile(part, env);
  return { value, run: (subject) => settled(run(subject), part.at.start) };
}

/** See ScriptFunction.constantOf. */
export function constantOf(fn: ScriptFunction, part: Expression): Value | undefined {
  const unknown: RecordSource<never> = {
    member: () => () => null,
    record: () => new Map(),
  };
  const sources = new Map(fn.node.parameters.map(({ name }) => [name, unknown]));
  try {
    return compilePart(fn, part, sources).value;
  } catch (cause) {
    if (cause instanceof FluxError) return undefined;
    throw cause;
  }
}

function settled(value: Value | Promise<Value>, at: { line: number; column: number }): Value {
  if (!(value instanceof Promise)) return value;
  // Nobody will wait for it; its failure is told by the error below.
  value.catch(() => undefined);
  throw new FluxError(
    'a row function must not read tables: compute the value before and use its name',
    'invalid',
    at,
  );
}

function callWithRecords<S>(fn: FluxFunction, sources: Sources<S>): (subject: S) => Value {
  return (subject) => {
    const args = new Map<string, Value>();
    for (const { name } of fn.parameters) {
      const source = sources.get(name);
      if (source) args.set(name, source.record(subject));
    }
    return settled(fn.call(args), { line: 1, column: 1 });
  };
}

interface RowNames<S> {
  readonly sources: Sources<S>;
  readonly locals: Map<string, Compiled<S>>;
  readonly depth: number;
}

interface RowEnvironment<S> extends Environment<S> {
  readonly names: RowNames<S>;
}

function rowEnvironment<S>(fn: ScriptFunction, names: RowNames<S>): RowEnvironment<S> {
  const { sources, locals } = names;
  const identifier = (node: Identifier): Compiled<S> => {
    const local = locals.get(node.name);
    if (local) return local;
    const source = sources.get(node.name);
    if (source) return { run: (subject) => source.record(subject), source };
    const value = fn.scope.find(node.name);
    if (value === undefined) throw undefinedIdentifier(node);
    return constantCode(value);
  };
  return {
    names,
    runtime: fn.runtime,
    traced: false,
    identifier,
    member(object, property) {
      if (locals.has(object.name)) return undefined;
      const source = sources.get(object.name);
      if (!source) return undefined;
      const read = source.member(property);
      return read ? { run: read } : constantCode(null);
    },
    closure: (node) => captureClosure(node, fn, identifier),
    inline: (callee, args) => inlineCall(callee, args, names.depth),
  };
}

/** A function made inside a row function: the names it uses are read when it is made. */
function captureClosure<S>(
  node: FunctionExpression,
  fn: ScriptFunction,
  identifier: (node: Identifier) => Compiled<S>,
): Compiled<S> {
  const captured = freeNames(node).map((free) => ({ name: free.name, code: identifier(free) }));
  if (captured.every(({ code }) => code.value !== undefined)) {
    const names = new Map(captured.map(({ name, code }) => [name, code.value!]));
    return constantCode(new ScriptFunction(node, new Scope(fn.scope, names), fn.runtime));
  }
  return {
    run(subject) {
      const names = new Map<string, Value>();
      for (const { name, code } of captured) {
        names.set(name, settled(code.run(subject), node.at.start));
      }
      return new ScriptFunction(node, new Scope(fn.scope, names), fn.runtime);
    },
  };
}

/** A value computed once per subject, then read by name. */
interface Cell<S> {
  readonly code: Code<S>;
  value: Value;
}

function inlineCall<S>(
  callee: Value,
  args: ReadonlyMap<string, Compiled<S>>,
  depth: number,
): Compiled<S> | undefined {
  if (!(callee instanceof ScriptFunction) || depth >= INLINE_DEPTH_MAX) return undefined;
  const { parameters } = callee.node;
  for (const name of args.keys()) {
    if (!parameters.some((parameter) => parameter.name === name)) return undefined;
  }
  const sources = new Map<string, RecordSource<S>>();
  const locals = new Map<string, Compiled<S>>();
  const cells: Cell<S>[] = [];
  const env = rowEnvironment(callee, { sources, locals, depth: depth + 1 });
  for (const { name, fallback } of parameters) {
    const given = args.get(name) ?? (fallback && compile(fallback, outside(callee, depth)));
    if (!given) return undefined;
    if (given.source) sources.set(name, given.source);
    else locals.set(name, given.value === undefined ? cellFor(given.run, cells) : given);
  }
  return withCells(cells, compileFunctionBody(callee, env));
}

function outside<S>(fn: ScriptFunction, depth: number): RowEnvironment<S> {
  return rowEnvironment(fn, { sources: new Map(), locals: new Map(), depth: depth + 1 });
}

function cellFor<S>(code: Code<S>, cells: Cell<S>[]): Compiled<S> {
  const cell: Cell<S> = { code, value: null };
  cells.push(cell);
  return { run: () => cell.value };
}

function withCells<S>(cells: readonly Cell<S>[], body: Compiled<S>): Compiled<S> {
  if (cells.length === 0 || body.value !== undefined) return body;
  return {
    run(subject) {
      for (const cell of cells) {
        cell.value = settled(cell.code(subject), { line: 1, column: 1 });
      }
      return body.run(subject);
    },
  };
}

function compileFunctionBody<S>(fn: ScriptFunction, env: RowEnvironment<S>): Compiled<S> {
  const { body } = fn.node;
  return body.type === 'Block' ? compileRowBlock(body, env) : compile(body, env);
}

function compileRowBlock<S>(block: Block, env: RowEnvironment<S>): Compiled<S> {
  const cells: Cell<S>[] = [];
  for (const statement of block.body) {
    if (statement.type === 'ReturnStatement') {
      return withCells(cells, compile(statement.argument, env));
    }
    if (statement.type === 'OptionStatement') break;
    if (statement.type === 'ExpressionStatement') {
      cellFor(compile(statement.expression, env).run, cells);
      continue;
    }
    const made = compile(statement.init, env);
    const known = made.value !== undefined || made.source !== undefined;
    env.names.locals.set(statement.name, known ? made : cellFor(made.run, cells));
  }
  throw new FluxError('function block has no return', 'invalid', block.at.start);
}
