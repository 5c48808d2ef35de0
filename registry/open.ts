import { join } from 'node:path';
import type { Log } from '../core/log.ts';
import type { Database } from './database.ts';
import { migrate } from './migrate.ts';
import { openPGlite } from './pglite.ts';
import { openPostgres } from './postgres.ts';

export interface RegistryOptions {
  /** A PostgreSQL; undefined: PGlite below `dataDir`. */
  readonly databaseUrl: string | undefined;
  /** The same database past a pooler, for notifications; undefined: `databaseUrl`. */
  readonly databaseListenUrl?: string | undefined;
  readonly dataDir: string;
  readonly log: Log;
}

/** The one switch between PostgreSQL and PGlite. The schema is up to date when it resolves. */
export async function openRegistry(options: RegistryOptions): Promise<Database> {
  const { databaseUrl, databaseListenUrl: listenUrl, dataDir, log } = options;
  const database =
    databaseUrl === undefined
      ? await openPGlite({ dir: join(dataDir, 'registry'), log })
      : await openPostgres({ url: databaseUrl, listenUrl, log });
  try {
    const { applied } = await migrate(database);
    if (applied.length > 0) log.info({ applied, where: database.where }, 'registry migrated');
    return database;
  } catch (error) {
    await database.close();
    throw error;
  }
}
