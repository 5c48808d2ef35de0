import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { TidemarkError } from '../core/errors.ts';
import type { Expression, Span, Statement, VariableAssignment } from '../core/flux-ast.ts';
import { parse } from '../core/flux-syntax.ts';
import { projectRoot } from '../core/paths.ts';
import { literal, type ParameterType, type ParameterValue } from './literal.ts';

export interface Parameter {
  readonly name: string;
  readonly type: ParameterType;
  /** Where its value stands in the file's bytes, half open. */
  readonly from: number;
  readonly to: number;
}

/** A script of flux/ with the parameters of its head. It runs as it stands, with its own values. */
export interface FluxFile {
  /** File name without `.flux`. */
  readonly name: string;
  readonly text: string;
  readonly parameters: readonly Parameter[];
  /** Of a task: the literals of its `option task`, such as name, every and offset. */
  readonly option: readonly Parameter[];
}

type Folder = 'queries' | 'tasks' | 'dashboards';

/** A query of flux/queries, read once. Throws `not-found`, or `invalid` with line and column. */
export function loadFlux(name: string): FluxFile {
  return load('queries', name);
}

/** A task of flux/tasks. Otherwise as `loadFlux`. */
export function loadTask(name: string): FluxFile {
  return load('tasks', name);
}

/** A query of flux/dashboards, which also reads `v` of whoever shows it. Otherwise as `loadFlux`. */
export function loadPanel(name: string): FluxFile {
  return load('dashboards', name);
}

/** Names of all scripts of a folder, sorted. */
export function fluxNames(folder: Folder): readonly string[] {
  return readdirSync(join(projectRoot, 'flux', folder))
    .filter((file) => file.endsWith('.flux'))
    .map((file) => file.slice(0, -'.flux'.length))
    .sort();
}

const loaded = new Map<string, FluxFile>();

function load(folder: Folder, name: string): FluxFile {
  const key = `${folder}/${name}`;
  const known = loaded.get(key);
  if (known !== undefined) return known;
  if (!fluxNames(folder).includes(name)) {
    throw new TidemarkError('not-found', `no file flux/${key}.flux`);
  }
  const file = readFlux(name, readFileSync(join(projectRoot, 'flux', `${key}.flux`), 'utf8'));
  loaded.set(key, file);
  return file;
}

/**
 * A script from its text. Parameters are the assignments of a literal at its top, below imports and
 * options and above everything else.
 */
export function readFlux(name: string, text: string): FluxFile {
  const bytes = Buffer.from(text);
  const offset = byteOffsets(bytes);
  const body = parse(text).body;
  const parameterOf = (label: string, init: Expression): Parameter | undefined => {
    const type = typeOf(label, init);
    const { start, end } = init.at;
    return type && { name: label, type, from: offset(start), to: offset(end) };
  };
  const parameters: Parameter[] = [];
  for (const statement of headOf(body)) {
    const parameter = parameterOf(statement.name, statement.init);
    if (parameter === undefined) break;
    parameters.push(parameter);
  }
  const option = taskOptions(body).flatMap(
    ({ name: label, value }) => parameterOf(label, value) ?? [],
  );
  return { name, text, parameters, option };
}

type Values = Readonly<Record<string, ParameterValue>>;

/**
 * The script with every parameter's value replaced by a literal of the value given: nothing in a
 * value can become part of the script. A missing or unknown parameter is a bug of the caller
 * (`internal`); a value of another type than the file's own is `invalid`. What `option` leaves out
 * stays as it is in the file.
 */
export function bind(file: FluxFile, values: Values, option: Values = {}): string {
  const wanted = file.parameters.map(({ name }) => name);
  const missing = wanted.filter((name) => !Object.hasOwn(values, name));
  const options = file.option.map(({ name }) => name);
  const unknown = [
    ...Object.keys(values).filter((name) => !wanted.includes(name)),
    ...Object.keys(option).filter((name) => !options.includes(name)),
  ];
  if (missing.length > 0 || unknown.length > 0) {
    throw new TidemarkError('internal', `flux/${file.name}: parameters do not fit`, {
      details: { missing, unknown, wanted },
    });
  }
  const bytes = Buffer.from(file.text);
  const places = [
    ...file.parameters.map((parameter) => ({ ...parameter, value: values[parameter.name]! })),
    ...file.option.flatMap((parameter) => {
      const value = option[parameter.name];
      return value === undefined ? [] : [{ ...parameter, value }];
    }),
  ].sort((a, b) => a.from - b.from);
  let bound = '';
  let done = 0;
  for (const { name, type, from, to, value } of places) {
    bound += bytes.toString('utf8', done, from) + literal(name, type, value);
    done = to;
  }
  return bound + bytes.toString('utf8', done);
}

function* headOf(body: readonly Statement[]): Generator<VariableAssignment> {
  for (const statement of body) {
    if (statement.type === 'VariableAssignment') yield statement;
    else if (statement.type !== 'OptionStatement') return;
  }
}

/** The entries of `option task = {...}`; none in a query. */
function taskOptions(body: readonly Statement[]) {
  const option = body.find(({ type, ...rest }) => {
    return type === 'OptionStatement' && (rest as { name?: string }).name === 'task';
  });
  const init = option?.type === 'OptionStatement' ? option.init : undefined;
  return init?.type === 'RecordExpression' ? init.properties : [];
}

/** What range() takes: a duration may give way to a time there, and only there. */
const INSTANTS: ReadonlySet<string> = new Set(['start', 'stop']);

function typeOf(name: string, init: Expression): ParameterType | undefined {
  const type = literalType(init);
  return INSTANTS.has(name) && (type === 'duration' || type === 'time') ? 'instant' : type;
}

function literalType(init: Expression): ParameterType | undefined {
  switch (init.type) {
    case 'StringLiteral':
      return 'string';
    case 'IntegerLiteral':
      return 'int';
    case 'FloatLiteral':
      return 'float';
    case 'DurationLiteral':
      return 'duration';
    case 'TimeLiteral':
      return 'time';
    case 'Identifier':
      return init.name === 'true' || init.name === 'false' ? 'bool' : undefined;
    case 'UnaryExpression': {
      const type = init.operator === '-' ? literalType(init.argument) : undefined;
      return type === 'int' || type === 'float' || type === 'duration' ? type : undefined;
    }
    case 'ArrayExpression':
      return init.elements.every(({ type }) => type === 'StringLiteral') ? 'strings' : undefined;
    default:
      return undefined;
  }
}

/** Line and column, both from 1 and in bytes, -> offset in bytes. */
function byteOffsets(bytes: Buffer): (position: Span['start']) => number {
  const lines = [0];
  for (let at = bytes.indexOf(10); at !== -1; at = bytes.indexOf(10, at + 1)) lines.push(at + 1);
  return ({ line, column }) => (lines[line - 1] ?? bytes.length) + column - 1;
}
