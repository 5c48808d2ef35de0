import type { Position, Property } from '../../core/flux-ast.ts';
import { parse, syntaxErrors } from '../../core/flux-syntax.ts';
import { FluxError } from '../flux/error.ts';
import { readTaskOptions } from '../flux/query/task-options.ts';

const NS_PER_SECOND = 1_000_000_000n;

/** The `task` option of a script, durations both as written and in seconds. */
export interface TaskScript {
  readonly name: string;
  readonly every?: string;
  readonly everySeconds?: number;
  readonly cron?: string;
  readonly offset?: string;
  readonly offsetSeconds: number;
}

/** Throws FluxError in InfluxDB's words. */
export function readTaskScript(flux: string): TaskScript {
  const [problem] = syntaxErrors(flux);
  if (problem) {
    const { start, end, message } = problem;
    const place = `${start.line}:${start.column}-${end.line}:${end.column}`;
    throw new FluxError(`loc ${place}: ${message}`, 'invalid', start);
  }
  const options = readTaskOptions(flux);
  const { name, every, cron, offset } = options;
  if (every && every.months !== 0) {
    throw new FluxError('invalid options: every option must not hold months or years: use cron');
  }
  const written = (option: string) => {
    const property = propertyOf(flux, option);
    return property ? textAt(flux, property) : '';
  };
  return {
    name,
    ...(every && { every: written('every'), everySeconds: Number(every.ns / NS_PER_SECOND) }),
    ...(cron !== undefined && { cron }),
    ...(offset && { offset: written('offset') }),
    offsetSeconds: offset ? Number(offset.ns / NS_PER_SECOND) : 0,
  };
}

export interface OptionChanges {
  readonly name?: string | undefined;
  readonly every?: string | undefined;
  readonly cron?: string | undefined;
  readonly offset?: string | undefined;
}

/**
 * The script with other options: only their values are rewritten, the rest stays as its author
 * wrote it. A new `every` takes the place of `cron`, and the other way round.
 */
export function withOptions(flux: string, changes: OptionChanges): string {
  let changed = flux;
  const { name, every, cron, offset } = changes;
  if (name) changed = setOption(changed, 'name', JSON.stringify(name));
  if (every) changed = setOption(renameOption(changed, 'cron', 'every'), 'every', every);
  if (cron) {
    changed = setOption(renameOption(changed, 'every', 'cron'), 'cron', JSON.stringify(cron));
  }
  if (offset) changed = setOption(changed, 'offset', offset);
  return changed;
}

function setOption(flux: string, option: string, text: string): string {
  const property = propertyOf(flux, option);
  if (property) {
    const { start, end } = property.value.at;
    return splice(flux, start, end, text);
  }
  const name = propertyOf(flux, 'name');
  if (!name) throw new FluxError('missing required option: name');
  return splice(flux, name.value.at.end, name.value.at.end, `, ${option}: ${text}`);
}

function renameOption(flux: string, from: string, to: string): string {
  const property = propertyOf(flux, from);
  if (!property || propertyOf(flux, to)) return flux;
  const { start } = property.at;
  const end = { line: start.line, column: start.column + Buffer.byteLength(from) };
  return splice(flux, start, end, to);
}

function propertyOf(flux: string, name: string): Property | undefined {
  for (const statement of parse(flux).body) {
    if (statement.type !== 'OptionStatement' || statement.name !== 'task') continue;
    if (statement.init.type !== 'RecordExpression') continue;
    return statement.init.properties.find((property) => property.name === name);
  }
  return undefined;
}

function textAt(flux: string, { value }: Property): string {
  const bytes = Buffer.from(flux);
  return bytes.subarray(byteAt(flux, value.at.start), byteAt(flux, value.at.end)).toString();
}

function splice(flux: string, start: Position, end: Position, text: string): string {
  const bytes = Buffer.from(flux);
  const before = bytes.subarray(0, byteAt(flux, start));
  return `${before}${text}${bytes.subarray(byteAt(flux, end))}`;
}

/** Columns count bytes. */
function byteAt(flux: string, { line, column }: Position): number {
  const before = flux.split('\n').slice(0, line - 1);
  return before.reduce((sum, text) => sum + Buffer.byteLength(text) + 1, 0) + column - 1;
}
