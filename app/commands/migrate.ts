import { mkdir } from 'node:fs/promises';
import { createLog } from '../../core/log.ts';
import { secretsOf } from '../../core/secrets.ts';
import { openRegistry } from '../../registry/open.ts';
import type { Command } from './command.ts';

export const migrate: Command = {
  name: 'migrate',
  summary: "bring the registry's tables up to date",
  help: `tidemark migrate

Applies the migrations that the registry (DATABASE_URL, or PGlite in DATA_DIR) does not have yet.
Twice changes nothing, and any number of processes may do it at once. A start does the same first.

Examples:
  tidemark migrate
  DATABASE_URL=postgres://tidemark@db.example/tidemark tidemark migrate`,
  options: {},
  positionalsMax: 0,
  async run({ config, print }) {
    await mkdir(config.dataDir, { recursive: true });
    const log = createLog(config.logLevel, { secrets: secretsOf(config) });
    const { databaseUrl, dataDir } = config;
    const registry = await openRegistry({ databaseUrl, dataDir, log });
    print(`The registry is up to date: ${registry.where}`);
    await registry.close();
    return 0;
  },
};
