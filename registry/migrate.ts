import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { TidemarkError } from '../core/errors.ts';
import { projectRoot } from '../core/paths.ts';
import { type Database, rowsOf, type Transaction } from './database.ts';

export interface Migration {
  readonly version: number;
  readonly name: string;
  readonly sql: string;
}

export interface MigrateResult {
  /** Names of the migrations that this call applied; empty when the schema was up to date. */
  readonly applied: readonly string[];
  readonly version: number;
}

/** Where it is: told as each migration begins, and while another process has the lock. */
export interface MigrationStep {
  /** Of those that are to be done. */
  readonly done: number;
  readonly of: number;
  readonly name: string;
}

/** Any number, the same in every process: who holds it migrates. */
const MIGRATION_LOCK = 7_239_101;

const applied = z.object({ version: z.int(), name: z.string(), checksum: z.string() });

/**
 * Brings the schema up to date in one transaction: all or nothing, any number of processes at
 * once, a second call changes nothing. Refuses a changed or missing old migration and a database
 * that is newer than this program (`conflict`).
 */
export async function migrate(
  database: Database,
  migrations: readonly Migration[] = readMigrations(),
  told: (step: MigrationStep) => void = () => undefined,
): Promise<MigrateResult> {
  return database.transaction(async (transaction) => {
    // Another process may hold the lock for longer than a statement is otherwise allowed to take.
    await transaction.query('set local statement_timeout = 0');
    await lock(transaction, told);
    await transaction.query(
      `create table if not exists schema_migrations (
         version integer primary key,
         name text not null,
         checksum text not null,
         applied_at timestamptz not null default now()
       )`,
    );
    const rows = await transaction.query(
      'select version, name, checksum from schema_migrations order by version',
    );
    const known = rowsOf(applied, rows);
    verify(known, migrations, database.where);
    const pending = migrations.slice(known.length);
    for (const [done, migration] of pending.entries()) {
      told({ done, of: pending.length, name: migration.name });
      await apply(transaction, migration);
    }
    return { applied: pending.map(({ name }) => name), version: migrations.at(-1)?.version ?? 0 };
  });
}

async function lock(transaction: Transaction, told: (step: MigrationStep) => void): Promise<void> {
  const tried = await transaction.query('select pg_try_advisory_xact_lock($1) as mine', [
    MIGRATION_LOCK,
  ]);
  if (tried[0]?.mine === true) return;
  told({ done: 0, of: 0, name: 'waiting for another process that migrates' });
  await transaction.query('select pg_advisory_xact_lock($1)', [MIGRATION_LOCK]);
}

/** The files of a folder, `NNNN-name.sql`, numbered from 1 without gaps. */
export function readMigrations(
  folder: string = join(projectRoot, 'registry', 'migrations'),
): readonly Migration[] {
  const files = readdirSync(folder)
    .filter((file) => file.endsWith('.sql'))
    .sort();
  return files.map((file, index) => {
    const match = /^(\d{4})-([a-z0-9-]+)\.sql$/.exec(file);
    const version = Number(match?.[1]);
    if (version !== index + 1) {
      const wanted = String(index + 1).padStart(4, '0');
      throw new TidemarkError('invalid', `migration ${file}: expected the name ${wanted}-name.sql`);
    }
    return { version, name: file.slice(0, -4), sql: readFileSync(join(folder, file), 'utf8') };
  });
}

function verify(
  known: readonly z.infer<typeof applied>[],
  migrations: readonly Migration[],
  where: string,
): void {
  const newest = known.at(-1);
  if (newest !== undefined && known.length > migrations.length) {
    throw new TidemarkError(
      'conflict',
      `database ${where} is at ${newest.name}, newer than this program knows ` +
        `(${migrations.at(-1)?.name ?? 'none'}): run the newer program`,
    );
  }
  for (const [index, row] of known.entries()) {
    const migration = migrations[index];
    if (migration?.name === row.name && checksum(migration) === row.checksum) continue;
    throw new TidemarkError(
      'conflict',
      `migration ${row.name} was changed after it was applied to database ${where} ` +
        `(file now: ${migration?.name ?? 'absent'}): restore the file and add a new migration`,
    );
  }
}

async function apply(transaction: Transaction, migration: Migration): Promise<void> {
  try {
    await transaction.script(migration.sql);
  } catch (cause) {
    if (cause instanceof TidemarkError && cause.code !== 'internal') throw cause;
    const said = cause instanceof Error ? cause.message : String(cause);
    throw new TidemarkError('internal', `migration ${migration.name}: ${said}`, { cause });
  }
  await transaction.query(
    'insert into schema_migrations (version, name, checksum) values ($1, $2, $3)',
    [migration.version, migration.name, checksum(migration)],
  );
}

/** Line ends do not count: a checkout on Windows has others. */
function checksum(migration: Migration): string {
  return createHash('sha256').update(migration.sql.replaceAll('\r\n', '\n')).digest('hex');
}
