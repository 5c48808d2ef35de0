import type { FunctionExpression, Identifier } from '../../../core/flux-ast.ts';
import { FluxError, formatSpan } from '../error.ts';
import type { Value } from '../values/value.ts';
import type { Compiled, Environment, Runtime } from './code.ts';
import { ScriptFunction } from './function.ts';

/** Names and their values, innermost first. */
export class Scope {
  readonly parent: Scope | undefined;
  readonly names: Map<string, Value>;

  constructor(parent: Scope | undefined, names: Map<string, Value> = new Map()) {
    this.parent = parent;
    this.names = names;
  }

  find(name: string): Value | undefined {
    let scope: Scope | undefined = this;
    while (scope !== undefined) {
      const value = scope.own(name);
      if (value !== undefined) return value;
      scope = scope.parent;
    }
    return undefined;
  }

  protected own(name: string): Value | undefined {
    return this.names.get(name);
  }

  lookup(node: Identifier): Value {
    const value = this.find(node.name);
    if (value !== undefined) return value;
    throw undefinedIdentifier(node);
  }
}

/** The type checker knows all that Flux has: what it lets pass and is not there is missing here. */
export function undefinedIdentifier({ name, at }: Identifier): FluxError {
  const message = `error @${formatSpan(at)}: ${name} is not supported by the embedded engine`;
  return new FluxError(message, 'invalid', at.start);
}

/** Ordinary code: names are looked up in the scope it runs in. */
export function scopeEnvironment(runtime: Runtime): Environment<Scope> {
  return {
    runtime,
    traced: true,
    identifier: (node) => ({ run: (scope) => scope.lookup(node) }),
    member: () => undefined,
    inline: () => undefined,
    closure: (node: FunctionExpression): Compiled<Scope> => ({
      run: (scope) => new ScriptFunction(node, scope, runtime),
    }),
  };
}
