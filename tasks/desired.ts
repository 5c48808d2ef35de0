import { TidemarkError } from '../core/errors.ts';
import type { Expression } from '../core/flux-ast.ts';
import { parse } from '../core/flux-syntax.ts';
import { bind, fluxNames, loadTask } from '../flux/load.ts';

/** A task of InfluxDB that should exist. */
export interface DesiredTask {
  /** `tidemark: rank`: the prefix marks it as ours, the rest is the file's name. */
  readonly name: string;
  readonly flux: string;
  readonly everyMs: number;
  /** What it writes: the file's name with `_` for `-`. */
  readonly measurement: string;
}

/** Tasks of this prefix are ours to change and to remove; no other ever is. */
export const TASK_PREFIX = 'tidemark: ';

/** The scripts of flux/tasks, bound to the bucket. */
export function desiredTasks({ bucket }: { readonly bucket: string }): readonly DesiredTask[] {
  return fluxNames('tasks').map((file) => {
    const flux = bind(loadTask(file), { bucket });
    const { name, everyMs } = taskOption(file, flux);
    const wanted = TASK_PREFIX + file;
    if (name !== wanted) {
      throw new TidemarkError('internal', `flux/tasks/${file}.flux: name must be "${wanted}"`);
    }
    return { name, flux, everyMs, measurement: file.replaceAll('-', '_') };
  });
}

const NS_PER_MS = 1_000_000n;

function taskOption(file: string, flux: string): { name: string; everyMs: number } {
  const option = parse(flux).body.find(
    (statement) => statement.type === 'OptionStatement' && statement.name === 'task',
  );
  const init = option?.type === 'OptionStatement' ? option.init : undefined;
  const name = member(init, 'name');
  const every = member(init, 'every');
  if (name?.type !== 'StringLiteral' || every?.type !== 'DurationLiteral' || every.months !== 0) {
    const form = 'option task = {name: "...", every: 1m}';
    throw new TidemarkError('internal', `flux/tasks/${file}.flux: expected ${form}`);
  }
  return { name: name.value, everyMs: Number(every.ns / NS_PER_MS) };
}

function member(init: Expression | undefined, name: string): Expression | undefined {
  if (init?.type !== 'RecordExpression') return undefined;
  return init.properties.find((property) => property.name === name)?.value;
}
