import { join } from 'node:path';
import type { Log } from '../core/log.ts';
import type { Database } from './database.ts';
import { type MigrationStep, migrate } from './migrate.ts';

export interface RegistryOptions {
  /** A PostgreSQL; undefined: PGlite below `dataDir`. */
  readonly databaseUrl: string | undefined;
  /** The same database past a pooler, for notifications; undefined: `databaseUrl`. */
  readonly databaseListenUrl?: string | undefined;
  readonly dataDir: string;
  readonly log: Log;
  /** Hears how far the migrations are. */
  readonly told?: (step: MigrationStep) => void;
}

/**
 * The one switch between PostgreSQL and PGlite, of which the one is loaded that is used. The schema
 * is up to date when it resolves.
 */
export async function openRegistry(options: RegistryOptions): Promise<Database> {
  const { log, told } = options;
  const database = await openDatabase(options);
  try {
    const { applied } = await migrate(database, undefined, told);
    if (applied.length > 0) log.info({ applied, where: database.where }, 'registry migrated');
    return database;
  } catch (error) {
    await database.close();
    throw error;
  }
}

async function openDatabase(options: RegistryOptions): Promise<Database> {
  const { databaseUrl: url, databaseListenUrl: listenUrl, dataDir, log } = options;
  if (url === undefined) {
    const { openPGlite } = await import('./pglite.ts');
    return openPGlite({ dir: join(dataDir, 'registry'), log });
  }
  const { openPostgres } = await import('./postgres.ts');
  return openPostgres({ url, listenUrl, log });
}
