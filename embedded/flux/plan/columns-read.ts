import type { Block, Expression, Property, Statement } from '../../../core/flux-ast.ts';

/**
 * The columns that an expression reads of the record `name`: `name.column` only. Undefined when the
 * record is used in any other way, so that nothing can be said.
 */
export function columnsRead(expression: Expression, name: string): Set<string> | undefined {
  const found = new Set<string>();
  return collect(expression, name, found) ? found : undefined;
}

/** False when the record itself escapes. */
function collect(node: Expression, name: string, found: Set<string>): boolean {
  const all = (nodes: readonly Expression[]) => nodes.every((one) => collect(one, name, found));
  const properties = (list: readonly Property[]) => all(list.map((one) => one.value));
  switch (node.type) {
    case 'Identifier':
      return node.name !== name;
    case 'MemberExpression':
      if (node.object.type === 'Identifier' && node.object.name === name) {
        found.add(node.property);
        return true;
      }
      return collect(node.object, name, found);
    case 'BinaryExpression':
    case 'LogicalExpression':
      return all([node.left, node.right]);
    case 'UnaryExpression':
      return collect(node.argument, name, found);
    case 'ConditionalExpression':
      return all([node.test, node.consequent, node.alternate]);
    case 'CallExpression':
      return collect(node.callee, name, found) && properties(node.properties);
    case 'PipeExpression':
      return all([node.argument, node.call]);
    case 'IndexExpression':
      return all([node.array, node.index]);
    case 'ArrayExpression':
      return all(node.elements);
    case 'DictExpression':
      return node.entries.every((entry) => all([entry.key, entry.value]));
    case 'RecordExpression':
      return node.with?.name !== name && properties(node.properties);
    case 'StringExpression':
      return all(node.parts.filter((part) => typeof part !== 'string'));
    case 'FunctionExpression':
      return collectFunction(node, name, found);
    default:
      return true;
  }
}

function collectFunction(
  node: Extract<Expression, { type: 'FunctionExpression' }>,
  name: string,
  found: Set<string>,
): boolean {
  if (node.parameters.some((parameter) => parameter.name === name)) return true;
  return isBlock(node.body)
    ? node.body.body.every((statement) => collect(expressionOf(statement), name, found))
    : collect(node.body, name, found);
}

function isBlock(body: Expression | Block): body is Block {
  return body.type === 'Block';
}

function expressionOf(statement: Statement): Expression {
  switch (statement.type) {
    case 'ExpressionStatement':
      return statement.expression;
    case 'ReturnStatement':
      return statement.argument;
    default:
      return statement.init;
  }
}

/** `a and b and c` as a, b, c. */
export function conjuncts(node: Expression): Expression[] {
  if (node.type !== 'LogicalExpression' || node.operator !== 'and') return [node];
  return [...conjuncts(node.left), ...conjuncts(node.right)];
}
