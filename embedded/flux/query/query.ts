import type { FluxFile, OptionStatement, Span, Statement } from '../../../core/flux-ast.ts';
import { FluxError } from '../error.ts';
import type { CallContext, FluxHost, Location, Organization } from '../functions/context.ts';
import { Runtime } from '../syntax/code.ts';
import { compile } from '../syntax/compile.ts';
import { Scope, scopeEnvironment } from '../syntax/scope.ts';
import { isFunction, isRecord, isStream } from '../values/types.ts';
import type { FluxFunction, TableStream, Value } from '../values/value.ts';
import { Duration, Time } from '../values/value.ts';
import { importedName, importPackage, Universe } from './library.ts';

export interface QueryOptions {
  readonly host: FluxHost;
  readonly org: Organization;
  readonly nowNs: bigint;
  readonly signal: AbortSignal;
}

const DEFAULT_RESULT = '_result';

/** One evaluation of one script: its scope, its options, and the results it asks for. */
export class Query implements CallContext {
  readonly host: FluxHost;
  readonly org: Organization;
  readonly signal: AbortSignal;
  readonly memo = new Map<unknown, unknown>();
  readonly results = new Map<string, TableStream>();
  readonly sideEffects: TableStream[] = [];
  readonly #runtime: Runtime;
  readonly #universe: Universe;
  readonly #scope: Scope;
  readonly #yielded = new WeakSet<TableStream>();

  constructor({ host, org, nowNs, signal }: QueryOptions) {
    this.host = host;
    this.org = org;
    this.signal = signal;
    this.#runtime = new Runtime(host.limits.callDepthMax);
    this.#universe = new Universe(this);
    this.#scope = new Scope(this.#universe);
    this.#universe.names.set('now', clockFunction(new Time(nowNs)));
  }

  get now(): Time {
    const option = this.#universe.names.get('now');
    const value = option !== undefined && isFunction(option) ? option.call(new Map()) : undefined;
    if (value instanceof Time) return value;
    throw new FluxError('option now must be a function that returns a time');
  }

  get location(): Location {
    const option = this.option('location');
    if (option === undefined) return { zone: 'UTC', offsetNs: 0n };
    const zone = option !== null && isRecord(option) ? option.get('zone') : undefined;
    const offset = option !== null && isRecord(option) ? option.get('offset') : undefined;
    if (typeof zone !== 'string' || !(offset instanceof Duration)) {
      throw new FluxError(
        'option location must be a record of zone (string) and offset (duration)',
      );
    }
    return { zone, offsetNs: offset.ns };
  }

  get site(): Span | undefined {
    return this.#runtime.site;
  }

  option(name: string): Value | undefined {
    return this.#universe.names.get(name) ?? this.#scope.find(name);
  }

  yield(name: string, stream: TableStream): void {
    if (this.results.has(name)) {
      throw new FluxError(
        'failed to initialize execute state: ' +
          `tried to produce more than one result with the name "${name}"`,
      );
    }
    this.results.set(name, stream);
    this.#yielded.add(stream);
  }

  sideEffect(stream: TableStream): void {
    this.sideEffects.push(stream);
  }

  /** Runs the statements in turn; tables are read only where an expression needs them at once. */
  async evaluate(file: FluxFile): Promise<void> {
    for (const declaration of file.imports) {
      this.#scope.names.set(importedName(declaration), importPackage(declaration, this));
    }
    for (const statement of file.body) {
      this.signal.throwIfAborted();
      await this.#execute(statement);
    }
  }

  async #execute(statement: Statement): Promise<void> {
    const env = scopeEnvironment(this.#runtime);
    switch (statement.type) {
      case 'VariableAssignment': {
        const value = await compile(statement.init, env).run(this.#scope);
        this.#scope.names.set(statement.name, value);
        return;
      }
      case 'ExpressionStatement': {
        const value = await compile(statement.expression, env).run(this.#scope);
        if (value !== null && isStream(value) && !this.#yielded.has(value)) {
          this.yield(DEFAULT_RESULT, value);
        }
        return;
      }
      case 'OptionStatement':
        return this.#setOption(statement, await compile(statement.init, env).run(this.#scope));
      case 'ReturnStatement':
        throw new FluxError('return outside of a function', 'invalid', statement.at.start);
    }
  }

  /** Options of the language itself live outside the script's scope, so that built-ins see them. */
  #setOption({ member, name, at }: OptionStatement, value: Value): void {
    if (member === undefined) {
      const builtIn = name === 'now' || name === 'location';
      (builtIn ? this.#universe : this.#scope).names.set(name, value);
      return;
    }
    const target = this.#scope.find(member);
    if (!(target instanceof Map)) {
      throw new FluxError(`undefined package ${member}`, 'invalid', at.start);
    }
    target.set(name, value);
  }
}

/** The `now` option that every query starts with. */
function clockFunction(now: Time): FluxFunction {
  return {
    kind: 'function',
    name: 'now',
    parameters: [],
    pipeParameter: undefined,
    call: () => now,
  };
}
