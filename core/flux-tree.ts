import { TidemarkError } from './errors.ts';
import type {
  BinaryOperator,
  Block,
  CallExpression,
  Expression,
  FluxFile,
  FunctionExpression,
  ImportDeclaration,
  Parameter,
  Property,
  Span,
  Statement,
} from './flux-ast.ts';
import { readDuration, readTimeLiteral } from './flux-literals.ts';

/** A node as the parser's JSON has it: which members exist depends on its type. */
export interface RawNode {
  readonly type?: string;
  readonly location?: Partial<Span>;
  readonly errors?: readonly { readonly msg: string }[];
  readonly [member: string]: unknown;
}

/** Deepest tree that is read: a chain of so many operators, or calls inside calls. */
const DEPTH_MAX = 1000;

const NOWHERE = { line: 1, column: 1 };

export function spanOf(node: RawNode | undefined | null): Span {
  return { start: node?.location?.start ?? NOWHERE, end: node?.location?.end ?? NOWHERE };
}

function refuse(node: RawNode, message: string): TidemarkError {
  const at = spanOf(node);
  const problem = { kind: 'syntax', ...at, message };
  const place = `${at.start.line}:${at.start.column}-${at.end.line}:${at.end.column}`;
  return new TidemarkError('invalid', `error @${place}: ${message}`, { details: [problem] });
}

function child(node: RawNode, member: string): RawNode {
  const value = node[member];
  if (typeof value === 'object' && value !== null) return value as RawNode;
  throw refuse(node, `incomplete ${node.type ?? 'expression'}: no ${member}`);
}

function list(node: RawNode, member: string): readonly RawNode[] {
  const value = node[member];
  return Array.isArray(value) ? (value as RawNode[]) : [];
}

function text(node: RawNode, member: string): string {
  const value = node[member];
  if (typeof value === 'string') return value;
  throw refuse(node, `incomplete ${node.type ?? 'expression'}: no ${member}`);
}

export function readFile(node: RawNode): FluxFile {
  return {
    imports: list(node, 'imports').map(readImport),
    body: list(node, 'body').map((statement) => readStatement(statement, 0)),
  };
}

function readImport(node: RawNode): ImportDeclaration {
  const alias = node.as;
  return {
    at: spanOf(node),
    path: text(child(node, 'path'), 'value'),
    alias: typeof alias === 'object' && alias !== null ? text(alias as RawNode, 'name') : undefined,
  };
}

function readStatement(node: RawNode, depth: number): Statement {
  const at = spanOf(node);
  const read = (member: string) => readExpression(child(node, member), depth + 1);
  switch (node.type) {
    case 'VariableAssignment':
      return { type: node.type, at, name: text(child(node, 'id'), 'name'), init: read('init') };
    case 'ExpressionStatement':
      return { type: node.type, at, expression: read('expression') };
    case 'ReturnStatement':
      return { type: node.type, at, argument: read('argument') };
    case 'OptionStatement':
      return readOption(child(node, 'assignment'), at, depth);
    default:
      throw refuse(node, `statement ${node.type ?? ''} is not supported by the embedded engine`);
  }
}

function readOption(node: RawNode, at: Span, depth: number): Statement {
  const init = readExpression(child(node, 'init'), depth + 1);
  if (node.type === 'VariableAssignment') {
    const name = text(child(node, 'id'), 'name');
    return { type: 'OptionStatement', at, member: undefined, name, init };
  }
  const target = child(node, 'member');
  const member = text(child(target, 'object'), 'name');
  return { type: 'OptionStatement', at, member, name: keyOf(child(target, 'property')), init };
}

/** A property's key is an identifier or a string. */
function keyOf(node: RawNode): string {
  return typeof node.name === 'string' ? node.name : text(node, 'value');
}

function readExpression(node: RawNode, depth: number): Expression {
  if (depth > DEPTH_MAX) {
    throw new TidemarkError('too-large', `expression is nested more than ${DEPTH_MAX} deep`);
  }
  if (node.type === 'ParenExpression') {
    return readExpression(child(node, 'expression'), depth + 1);
  }
  return readLiteral(node) ?? readCompound(node, depth);
}

function readLiteral(node: RawNode): Expression | undefined {
  const at = spanOf(node);
  switch (node.type) {
    case 'Identifier':
      return { type: node.type, at, name: text(node, 'name') };
    case 'StringLiteral':
      return { type: node.type, at, value: text(node, 'value') };
    case 'IntegerLiteral':
      return { type: node.type, at, value: BigInt(text(node, 'value')) };
    case 'FloatLiteral':
      return { type: node.type, at, value: Number(node.value) };
    case 'BooleanLiteral':
      return { type: 'Identifier', at, name: node.value === true ? 'true' : 'false' };
    case 'RegexpLiteral':
      return { type: node.type, at, source: text(node, 'value') };
    case 'DateTimeLiteral':
      return { type: 'TimeLiteral', at, ns: readTimeLiteral(text(node, 'value')) };
    case 'DurationLiteral':
      return { type: node.type, at, ...readDuration(list(node, 'values')) };
    default:
      return undefined;
  }
}

function readCompound(node: RawNode, depth: number): Expression {
  const at = spanOf(node);
  const read = (member: string) => readExpression(child(node, member), depth + 1);
  switch (node.type) {
    case 'StringExpression':
      return { type: node.type, at, parts: list(node, 'parts').map((p) => readPart(p, depth)) };
    case 'ArrayExpression':
      return {
        type: node.type,
        at,
        elements: list(node, 'elements').map((element) => readExpression(element, depth + 1)),
      };
    case 'DictExpression':
      return { type: node.type, at, entries: readEntries(node, depth) };
    case 'ObjectExpression':
      return readRecord(node, depth);
    case 'FunctionExpression':
      return readFunction(node, depth);
    case 'CallExpression':
      return readCall(node, depth);
    case 'PipeExpression':
      return {
        type: node.type,
        at,
        argument: read('argument'),
        call: readCall(child(node, 'call'), depth),
      };
    case 'MemberExpression':
      return {
        type: node.type,
        at,
        object: read('object'),
        property: keyOf(child(node, 'property')),
      };
    case 'IndexExpression':
      return { type: node.type, at, array: read('array'), index: read('index') };
    default:
      return readOperation(node, depth);
  }
}

const BINARY: ReadonlySet<string> = new Set<BinaryOperator>([
  ...(['+', '-', '*', '/', '%', '^', '==', '!=', '<', '<=', '>', '>=', '=~', '!~'] as const),
]);
const UNARY: ReadonlySet<string> = new Set(['-', '+', 'not', 'exists']);
const LOGICAL: ReadonlySet<string> = new Set(['and', 'or']);

function readOperation(node: RawNode, depth: number): Expression {
  const at = spanOf(node);
  const operator = String(node.operator);
  const read = (member: string) => readExpression(child(node, member), depth + 1);
  if (node.type === 'BinaryExpression' && BINARY.has(operator)) {
    const left = read('left');
    return {
      type: node.type,
      at,
      operator: operator as BinaryOperator,
      left,
      right: read('right'),
    };
  }
  if (node.type === 'LogicalExpression' && LOGICAL.has(operator)) {
    const left = read('left');
    return { type: node.type, at, operator: operator as 'and', left, right: read('right') };
  }
  if (node.type === 'UnaryExpression' && UNARY.has(operator)) {
    return { type: node.type, at, operator: operator as 'not', argument: read('argument') };
  }
  if (node.type === 'ConditionalExpression') {
    const [test, consequent, alternate] = [read('test'), read('consequent'), read('alternate')];
    return { type: node.type, at, test, consequent, alternate };
  }
  throw refuse(node, `unexpected ${node.type ?? 'expression'}`);
}

function readPart(node: RawNode, depth: number): string | Expression {
  if (node.type === 'TextPart') return text(node, 'value');
  return readExpression(child(node, 'expression'), depth + 1);
}

function readEntries(node: RawNode, depth: number) {
  return list(node, 'elements').map((entry) => ({
    key: readExpression(child(entry, 'key'), depth + 1),
    value: readExpression(child(entry, 'val'), depth + 1),
  }));
}

function readRecord(node: RawNode, depth: number): Expression & { type: 'RecordExpression' } {
  const base = node.with;
  const at = spanOf(node);
  return {
    type: 'RecordExpression',
    at,
    with:
      typeof base === 'object' && base !== null
        ? { type: 'Identifier', at: spanOf(base as RawNode), name: text(base as RawNode, 'name') }
        : undefined,
    properties: list(node, 'properties').map((property) => readProperty(property, depth)),
  };
}

/** `{a, b}` and `f(every)` stand for `{a: a, b: b}` and `f(every: every)`. */
function readProperty(node: RawNode, depth: number): Property {
  const at = spanOf(node);
  const name = keyOf(child(node, 'key'));
  const value = node.value;
  if (value === null || value === undefined) {
    return { at, name, value: { type: 'Identifier', at, name } };
  }
  return { at, name, value: readExpression(value as RawNode, depth + 1) };
}

function readFunction(node: RawNode, depth: number): FunctionExpression {
  const at = spanOf(node);
  const body = child(node, 'body');
  return {
    type: 'FunctionExpression',
    at,
    parameters: list(node, 'params').map((param) => readParameter(param, depth)),
    body: body.type === 'Block' ? readBlock(body, depth) : readExpression(body, depth + 1),
  };
}

function readParameter(node: RawNode, depth: number): Parameter {
  const at = spanOf(node);
  const name = keyOf(child(node, 'key'));
  const value = node.value as RawNode | null | undefined;
  if (value?.type === 'PipeLiteral') return { at, name, fallback: undefined, pipe: true };
  const fallback = value ? readExpression(value, depth + 1) : undefined;
  return { at, name, fallback, pipe: false };
}

function readBlock(node: RawNode, depth: number): Block | Expression {
  const body = list(node, 'body').map((statement) => readStatement(statement, depth + 1));
  const [only] = body;
  if (body.length === 1 && only?.type === 'ReturnStatement') return only.argument;
  return { type: 'Block', at: spanOf(node), body };
}

function readCall(node: RawNode, depth: number): CallExpression {
  const [record] = list(node, 'arguments');
  return {
    type: 'CallExpression',
    at: spanOf(node),
    callee: readExpression(child(node, 'callee'), depth + 1),
    properties: record ? readRecord(record, depth).properties : [],
  };
}
