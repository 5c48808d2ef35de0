import type { Expression } from '../../../core/flux-ast.ts';
import type { Regexp, Value } from '../values/value.ts';

/** The value of a part of a filter that depends on no row. */
export type Constant = (node: Expression) => Value | undefined;

/** A filter's parameter, and what its other names mean. */
export interface FilterNames {
  readonly r: string;
  readonly constant: Constant;
}

/**
 * What InfluxDB evaluates in its storage: comparisons of one column with a literal or with a name
 * that stands for one, `exists`, and `and`/`or` of such. There a tag that a series lacks is an empty text, not null, so that
 * `r.tag != "x"` keeps those series; and only after such filters it pushes aggregates down.
 */
export function isStorageExpression(node: Expression, names: FilterNames): boolean {
  switch (node.type) {
    case 'LogicalExpression':
      return isStorageExpression(node.left, names) && isStorageExpression(node.right, names);
    case 'UnaryExpression':
      return isStorageUnary(node, names.r);
    case 'BinaryExpression':
      return isStorageComparison(node, names);
    default:
      return false;
  }
}

type Unary = Extract<Expression, { type: 'UnaryExpression' }>;
type Binary = Extract<Expression, { type: 'BinaryExpression' }>;

function isStorageUnary({ operator, argument }: Unary, r: string): boolean {
  if (operator === 'exists') return isTag(argument, r);
  if (operator !== 'not' || argument.type !== 'UnaryExpression') return false;
  return isStorageUnary(argument, r);
}

const LITERALS: ReadonlySet<string> = new Set([
  'StringLiteral',
  'IntegerLiteral',
  'FloatLiteral',
  'RegexpLiteral',
]);
const TAG_OPERATORS: ReadonlySet<string> = new Set(['==', '!=', '=~', '!~']);
const VALUE_OPERATORS: ReadonlySet<string> = new Set([...TAG_OPERATORS, '<', '<=', '>', '>=']);

function isStorageComparison({ operator, left, right }: Binary, names: FilterNames): boolean {
  const { r, constant } = names;
  if (!LITERALS.has(right.type) && right.type !== 'Identifier') return false;
  const value = constant(right);
  if (!isLiteralValue(value)) return false;
  if (isValue(left, r)) return VALUE_OPERATORS.has(operator);
  if (value === '' && operator === '==') return false;
  return isTag(left, r) && TAG_OPERATORS.has(operator);
}

/** InfluxDB puts the value of a name in its place, before it plans. */
function isLiteralValue(value: Value | undefined): boolean {
  return ['string', 'bigint', 'number', 'boolean'].includes(typeof value) || isPattern(value);
}

function isMember(node: Expression, r: string): node is Extract<Expression, { property: string }> {
  return (
    node.type === 'MemberExpression' && node.object.type === 'Identifier' && node.object.name === r
  );
}

function isValue(node: Expression, r: string): boolean {
  return isMember(node, r) && node.property === '_value';
}

function isTag(node: Expression, r: string): boolean {
  return isMember(node, r) && node.property !== '_value';
}

export interface StorageEvaluation {
  /** The value of a literal of the expression. */
  literal(node: Expression): Value | undefined;
  /** The tag's value, empty where there is none. */
  tag(label: string): string;
}

/** The answer of a storage expression that reads tags only. */
export function testTags(node: Expression, evaluation: StorageEvaluation): boolean {
  switch (node.type) {
    case 'LogicalExpression': {
      const left = testTags(node.left, evaluation);
      if (node.operator === 'and') return left && testTags(node.right, evaluation);
      return left || testTags(node.right, evaluation);
    }
    case 'UnaryExpression':
      if (node.operator === 'not') return !testTags(node.argument, evaluation);
      return tagOf(node.argument, evaluation) !== '';
    case 'BinaryExpression':
      return compare(node, evaluation);
    default:
      return false;
  }
}

function tagOf(node: Expression, { tag }: StorageEvaluation): string {
  return node.type === 'MemberExpression' ? tag(node.property) : '';
}

function compare(node: Binary, evaluation: StorageEvaluation): boolean {
  const text = tagOf(node.left, evaluation);
  const literal = evaluation.literal(node.right);
  switch (node.operator) {
    case '==':
      return text === literal;
    case '!=':
      return text !== literal;
    case '=~':
      return isPattern(literal) && literal.test(text);
    default:
      return isPattern(literal) && !literal.test(text);
  }
}

function isPattern(value: Value | undefined): value is Regexp {
  return typeof value === 'object' && value !== null && 'test' in value;
}
