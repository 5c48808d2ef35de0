import type { Expression } from './flux-ast.ts';

/** The direct sub-expressions of anything but a function. */
export function childrenOf(node: Expression): readonly Expression[] {
  switch (node.type) {
    case 'StringExpression':
      return node.parts.filter((part) => typeof part !== 'string');
    case 'ArrayExpression':
      return node.elements;
    case 'DictExpression':
      return node.entries.flatMap(({ key, value }) => [key, value]);
    case 'RecordExpression':
      return [...(node.with ? [node.with] : []), ...node.properties.map(({ value }) => value)];
    case 'CallExpression':
      return [node.callee, ...node.properties.map(({ value }) => value)];
    case 'PipeExpression':
      return [node.argument, node.call];
    case 'MemberExpression':
      return [node.object];
    case 'IndexExpression':
      return [node.array, node.index];
    case 'BinaryExpression':
    case 'LogicalExpression':
      return [node.left, node.right];
    case 'UnaryExpression':
      return [node.argument];
    case 'ConditionalExpression':
      return [node.test, node.consequent, node.alternate];
    default:
      return [];
  }
}
