import assert from 'node:assert/strict';
import { readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { isCode } from '../../../core/errors.ts';
import { silentLog } from '../../../core/log.ts';
import type { Loss } from '../../../ingest/writer/losses.ts';
import { type CreateFile, createFile, segmentPath } from '../../../ingest/writer/segments.ts';
import { type Batch, Spool, type SpoolOptions } from '../../../ingest/writer/spool.ts';
import { inTemporaryDir } from './support.ts';

const LIMITS = { lines: 1_000, bytes: 100_000 };

async function openSpool(dir: string, options: Partial<SpoolOptions> = {}) {
  const damaged: Buffer[] = [];
  const spool = await Spool.open({
    dir,
    bytesMax: 1e9,
    segmentBytesMax: 1_000,
    log: silentLog,
    onDamage: async (bytes) => void damaged.push(Buffer.from(bytes)),
    ...options,
  });
  return { spool, damaged };
}

const line = (n: number) => Buffer.from(`price,exchange=kraken,pair=btcusd price=${n} ${n}\n`);

async function fill(spool: Spool, count: number): Promise<void> {
  for (let n = 0; n < count; n++) await spool.append(line(n), 1, 1_000 + n);
}

/** Everything that waits, settled as it goes. */
async function drain(spool: Spool, limits = LIMITS): Promise<string[]> {
  const lines: string[] = [];
  for (let batch = await spool.read(limits); batch; batch = await spool.read(limits)) {
    lines.push(...batch.payload.toString().split('\n').filter(Boolean));
    await spool.settle(batch);
  }
  return lines;
}

const expected = (count: number) =>
  Array.from({ length: count }, (_, n) => line(n).toString().trim());

test('lines come back in order over many segments, which are deleted when done', () =>
  inTemporaryDir(async (dir) => {
    const { spool } = await openSpool(dir);
    await fill(spool, 200);
    assert.ok((await readdir(dir)).length > 5);
    assert.deepEqual(await drain(spool), expected(200));
    assert.equal(spool.bytes, 0);
    assert.ok((await readdir(dir)).filter((name) => name.startsWith('segment')).length <= 1);
    await spool.close();
  }));

test('appends at the same time are all kept and count until they are settled', () =>
  inTemporaryDir(async (dir) => {
    const { spool } = await openSpool(dir, { segmentBytesMax: 1e6 });
    await Promise.all(Array.from({ length: 100 }, (_, n) => spool.append(line(n), 1, n)));
    assert.ok(spool.bytes > 100 * 24);
    assert.deepEqual(await drain(spool), expected(100));
    assert.equal(spool.bytes, 0);
    await spool.close();
  }));

test('a batch keeps within its limits, but takes one record however large', () =>
  inTemporaryDir(async (dir) => {
    const { spool } = await openSpool(dir, { segmentBytesMax: 1e9 });
    const large = Buffer.from(`m s="${'x'.repeat(300_000)}" 1\n`);
    await fill(spool, 5);
    await spool.append(large, 1, 9);
    const first = await spool.read({ lines: 3, bytes: 1e6 });
    assert.equal(first?.lines, 3);
    assert.equal(first?.oldestMs, 1_000);
    await spool.settle(first as never);
    const second = await spool.read(LIMITS);
    assert.equal(second?.lines, 2);
    await spool.settle(second as never);
    const third = await spool.read(LIMITS);
    assert.ok(third?.payload.equals(large));
    await spool.close();
  }));

test('a restart goes on behind the last settled batch', () =>
  inTemporaryDir(async (dir) => {
    const first = await openSpool(dir);
    await fill(first.spool, 50);
    const batch = await first.spool.read({ lines: 7, bytes: 1e6 });
    await first.spool.settle(batch as never);
    await first.spool.saved();
    // No close: the process was killed.
    const second = await openSpool(dir);
    assert.deepEqual(await drain(second.spool), expected(50).slice(7));
    await fill(second.spool, 3);
    assert.deepEqual(await drain(second.spool), expected(3));
    await second.spool.close();
    await first.spool.close();
  }));

test('without its position file everything that is there is read again', () =>
  inTemporaryDir(async (dir) => {
    const first = await openSpool(dir);
    await fill(first.spool, 10);
    await first.spool.close();
    await writeFile(join(dir, 'position.json'), '{"segm');
    const second = await openSpool(dir);
    assert.deepEqual(await drain(second.spool), expected(10));
    await second.spool.close();
  }));

test('a record cut by a crash is passed by without being called damage', () =>
  inTemporaryDir(async (dir) => {
    const first = await openSpool(dir, { segmentBytesMax: 1e6 });
    await fill(first.spool, 10);
    await first.spool.close();
    const path = segmentPath(dir, 1);
    const { length } = await readFile(path);
    for (const cut of [5, 40, 24 + line(9).length - 1]) {
      await truncate(path, length - cut);
      await writeFile(join(dir, 'position.json'), '');
      const { spool, damaged } = await openSpool(dir, { segmentBytesMax: 1e6 });
      const batch = await spool.read({ lines: 100, bytes: 1e6 });
      const lines = batch?.payload.toString().split('\n').filter(Boolean);
      assert.deepEqual(lines, expected(9), `cut by ${cut}`);
      assert.equal(await spool.read({ lines: 100, bytes: 1e6 }).then((next) => next?.lines), 9);
      assert.deepEqual(damaged, []);
      await spool.close();
    }
  }));

for (const [name, at] of [
  ['a magic', 0],
  ['a length', 5],
  ['a count', 9],
  ['a checksum', 13],
  ['a payload', 40],
] as const) {
  test(`${name} that was damaged on disk costs one record, which is put aside`, () =>
    inTemporaryDir(async (dir) => {
      const first = await openSpool(dir, { segmentBytesMax: 1e6 });
      await fill(first.spool, 10);
      await first.spool.close();
      const path = segmentPath(dir, 1);
      const bytes = await readFile(path);
      const size = 24 + line(0).length;
      bytes[4 * size + at] = (bytes[4 * size + at] as number) ^ 0xff;
      await writeFile(path, bytes);
      const { spool, damaged } = await openSpool(dir);
      const lines = await drain(spool);
      assert.deepEqual(lines, [...expected(10).slice(0, 4), ...expected(10).slice(5)]);
      assert.deepEqual(
        damaged.map((part) => part.length),
        [size],
      );
      assert.equal(spool.bytes, 0);
      await spool.close();
    }));
}

test('zeros at the end of a segment, as a power cut leaves them, are no damage', () =>
  inTemporaryDir(async (dir) => {
    const first = await openSpool(dir, { segmentBytesMax: 1e6 });
    await fill(first.spool, 3);
    await first.spool.close();
    await truncate(segmentPath(dir, 1), 10_000);
    const { spool, damaged } = await openSpool(dir);
    assert.deepEqual(await drain(spool), expected(3));
    assert.deepEqual(damaged, []);
    await spool.close();
  }));

test('a spool at its limit lets go of its oldest lines, tells how many, and keeps its order', () =>
  inTemporaryDir(async (dir) => {
    const losses: Loss[] = [];
    const onLoss = (loss: Loss) => void losses.push(loss);
    const { spool } = await openSpool(dir, { bytesMax: 2_000, onLoss });
    await fill(spool, 100);
    assert.ok(spool.bytes <= 2_000);
    const kept = await drain(spool);
    const lost = losses.reduce((sum, { points }) => sum + points, 0);
    assert.ok(kept.length > 10 && lost > 10, `${kept.length} kept, ${lost} lost`);
    assert.deepEqual(kept, expected(100).slice(lost));
    assert.equal(losses[0]?.fromMs, 1_000);
    assert.equal(losses.at(-1)?.toMs, 1_000 + lost - 1);
    await spool.append(line(1), 1, 1);
    await spool.close();
  }));

test('a batch that was read when its segment had to go is told of, and cannot be settled', () =>
  inTemporaryDir(async (dir) => {
    const losses: Loss[] = [];
    const onLoss = (loss: Loss) => void losses.push(loss);
    const { spool } = await openSpool(dir, { bytesMax: 2_000, onLoss });
    await fill(spool, 20);
    const batch = (await spool.read({ lines: 2, bytes: 1e6 })) as Batch;
    assert.equal(batch.lines, 2);
    await fill(spool, 60);
    assert.equal(batch.gone.aborted, true);
    const bytes = spool.bytes;
    await spool.settle(batch);
    assert.equal(spool.bytes, bytes);
    const lost = losses.reduce((sum, { points }) => sum + points, 0);
    const kept = await drain(spool);
    assert.equal(kept.length + lost + batch.lines, 80);
    await spool.close();
  }));

/** A disk of so many bytes. */
function smallDisk(space: { bytes: number }): CreateFile {
  return async (path) => {
    const file = await createFile(path);
    return {
      write: async (bytes, offset) => {
        const part = Math.min(bytes.length - offset, Math.floor(space.bytes));
        if (part <= 0) throw Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC' });
        space.bytes -= part;
        return file.write(bytes.subarray(0, offset + part), offset);
      },
      datasync: () => file.datasync(),
      truncate: (size) => file.truncate(size),
      close: () => file.close(),
    };
  };
}

test('a full disk refuses with a clear error and works again when there is space', () =>
  inTemporaryDir(async (dir) => {
    const space = { bytes: 1_234 };
    const { spool, damaged } = await openSpool(dir, {
      createFile: smallDisk(space),
      segmentBytesMax: 1e6,
    });
    let kept = 0;
    const refused = await (async () => {
      for (;;) {
        try {
          await spool.append(line(kept), 1, kept);
          kept += 1;
        } catch (error) {
          return error;
        }
      }
    })();
    assert.ok(isCode(refused, 'unavailable'));
    assert.match((refused as Error).message, /disk of the spool is full/);
    await assert.rejects(spool.append(line(999), 1, 1));
    space.bytes = 1e6;
    await spool.append(line(kept), 1, 1);
    kept += 1;
    assert.deepEqual(await drain(spool), expected(kept));
    await spool.close();
    const again = await openSpool(dir);
    assert.deepEqual(await drain(again.spool), []);
    assert.deepEqual([...damaged, ...again.damaged], []);
    await again.spool.close();
  }));

test('a batch is read ahead when there is enough for a full one, and waits for its turn', () =>
  inTemporaryDir(async (dir) => {
    const { spool } = await openSpool(dir, { segmentBytesMax: 1e9 });
    await fill(spool, 25);
    const limits = { lines: 10, bytes: 1e6 };
    assert.equal(await spool.readAhead(limits), undefined);
    const first = (await spool.read(limits)) as Batch;
    const second = (await spool.readAhead(limits)) as Batch;
    const texts = [first, second].flatMap(({ payload }) => payload.toString().trim().split('\n'));
    assert.deepEqual(texts, expected(20));
    assert.equal(await spool.readAhead(limits), undefined);
    // The first one has no end yet: the second one goes back with it.
    spool.putBack(first);
    assert.deepEqual(await drain(spool, limits), expected(25));
    assert.equal(spool.bytes, 0);
    await spool.close();
  }));

test('what was read ahead is told of with the batch before it when both had to go', () =>
  inTemporaryDir(async (dir) => {
    const lost: Loss[] = [];
    const onLoss = (loss: Loss) => void lost.push(loss);
    const { spool } = await openSpool(dir, { bytesMax: 16_000, segmentBytesMax: 1e9, onLoss });
    await fill(spool, 25);
    const limits = { lines: 5, bytes: 1e6 };
    const first = (await spool.read(limits)) as Batch;
    const second = (await spool.readAhead(limits)) as Batch;
    for (let n = 25; !second.gone.aborted; n++) await spool.append(line(n), 1, n);
    assert.equal(first.gone.aborted, true);
    await spool.settle(first);
    await spool.settle(second);
    const rest = await drain(spool);
    const [loss] = lost;
    assert.equal(lost.length, 1);
    // Those in flight aside, which whoever holds them tells of.
    assert.equal(rest[0], expected(200)[(loss?.points ?? 0) + first.lines + second.lines]);
    await spool.close();
  }));
