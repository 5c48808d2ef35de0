import { FluxError } from '../../error.ts';
import { isStream } from '../../values/types.ts';
import type { TableStream, Value } from '../../values/value.ts';
import type { CallContext } from '../context.ts';
import type { FunctionEntry } from '../registry.ts';

/** For functions that Flux itself writes in Flux, of others. */
export function named(list: readonly FunctionEntry[], name: string): FunctionEntry {
  const found = list.find((entry) => entry.name === name);
  if (found === undefined) throw new FluxError(`no function ${name}`);
  return found;
}

/** One call within: its pushing down is that of a script that called it. */
export function step(
  entry: FunctionEntry,
  context: CallContext,
  args: Readonly<Record<string, Value>>,
): TableStream {
  const made = entry.bind(context).call(new Map(Object.entries(args)));
  if (!(made instanceof Promise) && made !== null && isStream(made)) return made;
  throw new FluxError(`${entry.name} made no stream of tables`);
}
