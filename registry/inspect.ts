/** A look at a PostgreSQL that changes nothing: what it is, what it lacks, who is in between. */
import pg from 'pg';
import { z } from 'zod';
import { readMigrations } from './migrate.ts';
import { NOW_MS } from './sql-values.ts';

export interface DatabaseReport {
  /** `15.6`. */
  readonly version: string;
  readonly major: number;
  /** Names of migrations that it does not have yet. */
  readonly pending: readonly string[];
  /** Of one that this program does not know: the database is newer. */
  readonly unknown: string | undefined;
  /** What the role may not do: `create in schema public`. */
  readonly missing: readonly string[];
  /** Whether a session is one: a pooler in transaction mode gives each statement another server. */
  readonly pooler: Pooler;
  /** What is held by nobody who was heard of, or due and left alone, for ten minutes. */
  readonly stuck: readonly { readonly what: string; readonly count: number }[];
}

export type Pooler = 'none' | 'session' | 'transaction';

/** As much of a connection as is looked at. */
export interface Session {
  /** Process that the server said to be ours, at the begin. */
  readonly processId: number | undefined;
  query(text: string): Promise<readonly unknown[]>;
}

const TIMEOUT_MS = 5_000;
const STUCK_MS = 600_000;

/** @throws what pg throws when it cannot connect. */
export async function inspectDatabase(url: string): Promise<DatabaseReport> {
  const clients = [newClient(url), newClient(url)];
  try {
    for (const client of clients) await client.connect();
    const [first, second] = clients.map(sessionOf) as [Session, Session];
    const [server] = await rows(
      first,
      z.object({ version: z.string(), number: z.string() }),
      `select current_setting('server_version') as version,
              current_setting('server_version_num') as number`,
    );
    const { version, number } = server!;
    const schema = await schemaOf(first);
    return {
      version: version.split(' ')[0]!,
      major: Math.floor(Number(number) / 10_000),
      ...schema,
      missing: await missingRights(first),
      pooler: await poolerOf(first, second),
      stuck: schema.pending.length === 0 ? await stuckThings(first) : [],
    };
  } finally {
    await Promise.all(clients.map((client) => client.end()));
  }
}

function newClient(url: string): pg.Client {
  const client = new pg.Client({
    ...{ connectionString: url, application_name: 'tidemark doctor' },
    ...{ connectionTimeoutMillis: TIMEOUT_MS, query_timeout: TIMEOUT_MS },
    // As Tidemark itself connects: there are poolers that refuse it.
    statement_timeout: TIMEOUT_MS,
  });
  // Without a listener a connection that breaks between two statements ends the process.
  client.on('error', () => undefined);
  return client;
}

function sessionOf(client: pg.Client): Session {
  const { processID } = client as unknown as { processID?: number };
  return {
    processId: processID,
    query: async (text) => (await client.query<Record<string, unknown>>(text)).rows,
  };
}

async function rows<T>(session: Session, shape: z.ZodType<T>, text: string): Promise<T[]> {
  return z.array(shape).parse(await session.query(text));
}

async function schemaOf(session: Session): Promise<Pick<DatabaseReport, 'pending' | 'unknown'>> {
  const known = readMigrations().map(({ name }) => name);
  const [table] = await rows(
    session,
    z.object({ there: z.boolean() }),
    `select to_regclass('schema_migrations') is not null as there`,
  );
  if (!table!.there) return { pending: known, unknown: undefined };
  const named = z.object({ name: z.string() });
  const applied = await rows(session, named, 'select name from schema_migrations');
  const names = applied.map(({ name }) => name);
  const unknown = names.find((name) => !known.includes(name));
  const pending = known.filter((name) => !names.includes(name));
  return { pending, unknown };
}

async function missingRights(session: Session): Promise<string[]> {
  const shape = z.object({ schema: z.string().nullable(), create: z.boolean().nullable() });
  const [found] = await rows(
    session,
    shape,
    `select current_schema() as schema,
            has_schema_privilege(current_schema(), 'create') as create`,
  );
  const missing: string[] = [];
  if (found?.schema == null) missing.push('use any schema of its search_path');
  else if (found.create !== true) missing.push(`create in schema ${found.schema}`);
  const others = await rows(
    session,
    z.object({ name: z.string() }),
    `select relname as name from pg_class
     where relkind = 'r' and relnamespace = current_schema()::regnamespace
       and not (has_table_privilege(oid, 'select') and has_table_privilege(oid, 'insert')
                and has_table_privilege(oid, 'update') and has_table_privilege(oid, 'delete'))
     order by 1 limit 5`,
  );
  const tables = others.map(({ name }) => name).join(', ');
  return tables === '' ? missing : [...missing, `read and write ${tables}`];
}

/**
 * A pooler makes up the process id that it greets with. In transaction mode, what another session
 * has just borrowed is no longer ours: the same session is then served by another process.
 */
export async function poolerOf(first: Session, second: Session): Promise<Pooler> {
  const pidOf = async (session: Session): Promise<number> => {
    const found = await session.query('select pg_backend_pid() as pid');
    return z.array(z.object({ pid: z.number() })).parse(found)[0]!.pid;
  };
  const before = await pidOf(first);
  if (before === first.processId) return 'none';
  await second.query('begin');
  try {
    await pidOf(second);
    return (await pidOf(first)) === before ? 'session' : 'transaction';
  } finally {
    await second.query('rollback');
  }
}

const LONG_AGO = `${NOW_MS} - ${STUCK_MS}`;
/** What takes turns at it, and how it stands there when nobody does. */
const STUCK = {
  'scans that are due': `monitor_schedule where active and due_ms < ${LONG_AGO}`,
  'article jobs that a gone worker holds': `article_jobs where state = 'leased' and due_ms < ${LONG_AGO}`,
  'deliveries that a gone worker holds': `deliveries where state = 'leased' and due_ms < ${LONG_AGO}`,
  'parts of backfills that a gone worker holds': `backfill_parts
    where lease_until < now() - interval '${STUCK_MS} milliseconds'`,
} as const;

async function stuckThings(session: Session): Promise<{ what: string; count: number }[]> {
  const found: { what: string; count: number }[] = [];
  for (const [what, from] of Object.entries(STUCK)) {
    const shape = z.object({ count: z.number() });
    const [row] = await rows(session, shape, `select count(*)::int as count from ${from}`);
    if (row!.count > 0) found.push({ what, count: row!.count });
  }
  return found;
}
