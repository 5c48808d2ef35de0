/** Keys as an operator has them: two processes of the API beyond loopback over one PostgreSQL. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { lockDirectory } from '../../registry/lock.ts';
import { eventually } from '../helpers/eventually.ts';
import { runToEnd, startTidemark, type Tidemark } from '../helpers/process.ts';
import { type PostgresServer, startPostgres, whyNoPostgres } from '../helpers/registry.ts';

/** A revoked key opens nothing within so long, anywhere. */
const REVOKED_MS_MAX = 5_000;

describe('tidemark keys', { skip: whyNoPostgres() ?? false }, () => {
  let dir: string;
  let postgres: PostgresServer;
  let settings: Record<string, string>;
  const processes: Tidemark[] = [];
  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'tidemark-keys-'));
    postgres = await startPostgres();
    settings = {
      ...{ HOST: '0.0.0.0', LOG_LEVEL: 'warn', DATABASE_URL: await postgres.createDatabase() },
      // Nothing of this needs an InfluxDB: none is there, and the API answers all the same.
      ...{ INFLUX_URL: 'http://127.0.0.1:9', INFLUX_TOKEN: 'none', DATA_DIR: join(dir, 'command') },
    };
  });
  after(async () => {
    await Promise.all(processes.map(({ kill }) => kill('SIGKILL')));
    await postgres?.stop();
    await rm(dir, { recursive: true, force: true });
  });
  const run = (...args: string[]) => runToEnd({ settings, args });
  const ask = (at: number, path: string, secret: string, init: RequestInit = {}) =>
    fetch(`${processes[at]!.url.replace('0.0.0.0', '127.0.0.1')}${path}`, {
      ...init,
      headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' },
    });

  let ops: string;
  it('beyond loopback nothing starts without a key, and the refusal says how to make one', async () => {
    const { code, stderr } = await run('start', '--only', 'api');
    assert.equal(code, 64, stderr);
    assert.match(stderr, /without API keys.*`tidemark keys create NAME --role admin`.*API_KEYS/);
  });

  it('with one that a command made it starts, twice', async () => {
    const { code, stdout, stderr } = await run(
      'keys',
      'create',
      'ops',
      '--role',
      'admin',
      '--json',
    );
    assert.deepEqual([code, stderr], [0, '']);
    ({ secret: ops } = JSON.parse(stdout) as { secret: string });
    const start = async (name: string) =>
      startTidemark({
        settings: { ...settings, DATA_DIR: join(dir, name) },
        args: ['start', '--only', 'api'],
      });
    processes.push(...(await Promise.all(['one', 'two'].map(start))));
    for (const at of [0, 1]) {
      assert.equal((await ask(at, '/api/v1/me', ops)).status, 200);
      assert.equal((await ask(at, '/api/v1/me', 'wrong')).status, 401);
    }
  });

  it('what one makes the other takes; what one revokes the other refuses, and cuts', async () => {
    const body = JSON.stringify({ name: 'grafana', role: 'read' });
    const made = await ask(0, '/keys', ops, { method: 'POST', body });
    assert.equal(made.status, 201);
    const { id, secret } = (await made.json()) as { id: number; secret: string };
    await eventually(async () => {
      assert.equal((await ask(1, '/api/v1/me', secret)).status, 200);
    }, REVOKED_MS_MAX);
    const stream = await ask(1, '/events', secret);
    assert.equal(stream.status, 200);
    assert.equal((await ask(0, `/keys/${id}`, ops, { method: 'DELETE' })).status, 200);
    assert.equal((await ask(0, '/api/v1/me', secret)).status, 401, 'here at once');
    await eventually(async () => {
      assert.equal((await ask(1, '/api/v1/me', secret)).status, 401);
    }, REVOKED_MS_MAX);
    assert.match(await stream.text(), /event: revoked/);
  });

  it('a command revokes as well, but not the last that can make others', async () => {
    assert.equal((await run('keys', 'create', 'more', '--role', 'write')).code, 0);
    const { code, stdout } = await run('keys', 'revoke', 'more');
    assert.deepEqual([code, stdout.trim()], [0, 'Key more (number 3) is revoked.']);
    const refused = await run('keys', 'revoke', 'ops');
    assert.deepEqual([refused.code, /--force/.test(refused.stderr)], [1, true]);
    const { stdout: list } = await run('keys', 'list');
    assert.match(list, /^1 +ops: admin, live, tdm_\w{8}_\.\.\., /m);
    assert.match(list, /^2 +grafana: read, revoked, /m);
    assert.ok(!list.includes(ops.slice(13)));
  });

  it('all of it is in the audit, whoever is asked', async () => {
    await eventually(async () => {
      const answer = await ask(1, '/audit', ops);
      const { items } = (await answer.json()) as { items: Record<string, unknown>[] };
      const found = items.map(({ key, method, route, status }) => [key, method, route, status]);
      const command = (found.at(-1) ?? [])[0];
      assert.match(String(command), /^tidemark keys/);
      assert.deepEqual(found, [
        [command, 'COMMAND', 'revokeKey', null],
        [command, 'COMMAND', 'addKey', null],
        ['ops', 'DELETE', 'revokeKey', 200],
        ['ops', 'POST', 'addKey', 201],
        [command, 'COMMAND', 'addKey', null],
      ]);
    });
  });

  it('says whom to ask where a Tidemark holds the registry of a directory', async () => {
    const held = join(dir, 'held');
    const release = await lockDirectory(join(held, 'registry'));
    try {
      const { DATABASE_URL: _, ...rest } = settings;
      const own = { ...rest, DATA_DIR: held, PORT: '8001' };
      const { code, stderr } = await runToEnd({ settings: own, args: ['keys', 'list'] });
      assert.equal(code, 1);
      assert.match(stderr, /a Tidemark runs on .*held: ask its API \(.*:8001\/keys\), or stop it/);
    } finally {
      await release();
    }
  });
});
