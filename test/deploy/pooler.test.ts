/** A registry behind pgbouncer in transaction mode: what it breaks is said, and the rest works. */
import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { isCode } from '../../core/errors.ts';
import { silentLog } from '../../core/log.ts';
import type { Database } from '../../registry/database.ts';
import { openRegistry } from '../../registry/open.ts';
import { openPostgres } from '../../registry/postgres.ts';
import { eventually } from '../helpers/eventually.ts';
import { type PostgresServer, startPostgres, whyNoPostgres } from '../helpers/registry.ts';

const PGBOUNCER = '/usr/sbin/pgbouncer';
const absent = existsSync(PGBOUNCER) ? undefined : 'no pgbouncer: apt-get install pgbouncer';

interface Pooler {
  readonly url: string;
  stop(): Promise<void>;
}

/** On a free port of loopback; it refuses to run as root. */
async function startPooler(databaseUrl: string, settings: string): Promise<Pooler> {
  const to = new URL(databaseUrl);
  const name = to.pathname.slice(1);
  const host = to.searchParams.get('host') ?? to.hostname;
  const port = await freePort();
  const dir = mkdtempSync(join(tmpdir(), 'tidemark-pooler-'));
  chmodSync(dir, 0o755);
  const file = join(dir, 'pgbouncer.ini');
  const password = to.password === '' ? '' : ` password=${decodeURIComponent(to.password)}`;
  const target = `host=${host} port=${to.port || 5432} user=${to.username}${password}`;
  writeFileSync(
    file,
    `[databases]\n${name} = ${target}\n[pgbouncer]\nlisten_addr = 127.0.0.1\n` +
      `listen_port = ${port}\nunix_socket_dir =\nauth_type = any\npool_mode = transaction\n` +
      `default_pool_size = 4\nmax_client_conn = 100\n${settings}\n`,
  );
  const id = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
  const root = process.getuid?.() === 0;
  const child = spawn(PGBOUNCER, ['-q', file], {
    stdio: 'ignore',
    ...(root && { uid: id('-u'), gid: id('-g') }),
  });
  const ended = once(child, 'exit');
  const kill = () => child.kill('SIGKILL');
  process.on('exit', kill);
  await listening(child, port);
  return {
    url: `postgres://${to.username}@127.0.0.1:${port}/${name}`,
    async stop() {
      process.off('exit', kill);
      kill();
      await ended;
      await rm(dir, { recursive: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function listening(child: ChildProcess, port: number): Promise<void> {
  await eventually(async () => {
    assert.equal(child.exitCode, null, 'pgbouncer ended');
    const { connect } = await import('node:net');
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    socket.destroy();
  });
}

describe('a registry behind pgbouncer in transaction mode', {
  skip: absent ?? whyNoPostgres() ?? false,
}, () => {
  let server: PostgresServer;
  let direct: string;
  let pooler: Pooler;
  const open: Database[] = [];
  const started: Pooler[] = [];

  before(async () => {
    server = await startPostgres();
    direct = await server.createDatabase();
    pooler = await startPooler(direct, 'ignore_startup_parameters = statement_timeout');
    started.push(pooler);
  });

  after(async () => {
    for (const database of open) await database.close();
    for (const { stop } of started) await stop();
    await server?.stop();
  });

  const registry = async (databaseListenUrl?: string): Promise<Database> => {
    const options = { databaseUrl: pooler.url, databaseListenUrl, dataDir: '', log: silentLog };
    const database = await openRegistry(options);
    open.push(database);
    return database;
  };

  it('says what is to be set in the pooler, as it comes without settings', async () => {
    const plain = await startPooler(direct, '');
    started.push(plain);
    await assert.rejects(openPostgres({ url: plain.url, log: silentLog }), (error: Error) => {
      assert.ok(isCode(error, 'invalid'));
      assert.match(error.message, /ignore_startup_parameters = statement_timeout/);
      assert.match(error.message, /DATABASE_LISTEN_URL/);
      return true;
    });
  });

  it('migrates, and does more at once than it has connections', async () => {
    const database = await registry();
    const numbers = Array.from({ length: 60 }, (_, n) => n);
    const found = await Promise.all(
      numbers.map((n) =>
        database.transaction(async (transaction) => {
          await transaction.query('select pg_advisory_xact_lock($1)', [n % 3]);
          const [row] = await transaction.query('select $1::int as n', [n]);
          return row?.n;
        }),
      ),
    );
    assert.deepEqual(found, numbers);
  });

  it('hears notifications past it', async () => {
    const database = await registry(direct);
    const heard: string[] = [];
    const listening = await database.listen('news', {
      heard: (payload) => void heard.push(payload),
      lost: (error) => assert.fail(error),
    });
    await database.query("select pg_notify('news', 'a')");
    await database.transaction(async (transaction) => {
      await transaction.query("select pg_notify('news', 'b')");
    });
    await eventually(() => assert.deepEqual(heard, ['a', 'b']));
    await listening.close();
  });

  it('names the place that cannot be listened on', async () => {
    const elsewhere = `postgres://nobody@127.0.0.1:${await freePort()}/none`;
    const database = await registry(elsewhere);
    const listener = { heard: () => {}, lost: () => {} };
    await assert.rejects(database.listen('news', listener), /127\.0\.0\.1:\d+\/none/);
  });
});
