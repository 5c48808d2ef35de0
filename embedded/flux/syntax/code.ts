import type { Expression, FunctionExpression, Identifier, Span } from '../../../core/flux-ast.ts';
import { FluxError, formatSpan } from '../error.ts';
import type { MaybePromise, Value } from '../values/value.ts';
import type { RecordSource } from './rows.ts';

/**
 * An expression made runnable. `S` is what it runs on: a scope for ordinary code, a row of a table
 * for row functions. It answers at once unless something in it reads tables.
 */
export type Code<S> = (subject: S) => MaybePromise<Value>;

export interface Compiled<S> {
  readonly run: Code<S>;
  /** Known before any subject is: then `run` gives just this. */
  readonly value?: Value;
  /** The value is a whole record parameter: its properties are read through this. */
  readonly source?: RecordSource<S>;
}

/** Where the names of an expression come from. */
export interface Environment<S> {
  readonly runtime: Runtime;
  /** Throws FluxError where the name is already known to be undefined. */
  identifier(node: Identifier): Compiled<S>;
  /** A faster way to `object.property` than making the object first. */
  member(object: Identifier, property: string): Compiled<S> | undefined;
  closure(node: FunctionExpression): Compiled<S>;
  /** Puts the body of a called function in the place of the call, where that is possible. */
  inline(callee: Value, args: ReadonlyMap<string, Compiled<S>>): Compiled<S> | undefined;
  /** Whether `error calling function ...` is told for each call that fails (ordinary code). */
  readonly traced: boolean;
}

/** State of one query's evaluation. */
export class Runtime {
  /** The call that is being made: built-ins read it to say where they stand. */
  site: Span | undefined;
  depth = 0;
  readonly depthMax: number;

  constructor(depthMax: number) {
    this.depthMax = depthMax;
  }

  enter(): void {
    if (this.depth >= this.depthMax) {
      throw new FluxError(`calls are nested more than ${this.depthMax} deep`);
    }
    this.depth += 1;
  }

  leave(): void {
    this.depth -= 1;
  }
}

export function constantCode<S>(value: Value): Compiled<S> {
  return { value, run: () => value };
}

/** Runs codes in order; goes asynchronous at the first promise. */
export function runAll<S>(codes: readonly Compiled<S>[], subject: S): MaybePromise<Value[]> {
  const out: Value[] = new Array(codes.length);
  for (let i = 0; i < codes.length; i += 1) {
    const value = codes[i]!.run(subject);
    if (value instanceof Promise) return finishAll(codes, subject, out.slice(0, i), value);
    out[i] = value;
  }
  return out;
}

async function finishAll<S>(
  codes: readonly Compiled<S>[],
  subject: S,
  values: Value[],
  pending: Promise<Value>,
): Promise<Value[]> {
  values.push(await pending);
  while (values.length < codes.length) values.push(await codes[values.length]!.run(subject));
  return values;
}

/** The error with its place, unless it knows a closer one. */
export function located(cause: unknown, at: Span): unknown {
  if (!(cause instanceof FluxError) || cause.line !== undefined) return cause;
  return new FluxError(cause.message, cause.code, at.start, cause);
}

/** InfluxDB's words for a call that failed. */
export function callError(cause: unknown, callee: Expression, at: Span): unknown {
  if (!(cause instanceof FluxError)) return cause;
  const place = cause.line === undefined ? at.start : undefined;
  const position = place ?? { line: cause.line!, column: cause.column! };
  const message = `error calling function "${calleeName(callee)}" @${formatSpan(at)}: ${cause.message}`;
  return new FluxError(message, cause.code, position, cause);
}

export function calleeName(callee: Expression): string {
  if (callee.type === 'Identifier') return callee.name;
  return callee.type === 'MemberExpression' ? callee.property : '<anonymous>';
}
