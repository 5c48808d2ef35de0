/**
 * Databases for tests, so that every registry test runs on PGlite and on PostgreSQL: the server of
 * TEST_DATABASE_URL, or a temporary cluster from the PostgreSQL binaries of this machine.
 */
import { execFile, execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chownSync, existsSync, mkdtempSync, readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe } from 'node:test';
import { promisify } from 'node:util';
import { silentLog } from '../../core/log.ts';
import type { Database } from '../../registry/database.ts';
import { migrate } from '../../registry/migrate.ts';
import { openPGlite } from '../../registry/pglite.ts';
import { openPostgres } from '../../registry/postgres.ts';

export interface DatabaseFixture {
  readonly kind: Database['kind'];
  /** An empty database; with its tables unless told otherwise. Closed after the suite. */
  fresh(options?: { readonly migrated?: boolean }): Promise<Database>;
  /** The same database through another pool; PGlite has one connection, and gives itself. */
  another(database: Database): Promise<Database>;
}

/** Declares the suite once on each kind; PostgreSQL is skipped, with a reason, where it is not. */
export function forEachDatabase(define: (fixture: DatabaseFixture) => void): void {
  describe('on PGlite', () => define(pgliteFixture()));
  const missing = whyNoPostgres();
  describe('on PostgreSQL', { skip: missing ?? false }, () => define(postgresFixture()));
}

function pgliteFixture(): DatabaseFixture {
  const dir = mkdtempSync(join(tmpdir(), 'tidemark-pglite-'));
  let shared: Promise<Database> | undefined;
  after(async () => {
    await (await shared)?.close();
    await rm(dir, { recursive: true, force: true });
  });
  return {
    kind: 'pglite',
    async fresh({ migrated = true } = {}) {
      // Opening takes a second, so one instance serves the suite and is emptied.
      shared ??= openPGlite({ dir: join(dir, 'data'), log: silentLog });
      const database = await shared;
      await database.transaction((transaction) =>
        transaction.script('drop schema public cascade; create schema public'),
      );
      if (migrated) await migrate(database);
      return database;
    },
    another: async (database) => database,
  };
}

function postgresFixture(): DatabaseFixture {
  const opened: { database: Database; url: string }[] = [];
  let server: Promise<PostgresServer> | undefined;
  after(async () => {
    for (const { database } of opened) await database.close();
    await (await server)?.stop();
  });
  const open = async (url: string): Promise<Database> => {
    const database = await openPostgres({ url, log: silentLog });
    opened.push({ database, url });
    return database;
  };
  return {
    kind: 'postgres',
    async fresh({ migrated = true } = {}) {
      server ??= startPostgres();
      const database = await open(await (await server).createDatabase());
      if (migrated) await migrate(database);
      return database;
    },
    another: (database) => open(opened.find((entry) => entry.database === database)!.url),
  };
}

export interface PostgresServer {
  /** A new, empty database of this server; gone after `stop`. */
  createDatabase(): Promise<string>;
  stop(): Promise<void>;
}

/** Why no PostgreSQL can be had here, or undefined. */
export function whyNoPostgres(): string | undefined {
  if (process.env.TEST_DATABASE_URL || postgresBinaries() !== undefined) return undefined;
  return 'no PostgreSQL here: install it (apt-get install postgresql) or set TEST_DATABASE_URL';
}

export async function startPostgres(): Promise<PostgresServer> {
  const given = process.env.TEST_DATABASE_URL;
  const cluster = given ? undefined : await startCluster();
  const admin = given ?? cluster!.url;
  const names: string[] = [];
  const asAdmin = async (statement: string) => {
    const database = await openPostgres({ url: admin, log: silentLog, connectionsMax: 1 });
    await database.query(statement).finally(() => database.close());
  };
  return {
    async createDatabase() {
      const name = `tidemark_test_${randomBytes(6).toString('hex')}`;
      await asAdmin(`create database ${name}`);
      names.push(name);
      const url = new URL(admin);
      url.pathname = `/${name}`;
      return url.href;
    },
    async stop() {
      if (cluster !== undefined) return cluster.stop();
      for (const name of names) await asAdmin(`drop database if exists ${name} with (force)`);
    },
  };
}

/** The folder of initdb and the others of the newest PostgreSQL here, or undefined. */
export function postgresBinaries(): string | undefined {
  const root = '/usr/lib/postgresql';
  const versions = existsSync(root) ? readdirSync(root) : [];
  versions.sort((a, b) => Number(b) - Number(a));
  return versions
    .map((version) => join(root, version, 'bin'))
    .find((bin) => existsSync(join(bin, 'initdb')) && existsSync(join(bin, 'pg_ctl')));
}

/** A cluster of its own in a temporary directory, listening on a Unix socket alone. */
async function startCluster(): Promise<{ url: string; stop(): Promise<void> }> {
  const bin = postgresBinaries()!;
  const dir = mkdtempSync(join(tmpdir(), 'tidemark-postgres-'));
  const data = join(dir, 'data');
  // PostgreSQL refuses to run as root: its package brings a user of that name.
  const identity = process.getuid?.() === 0 ? userIds('postgres') : {};
  if (identity.uid !== undefined) chownSync(dir, identity.uid, identity.gid ?? 0);
  const run = (program: string, args: readonly string[]) =>
    promisify(execFile)(join(bin, program), [...args], { cwd: dir, ...identity });
  await run('initdb', ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-sync']);
  const socket = `-c listen_addresses='' -c unix_socket_directories=${dir}`;
  const settings = `-F -c shared_buffers=16MB ${socket}`;
  const log = join(dir, 'postgres.log');
  await run('pg_ctl', ['-D', data, '-w', '-l', log, '-o', settings, 'start']);
  // A test that dies without stopping it must not leave a server behind.
  const halt = () =>
    execFileSync(join(bin, 'pg_ctl'), ['-D', data, '-m', 'immediate', 'stop'], {
      ...identity,
      cwd: dir,
      stdio: 'ignore',
    });
  process.once('exit', halt);
  return {
    url: `postgres://postgres@localhost/postgres?host=${encodeURIComponent(dir)}`,
    async stop() {
      process.off('exit', halt);
      await run('pg_ctl', ['-D', data, '-m', 'immediate', 'stop']);
      await rm(dir, { recursive: true, force: true });
    },
  };
}

function userIds(name: string): { uid?: number; gid?: number } {
  const id = (flag: string) => Number(execFileSync('id', [flag, name], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}
