/**
 * The syntax tree of a Flux script, as `core/flux-syntax.ts` hands it out: parentheses are gone,
 * literals are values, and each node knows where it stands.
 */
export interface Position {
  /** From 1. */
  readonly line: number;
  /** From 1, counted in UTF-8 bytes as InfluxDB counts them. */
  readonly column: number;
}

export interface Span {
  readonly start: Position;
  readonly end: Position;
}

interface Located {
  readonly at: Span;
}

export interface Identifier extends Located {
  readonly type: 'Identifier';
  readonly name: string;
}
export interface StringLiteral extends Located {
  readonly type: 'StringLiteral';
  readonly value: string;
}
export interface IntegerLiteral extends Located {
  readonly type: 'IntegerLiteral';
  readonly value: bigint;
}
export interface FloatLiteral extends Located {
  readonly type: 'FloatLiteral';
  readonly value: number;
}
export interface DurationLiteral extends Located {
  readonly type: 'DurationLiteral';
  readonly months: number;
  readonly ns: bigint;
}
export interface TimeLiteral extends Located {
  readonly type: 'TimeLiteral';
  /** Nanoseconds since the epoch. */
  readonly ns: bigint;
}
export interface RegexpLiteral extends Located {
  readonly type: 'RegexpLiteral';
  /** RE2 syntax. */
  readonly source: string;
}
/** `"a ${b}"`: texts and expressions in turn. */
export interface StringExpression extends Located {
  readonly type: 'StringExpression';
  readonly parts: readonly (string | Expression)[];
}
export interface ArrayExpression extends Located {
  readonly type: 'ArrayExpression';
  readonly elements: readonly Expression[];
}
export interface DictExpression extends Located {
  readonly type: 'DictExpression';
  readonly entries: readonly { readonly key: Expression; readonly value: Expression }[];
}
/** A property of a record, an argument of a call, or a parameter with its default. */
export interface Property extends Located {
  readonly name: string;
  readonly value: Expression;
}
export interface RecordExpression extends Located {
  readonly type: 'RecordExpression';
  readonly with: Identifier | undefined;
  readonly properties: readonly Property[];
}
export interface Parameter extends Located {
  readonly name: string;
  readonly fallback: Expression | undefined;
  /** `name=<-` */
  readonly pipe: boolean;
}
export interface FunctionExpression extends Located {
  readonly type: 'FunctionExpression';
  readonly parameters: readonly Parameter[];
  /** A block that only returns is given as its expression. */
  readonly body: Expression | Block;
}
export interface CallExpression extends Located {
  readonly type: 'CallExpression';
  readonly callee: Expression;
  readonly properties: readonly Property[];
}
/** `argument |> call` */
export interface PipeExpression extends Located {
  readonly type: 'PipeExpression';
  readonly argument: Expression;
  readonly call: CallExpression;
}
export interface MemberExpression extends Located {
  readonly type: 'MemberExpression';
  readonly object: Expression;
  readonly property: string;
}
export interface IndexExpression extends Located {
  readonly type: 'IndexExpression';
  readonly array: Expression;
  readonly index: Expression;
}
export type BinaryOperator =
  | '+'
  | '-'
  | '*'
  | '/'
  | '%'
  | '^'
  | '=='
  | '!='
  | '<'
  | '<='
  | '>'
  | '>='
  | '=~'
  | '!~';
export interface BinaryExpression extends Located {
  readonly type: 'BinaryExpression';
  readonly operator: BinaryOperator;
  readonly left: Expression;
  readonly right: Expression;
}
export interface LogicalExpression extends Located {
  readonly type: 'LogicalExpression';
  readonly operator: 'and' | 'or';
  readonly left: Expression;
  readonly right: Expression;
}
export interface UnaryExpression extends Located {
  readonly type: 'UnaryExpression';
  readonly operator: '-' | '+' | 'not' | 'exists';
  readonly argument: Expression;
}
export interface ConditionalExpression extends Located {
  readonly type: 'ConditionalExpression';
  readonly test: Expression;
  readonly consequent: Expression;
  readonly alternate: Expression;
}

export type Expression =
  | Identifier
  | StringLiteral
  | IntegerLiteral
  | FloatLiteral
  | DurationLiteral
  | TimeLiteral
  | RegexpLiteral
  | StringExpression
  | ArrayExpression
  | DictExpression
  | RecordExpression
  | FunctionExpression
  | CallExpression
  | PipeExpression
  | MemberExpression
  | IndexExpression
  | BinaryExpression
  | LogicalExpression
  | UnaryExpression
  | ConditionalExpression;

export interface VariableAssignment extends Located {
  readonly type: 'VariableAssignment';
  readonly name: string;
  readonly init: Expression;
}
export interface ExpressionStatement extends Located {
  readonly type: 'ExpressionStatement';
  readonly expression: Expression;
}
export interface ReturnStatement extends Located {
  readonly type: 'ReturnStatement';
  readonly argument: Expression;
}
/** `option name = init` or `option member.name = init`. */
export interface OptionStatement extends Located {
  readonly type: 'OptionStatement';
  readonly member: string | undefined;
  readonly name: string;
  readonly init: Expression;
}
export type Statement =
  | VariableAssignment
  | ExpressionStatement
  | ReturnStatement
  | OptionStatement;

export interface Block extends Located {
  readonly type: 'Block';
  readonly body: readonly Statement[];
}

export interface ImportDeclaration extends Located {
  readonly path: string;
  readonly alias: string | undefined;
}

export interface FluxFile {
  readonly imports: readonly ImportDeclaration[];
  readonly body: readonly Statement[];
}
