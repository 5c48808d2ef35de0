import { mkdir } from 'node:fs/promises';
import type { Database } from '../../registry/database.ts';
import type { Command, CommandContext } from './command.ts';
import { openScreen, plainLine } from './screen.ts';
import { unlessStopped } from './stopped.ts';

export const migrate: Command = {
  name: 'migrate',
  summary: "bring the registry's tables up to date",
  help: `tidemark migrate

Applies the migrations that the registry (DATABASE_URL, or PGlite in DATA_DIR) does not have yet.
Twice changes nothing, and any number of processes may do it at once. A start does the same first.
All of them or none: Ctrl-C leaves the tables as they were. What takes longer than a second says
which migration it is at, of how many, and for how long.

Examples:
  tidemark migrate
  DATABASE_URL=postgres://tidemark@db.example/tidemark tidemark migrate`,
  options: {},
  positionalsMax: 0,
  async run({ config, print, signal }) {
    await mkdir(config.dataDir, { recursive: true });
    const registry = await migrated(config, signal);
    print(`The registry is up to date: ${registry.where}`);
    await registry.close();
    return 0;
  },
};

async function migrated(config: CommandContext['config'], signal: AbortSignal): Promise<Database> {
  const { log, steps } = openScreen(config, plainLine);
  const { databaseUrl, dataDir } = config;
  try {
    steps.tell({ done: 0, of: 0, name: 'opening the registry' });
    const { openRegistry } = await import('../../registry/open.ts');
    const opening = openRegistry({ databaseUrl, dataDir, log, told: steps.tell });
    // A statement that runs cannot be asked to end: the process does, and it is as if it never ran.
    return await unlessStopped(opening, signal);
  } finally {
    await steps.end();
  }
}
