import assert from 'node:assert/strict';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { isCode } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import { ManualClock } from '../helpers/clock.ts';
import { Sink } from '../helpers/sink.ts';
import {
  deadLetters,
  inTemporaryDir,
  openWriter,
  pricePoints,
  targetAt,
  until,
} from '../ingest/writer/support.ts';

const QUOTA = 40_000;
const PER_CYCLE = 50;
const backoff = { baseMs: 250, maxMs: 1_000 };

interface Line {
  readonly ids: Record<string, unknown>;
  readonly message: string;
}

/** Keeps what is logged as an error. */
function listeningLog(lines: Line[]): Log {
  const quiet = () => undefined;
  const error = (ids: object, message: string) =>
    void lines.push({ ids: ids as Line['ids'], message });
  const log: Log = { debug: quiet, info: quiet, warn: quiet, error, child: () => log };
  return log;
}

/** Bytes of the segments in the directory. */
async function bytesIn(dir: string): Promise<number> {
  const names = (await readdir(dir)).filter((name) => name.startsWith('segment'));
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(dir, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** Numbers of the points that the sink has, oldest first. */
const numbersIn = (sink: Sink): number[] =>
  [...sink.points.values()].map((fields) => Number(fields.slice('price='.length)));

test('a full spool loses its oldest points, counts them, says so once a minute, keeps the rest', () =>
  inTemporaryDir(async (dir) => {
    const clock = new ManualClock();
    const sink = await Sink.start();
    sink.behaviour = () => ({ status: 503 });
    const target = targetAt(sink.url, clock);
    const lines: Line[] = [];
    const dead = new Map<string, number>();
    const ignore = () => undefined;
    const writer = await openWriter(dir, target, {
      ...{ clock, random: () => 0.5, log: listeningLog(lines) },
      limits: { backoff, spoolBytesMax: QUOTA, batchLinesMax: 120 },
      metrics: {
        ...{ accepted: ignore, written: ignore, refused: ignore, retried: ignore },
        dead: (points, reason) => void dead.set(reason, (dead.get(reason) ?? 0) + points),
      },
    });
    let accepted = 0;
    const cycle = async () => {
      await writer.accept(pricePoints(PER_CYCLE, { first: accepted }));
      accepted += PER_CYCLE;
      assert.ok((await bytesIn(dir)) <= QUOTA, `${await bytesIn(dir)} bytes at ${accepted}`);
      await until(() => clock.waiting > 0, 'the writer to wait');
      await clock.advance(1_000);
    };
    for (let n = 0; n < 60; n += 1) await cycle();
    const { lostPoints, deadPoints, refusedPoints, writtenPoints } = writer.stats();
    assert.ok(lostPoints > accepted / 2, `${lostPoints} of ${accepted}`);
    assert.deepEqual([deadPoints, refusedPoints, writtenPoints], [lostPoints, 0, 0]);
    assert.deepEqual([...dead], [['quota', lostPoints]]);
    assert.equal(lines.length, 1, 'one line in a minute');
    for (let n = 0; n < 60; n += 1) await cycle();
    assert.equal(lines.length, 2);

    sink.behaviour = () => ({ status: 204 });
    await until(async () => {
      await clock.advance(1_000);
      return writer.stats().spoolBytes === 0;
    }, 'the spool to empty');
    const lost = writer.stats().lostPoints;
    const told = lines.reduce((sum, { ids }) => sum + Number(ids.points), 0);
    assert.equal(told, lost, 'every loss is in the log once it is over');
    assert.match(lines[0]?.message ?? '', /oldest points are lost/);
    // The newest are there, without a gap and in their order.
    const kept = Array.from({ length: accepted - lost }, (_, n) => lost + n);
    assert.deepEqual(numbersIn(sink), kept);
    assert.equal(writer.stats().writtenPoints, kept.length);
    assert.deepEqual(await deadLetters(dir), [], 'there is no room for a file of them');
    await writer.close({ drainMs: 0 });
    await target.close();
    await sink.close();
  }));

test('a batch that is half stored when it has to go is lost by its other half', () =>
  inTemporaryDir(async (dir) => {
    const clock = new ManualClock();
    const sink = await Sink.start();
    const target = targetAt(sink.url, clock);
    // Two connections: one stores its share, the other one waits.
    let first = true;
    sink.behaviour = () => {
      const stores = first;
      first = false;
      return { status: stores ? 204 : 503 };
    };
    const limits = { spoolBytesMax: 300_000, backoff };
    const writer = await openWriter(dir, target, { clock, random: () => 0.5, limits });
    await writer.accept(pricePoints(2_000));
    await until(() => sink.requests >= 2 && sink.points.size > 0, 'one of two shares');
    const { size } = sink.points;
    assert.ok(size > 0 && size < 2_000, `${size}`);
    let accepted = 2_000;
    while (writer.stats().lostPoints === 0) {
      await writer.accept(pricePoints(500, { first: accepted }));
      accepted += 500;
      assert.ok(accepted < 50_000);
    }
    sink.behaviour = () => ({ status: 204 });
    await until(async () => {
      await clock.advance(1_000);
      return writer.stats().spoolBytes === 0;
    }, 'the rest');
    const { lostPoints, writtenPoints } = writer.stats();
    assert.equal(writtenPoints + lostPoints, accepted);
    assert.equal(sink.points.size, writtenPoints);
    await writer.close({ drainMs: 0 });
    await target.close();
    await sink.close();
  }));

test('what a smaller quota has no room for goes at the first point after the start', () =>
  inTemporaryDir(async (dir) => {
    const sink = await Sink.start();
    sink.behaviour = () => ({ status: 503 });
    const target = targetAt(sink.url);
    const before = await openWriter(dir, target, { limits: { segmentBytesMax: 5_000 } });
    for (let n = 0; n < 20; n += 1) await before.accept(pricePoints(50, { first: n * 50 }));
    await before.close({ drainMs: 0 });
    const writer = await openWriter(dir, target, { limits: { spoolBytesMax: 20_000 } });
    await writer.accept(pricePoints(50, { first: 1_000 }));
    assert.ok((await bytesIn(dir)) <= 20_000);
    const error = await writer.accept(pricePoints(1_000, { first: 1_050 })).catch((why) => why);
    assert.ok(isCode(error, 'unavailable'), String(error));
    assert.match(error.message, /no room for as much at once/);
    assert.equal(writer.stats().refusedPoints, 1_000);
    sink.behaviour = () => ({ status: 204 });
    await until(() => writer.stats().spoolBytes === 0, 'the spool to empty');
    const { lostPoints } = writer.stats();
    const numbers = numbersIn(sink);
    assert.equal(numbers.length + lostPoints, 1_050);
    await writer.close();
    await target.close();
    await sink.close();
  }));
