import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { openStorage, type Storage } from '../../../embedded/storage/storage.ts';

const KILLS = 20;
const BATCH_POINTS = 50;
const child = fileURLToPath(new URL('./kill-child.js', import.meta.url));

/** Runs a writer on the folder, kills it after some acknowledged batches; gives all of those. */
async function writeAndKill(dir: string, firstBatch: number, afterMs: number): Promise<number[]> {
  const process = fork(child, [dir, String(firstBatch)], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const acknowledged: number[] = [];
  const first = once(process, 'message');
  process.on('message', (batch: number) => acknowledged.push(batch));
  const ended = once(process, 'exit');
  await first;
  await delay(afterMs);
  process.kill('SIGKILL');
  await ended;
  return acknowledged;
}

async function* rowsOf(storage: Storage, sql: string): AsyncGenerator<bigint[]> {
  for await (const chunk of storage.query(sql, new AbortController().signal)) {
    const columns = [0, 1].map((index) => chunk.column(index).values);
    for (let row = 0; row < chunk.rowCount; row++) {
      yield columns.map((values) => BigInt(String(values[row])));
    }
  }
}

/** Points by batch; fails when one is there twice or belongs to no known series. */
async function stored(dir: string): Promise<{ counts: Map<number, number>; overwritten: number }> {
  const storage = await openStorage({ dir, memoryBytesMax: 128_000_000 });
  try {
    storage.createBucket('b1');
    const table = storage.pointsTable('b1', 'double');
    const counts = new Map<number, number>();
    const sql = `SELECT time // 1000000000, count(*) FROM ${table} GROUP BY 1`;
    for await (const [batch, count] of rowsOf(storage, sql))
      counts.set(Number(batch), Number(count));
    const twice = `SELECT count(*), count(DISTINCT (sid, time)) FROM ${table}`;
    for await (const [all, distinct] of rowsOf(storage, twice)) assert.equal(all, distinct);
    const known = new Set(storage.series('b1').map((series) => series.sid));
    const sids = `SELECT DISTINCT sid, 0 FROM ${table}`;
    for await (const [sid] of rowsOf(storage, sids)) assert.ok(known.has(Number(sid)), String(sid));
    let overwritten = -1;
    const one = `SELECT value, 0 FROM ${storage.pointsTable('b1', 'long')}`;
    for await (const [value] of rowsOf(storage, one)) {
      assert.equal(overwritten, -1, 'one point at one time');
      overwritten = Number(value);
    }
    return { counts, overwritten };
  } finally {
    await storage.close();
  }
}

test('kill -9 at any moment: every acknowledged point is there, once', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'tidemark-kill-'));
  const acknowledged: number[] = [];
  try {
    for (let kill = 0; kill < KILLS; kill++) {
      const first = kill * 100_000;
      const fresh = await writeAndKill(dir, first, Math.random() * 250);
      acknowledged.push(...fresh);
      const { counts, overwritten } = await stored(dir);
      for (const batch of acknowledged)
        assert.equal(counts.get(batch), BATCH_POINTS, String(batch));
      for (const [batch, count] of counts) assert.equal(count, BATCH_POINTS, `whole: ${batch}`);
      assert.ok(overwritten >= Math.max(...fresh), 'the last write of the overwritten point');
    }
  } finally {
    await rm(dir, { recursive: true });
  }
  t.diagnostic(`${acknowledged.length} batches acknowledged over ${KILLS} kills`);
});
