import { backfill } from './backfill.ts';
import type { Command } from './command.ts';
import { demo } from './demo.ts';
import { doctor } from './doctor.ts';
import { flux } from './flux.ts';
import { generateMonitors } from './generate-monitors.ts';
import { keys } from './keys.ts';
import { migrate } from './migrate.ts';
import { start } from './start.ts';
import { tasks } from './tasks.ts';

/** The one list of commands. */
export const commands: readonly Command[] = [
  start,
  demo,
  doctor,
  backfill,
  generateMonitors,
  keys,
  migrate,
  tasks,
  flux,
];
