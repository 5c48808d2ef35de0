import type { Entry } from './registry.ts';

/** Functions of single values: no tables are read or made by them. */
export const scalarEntries: readonly Entry[] = [];
