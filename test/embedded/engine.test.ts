import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { silentLog } from '../../core/log.ts';
import { type Engine, startEngine } from '../../embedded/engine.ts';
import { call, rows } from '../helpers/engines.ts';

let dir: string;
let engine: Engine;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'tidemark-engine-'));
  engine = await start();
});

afterEach(async () => {
  await engine.close();
  await rm(dir, { recursive: true });
});

function start(options: object = {}): Promise<Engine> {
  const names = { org: 'tidemark', bucket: 'tidemark' };
  return startEngine({ dir, host: '127.0.0.1', port: 0, ...names, log: silentLog, ...options });
}

const asEngine = () => ({ ...engine, stop: () => engine.close() });
const count = 'from(bucket: "tidemark") |> range(start: 0) |> count()';

test('what was written is there after a restart, with the same token', async () => {
  const { token } = engine;
  const write = 'POST /api/v2/write?org=tidemark&bucket=tidemark&precision=s';
  assert.equal((await call(asEngine(), write, 'm v=1 1\nm v=2 2')).status, 204);
  await engine.close();
  engine = await start();
  assert.equal(engine.token, token);
  assert.equal((await rows(asEngine(), count))[0]?._value, '2');
  const { json } = await call(asEngine(), 'GET /api/v2/orgs');
  assert.equal((json as { orgs: unknown[] }).orgs.length, 1);
});

test('the token is kept for its owner only, and may be put there beforehand', async () => {
  const path = join(dir, 'token');
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  assert.equal((await readFile(path, 'utf8')).trim(), engine.token);
  await engine.close();
  await writeFile(path, 'my-own-token\n');
  engine = await start();
  assert.equal(engine.token, 'my-own-token');
  assert.equal((await call(asEngine(), 'GET /api/v2/me')).status, 200);
});

test('another bucket and retention are made on the next start', async () => {
  await engine.close();
  engine = await start({ bucket: 'second', retentionSeconds: 7200 });
  const { json } = await call(asEngine(), 'GET /api/v2/buckets?name=second');
  const [bucket] = (json as { buckets: { retentionRules: { everySeconds: number }[] }[] }).buckets;
  assert.equal(bucket?.retentionRules[0]?.everySeconds, 7200);
  assert.equal((await call(asEngine(), 'GET /api/v2/buckets?name=tidemark')).status, 200);
});

test('nobody can set the engine up a second time', async () => {
  const body = { username: 'x', password: 'password1', org: 'o', bucket: 'b' };
  const { status, code } = await call(asEngine(), 'POST /api/v2/setup', body);
  assert.deepEqual([status, code], [422, 'conflict']);
});

test('a taken port is said', async () => {
  const other = await mkdtemp(join(tmpdir(), 'tidemark-engine-'));
  const port = Number(new URL(engine.url).port);
  await assert.rejects(start({ dir: other, port }), {
    code: 'conflict',
    message: `port ${port} on 127.0.0.1 is in use: set INFLUX_PORT, or stop what listens there`,
  });
  await rm(other, { recursive: true });
});

test('a folder that cannot be one is said', async () => {
  const file = join(dir, 'token');
  await assert.rejects(start({ dir: join(file, 'x') }), {
    code: 'unavailable',
    message: /ENOTDIR/,
  });
});

test('a file that is no database is said', async () => {
  const other = await mkdtemp(join(tmpdir(), 'tidemark-engine-'));
  await writeFile(join(other, 'main.duckdb'), 'no database at all, but long enough'.repeat(500));
  await assert.rejects(start({ dir: other }), { code: 'unavailable', message: /not a valid/ });
  await rm(other, { recursive: true });
});

test('a folder in use by another process is said', async () => {
  const child = fileURLToPath(new URL('./open-child.js', import.meta.url));
  const process = fork(child, [dir]);
  const [answer] = (await once(process, 'message')) as [{ code: string; message: string }];
  assert.equal(answer.code, 'conflict');
  assert.match(answer.message, /is in use by process \d+: stop it/);
  await once(process, 'exit');
});

test('closing twice is fine, and the port is free afterwards', async () => {
  const port = Number(new URL(engine.url).port);
  await Promise.all([engine.close(), engine.close()]);
  assert.equal(await engine.ended, undefined);
  engine = await start({ port });
});
