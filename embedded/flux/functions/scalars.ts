import type { Entry } from './registry.ts';
import { arrays, dict } from './scalar/collections.ts';
import { date } from './scalar/date.ts';
import { json } from './scalar/json.ts';
import { math } from './scalar/math.ts';
import { regexp } from './scalar/regexp.ts';
import { strings } from './scalar/strings.ts';
import { system } from './scalar/system.ts';
import { universe } from './scalar/universe.ts';

/** Functions of single values: no tables are read or made by them. */
export const scalarEntries: readonly Entry[] = [
  ...universe,
  ...strings,
  ...regexp,
  ...math,
  ...date,
  ...arrays,
  ...dict,
  ...json,
  ...system,
];
