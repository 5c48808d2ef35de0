import type {
  Expression,
  FunctionExpression,
  Identifier,
  Statement,
} from '../../../core/flux-ast.ts';
import { childrenOf } from '../../../core/flux-children.ts';

/** The identifiers of a function that it does not define itself, each once. */
export function freeNames(node: FunctionExpression): Identifier[] {
  const found = new Map<string, Identifier>();
  visitFunction(node, new Set(), found);
  return [...found.values()];
}

type Bound = ReadonlySet<string>;
type Found = Map<string, Identifier>;

function visitFunction(node: FunctionExpression, outer: Bound, found: Found): void {
  for (const { fallback } of node.parameters) if (fallback) visit(fallback, outer, found);
  const bound = new Set(outer);
  for (const { name } of node.parameters) bound.add(name);
  if (node.body.type !== 'Block') {
    visit(node.body, bound, found);
    return;
  }
  for (const statement of node.body.body) {
    visit(expressionOf(statement), bound, found);
    if (statement.type === 'VariableAssignment') bound.add(statement.name);
  }
}

function expressionOf(statement: Statement): Expression {
  switch (statement.type) {
    case 'ReturnStatement':
      return statement.argument;
    case 'ExpressionStatement':
      return statement.expression;
    default:
      return statement.init;
  }
}

function visit(node: Expression, bound: Bound, found: Found): void {
  if (node.type === 'Identifier') {
    if (!bound.has(node.name) && !found.has(node.name)) found.set(node.name, node);
    return;
  }
  if (node.type === 'FunctionExpression') {
    visitFunction(node, bound, found);
    return;
  }
  for (const child of childrenOf(node)) visit(child, bound, found);
}
