import { csvFrom } from './csv/from.ts';
import type { Entry } from './registry.ts';
import { scalarEntries } from './scalars.ts';
import { tableEntries } from './tables.ts';

/** Every function and constant that the embedded engine knows. */
export const entries: readonly Entry[] = [...scalarEntries, ...tableEntries, csvFrom];

/** Entries by import path. */
export const packages: ReadonlyMap<string, readonly Entry[]> = groupByPackage(entries);

function groupByPackage(list: readonly Entry[]): Map<string, Entry[]> {
  const out = new Map<string, Entry[]>();
  for (const entry of list) {
    const known = out.get(entry.package);
    if (known) known.push(entry);
    else out.set(entry.package, [entry]);
  }
  return out;
}
