import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { readLines } from '../../../embedded/lines/read.ts';
import type { ParsedPoint, WriteResult } from '../../../embedded/storage/contract.ts';
import { openStorage, type Storage } from '../../../embedded/storage/storage.ts';

const SECOND_NS = 1_000_000_000n;
const clock = { nowMs: () => nowMs };
let nowMs: number;
let dir: string;
let storage: Storage;

beforeEach(async () => {
  nowMs = Date.parse('2026-01-01T00:00:00Z');
  dir = await mkdtemp(join(tmpdir(), 'tidemark-storage-'));
  storage = await open();
});

afterEach(async () => {
  await storage.close();
  await rm(dir, { recursive: true });
});

async function open(): Promise<Storage> {
  const opened = await openStorage({ dir, memoryBytesMax: 128_000_000, clock });
  opened.createBucket('b1');
  return opened;
}

async function reopen(): Promise<void> {
  await storage.close();
  storage = await open();
}

function write(body: string, bucketId = 'b1'): Promise<WriteResult> {
  const options = { precision: 's', nowNs: BigInt(nowMs) * 1_000_000n } as const;
  return storage.ingest(bucketId, (target) => readLines(Buffer.from(body), options, target));
}

async function collect(sql: string): Promise<string[]> {
  const found: string[] = [];
  for await (const chunk of storage.query(sql, new AbortController().signal)) {
    const columns = [0, 1, 2].map((index) => chunk.column(index));
    for (let row = 0; row < chunk.rowCount; row++) {
      found.push(columns.map((column) => String(column.values[row])).join(' '));
    }
  }
  return found;
}

/** `sid seconds value` of one table, in order. */
async function points(type: 'double' | 'long' = 'double', bucketId = 'b1'): Promise<string[]> {
  const table = storage.pointsTable(bucketId, type);
  if (table === undefined) return [];
  return collect(`SELECT sid, time // ${SECOND_NS}, value FROM ${table} ORDER BY ALL`);
}

const names = () =>
  storage
    .series('b1')
    .map(({ measurement, tags, field }) =>
      [measurement, ...[...tags].map(([key, value]) => `${key}=${value}`), field].join(' '),
    );

test('points and series are there after a reopen, and nothing is doubled', async () => {
  await write('m,x=a v=1 1\nm,x=a v=2 2\nm,x=b v=3 1');
  const before = [await points(), names()];
  await reopen();
  assert.deepEqual([await points(), names()], before);
  await write('m,x=a v=5 2\nm,x=c v=6 1');
  assert.deepEqual(await points(), ['1 1 1', '1 2 5', '2 1 3', '3 1 6']);
});

test('after a reopen an older point still replaces', async () => {
  await write('m v=1 10\nm v=2 20');
  await reopen();
  await write('m v=3 10');
  assert.deepEqual(await points(), ['1 10 3', '1 20 2']);
});

test('a refused body leaves no series behind', async () => {
  await assert.rejects(write('new,x=a v=1 1\nbroken'), /unable to parse 'broken'/);
  assert.deepEqual(names(), []);
  await write('m v=1 1');
  await assert.rejects(write('m v=9 1\nm,x=z v=1 1\nbroken'));
  assert.deepEqual([names(), await points()], [['m v'], ['2 1 1']]);
  await reopen();
  assert.deepEqual(names(), ['m v']);
});

test('requests that come together share a commit and keep their own outcome', async () => {
  const outcomes = await Promise.allSettled([
    write('m v=1 1'),
    write('m v=1i 1'),
    write('bad'),
    write('m v=2 2\nm v=3 1'),
  ]);
  assert.deepEqual(
    outcomes.map((one) => (one.status === 'fulfilled' ? one.value.dropped : 'refused')),
    [0, 1, 'refused', 0],
  );
  assert.deepEqual(await points(), ['1 1 3', '1 2 2']);
});

test('a thousand concurrent writers lose nothing', async () => {
  const bodies = Array.from({ length: 1000 }, (_, i) => `m,w=${i % 50} v=${i} ${i}`);
  await Promise.all(bodies.map((body) => write(body)));
  assert.equal((await points()).length, 1000);
  assert.equal(names().length, 50);
});

test('points outside retention are refused, counted and named', async () => {
  storage.createBucket('b2', 7200);
  const now = nowMs / 1000;
  const body = `m,x=a v=1 ${now - 7201}\nm,x=a v=2 ${now - 7200}\nm,x=a v=3 ${now}`;
  for (const round of ['slow way', 'fast way']) {
    const { written, dropped, message } = await write(body, 'b2');
    assert.deepEqual([written, dropped], [2, 1], round);
    assert.match(message ?? '', /oldest point m,x=a at 2025-12-31T21:59:59Z dropped because/);
  }
});

test('what falls out of retention is deleted, with the series that have nothing left', async () => {
  storage.createBucket('b1', 7200);
  const now = nowMs / 1000;
  await write(`m,x=a v=1 ${now}\nm,x=b v=2 ${now}`);
  nowMs += 3_600_000;
  await write(`m,x=a v=3 ${now + 3600}`);
  nowMs += 3_601_000;
  await storage.expire();
  assert.deepEqual([await points(), names()], [[`1 ${now + 3600} 3`], ['m x=a v']]);
  await reopen();
  assert.deepEqual(names(), ['m x=a v']);
  storage.createBucket('b1', 7200);
  // The type of a field that is no more is free again; the series begins anew.
  assert.equal((await write(`m,x=b w="s" ${now + 3600}`)).dropped, 0);
});

test('a deleted series may begin again with another type', async () => {
  await write('m,x=a v=1 1\nm,x=b v=1 1');
  const all = { startNs: 0n, stopNs: 100n * SECOND_NS };
  await storage.deletePoints('b1', all, (series) => series.tags.get('x') === 'a');
  assert.deepEqual([await points(), names()], [['2 1 1'], ['m x=b v']]);
  const conflict = await write('m,x=c v=1i 1');
  assert.match(conflict.message ?? '', /input field "v" on measurement "m" is type integer/);
  await storage.deletePoints('b1', all, () => true);
  assert.equal((await write('m,x=c v=1i 1')).dropped, 0);
  assert.deepEqual(await points('long'), ['3 1 1']);
});

test('deleting a part of a series keeps it', async () => {
  await write('m v=1 1\nm v=2 2\nm v=3 3');
  const range = { startNs: 2n * SECOND_NS, stopNs: 3n * SECOND_NS };
  await storage.deletePoints('b1', range, () => true);
  assert.deepEqual([await points(), names()], [['1 1 1', '1 3 3'], ['m v']]);
});

test('a dropped bucket is gone for good and its id can be used again', async () => {
  await write('m v=1 1\nm w=1i 1');
  await storage.dropBucket('b1');
  await assert.rejects(write('m v=1 1'), { code: 'not-found' });
  storage.createBucket('b1');
  assert.deepEqual([await points(), names()], [[], []]);
  await write('m v=1i 2');
  assert.deepEqual(await points('long'), ['3 2 1']);
  await reopen();
  assert.deepEqual(names(), ['m v']);
});

test('parsed points take the same way', async () => {
  const point = (value: number, timeNs: bigint): ParsedPoint => ({
    measurement: 'm',
    tags: [['x', 'a']],
    fields: [{ name: 'v', type: 'double', value }],
    timeNs,
  });
  await storage.write('b1', [point(1, SECOND_NS), point(2, SECOND_NS), point(3, 2n * SECOND_NS)]);
  await write('m,x=a v=4 2');
  assert.deepEqual(await points(), ['1 1 2', '1 2 4']);
});

test('the whole range of times and numbers is kept', async () => {
  const body = 'm v=1i -9223372036854775806\nm v=-9223372036854775808i 9223372036854775806\n';
  await storage.ingest('b1', (target) =>
    readLines(
      Buffer.from(`${body}m u=18446744073709551615u 0`),
      { precision: 'ns', nowNs: 0n },
      target,
    ),
  );
  const table = storage.pointsTable('b1', 'long')!;
  assert.deepEqual(await collect(`SELECT sid, time, value FROM ${table} ORDER BY time`), [
    '1 -9223372036854775806 1',
    '1 9223372036854775806 -9223372036854775808',
  ]);
  const unsigned = storage.pointsTable('b1', 'ulong')!;
  assert.deepEqual(await collect(`SELECT sid, time, value FROM ${unsigned}`), [
    '2 0 18446744073709551615',
  ]);
});

test('a query reads one state, whatever is written meanwhile', async () => {
  const lines = Array.from({ length: 20_000 }, (_, i) => `m v=${i} ${i}`);
  await write(lines.join('\n'));
  const table = storage.pointsTable('b1', 'double')!;
  const signal = new AbortController().signal;
  let seen = 0;
  for await (const chunk of storage.query(`SELECT value FROM ${table}`, signal)) {
    if (seen === 0) {
      await write(lines.map((line) => `${line}0`).join('\n'));
      await storage.deletePoints('b1', { startNs: 0n, stopNs: 2n ** 62n }, () => true);
    }
    seen += chunk.rowCount;
  }
  assert.equal(seen, 20_000);
});

test('an aborted query stops DuckDB in the middle of its work', async () => {
  await write(Array.from({ length: 20_000 }, (_, i) => `m v=${i} ${i}`).join('\n'));
  const table = storage.pointsTable('b1', 'double')!;
  const abort = new AbortController();
  const heavy = `SELECT count(*) FROM ${table} a, ${table} b, ${table} c
    WHERE a.value + b.value * c.value = -1`;
  const reading = (async () => {
    for await (const chunk of storage.query(heavy, abort.signal))
      assert.fail(String(chunk.rowCount));
  })();
  await write('m v=1 1');
  abort.abort();
  await assert.rejects(reading, { code: 'cancelled' });
});

test('selections are seen by queries and go away', async () => {
  await write('m,x=a v=1 1\nm,x=b v=2 1');
  const chosen = storage.series('b1').map(({ sid }, unit) => ({ sid, unit: unit * 10, group: 7 }));
  const selection = await storage.select(chosen);
  const sql = `SELECT s.u, s.g, p.value FROM ${storage.pointsTable('b1', 'double')} p
    JOIN ${selection.table} s ON s.sid = p.sid ORDER BY 1`;
  assert.deepEqual(await collect(sql), ['0 7 1', '10 7 2']);
  await selection.drop();
  await assert.rejects(collect(sql), /does not exist/);
});

test('SQL reaches no files', async () => {
  await assert.rejects(collect("SELECT * FROM read_text('/etc/hostname')"), /Permission|disabled/);
  await assert.rejects(collect(`ATTACH '${join(dir, 'other.duckdb')}'`), /Permission|disabled/);
  await assert.rejects(collect('SET enable_external_access = true'), /lock|Cannot/);
});

test('records are kept, replaced and removed', async () => {
  const bodies = async () => (await storage.loadRecords()).map((one) => one.body).sort();
  await storage.saveRecords([
    { kind: 'k', id: '1', body: "it's" },
    { kind: 'k', id: '2', body: 'two' },
  ]);
  await storage.saveRecords([{ kind: 'k', id: '2', body: 'zwei' }]);
  await reopen();
  assert.deepEqual(await bodies(), ["it's", 'zwei']);
  await storage.saveRecords([{ kind: 'k', id: '1' }]);
  assert.deepEqual(await bodies(), ['zwei']);
});

test('closing waits for accepted writes and refuses later ones', async () => {
  const accepted = write('m v=1 1');
  await storage.close();
  assert.equal((await accepted).written, 1);
  await assert.rejects(write('m v=2 2'), { code: 'unavailable' });
  storage = await open();
  assert.deepEqual(await points(), ['1 1 1']);
});
