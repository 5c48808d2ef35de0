/** The registry: PostgreSQL as it stands, or PGlite by its files alone, which one process opens. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../../core/errors.ts';
import { type DatabaseReport, inspectDatabase } from '../../registry/inspect.ts';
import { type Finding, fail, ok, type Patient, warn } from './finding.ts';
import type { Running } from './ports.ts';

const MAJOR_MIN = 13;

export async function checkDatabase(
  { config }: Patient,
  running: Running,
  inspect: (url: string) => Promise<DatabaseReport> = inspectDatabase,
): Promise<Finding[]> {
  const { databaseUrl, databaseListenUrl, dataDir } = config;
  if (databaseUrl === undefined) {
    const there = existsSync(join(dataDir, 'registry', 'PG_VERSION'));
    const state = there ? 'in DATA_DIR; migrated at start' : 'made at start';
    return [ok('registry', `the embedded PostgreSQL, ${state}`)];
  }
  let report: DatabaseReport;
  try {
    report = await inspect(databaseUrl);
  } catch (error) {
    return [unreachable(error)];
  }
  return [
    version(report),
    ...migrations(report),
    ...rights(report),
    ...pooler(report, databaseListenUrl),
  ].concat(stuck(report, running));
}

/** By what PostgreSQL and the system say: https://www.postgresql.org/docs/15/errcodes-appendix.html */
const REASONS: Readonly<Record<string, string>> = {
  '28P01': 'the password in DATABASE_URL is wrong',
  '08P01': 'its pooler wants ignore_startup_parameters = statement_timeout: docs/scaling.md',
  '28000': 'create the role, or let it in by pg_hba.conf',
  '3D000': 'create the database: createdb',
  '53300': 'too many connections: raise max_connections, or end some',
  ECONNREFUSED: 'start it, or mend host and port in DATABASE_URL',
  ENOTFOUND: 'mend the host in DATABASE_URL',
};

function unreachable(error: unknown): Finding {
  const { code = '' } = error as { code?: string };
  const fix = REASONS[code] ?? 'mend DATABASE_URL: postgres://user:password@host:port/database';
  return fail('registry', `PostgreSQL cannot be used: ${messageOf(error) || code}`, fix);
}

function version({ version: found, major }: DatabaseReport): Finding {
  if (major >= MAJOR_MIN) return ok('registry', `PostgreSQL ${found}`);
  return fail('registry', `PostgreSQL ${found}`, `update it to ${MAJOR_MIN} or newer`);
}

function migrations({ pending, unknown }: DatabaseReport): Finding[] {
  if (unknown !== undefined) {
    const found = `has ${unknown}, which this Tidemark does not know`;
    return [fail('registry', found, 'run the newer Tidemark, or restore an older backup')];
  }
  if (pending.length === 0) return [ok('registry', 'tables are up to date')];
  const found = `${pending.length} migrations are to be done, from ${pending[0]}`;
  return [warn('registry', found, 'tidemark migrate, or start it: they are done at start')];
}

function rights({ missing }: DatabaseReport): Finding[] {
  if (missing.length === 0) return [];
  const fix = 'let the role own the database, or grant it that';
  return [fail('registry', `the role may not ${missing.join(', nor ')}`, fix)];
}

function pooler({ pooler: found }: DatabaseReport, listenUrl: string | undefined): Finding[] {
  if (found === 'none') return [];
  if (found === 'session') return [ok('registry', 'a pooler in session mode is in between')];
  const text = 'a pooler in transaction mode is in between';
  if (listenUrl !== undefined) return [ok('registry', `${text}, notifications go past it`)];
  const fix = 'set DATABASE_LISTEN_URL to the server itself: docs/scaling.md';
  return [warn('registry', `${text}: notifications get lost, news is found 10 s later`, fix)];
}

function stuck({ stuck: found }: DatabaseReport, { api }: Running): Finding[] {
  const fix =
    api === undefined
      ? 'a started Tidemark takes them up'
      : 'no worker takes them up: start one (--only scans, articles or alerts), look at its log';
  return found.map(({ what, count }) => warn('leases', `${count} ${what}, for 10 minutes`, fix));
}
