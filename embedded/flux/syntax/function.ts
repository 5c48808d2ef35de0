import type { Block, Expression, FunctionExpression, Statement } from '../../../core/flux-ast.ts';
import { FluxError } from '../error.ts';
import { then } from '../values/types.ts';
import type { FluxFunction, MaybePromise, Value } from '../values/value.ts';
import type { Code, Runtime } from './code.ts';
import { compile } from './compile.ts';
import { constantOf } from './rows.ts';
import { Scope, scopeEnvironment } from './scope.ts';

/** A function written in the script. Planners read its tree; everyone else calls it. */
export class ScriptFunction implements FluxFunction {
  readonly kind = 'function';
  readonly node: FunctionExpression;
  /** What its free names mean. */
  readonly scope: Scope;
  readonly runtime: Runtime;

  constructor(node: FunctionExpression, scope: Scope, runtime: Runtime) {
    this.node = node;
    this.scope = scope;
    this.runtime = runtime;
  }

  get name(): string {
    return '<anonymous>';
  }

  get parameters(): FluxFunction['parameters'] {
    return this.node.parameters.map((parameter) => ({
      name: parameter.name,
      required: parameter.fallback === undefined && !parameter.pipe,
    }));
  }

  get pipeParameter(): string | undefined {
    return this.node.parameters.find((parameter) => parameter.pipe)?.name;
  }

  /** The body when it is one expression (a block that only returns counts). */
  get expression(): Expression | undefined {
    return this.node.body.type === 'Block' ? undefined : this.node.body;
  }

  /**
   * The value of a part of the body that depends on no parameter, evaluated where the function was
   * made; undefined when it does depend on one, fails, or reads tables.
   */
  constantOf(expression: Expression): Value | undefined {
    return constantOf(this, expression);
  }

  call(args: ReadonlyMap<string, Value>): MaybePromise<Value> {
    const { body, defaults } = bodyOf(this);
    const names = new Map<string, Value>();
    const scope = new Scope(this.scope, names);
    for (const name of args.keys()) this.#checkName(name);
    for (const { name, fallback } of defaults) {
      const value = args.get(name) ?? (args.get(name) === null ? null : fallback?.(this.scope));
      if (value === undefined) throw new FluxError(`missing required argument ${name}`);
      if (value instanceof Promise) throw new FluxError(`default of ${name} reads tables`);
      names.set(name, value);
    }
    this.runtime.enter();
    try {
      return body(scope);
    } finally {
      this.runtime.leave();
    }
  }

  #checkName(name: string): void {
    if (this.node.parameters.some((parameter) => parameter.name === name)) return;
    throw new FluxError(`found unexpected argument ${name}`);
  }
}

interface Body {
  readonly body: Code<Scope>;
  readonly defaults: readonly {
    readonly name: string;
    readonly fallback: Code<Scope> | undefined;
  }[];
}

/** One compilation per place in the text, however often the function is made. */
const bodies = new WeakMap<Runtime, WeakMap<FunctionExpression, Body>>();

function bodyOf({ node, runtime }: ScriptFunction): Body {
  let known = bodies.get(runtime);
  if (!known) {
    known = new WeakMap();
    bodies.set(runtime, known);
  }
  const found = known.get(node);
  if (found) return found;
  const env = scopeEnvironment(runtime);
  const made: Body = {
    body:
      node.body.type === 'Block' ? compileBlock(node.body, runtime) : compile(node.body, env).run,
    defaults: node.parameters.map(({ name, fallback }) => ({
      name,
      fallback: fallback && compile(fallback, env).run,
    })),
  };
  known.set(node, made);
  return made;
}

type Step = (scope: Scope) => MaybePromise<Value | undefined>;

/** Statements in turn in the function's own scope; the value is that of `return`. */
function compileBlock(block: Block, runtime: Runtime): Code<Scope> {
  const steps = block.body.map((statement) => compileStep(statement, runtime));
  const from = (scope: Scope, index: number): MaybePromise<Value> => {
    const step = steps[index];
    if (!step) throw new FluxError('function block has no return', 'invalid', block.at.start);
    return then(step(scope), (returned) =>
      returned === undefined ? from(scope, index + 1) : returned,
    );
  };
  return (scope) => from(scope, 0);
}

function compileStep(statement: Statement, runtime: Runtime): Step {
  const env = scopeEnvironment(runtime);
  switch (statement.type) {
    case 'ReturnStatement':
      return compile(statement.argument, env).run;
    case 'VariableAssignment': {
      const { run } = compile(statement.init, env);
      return (scope) =>
        then(run(scope), (value) => {
          scope.names.set(statement.name, value);
          return undefined;
        });
    }
    case 'ExpressionStatement': {
      const { run } = compile(statement.expression, env);
      return (scope) => then(run(scope), () => undefined);
    }
    case 'OptionStatement':
      throw new FluxError(
        'option must stand at the top of a script',
        'invalid',
        statement.at.start,
      );
  }
}
