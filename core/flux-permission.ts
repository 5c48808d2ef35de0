import type {
  Block,
  CallExpression,
  Expression,
  FluxFile,
  FunctionExpression,
  ImportDeclaration,
  MemberExpression,
  OptionStatement,
  Property,
  Span,
  Statement,
} from './flux-ast.ts';
import { childrenOf } from './flux-children.ts';
import {
  type Guarded,
  guardedFunctions,
  type PackageRule,
  permittedPackages,
  plainFunctions,
  plainOptions,
  writers,
} from './flux-permitted.ts';

/** Why a script is more than reading, and where it says so. */
export interface Refusal extends Span {
  readonly message: string;
}

/**
 * Everything in a script that could write, leave the server, or cannot be seen through; none for a
 * script that only reads here. Decided by the tree alone: every name in it must be the script's own
 * or on a list, and what leads out by its arguments must be called on the spot.
 */
export function refusalsOf(file: FluxFile): readonly Refusal[] {
  const inspector = new Inspector();
  inspector.imports(file.imports);
  inspector.statements(file.body, new Scope());
  return inspector.refusals;
}

/** Names that a script gives itself, as far as they reach. */
class Scope {
  readonly #names = new Set<string>();
  readonly #outer: Scope | undefined;

  constructor(outer?: Scope) {
    this.#outer = outer;
  }

  add(name: string): void {
    this.#names.add(name);
  }

  has(name: string): boolean {
    return this.#names.has(name) || this.#outer?.has(name) === true;
  }
}

/** Walks the whole tree. It is as deep as `core/flux-tree.ts` allows, and no deeper. */
class Inspector {
  readonly refusals: Refusal[] = [];
  readonly #packages = new Map<string, PackageRule>();

  imports(list: readonly ImportDeclaration[]): void {
    for (const { path, alias, at } of list) {
      const name = alias ?? path.slice(path.lastIndexOf('/') + 1);
      const rule = permittedPackages.get(path);
      if (rule === undefined) this.#refuse(at, `import ${quoted(path)}`);
      else if (this.#packages.has(name)) this.#refuse(at, `two imports with the name ${name}`);
      this.#demandOwnName(name, at);
      this.#packages.set(name, rule ?? NOTHING);
    }
  }

  statements(body: readonly Statement[], scope: Scope): void {
    for (const statement of body) this.#statement(statement, scope);
  }

  #statement(statement: Statement, scope: Scope): void {
    switch (statement.type) {
      case 'VariableAssignment':
        this.#expression(statement.init, scope);
        this.#define(statement.name, statement.at, scope);
        break;
      case 'OptionStatement':
        this.#option(statement);
        this.#expression(statement.init, scope);
        break;
      case 'ReturnStatement':
        this.#expression(statement.argument, scope);
        break;
      case 'ExpressionStatement':
        this.#expression(statement.expression, scope);
        break;
    }
  }

  #option({ member, name, at }: OptionStatement): void {
    if (member === undefined && plainOptions.has(name)) return;
    this.#refuse(at, `option ${member === undefined ? name : `${member}.${name}`}`);
  }

  #expression(node: Expression, scope: Scope): void {
    switch (node.type) {
      case 'Identifier':
        this.#name(node.name, node.at, scope);
        break;
      case 'MemberExpression':
        this.#member(node, scope);
        break;
      case 'CallExpression':
        this.#call(node, scope);
        break;
      case 'PipeExpression':
        this.#expression(node.argument, scope);
        this.#call(node.call, scope);
        break;
      case 'FunctionExpression':
        this.#function(node, scope);
        break;
      case 'RecordExpression':
        if (node.with !== undefined) this.#name(node.with.name, node.with.at, scope);
        this.#properties(node.properties, scope);
        break;
      default:
        for (const child of childrenOf(node)) this.#expression(child, scope);
    }
  }

  #properties(properties: readonly Property[], scope: Scope): void {
    for (const { value } of properties) this.#expression(value, scope);
  }

  #function({ parameters, body }: FunctionExpression, outer: Scope): void {
    const scope = new Scope(outer);
    for (const { name, fallback, at } of parameters) {
      if (fallback !== undefined) this.#expression(fallback, outer);
      this.#define(name, at, scope);
    }
    if (isBlock(body)) this.statements(body.body, scope);
    else this.#expression(body, scope);
  }

  /** A guarded function is seen through only where it is called; anything else is an expression. */
  #call({ callee, properties }: CallExpression, scope: Scope): void {
    const called = this.#guardedBy(callee);
    if (called === undefined) this.#expression(callee, scope);
    else {
      for (const { name, at } of properties) {
        if (!called.allowed.has(name)) this.#refuse(at, `${called.name} with the argument ${name}`);
      }
    }
    this.#properties(properties, scope);
  }

  #guardedBy(callee: Expression) {
    const [guarded, name] = this.#guardsOf(callee);
    const allowed = guarded?.get(name);
    return allowed && { name, allowed };
  }

  #guardsOf(callee: Expression): readonly [Guarded | undefined, string] {
    if (callee.type === 'Identifier') return [guardedFunctions, callee.name];
    if (callee.type !== 'MemberExpression' || callee.object.type !== 'Identifier') return NONE;
    return [this.#packages.get(callee.object.name)?.guarded, callee.property];
  }

  #member({ object, property, at }: MemberExpression, scope: Scope): void {
    const name = object.type === 'Identifier' ? object.name : '';
    const rule = this.#packages.get(name);
    if (writers.has(property)) this.#refuse(at, `the name ${property}`);
    else if (rule === undefined) this.#expression(object, scope);
    else if (!(rule.members?.has(property) ?? !property.startsWith('_'))) {
      this.#refuse(at, `${name}.${property}`);
    } else if (rule.guarded?.has(property)) {
      this.#refuse(at, `${name}.${property} without calling it`);
    }
  }

  #name(name: string, at: Span, scope: Scope): void {
    if (writers.has(name)) this.#refuse(at, `the name ${name}`);
    else if (this.#packages.has(name)) this.#refuse(at, `the package ${name} as a value`);
    else if (guardedFunctions.has(name)) this.#refuse(at, `${name} without calling it`);
    else if (!scope.has(name) && !plainFunctions.has(name)) {
      this.#refuse(at, `${name}, which is not known to only read`);
    }
  }

  #define(name: string, at: Span, scope: Scope): void {
    this.#demandOwnName(name, at);
    if (this.#packages.has(name)) this.#refuse(at, `a value with the name of the package ${name}`);
    scope.add(name);
  }

  /** What has a meaning here keeps it. */
  #demandOwnName(name: string, at: Span): void {
    if (writers.has(name) || guardedFunctions.has(name)) {
      this.#refuse(at, `something else with the name ${name}`);
    }
  }

  #refuse({ start, end }: Span, what: string): void {
    if (this.refusals.length < REFUSALS_MAX) this.refusals.push({ start, end, message: what });
  }
}

/** Nobody reads more of them. */
const REFUSALS_MAX = 50;
const NOTHING: PackageRule = { members: new Set() };
const NONE = [undefined, ''] as const;

function isBlock(body: Expression | Block): body is Block {
  return body.type === 'Block';
}

function quoted(path: string): string {
  return JSON.stringify(path.length > 80 ? `${path.slice(0, 80)}...` : path);
}
