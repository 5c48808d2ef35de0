import type { Expression } from '../../../core/flux-ast.ts';
import type { PointType, Series } from '../../storage/contract.ts';
import { ScriptFunction } from '../syntax/function.ts';
import type { FluxFunction, Value } from '../values/value.ts';
import { Time, UInt } from '../values/value.ts';
import { columnsRead, conjuncts } from './columns-read.ts';
import { labelOf, labelsOf } from './labels-of.ts';
import type { PointTest, SeriesTest } from './source.ts';
import type { FilterNames } from './storage-predicate.ts';
import { isStorageExpression, testTags } from './storage-predicate.ts';

/** A filter's function taken apart. */
export interface SplitPredicate {
  readonly seriesTests: readonly SeriesTest[];
  readonly pointTests: readonly PointTest[];
  /** What neither the dictionary nor SQL can answer. */
  readonly rest: FluxFunction | undefined;
  /** Whether InfluxDB's storage evaluates all of it: only then it pushes down what follows. */
  readonly stored: boolean;
}

/** Columns that a point has of its own. */
const POINT_COLUMNS: ReadonlySet<string> = new Set(['_time', '_value']);
/** Columns whose value is the same for the whole reading: left to the row by row filter. */
const RANGE_COLUMNS: ReadonlySet<string> = new Set(['_start', '_stop']);

/**
 * Splits `(r) => a and b and c` into what only reads measurement, field and tags (answered once per
 * distinct value in the dictionary), what compares `_value` or `_time` with a constant (SQL), and
 * the rest. Conjuncts after the first of the rest stay with it, in case it guards them.
 */
export function splitPredicate(fn: FluxFunction): SplitPredicate {
  const whole: SplitPredicate = { seriesTests: [], pointTests: [], rest: fn, stored: false };
  if (!(fn instanceof ScriptFunction)) return whole;
  const body = fn.expression;
  const parameter = fn.node.parameters[0]?.name;
  if (body === undefined || parameter === undefined || fn.node.parameters.length !== 1)
    return whole;
  const seriesTests: SeriesTest[] = [];
  const pointTests: PointTest[] = [];
  const rest: Expression[] = [];
  const parts = conjuncts(body);
  for (const part of parts) {
    const columns = columnsRead(part, parameter);
    const seriesTest = seriesTestOf(fn, part, columns);
    const pointTest = seriesTest === undefined ? pointTestOf(fn, part, parameter) : undefined;
    if (seriesTest !== undefined) seriesTests.push(seriesTest);
    else if (pointTest !== undefined) pointTests.push(pointTest);
    else rest.push(part);
  }
  return {
    seriesTests,
    pointTests,
    rest: rest.length === 0 ? undefined : withBody(fn, rest.reduce(and)),
    stored: parts.every((part) => isStorageExpression(part, namesOf(fn))),
  };
}

function and(left: Expression, right: Expression): Expression {
  return { type: 'LogicalExpression', operator: 'and', left, right, at: left.at };
}

function withBody(fn: ScriptFunction, body: Expression): ScriptFunction {
  return new ScriptFunction({ ...fn.node, body }, fn.scope, fn.runtime);
}

function namesOf(fn: ScriptFunction): FilterNames {
  return { r: fn.node.parameters[0]!.name, constant: (node) => fn.constantOf(node) };
}

/** Runs the conjunct on a record of the series' labels, once per distinct combination. */
function seriesTestOf(
  fn: ScriptFunction,
  part: Expression,
  columns: ReadonlySet<string> | undefined,
): SeriesTest | undefined {
  if (columns === undefined) return undefined;
  for (const column of columns) {
    if (POINT_COLUMNS.has(column) || RANGE_COLUMNS.has(column)) return undefined;
  }
  const names = namesOf(fn);
  const stored = isStorageExpression(part, names);
  const ask = stored ? storageAsk(fn, part) : recordAsk(withBody(fn, part), names.r);
  const keyOf = labelKey([...columns]);
  const answers = new Map<string | undefined, boolean>();
  const passes = (series: Series) => {
    const key = keyOf(series);
    const known = answers.get(key);
    if (known !== undefined) return known;
    const answer = ask(series);
    answers.set(key, answer);
    return answer;
  };
  const [label] = columns;
  return { label: stored && columns.size === 1 ? label : undefined, passes };
}

type Ask = (series: Series) => boolean;

/** What tells series apart for a test that reads these labels. */
function labelKey(labels: readonly string[]): (series: Series) => string | undefined {
  const [only] = labels;
  if (only !== undefined && labels.length === 1) return (series) => labelOf(series, only);
  return (series) => labels.map((label) => labelOf(series, label) ?? '\u0000').join('\u0001');
}

/** As InfluxDB's storage answers. */
function storageAsk(fn: ScriptFunction, part: Expression): Ask {
  const values = new Map<Expression, Value | undefined>();
  const literal = (node: Expression) => {
    if (!values.has(node)) values.set(node, fn.constantOf(node));
    return values.get(node);
  };
  return (series) => testTags(part, { literal, tag: (label) => labelOf(series, label) ?? '' });
}

/** By running the expression on the series' labels. */
function recordAsk(test: FluxFunction, parameter: string): Ask {
  return (series) => {
    const record: Value = new Map<string, Value>(labelsOf(series));
    return test.call(new Map([[parameter, record]])) === true;
  };
}

type Comparison = '==' | '!=' | '<' | '<=' | '>' | '>=';

const SQL_OPERATORS: Record<Comparison, string> = {
  '==': '=',
  '!=': '<>',
  '<': '<',
  '<=': '<=',
  '>': '>',
  '>=': '>=',
};
const MIRRORED: Record<Comparison, Comparison> = {
  '==': '==',
  '!=': '!=',
  '<': '>',
  '<=': '>=',
  '>': '<',
  '>=': '<=',
};

function isComparison(operator: string): operator is Comparison {
  return Object.hasOwn(SQL_OPERATORS, operator);
}

/** `r._value > 3.0`, `2024-... <= r._time`, and `and`/`or` of such. */
function pointTestOf(fn: ScriptFunction, node: Expression, r: string): PointTest | undefined {
  if (node.type === 'LogicalExpression') {
    const left = pointTestOf(fn, node.left, r);
    const right = pointTestOf(fn, node.right, r);
    if (left === undefined || right === undefined) return undefined;
    return (type) => combine(node.operator, left(type), right(type));
  }
  if (node.type !== 'BinaryExpression' || !isComparison(node.operator)) return undefined;
  const left = pointColumn(node.left, r);
  const right = pointColumn(node.right, r);
  if ((left === undefined) === (right === undefined)) return undefined;
  const value = fn.constantOf(left === undefined ? node.left : node.right);
  const operator = left === undefined ? MIRRORED[node.operator] : node.operator;
  if (value === undefined || value === null) return undefined;
  return (left ?? right) === '_time'
    ? timeTest(operator, value)
    : (type) => valueTest(operator, value, type);
}

function combine(operator: 'and' | 'or', left: string | boolean, right: string | boolean) {
  const absorbing = operator === 'or';
  if (left === absorbing || right === absorbing) return absorbing;
  if (typeof left === 'boolean') return right;
  if (typeof right === 'boolean') return left;
  return `(${left}) ${operator.toUpperCase()} (${right})`;
}

function pointColumn(node: Expression, r: string): string | undefined {
  if (node.type !== 'MemberExpression' || node.object.type !== 'Identifier') return undefined;
  return node.object.name === r && POINT_COLUMNS.has(node.property) ? node.property : undefined;
}

function timeTest(operator: Comparison, value: Value): PointTest | undefined {
  if (!(value instanceof Time)) return undefined;
  const sql = `p.time ${SQL_OPERATORS[operator]} ${value.ns}::BIGINT`;
  return () => sql;
}

/** Values of another kind never pass, as in InfluxDB's storage: not even `!=`. */
function valueTest(operator: Comparison, value: Value, type: PointType): string | boolean {
  const literal = literalOf(value, type);
  return literal === undefined ? false : `p.value ${SQL_OPERATORS[operator]} ${literal}`;
}

function literalOf(value: Value, type: PointType): string | undefined {
  switch (type) {
    case 'string':
      return typeof value === 'string' ? `'${value.replaceAll("'", "''")}'` : undefined;
    case 'bool':
      return typeof value === 'boolean' ? String(value) : undefined;
    default:
      return numberLiteral(value);
  }
}

function numberLiteral(value: Value): string | undefined {
  if (typeof value === 'bigint') return `${value}::HUGEINT`;
  if (value instanceof UInt) return `${value.value}::HUGEINT`;
  if (typeof value !== 'number') return undefined;
  if (Number.isNaN(value)) return "'nan'::DOUBLE";
  if (!Number.isFinite(value)) return value > 0 ? "'inf'::DOUBLE" : "'-inf'::DOUBLE";
  return `${value}::DOUBLE`;
}
