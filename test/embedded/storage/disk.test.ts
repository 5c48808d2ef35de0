import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { readLines } from '../../../embedded/lines/read.ts';
import { openStorage, type Storage } from '../../../embedded/storage/storage.ts';

const run = promisify(execFile);
const POINTS = 20_000;

function write(storage: Storage, batch: number): Promise<unknown> {
  const lines = Array.from(
    { length: POINTS },
    (_, i) => `m,x=${i % 1000} v=${Math.random()} ${batch * 1000 + Math.floor(i / 1000)}`,
  );
  const options = { precision: 's', nowNs: 0n } as const;
  return storage.ingest('b1', (target) =>
    readLines(Buffer.from(lines.join('\n')), options, target),
  );
}

async function countPoints(storage: Storage): Promise<number> {
  const sql = `SELECT count(*) FROM ${storage.pointsTable('b1', 'double')}`;
  let count = 0;
  for await (const chunk of storage.query(sql, new AbortController().signal)) {
    count = Number(chunk.column(0).values[0]);
  }
  return count;
}

/** Writes until the disk is full, twice; makes room; writes again. */
async function fillAndHeal(dir: string, grow: () => Promise<unknown>): Promise<void> {
  let nowMs = 0;
  const clock = { nowMs: () => nowMs };
  const open = () => openStorage({ dir: join(dir, 'data'), memoryBytesMax: 128_000_000, clock });
  let storage = await open();
  storage.createBucket('b1');
  let acknowledged = 0;
  const fill = async () => {
    for (let batch = acknowledged; batch < 1000; batch++) {
      await write(storage, batch);
      acknowledged++;
    }
  };
  await assert.rejects(fill(), { code: 'unavailable' });
  await assert.rejects(write(storage, acknowledged), { code: 'unavailable' });
  await grow();
  nowMs += 60_000;
  await write(storage, acknowledged);
  acknowledged++;
  assert.equal(storage.broken, undefined);
  assert.equal(await countPoints(storage), acknowledged * POINTS);
  await storage.close();
  storage = await open();
  storage.createBucket('b1');
  assert.equal(await countPoints(storage), acknowledged * POINTS);
  assert.equal(storage.series('b1').length, 1000);
  await storage.close();
}

// The smaller one is full while the log is written, the larger one in the middle of a checkpoint.
for (const size of ['12m', '20m']) {
  test(`a full disk of ${size} refuses, loses nothing and heals without a restart`, async (t) => {
    const dir = await mkdtemp(join(tmpdir(), 'tidemark-disk-'));
    try {
      await run('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', dir]);
    } catch {
      await rm(dir, { recursive: true });
      t.skip('needs the right to mount a small disk');
      return;
    }
    try {
      await fillAndHeal(dir, () => run('mount', ['-o', 'remount,size=300m', dir]));
    } finally {
      await run('umount', ['-l', dir]);
      await rm(dir, { recursive: true });
    }
  });
}
