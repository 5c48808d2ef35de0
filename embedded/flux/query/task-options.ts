import { TidemarkError } from '../../../core/errors.ts';
import type { Expression, RecordExpression } from '../../../core/flux-ast.ts';
import { parse } from '../../../core/flux-syntax.ts';
import { FluxError } from '../error.ts';
import { nanosecondsOf } from '../values/calendar.ts';
import { negate } from '../values/operators.ts';
import { Duration } from '../values/value.ts';

/**
 * `option task = {name, every | cron, offset, concurrency, retry}`, read without running anything.
 */
export interface TaskOptions {
  readonly name: string;
  readonly every?: Duration;
  readonly cron?: string;
  readonly offset?: Duration;
  readonly concurrency?: bigint;
  readonly retry?: bigint;
}

const CONCURRENCY_MAX = 100n;
const RETRY_MAX = 10n;
const NS_PER_SECOND = 1_000_000_000n;

/** Throws FluxError in InfluxDB's words. Whether `cron` is one is left to who schedules. */
export function readTaskOptions(script: string): TaskOptions {
  const record = taskRecord(script);
  const options = extract(record);
  const problems = validate(options);
  if (problems.length > 0) throw new FluxError(`invalid options: ${problems.join(', ')}`);
  return options;
}

function taskRecord(script: string): RecordExpression {
  const found = parseScript(script).body.filter(
    (statement) =>
      statement.type === 'OptionStatement' &&
      statement.member === undefined &&
      statement.name === 'task',
  );
  if (found.length > 1) throw new FluxError('multiple task options defined');
  const [option] = found;
  if (option?.type !== 'OptionStatement') throw new FluxError('no task options defined');
  if (option.init.type === 'RecordExpression') return option.init;
  throw new FluxError(`task option expected to be object literal, but found "${option.init.type}"`);
}

function parseScript(script: string) {
  try {
    return parse(script);
  } catch (cause) {
    if (cause instanceof TidemarkError) {
      throw new FluxError(cause.message, 'invalid', undefined, cause);
    }
    throw cause;
  }
}

function extract(record: RecordExpression): TaskOptions {
  const find = (name: string): Expression | undefined =>
    record.properties.find((property) => property.name === name)?.value;
  const name = find('name');
  if (!name) throw new FluxError('missing required option: name');
  const cron = find('cron');
  const every = find('every');
  if (cron && every) throw new FluxError('cannot use both cron and every in task options');
  if (!cron && !every) throw new FluxError('missing required option: cron or every');
  const offset = find('offset');
  const concurrency = find('concurrency');
  const retry = find('retry');
  return {
    name: text(name, 'name'),
    ...(cron && { cron: text(cron, 'cron') }),
    ...(every && { every: durationOf(every, 'every') }),
    ...(offset && { offset: durationOf(offset, 'offset') }),
    ...(concurrency && { concurrency: integer(concurrency, 'concurrency') }),
    ...(retry && { retry: integer(retry, 'retry') }),
  };
}

function unreadable(node: Expression, option: string): FluxError {
  const message = `failed to parse field '${option}' in task options`;
  return new FluxError(message, 'invalid', node.at.start);
}

function text(node: Expression, option: string): string {
  if (node.type === 'StringLiteral') return node.value;
  throw unreadable(node, option);
}

function integer(node: Expression, option: string): bigint {
  if (node.type === 'IntegerLiteral') return node.value;
  throw unreadable(node, option);
}

function durationOf(node: Expression, option: string): Duration {
  if (node.type === 'DurationLiteral') return new Duration(node.months, node.ns);
  if (node.type === 'UnaryExpression' && node.operator === '-' && option === 'offset') {
    return negate(durationOf(node.argument, option)) as Duration;
  }
  throw unreadable(node, option);
}

function validate({ name, every, cron, offset, concurrency, retry }: TaskOptions): string[] {
  const problems: string[] = [];
  if (name === '') problems.push('name required');
  if (every && nanosecondsOf(every) < NS_PER_SECOND) {
    problems.push(
      nanosecondsOf(every) === 0n
        ? 'must specify exactly one of either cron or every'
        : 'every option must be at least 1 second',
    );
  } else if (every && every.ns % NS_PER_SECOND !== 0n) {
    problems.push('every option must be expressible as whole seconds');
  }
  if (cron === '') problems.push('must specify exactly one of either cron or every');
  if (offset && offset.ns % NS_PER_SECOND !== 0n) {
    problems.push('offset option must be expressible as whole seconds');
  }
  problems.push(...countProblems('concurrency', concurrency, CONCURRENCY_MAX));
  problems.push(...countProblems('retry', retry, RETRY_MAX));
  return problems;
}

function countProblems(option: string, value: bigint | undefined, max: bigint): string[] {
  if (value === undefined) return [];
  if (value < 1n) return [`${option} must be at least 1`];
  return value > max ? [`${option} exceeded max of ${max}`] : [];
}
